"""The live figures where a kernel shows them: all are drawn, and one is dragged as in the page."""

import contextlib
import os
import signal
from pathlib import Path

import nbformat
import pytest
import servers
from playwright.sync_api import TimeoutError as BrowserTimeoutError
from test_page import browser, needs_chromium  # noqa: F401 - a fixture

from colorizer import live

pytestmark = needs_chromium

CELL = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_live, test_live_data as data, test_live_learning as learning
made = [test_live.kernel, *data.FIGURES, *learning.FIGURES]
display(*(figure() for figure in made))
"""
VALUES = "document.querySelector('.live')?.parentElement.values"  # of the kernel, the first
DRAWN = f"""
(() => {{
  const figures = [...document.querySelectorAll(".live")];
  return figures.length === {len(live.names())} && figures.every((x) => x.parentElement.values);
}})()
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with a notebook that shows a figure and was never run."""
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)], metadata=kernel)
    nbformat.write(notebook, tmp_path / "figure.ipynb")
    return tmp_path


def assert_it_plays(tab):
    """Every figure is drawn; a drag and a key change what the first computes."""
    tab.wait_for_function(DRAWN, timeout=120_000)
    window = tab.get_by_role("slider", name="Window on the photograph")
    window.scroll_into_view_if_needed()
    before = tab.evaluate(VALUES)
    box = window.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 40, y + 30, steps=5)
    tab.mouse.up()
    tab.wait_for_function(f"{VALUES}.column > {before['column']} && {VALUES}.row > {before['row']}")
    tab.get_by_role("slider", name="Weight, row 2, column 2").press("ArrowUp")
    tab.wait_for_function(f"{VALUES}.kernel[4] > {before['kernel'][4]}")


def run_first_cell(tab):
    """Press the keys until the kernel is at work; while it starts, nothing comes of them."""
    status = ".jp-Notebook-ExecutionIndicator[data-status={}]".format
    for _ in range(24):
        with contextlib.suppress(BrowserTimeoutError):
            for answer in tab.locator("dialog .jp-mod-accept").all():  # such as: this kernel?
                answer.click(timeout=5_000)
            tab.locator(status("idle")).wait_for(timeout=5_000)
            tab.locator(".jp-Notebook .cm-content").first.click(timeout=5_000)
            tab.keyboard.press("Shift+Enter")
            tab.locator(status("busy")).wait_for(timeout=5_000)
            return
    pytest.fail("the cell could not be run")


@contextlib.contextmanager
def served(browser, folder, *command):
    """A tab, and the address of what a module serves from a folder without a user's settings."""
    settings = {"JUPYTER_CONFIG_DIR": str(folder / "config"), "KERAS_BACKEND": "tensorflow"}
    environment = os.environ | settings
    with servers.module(*command, end=signal.SIGTERM, cwd=folder, env=environment) as address:
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        yield tab, address
        tab.close()


def test_in_voila(browser, folder):
    with served(browser, folder, "voila", "figure.ipynb") as (tab, address):
        tab.goto(address, timeout=120_000)
        assert_it_plays(tab)


def test_in_jupyterlab(browser, folder):
    lab = "jupyter", "lab", "--allow-root", "--IdentityProvider.token="
    with served(browser, folder, *lab) as (tab, address):
        tab.goto(f"{address}lab/tree/figure.ipynb", timeout=120_000)
        tab.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=120_000)
        run_first_cell(tab)
        assert_it_plays(tab)
