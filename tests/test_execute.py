"""Running chapters and storing them so that two runs give the same bytes."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_book import execute

WIDGET = """
import numpy as np

from colorizer import plots

plots.interactive(
    [np.zeros((8, 8)), np.ones((8, 8))], "ab", name="x", alt=["A black square.", "A white square."]
)
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
    first = path.read_bytes()
    assert run(monkeypatch, path) == 0
    assert "fresh" in capsys.readouterr().out
    assert run(monkeypatch, "--all", path) == 0
    assert path.read_bytes() == first

    notebook = json.loads(first)
    state = notebook["metadata"]["widgets"][execute.STATE]["state"]
    names = [model["model_name"] for model in state.values()]
    assert names.count("SelectionSliderModel") == names.count("LinkModel") == 1
    assert "IntSliderModel" not in names  # never shown
    assert [o["text"] for o in notebook["cells"][1]["outputs"]] == [["1\n", "2\n"]]
    assert [cell.get("execution_count") for cell in notebook["cells"]] == [None, 1, 2]


@pytest.mark.parametrize(
    ("source", "message"),
    [("1 / 0", "ZeroDivisionError"), ("print('x' * 2_000_000)", "at most 1,500,000")],
)
def test_a_chapter_that_fails_is_left_as_it_was(tmp_path, monkeypatch, capsys, source, message):
    path = tmp_path / "chapter.ipynb"
    write(path, new_code_cell(source))
    before = path.read_bytes()
    assert run(monkeypatch, path) == 1
    assert message in capsys.readouterr().err
    assert path.read_bytes() == before
