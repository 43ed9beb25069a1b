"""Running chapters: when they are stale, what is said of it, and that runs give the same bytes."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_book import ROOT, execute

from colorizer import experiments, provenance

WIDGET = """
import numpy as np

from colorizer import plots

plots.interactive(
    [np.zeros((8, 8)), np.ones((8, 8))], "ab", name="x", alt=["A black square.", "A white square."]
)
"""

LIVE = """
from colorizer import live

live.figure("kernel", alt="A window.", photograph="AAAA", side=2, at=[0, 0])
"""


def write(path, *cells):
    nbformat.write(new_notebook(cells=list(cells)), path)


def run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["execute.py", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        execute.main()
    return end.value.code


def test_two_runs_give_the_same_bytes_and_a_fresh_chapter_is_left_alone(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / "chapter.ipynb"
    hidden = "import ipywidgets\n\n_ = ipywidgets.IntSlider()\nprint(1)\nprint(2)"
    write(path, new_markdown_cell("# One"), new_code_cell(hidden), new_code_cell(WIDGET))
    assert run(monkeypatch, path) == 0
    assert capsys.readouterr().out == f"{path} (not run by `make execute` yet): changed\n"
    first = path.read_bytes()
    assert run(monkeypatch, path) == 0
    assert capsys.readouterr().out == "No chapter is stale.\n"
    assert run(monkeypatch, "--all", path) == 0
    assert capsys.readouterr().out == f"{path} (asked for): same\n"
    assert path.read_bytes() == first

    notebook = json.loads(first)
    assert notebook["metadata"]["colorizer"].keys() == execute.KEY
    assert "plots.interactive" in notebook["metadata"]["colorizer"]["uses"]
    state = notebook["metadata"]["widgets"][execute.STATE]["state"]
    names = [model["model_name"] for model in state.values()]
    assert names.count("SelectionSliderModel") == names.count("LinkModel") == 1
    assert "IntSliderModel" not in names  # never shown
    assert [o["text"] for o in notebook["cells"][1]["outputs"]] == [["1\n", "2\n"]]
    assert [cell.get("execution_count") for cell in notebook["cells"]] == [None, 1, 2]


def test_of_a_live_figure_its_data_are_stored_and_not_its_code(tmp_path, monkeypatch):
    path = tmp_path / "chapter.ipynb"
    write(path, new_code_cell(LIVE))
    assert run(monkeypatch, path) == 0
    notebook = json.loads(path.read_text())
    assert "widgets" not in notebook["metadata"]
    (output,) = notebook["cells"][0]["outputs"]
    assert output["data"].keys() == {"text/html", "text/plain"}
    assert "AAAA" in "".join(output["data"]["text/html"])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("print('x' * 2_000_000)", "at most 1,500,000"),
        ("1 +", "invalid syntax"),
    ],
)
def test_a_chapter_that_fails_is_left_as_it_was(tmp_path, monkeypatch, capsys, source, message):
    path = tmp_path / "chapter.ipynb"
    write(path, new_code_cell(source))
    before = path.read_bytes()
    assert run(monkeypatch, path) == 1
    told = capsys.readouterr()
    assert told.out.endswith(": failed\n")
    assert message in told.err
    assert path.read_bytes() == before


def test_a_kernel_that_dies_spoils_one_chapter_only(tmp_path, monkeypatch, capsys):
    def die(notebook, folder):
        raise execute.DeadKernelError("Kernel died")

    for name in "ab":
        write(tmp_path / name, new_code_cell("1"))
    monkeypatch.setattr(execute, "execute", die)
    assert run(monkeypatch, tmp_path / "a", tmp_path / "b") == 1
    assert capsys.readouterr().err.count("left as it was. Kernel died") == 2


READING = """
from colorizer import experiments, records

print(experiments.get("plain").name, len(records.of("none", records.SMALL)))
print(len(records.of("none", records.SMALL)), {known})
"""


def test_outputs_that_come_out_the_same_are_only_stamped_anew(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("COLORIZER_READS", str(tmp_path / "of somebody else"))
    path = tmp_path / "chapter.ipynb"
    write(path, new_code_cell(READING.format(known="len(experiments.matrix()) > 1")))
    assert run(monkeypatch, path) == 0
    assert "changed" in capsys.readouterr().out
    before = nbformat.read(path, as_version=4)
    records = "runs none/15-epochs-10000-images/seed-*.json"
    assert list(before.metadata.colorizer.reads) == ["experiment *", "experiment plain", records]
    before.metadata.colorizer.versions["keras"] = "3.0.0"
    nbformat.write(before, path)
    assert run(monkeypatch, path) == 0
    pin = execute.key(before)["versions"]["keras"]
    assert capsys.readouterr().out == f"{path} (keras 3.0.0 -> {pin}): same\n"
    after = nbformat.read(path, as_version=4)
    assert after.cells == before.cells
    assert after.metadata.colorizer.versions["keras"] == pin
    assert not (tmp_path / "of somebody else").exists()


MODULES = {
    "__init__": "",
    "metrics": '''
def mse(x):
    """A mean."""
    if x < 0:
        raise ValueError(f"Not {x}.")
    return _mean(x) + 1


def mae(x):
    return _mean(abs(x))


def _mean(x):
    return x / 2  # of two
''',
    "plots": "from colorizer.metrics import mae\n\n\ndef draw(x):\n    return mae(x)\n",
    "experiments": "_TABLE = [1]\nEXPERIMENTS = {}\n\n\ndef get(name):\n    return EXPERIMENTS\n",
}
IMPORTS = "from colorizer import experiments, metrics, plots\n\n"
CHAPTERS = {  # what a chapter does, and what it reads
    "errors": ("metrics.mse(1)", []),
    "figures": ("plots.draw(1)", ["runs plain/30-epochs-45000-images/seed-*.json"]),
    "seed": ("print(1)", ["runs plain/30-epochs-45000-images/seed-0.json"]),
    "plain": ("experiments.get('plain')", ["experiment plain"]),
    "table": ("print(2)", ["experiment *", "runs */*/seed-*.json"]),
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Fresh chapters in a folder that has a small package, two experiments and two records too."""
    (tmp_path / "package").mkdir()
    for name, text in MODULES.items():
        (tmp_path / "package" / f"{name}.py").write_text(text)
    for name in ("plain", "unet"):
        folder = tmp_path / "runs" / name / "30-epochs-45000-images"
        folder.mkdir(parents=True)
        (folder / "seed-0.json").write_text("{}")
    shutil.copy(execute.CONSTRAINTS, tmp_path)
    table = {name: experiments.EXPERIMENTS[name] for name in ("plain", "unet")}
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "package")
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(execute, "experiments", SimpleNamespace(EXPERIMENTS=table))
    monkeypatch.setattr(execute, "CONSTRAINTS", tmp_path / "constraints.txt")
    for name, (code, reads) in CHAPTERS.items():
        notebook = new_notebook(cells=[new_code_cell(IMPORTS + code)])
        notebook.metadata["colorizer"] = {"reads": reads}
        notebook.metadata["colorizer"] = execute.key(notebook)
        nbformat.write(execute.normalised(notebook), tmp_path / f"{name}.ipynb")
    return tmp_path


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def replaced(file, old, new):
    return lambda place: replace(place / file, old, new)


def add_an_experiment(place):
    execute.experiments.EXPERIMENTS["new"] = experiments.EXPERIMENTS["chroma"]


def change_an_experiment(place):
    execute.experiments.EXPERIMENTS["plain"] = experiments.EXPERIMENTS["mae"]


def remove_an_experiment(place):
    del execute.experiments.EXPERIMENTS["plain"]


def write_record(name):
    def write(place):
        (place / "runs" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "runs" / name).write_text('{"metrics": {}}')

    return write


ALL_SEEDS, SEED_0, EVERY = (
    "runs plain/30-epochs-45000-images/seed-*.json",
    "runs plain/30-epochs-45000-images/seed-0.json",
    "runs */*/seed-*.json",
)
METRICS = "package/metrics.py"
NUMPY = re.search(r"^numpy==(.*)", execute.CONSTRAINTS.read_text(), re.MULTILINE)[1]


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        (lambda place: None, {}),
        (replaced(METRICS, "of two", "of 2"), {}),
        (replaced(METRICS, "A mean.", "The mean."), {}),
        (replaced(METRICS, "Not {x}.", "It is negative."), {}),
        (replaced(METRICS, "x / 2", "(x/2)"), {}),
        (replaced("package/experiments.py", "[1]", "[1, 2]"), {}),
        (replaced("errors.ipynb", "mse(1)", "mse( 1 )  # one"), {}),
        (replaced("errors.ipynb", "mse(1)", "mse(2)"), {"errors": ["its code"]}),
        (
            replaced("errors.ipynb", "mse(1)", "mse(1"),
            {"errors": ["its code, which is not Python"]},
        ),
        (replaced(METRICS, "+ 1", "- 1"), {"errors": ["metrics.mse"]}),
        (replaced(METRICS, "abs(x)", "-x"), {"figures": ["metrics.mae"]}),
        (
            replaced(METRICS, "/ 2", "/ 3"),
            {"errors": ["metrics._mean"], "figures": ["metrics._mean"]},
        ),
        (
            replaced("package/plots.py", "return mae(x)", "return x"),
            {"figures": ["plots.draw", "metrics._mean (gone)", "metrics.mae (gone)"]},
        ),
        (add_an_experiment, {"table": ["experiment *"]}),
        (change_an_experiment, {"table": ["experiment *"], "plain": ["experiment plain"]}),
        (remove_an_experiment, {"table": ["experiment *"], "plain": ["experiment plain"]}),
        (
            write_record("plain/30-epochs-45000-images/seed-0.json"),
            {"seed": [SEED_0], "figures": [ALL_SEEDS], "table": [EVERY]},
        ),
        (
            write_record("plain/30-epochs-45000-images/seed-1.json"),
            {"figures": [ALL_SEEDS], "table": [EVERY]},
        ),
        (write_record("plain/15-epochs-10000-images/seed-0.json"), {"table": [EVERY]}),
        (write_record("chroma/30-epochs-45000-images/seed-0.json"), {"table": [EVERY]}),
        (write_record("plain/30-epochs-45000-images/seed-0.weights.h5"), {}),
        (replaced("constraints.txt", "tqdm==", "tqdm==1."), {}),
        (
            replaced("constraints.txt", "numpy==", "numpy==1."),
            {name: [f"numpy {NUMPY} -> 1.{NUMPY}"] for name in CHAPTERS},
        ),
    ],
)
def test_exactly_the_chapters_are_stale_that_use_what_changed(
    place, monkeypatch, capsys, change, stale
):
    change(place)
    execute.list_stale(sorted(place.glob("*.ipynb")))
    lines = [f"{place / name}.ipynb: {'; '.join(found)}\n" for name, found in sorted(stale.items())]
    assert capsys.readouterr().out == ("".join(lines) or "No chapter is stale.\n")


def test_many_changes_are_counted(place, capsys):
    functions = "".join(f"def f{i}():\n    return {i}\n\n\n" for i in range(9))
    replace(place / METRICS, "def mse", f"{functions}def mse")
    replace(place / METRICS, "+ 1", f"+ {' + '.join(f'f{i}()' for i in range(9))}")
    execute.list_stale([place / "errors.ipynb"])
    named = "metrics.mse; " + "; ".join(f"metrics.f{i} (new)" for i in range(5))
    assert capsys.readouterr().out == f"{place / 'errors.ipynb'}: {named}; 4 more\n"


def test_an_unknown_note_is_not_passed_over(place):
    with pytest.raises(ValueError, match="'weather today'"):
        execute.state("weather today")


def test_tests_take_the_stale_and_in_turn_all_others(place, capsys):
    chapters = sorted(place.glob("*.ipynb"))
    turns = [execute.chosen(chapters, f"{commit:x}") for commit in range(100, 105)]
    assert [len(turn) for turn in turns] == [1] * 5
    assert sorted(path for turn in turns for path in turn) == chapters
    assert "part 1 of 5 is tested, because of the commit 64" in capsys.readouterr().err
    replace(place / METRICS, "+ 1", "- 1")
    for commit in ("64", "65", "7f11a84b"):
        assert place / "errors.ipynb" in execute.chosen(chapters, commit)


def test_the_choice_is_printed_for_the_shell_and_explained_beside_it(place):
    chapters = sorted(map(str, place.glob("*.ipynb")))
    command = [sys.executable, str(ROOT / "book/execute.py"), "--choose", "64", *chapters]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # the real package is another than they use, apart from `seed`, which uses none
    assert done.stdout.splitlines() == [x for x in chapters if not x.endswith("/seed.ipynb")]
    assert f"{chapters[0]}: " in done.stderr
    assert "part 1 of 5" in done.stderr


@pytest.fixture
def journey(monkeypatch):
    """`book/refresh.py` with commands that do nothing but answer."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "book/refresh.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.answers, module.done, module.executed = {}, [], ([], [])

    def answer(command, **_):
        word = command[-1].split()[0]
        module.done.append(word)
        code, out = module.answers.get(word, (0, ""))
        return SimpleNamespace(returncode=code, stdout=out.pop(0) if type(out) is list else out)

    monkeypatch.setattr(module.subprocess, "run", answer)
    monkeypatch.setattr(module, "refresh", lambda chapters: module.executed)
    monkeypatch.setattr("sys.argv", ["refresh.py", "a.ipynb"])
    return module


def words(journey):
    return [word.rpartition("/")[2] for word in journey.done]


def test_refresh_with_nothing_new_says_so_and_does_nothing(journey, capsys):
    journey.answers["--dry-run"] = 0, "5 of 5 recorded already; --replace trains again.\n"
    journey.main()
    assert words(journey) == ["--dry-run"]
    assert capsys.readouterr().out == (
        "No training is missing.\nNothing is new, so the pictures stay as they are.\n"
    )


def test_refresh_without_a_gpu_says_what_is_missing_and_goes_on(journey, capsys):
    journey.answers["--dry-run"] = 0, "missing: plain, seed 1\nmissing: unet, seed 1\n"
    journey.executed = ["a.ipynb"], []
    journey.main()
    assert words(journey) == ["--dry-run", "from", "picture.py", "screenshots"]
    assert capsys.readouterr().out.startswith("2 trainings are missing, and there is no GPU here")


@pytest.mark.parametrize(("left", "drawn"), [("", True), ("missing: plain, seed 1\n", False)])
def test_refresh_with_a_gpu_trains_and_draws_if_that_changed_something(journey, left, drawn):
    journey.answers["--dry-run"] = 0, ["missing: plain, seed 1\n", left]
    journey.answers["from"] = 0, "gpu:0\n"
    journey.main()
    pictures = ["picture.py", "screenshots"] if drawn else []
    assert words(journey) == ["--dry-run", "from", "--all", "--dry-run", *pictures]


@pytest.mark.parametrize(
    ("answers", "executed", "code", "last"),
    [
        ({"--dry-run": (2, "")}, ([], []), 2, "--dry-run"),
        ({}, ([], ["a.ipynb"]), 1, "--dry-run"),
        ({"screenshots": (3, "")}, (["a.ipynb"], []), 3, "screenshots"),
    ],
)
def test_refresh_stops_where_something_fails(journey, answers, executed, code, last):
    journey.answers, journey.executed = answers, executed
    with pytest.raises(SystemExit) as end:
        journey.main()
    assert end.value.code == code
    assert words(journey)[-1] == last


def test_a_notebook_folds_setup_checks_and_solutions():
    def code(source, *tags):
        return new_code_cell(source, metadata={"tags": list(tags)})

    cells = [
        code("a", "hide-input"),
        code("b", "remove-cell"),
        code("c", "hide-cell"),  # where a reader answers
        new_markdown_cell("````{solution-start} ex-one\n````"),
        code("d"),
        new_markdown_cell("Because."),
        code("e"),
        new_markdown_cell("````{solution-end}\n````"),
        code("f"),
    ]
    notebook = execute.normalised(new_notebook(cells=cells))
    folded = [x.metadata.get("jupyter") for x in notebook.cells if x.cell_type == "code"]
    code_only, solution = {"source_hidden": True}, {"outputs_hidden": True, "source_hidden": True}
    assert folded == [code_only, code_only, None, solution, solution, None]
