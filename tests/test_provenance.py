"""Provenance: what changes a fingerprint, and what does not."""

import subprocess
import sys

import numpy as np
import pytest

from colorizer import provenance

BASE = '''"""Doc."""
from colorizer.errors import InputError


def f():
    """One."""
    return 1
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of three modules, in which `data` imports `errors`."""
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    (tmp_path / "errors.py").write_text("InputError = ValueError\n")
    (tmp_path / "data.py").write_text(BASE)
    (tmp_path / "plots.py").write_text("from colorizer import data\n")
    return tmp_path


@pytest.mark.parametrize(
    ("module", "text", "changes"),
    [
        ("data", BASE.replace("return 1", "return 2"), True),
        ("data", BASE.replace("One", "Two").replace("Doc", "Text"), False),  # docstrings
        ("errors", "InputError = TypeError\n", True),  # imported by data
        ("plots", "x = 1\n", False),  # imports data, not the other way round
    ],
)
def test_source_hash(package, module, text, changes):
    before = provenance.source_hash(["data"])
    (package / f"{module}.py").write_text(text)
    assert (provenance.source_hash(["data"]) != before) == changes


def test_whole_package_counts_by_default(package):
    before = provenance.source_hash()
    (package / "plots.py").write_text("x = 1\n")
    assert provenance.source_hash() != before


def test_imported_modules(package):
    code = "import numpy\nimport colorizer.data\nfrom colorizer import plots, __version__\n"
    assert provenance.imported_modules(code) == {"data", "plots"}
    assert provenance.imported_modules("from colorizer.errors import InputError") == {"errors"}


def test_environment_names_device_backend_and_versions():
    found = provenance.environment()
    assert found["backend"] in found
    assert {"device", "keras", "numpy", "python"} <= found.keys()
    assert all(found.values())


def test_peak_memory_is_that_of_a_process():
    assert 1e7 < provenance.peak_memory() < 1e12


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere a parent does not count.")
def test_peak_memory_is_not_that_of_the_parent():
    ballast = np.ones(600_000_000, np.uint8)
    code = "from colorizer import provenance; print(provenance.peak_memory())"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert int(child.stdout) < ballast.nbytes < provenance.peak_memory()
