"""Provenance: what changes a fingerprint, what does not, and whose."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest

from colorizer import provenance

ROOT = Path(__file__).parents[1]
REAL = ROOT / "src/colorizer"
MODULES = {
    "__init__": '"""A package."""\n\n__version__ = "1"\n',
    "errors": 'class InputError(ValueError):\n    """What a user can mend."""\n',
    "backend": """
import os

os.environ.setdefault("QUIET", "1")
try:
    import keras
except ImportError as error:
    raise ImportError("There is no Keras.") from error


def distribute():
    return keras
""",
    "metrics": '''
"""Scores."""

import numpy as np

from colorizer.backend import keras
from colorizer.errors import InputError

WEIGHTS = (1, 2)  # of the channels
CHUNK: int = 250
METRICS = {}


def register(function):
    METRICS[function.__name__] = function
    return function


def mse(prediction, truth):
    """The mean squared error."""
    if len(prediction) != len(truth):
        raise InputError(f"There are {len(prediction)} and {len(truth)}; give as many.")
    assert len(truth) > 0, "There are none."
    return _mean((prediction - truth) ** 2)


def mae(prediction, truth):
    """The mean absolute error."""
    return _mean(abs(prediction - truth) * WEIGHTS)


def show(metrics):
    print("Scores:", [CHUNK for CHUNK in metrics], lambda mae: mae)


def late():
    from colorizer import plots

    return plots.draw


class Score:
    """One score."""

    digits = 3

    def text(self):
        """In digits."""
        return mse


def _mean(values):
    return np.mean(values)
''',
    "plots": """
from colorizer import metrics


def draw(values):
    return metrics.mae(values, 0)


def erase():
    return None
""",
    "experiments": """
from colorizer import records


class Experiment:
    seeds = 3


_TABLE = (Experiment(), Experiment())
EXPERIMENTS = {i: e for i, e in enumerate(_TABLE)}


def get(name):
    return EXPERIMENTS[name]


def matrix():
    return [e for e in _TABLE if e.seeds]


def create() -> Experiment:
    return Experiment()
""",
    "records": "def note(what):\n    return what\n",
}
MSE = {"backend", "errors.InputError", "metrics._mean", "metrics.mse"}
MAE = {"backend", "metrics.WEIGHTS", "metrics._mean", "metrics.mae"}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package in place of the real one."""
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def edit(package, module, old, new):
    path = package / f"{module}.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


METRICS = "from colorizer import metrics\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (METRICS + "metrics.mse(1, 2)", MSE),
        ("import colorizer.metrics\ncolorizer.metrics.mse(1, 2)", MSE),
        ("from colorizer.metrics import mse as error\nerror(1, 2)", MSE),
        ("def f():\n    from colorizer.metrics import mse\n    return mse", MSE),
        (METRICS + "f = lambda x, g=metrics.mse: g(x)", MSE),
        (METRICS + "def f(metrics):\n    return metrics.mse", {"backend"}),  # another `metrics`
        (METRICS + "def f():\n    metrics = 1\n    return metrics.mse", {"backend"}),
        (METRICS + "[metrics.mae for metrics in range(3)]", {"backend"}),
        (METRICS + "[metrics for metrics in metrics.WEIGHTS]", {"backend", "metrics.WEIGHTS"}),
        (METRICS + "metrics.np.mean(1)", {"backend"}),  # what is imported there is not ours
        (METRICS + "metrics.keras.ops", {"backend"}),
        (METRICS + "metrics.CHUNK = 1", {"backend", "metrics.CHUNK"}),
        (METRICS + "metrics.show(3)", {"backend", "metrics.show"}),
        (METRICS + "metrics.late()", {*MAE, "metrics.late", "plots.draw"}),
        (METRICS + "metrics.Score()", {*MSE, "metrics.Score"}),
        (METRICS + "import numpy", {"backend"}),
        ("from colorizer import plots\nplots.metrics.mse", MSE),
        ("from colorizer import plots\nplots.draw", {*MAE, "plots.draw"}),
        ("from colorizer import plots\nplots.erase", {"backend", "plots.erase"}),
        ("from colorizer import __version__ as v\nprint(v)", {"__init__.__version__"}),
        ("colorizer = 1\nprint(colorizer)", set()),
        ("from colorizer.errors import InputError", set()),
    ],
)
def test_what_is_used_is_read_off_the_text(package, code, expected):
    found = provenance.used_by(code)
    assert set(found) == expected
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    "code",
    ["getattr(metrics, name)", "f(metrics)", "metrics.unknown", "metrics.__dict__", "x = metrics"],
)
def test_a_module_that_is_passed_on_counts_whole(package, code):
    whole = {f"metrics.{name}" for name in ("WEIGHTS", "CHUNK", "METRICS", "register", "Score")}
    assert whole | MSE | MAE <= set(provenance.used_by(METRICS + code))


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("metrics", "  # of the channels", "  # R, G"),
        ("metrics", '"""Scores."""', '"""All scores."""'),
        ("metrics", "The mean squared error.", "The squared error, as a mean."),
        ("metrics", '    """The mean squared error."""\n', ""),
        ("errors", '"""What a user can mend."""', "pass"),
        ("metrics", "; give as many.", "."),
        ("metrics", '(f"There are {len(prediction)}', '("Bad:" f"{prediction}'),
        ("metrics", '"There are none."', 'f"{truth} is empty."'),
        ("metrics", "_mean((prediction - truth) ** 2)", "_mean(\n  (prediction-truth)**2,\n )"),
        ("metrics", "import numpy as np\n", "import math\nimport numpy as np\n"),
        ("metrics", "def mae", "def unused():\n    return 1\n\n\ndef mae"),
        ("backend", "There is no Keras.", "Keras is missing."),
        ("backend", "return keras", "return keras, 1"),  # not used
        ("metrics", "return _mean(abs", "return 2 * _mean(abs"),  # of `mae`
        ("plots", "return None", "return 1"),
    ],
)
def test_what_does_not_count(package, module, old, new):
    code = METRICS + "metrics.mse(1, 2)"
    before = provenance.used_by(code), provenance.source_hash(["metrics.mse"])
    edit(package, module, old, new)
    assert (provenance.used_by(code), provenance.source_hash(["metrics.mse"])) == before


@pytest.mark.parametrize(
    ("code", "module", "old", "new", "named"),
    [
        ("mse", "metrics", "** 2", "** 3", "metrics.mse"),
        ("mse", "metrics", "np.mean", "np.sum", "metrics._mean"),
        ("mse", "metrics", "import numpy as np", "import jax.numpy as np", "metrics._mean"),
        ("mse", "metrics", "!= len", "> len", "metrics.mse"),
        ("mse", "errors", "ValueError", "TypeError", "errors.InputError"),
        ("mse", "backend", '"1"', '"2"', "backend"),
        ("mae", "metrics", "(1, 2)", "(1, 3)", "metrics.WEIGHTS"),
        ("show", "metrics", "Scores:", "All:", "metrics.show"),
        ("Score", "metrics", "digits = 3", "digits = 4", "metrics.Score"),
        ("CHUNK", "metrics", "CHUNK: int = 250", "CHUNK: int = 25", "metrics.CHUNK"),
    ],
)
def test_what_counts_is_named(package, code, module, old, new, named):
    code = METRICS + f"metrics.{code}"
    before = provenance.used_by(code)
    edit(package, module, old, new)
    after = provenance.used_by(code)
    assert {name for name in before if before[name] != after.get(name)} == {named}


@pytest.mark.parametrize("decorator", ["@register", "@plots.listed"])
def test_what_enters_itself_in_a_list_counts_with_its_module(package, decorator):
    edit(
        package, "metrics", "import numpy as np", "import numpy as np\nfrom colorizer import plots"
    )
    edit(package, "plots", "def erase", "def listed(function):\n    return function\n\n\ndef erase")
    edit(package, "metrics", "def mae", f"{decorator}\ndef mae")
    code = METRICS + "metrics.CHUNK"
    before = provenance.used_by(code)
    assert {"metrics", "metrics.WEIGHTS"} <= set(before)
    edit(package, "metrics", "abs(", "2 * abs(")
    after = provenance.used_by(code)
    assert {name for name in before if before[name] != after[name]} == {"metrics"}


def test_what_the_package_itself_does_counts_for_all(package):
    code = METRICS + "metrics.CHUNK"
    edit(package, "__init__", "__version__", "print('Good morning.')\n__version__")
    assert set(provenance.used_by(code)) == {"__init__", "backend", "metrics.CHUNK"}


def test_another_meaning_of_a_name_counts(package):
    code = "from colorizer.metrics import mse as error, mae\nerror, mae"
    turned = "from colorizer.metrics import mse, mae as error\nerror, mse"
    assert set(provenance.used_by(code)) == set(provenance.used_by(turned))
    assert provenance.code_hash([code]) != provenance.code_hash([turned])
    before = provenance.source_hash(["plots.draw"])
    edit(package, "plots", "import metrics", "import records as metrics")
    assert provenance.source_hash(["plots.draw"]) != before


def test_the_table_of_experiments_is_data_unless_one_looks_into_it(package):
    ask = "from colorizer import experiments\nexperiments.get(1), experiments.matrix()"
    look = ask + ", experiments.EXPERIMENTS"
    before = provenance.used_by(ask), provenance.used_by(look)
    assert set(before[0]) == {"experiments.get", "experiments.matrix"}
    edit(package, "experiments", "(Experiment(), ", "(Experiment(), Experiment(), ")
    assert provenance.used_by(ask) == before[0]
    assert provenance.used_by(look) != before[1]
    create = provenance.used_by("from colorizer import experiments\nexperiments.create()")
    assert "experiments.Experiment" in create


@pytest.mark.parametrize(
    ("cells", "same"),
    [
        (["x = 1  # one", "def f():\n    return x"], True),
        (["x=1", 'def f():\n    """Get it."""\n    return (x)'], True),
        (["x = 2", "def f():\n    return x"], False),
        (["x = 1\ndef f():\n    return x"], False),
        (["x = 1;", "def f():\n    return x"], False),
        (["x = 1", '"""Shown."""', "def f():\n    return x"], False),
    ],
)
def test_code_hash_of_cells(cells, same):
    expected = provenance.code_hash(["x = 1", "def f():\n    return x"])
    assert (provenance.code_hash(cells) == expected) == same


def test_source_hash_takes_definitions_and_modules(package):
    names = ["metrics.mse", "plots.draw", "plots"]
    hashes = [provenance.source_hash([name]) for name in names]
    assert len(set(hashes)) == 3
    assert all(len(text) == 16 for text in hashes)
    assert provenance.source_hash(names[:2]) == provenance.source_hash(reversed(names[:2]))
    edit(package, "plots", "return None", "return 1")
    changed = [provenance.source_hash([name]) for name in names]
    assert [a == b for a, b in zip(hashes, changed, strict=True)] == [True, True, False]


@pytest.mark.parametrize("name", ["metrics.nothing", "nothing", "nothing.mse"])
def test_source_hash_of_what_is_not_there(package, name):
    with pytest.raises(ValueError, match=f"The package has no '{name}'"):
        provenance.source_hash([name])


@pytest.fixture(scope="module")
def chapters():
    """The code of the real chapters."""
    paths = [p for p in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts]
    notebooks = [nbformat.read(path, as_version=4) for path in paths]
    return [
        "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
        for notebook in notebooks
    ]


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def reworded(text):
    """Other docstrings, other messages, no comments, and the format of `ast.unparse`."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node):
            node.body[0].value = ast.Constant("In other words.")
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            node.exc.args = [
                ast.Constant("No.") if isinstance(x, ast.JoinedStr | ast.Constant) else x
                for x in node.exc.args
            ]
    return ast.unparse(tree)


def test_other_words_in_any_module_leave_all_chapters_as_they_are(chapters, tmp_path, monkeypatch):
    before = [provenance.used_by(code) for code in chapters]
    assert all(before)
    for path in REAL.glob("*.py"):
        (tmp_path / path.name).write_text(reworded(path.read_text()))
    assert "In other words." in (tmp_path / "data.py").read_text()
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    assert [provenance.used_by(code) for code in chapters] == before


def test_one_experiment_more_changes_only_the_code_that_looks_into_the_table(
    chapters, tmp_path, monkeypatch
):
    ask = "from colorizer import experiments\nexperiments.get('plain'), experiments.matrix()"
    looking = "experiments._TABLE"
    codes = [ask, *(code for code in chapters if looking not in provenance.used_by(code))]
    before = [provenance.used_by(code) for code in codes]
    for path in REAL.glob("*.py"):
        (tmp_path / path.name).write_text(path.read_text())
    edit(tmp_path, "experiments", "_TABLE = (", "_TABLE = ((Experiment('new', 'To see.'),),")
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    assert [provenance.used_by(code) for code in codes] == before


def test_the_key_of_a_chapter_takes_less_than_a_fifth_of_a_second(chapters):
    provenance._parsed.cache_clear()
    started = time.process_time()
    for code in chapters:
        provenance.used_by(code)
        provenance.code_hash([code])
    assert (time.process_time() - started) / len(chapters) < 0.2


def test_environment_names_device_backend_and_versions():
    found = provenance.environment()
    assert found["backend"] in found
    assert {"device", "keras", "numpy", "python"} <= found.keys()
    assert all(found.values())


def test_a_fingerprint_needs_neither_keras_nor_scikit_image():
    code = (
        "import sys\n"
        "from colorizer import provenance\n"
        "provenance.source_hash(['errors'])\n"
        "print({'keras', 'skimage'} & sys.modules.keys())"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert child.stdout == b"set()\n"


def test_peak_memory_is_that_of_a_process():
    assert 1e7 < provenance.peak_memory() < 1e12


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere a parent does not count.")
def test_peak_memory_is_not_that_of_the_parent():
    ballast = np.ones(600_000_000, np.uint8)
    code = "from colorizer import provenance; print(provenance.peak_memory())"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert int(child.stdout) < ballast.nbytes < provenance.peak_memory()
