"""The committed chapters: that what they show is what their code does."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted(
    p for p in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts
)
IGNORING = {"nbval-ignore-output", "nbval-skip"}
SHOWS = r"(?:{glue:text}`|{answer-number} )([\w.-]+)"  # what is glued


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


execute = load(ROOT / "book/execute.py")


def problems(path):
    """The names of the rules that a chapter breaks."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code = "\n".join(cell.source for cell in cells)
    outputs = [output for cell in cells for output in cell.outputs]
    ignored = [cell for cell in cells if IGNORING & set(cell.metadata.get("tags", []))]
    glued = {o.metadata.scrapbook.name for o in outputs if "scrapbook" in o.get("metadata", {})}
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = {
        "no outputs": not outputs,
        "no key": notebook.metadata.get("colorizer", {}).keys() != execute.KEY,
        "an error among its outputs": any(o.output_type == "error" for o in outputs),
        "ignored without a reason": any(
            not cell.metadata.get("colorizer", {}).get("ignored_because") for cell in ignored
        ),
        "two pictures in one output": any(
            sum(kind.startswith("image/") for kind in output.get("data", {})) > 1
            for output in outputs
        ),
        "too large": path.stat().st_size > execute.LARGEST,
        "glues what it does not show": glued - set(re.findall(SHOWS, text)),
        "installs packages": re.search(r"^\s*[!%]\s*(pip|conda)\b", code, re.MULTILINE),
        "star import": re.search(r"^\s*from .* import \*", code, re.MULTILINE),
        "not normalised": execute.normalised(notebook) != notebook,
    }
    return {name for name, broken in found.items() if broken}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter(path):
    assert problems(path) == set()


def lengths(path):
    """Of each quiz of a chapter, the length of the right answer and of the longest other."""
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    for quiz in re.findall(r"```{quiz}\n(.*?)```", text, re.DOTALL):
        answers = re.findall(r"^- \[([ x])\] (.*?)\n  :", quiz, re.DOTALL | re.MULTILINE)
        found = {mark: [len(words) for m, words in answers if m == mark] for mark in "x "}
        yield found["x"][0], max(found[" "])


def test_the_right_answer_is_not_the_longest_one():
    found = [pair for path in CHAPTERS for pair in lengths(path)]
    assert len(found) > 100
    assert sum(right > other for right, other in found) < len(found) / 3


@pytest.fixture(scope="module")
def good():
    """A small chapter as `make execute` would store it."""
    source = "import numpy as np\n\nprint(1 + 1)"
    outputs = [new_output("stream", name="stdout", text="2\n")]
    notebook = new_notebook(cells=[new_code_cell(source, execution_count=1, outputs=outputs)])
    notebook.metadata["colorizer"] = execute.key(notebook)
    return execute.normalised(notebook)


def picture(kind):
    return new_output("display_data", data={kind: "AA=="})


def glued():
    return new_output("display_data", metadata={"scrapbook": {"name": "unseen"}})


def error():
    return new_output("error", ename="ValueError", evalue="no", traceback=[])


def edit(notebook, source):
    notebook.cells[0].source = source
    return execute.normalised(notebook)  # the name of the cell goes with its source


def without_key(notebook):
    del notebook.metadata.colorizer["reads"]
    return notebook


def tag(notebook, metadata):
    notebook.cells[0].metadata = nbformat.from_dict(metadata)
    return notebook


def give(notebook, *outputs):
    notebook.cells[0].outputs = list(outputs)
    return notebook


BREAKS = {
    "no key": without_key,
    "no outputs": lambda nb: give(nb),
    "an error among its outputs": lambda nb: give(nb, error()),
    "ignored without a reason": lambda nb: tag(nb, {"tags": ["nbval-ignore-output"]}),
    "two pictures in one output": lambda nb: give(
        nb, new_output("display_data", data={"image/png": "AA==", "image/jpeg": "AA=="})
    ),
    "glues what it does not show": lambda nb: give(nb, glued()),
    "too large": lambda nb: give(
        nb, new_output("stream", name="stdout", text="x" * execute.LARGEST)
    ),
    "installs packages": lambda nb: edit(nb, "!pip install numpy"),
    "star import": lambda nb: edit(nb, "from math import *"),
    "not normalised": lambda nb: tag(nb, {"execution": {"started": "now"}}),
}


def test_a_good_chapter_passes(good, tmp_path):
    nbformat.write(good, tmp_path / "chapter.ipynb")
    assert problems(tmp_path / "chapter.ipynb") == set()


@pytest.mark.parametrize(("rule", "spoil"), BREAKS.items())
def test_each_rule_is_enforced_alone(good, tmp_path, rule, spoil):
    notebook = spoil(nbformat.from_dict(good))
    nbformat.write(notebook, tmp_path / "chapter.ipynb")
    assert problems(tmp_path / "chapter.ipynb") == {rule}


def test_a_reason_allows_to_ignore(good, tmp_path):
    reason = {"tags": ["nbval-skip"], "colorizer": {"ignored_because": "it takes an hour"}}
    nbformat.write(tag(nbformat.from_dict(good), reason), tmp_path / "chapter.ipynb")
    assert problems(tmp_path / "chapter.ipynb") == set()


def test_a_stale_chapter_is_no_failure_in_itself(good, tmp_path):
    notebook = edit(nbformat.from_dict(good), "print(2)")
    assert execute.changes(notebook) == ["its code"]
    nbformat.write(notebook, tmp_path / "chapter.ipynb")
    assert problems(tmp_path / "chapter.ipynb") == set()


def test_the_reference_has_every_module():
    modules = {p.stem for p in (ROOT / "src/colorizer").glob("*.py") if not p.stem.startswith("_")}
    text = (ROOT / "book/reference/api.md").read_text()
    assert set(re.findall(r"automodule:: colorizer\.(\w+)", text)) == modules
