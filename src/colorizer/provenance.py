"""Where a number came from: the machine, the versions, and the source that computed it."""

import ast
import hashlib
import importlib.metadata
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).parent


def source_hash(modules: Iterable[str] | None = None) -> str:
    """A fingerprint of package modules and of all package modules that they import.

    Docstrings do not count: they may say what a run scored, which is known only after it.

    Args:
        modules: names inside the package ("data"); None takes the whole package.

    Returns:
        The first 16 hexadecimal digits of a SHA-256.
    """
    names = _closure(modules) if modules is not None else _all_modules()
    text = "\0".join(f"{name}\0{_without_docstrings(_path(name))}" for name in sorted(names))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def imported_modules(code: str) -> set[str]:
    """Names of the package's modules that Python source `code` imports directly."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            dotted = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        parts = [name.split(".") for name in dotted]
        found |= {p[1] for p in parts if p[0] == "colorizer" and len(p) > 1}
    return found & _all_modules()


def environment() -> dict[str, str]:
    """Device, backend, Python and library versions of this process."""
    from colorizer.backend import keras  # here: a chapter's fingerprint needs no backend

    backend = keras.backend.backend()
    libraries = ("keras", backend, "numpy", "opencv-python-headless", "scikit-image")
    return {
        "device": _device(keras.distribution.list_devices()),
        "backend": backend,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    } | {name: _version(name) for name in libraries}


def peak_memory() -> int:
    """The largest resident set of this process so far, in bytes."""
    try:  # Linux counts what a parent had before exec(2) into getrusage(2), but not in here
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024
    except (OSError, TypeError):
        pass
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) differs between systems
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _device(devices):
    if all(device.lower().startswith("cpu") for device in devices):
        return f"{_processor()}, {os.cpu_count()} cores"
    query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    if shutil.which(query[0]):
        told = subprocess.run(query, capture_output=True, text=True, check=False)
        if told.returncode == 0:
            return ", ".join(told.stdout.splitlines())
    return ", ".join(devices)


def _version(library):
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:  # such as OpenCV under another name
        return "of unknown version"


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "CPU"
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "CPU")


def _path(name):
    return PACKAGE / f"{name}.py"


def _all_modules():
    return {path.stem for path in PACKAGE.glob("*.py")}


def _closure(modules):
    known, waiting = set(), set(modules)
    while waiting:
        name = waiting.pop()
        known.add(name)
        waiting |= imported_modules(_path(name).read_text()) - known
    return known


def _without_docstrings(path):
    """The source text less its docstrings (cut out by line, so that Python's version is moot)."""
    text = path.read_text()
    lines = text.splitlines()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            first = node.body[0]
            for i in range(first.lineno - 1, first.end_lineno):
                lines[i] = ""
    return "\n".join(line for line in lines if line.strip())
