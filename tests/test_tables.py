import sys
import types

import numpy as np
import pytest

from colorizer import metrics, tables
from colorizer.errors import InputError


@pytest.fixture(scope="module")
def scores():
    truth = np.random.default_rng(0).random((2, 8, 8, 3))
    return metrics.evaluate(1 - truth, truth)


def test_a_share_is_told_in_percent():
    assert tables.percent(0.126) == "13 %"
    assert tables.percent(-0.1256, 1) == "-12.6 %"


def test_a_change_is_told_with_its_sign():
    assert tables.signed(0.0123) == "+1.2 %"
    assert tables.signed(-0.0123) == "\N{MINUS SIGN}1.2 %"
    assert tables.signed(-0.0123, 0) == "\N{MINUS SIGN}1 %"
    assert tables.signed(-0.0001) == tables.signed(0.0001) == tables.signed(0) == "0.0 %"


def test_scores_of_seeds_are_mean_and_sample_deviation():
    assert tables.score("mse", [0.00781234]) == "0.00781"
    assert tables.score("mae", [0.05, 0.07]) == f"0.0600 ± {0.01 * np.sqrt(2):.4f}"


def test_score_table_shows_the_ten_of_old_in_a_row_each(scores):
    table = tables.score_table({"one": [scores], "three": [scores] * 3}).splitlines()
    assert table[:2] == ["| test images | best | one | three |", "| --- | --- | ---: | ---: |"]
    assert len(table) == 2 + 10
    assert [row.split(" | ")[0] for row in table[2:]] == [
        "| MSE",
        "| of it, in the luminance",
        "| of it, in the chroma",
        "| MAE",
        "| PSNR, mean of images, dB",
        "| SSIM",
        "| CIEDE2000",
        "| ab-RMSE",
        "| colorfulness, share of the true",
        '| "accuracy" (largest channel)',
    ]
    for row, name in zip(table[2:], tables.SHOWN, strict=True):
        *_, best, one, three, _ = row.split("|")
        assert best.strip() == metrics.METRICS[name].better
        assert one.strip() == tables.score(name, [scores[name]])
        assert three.strip().startswith(f"{one.strip()} ± 0.0")


def test_score_table_of_chosen_metrics(scores):
    names = [name for name in metrics.METRICS if name in scores]
    assert len(tables.score_table({"one": [scores]}, names).splitlines()) == 2 + len(names)


def test_score_table_of_what_is_not_there(scores):
    with pytest.raises(InputError, match="no metric 'loss'; there are mse"):
        tables.score_table({"one": [scores]}, ["loss"])
    with pytest.raises(InputError, match="one has no mse_cat"):
        tables.score_table({"one": [scores]}, ["mse_cat"])
    with pytest.raises(InputError, match="no value of mse"):
        tables.score_table({"one": []})


def test_a_table_in_markdown():
    assert tables.table(["a", "b", "c"], [["x", 1, "2 %"], ["y", 3, None]]) == (
        "| a | b | c |\n| --- | ---: | ---: |\n| x | 1 | 2 % |\n| y | 3 | None |"
    )
    assert tables.table(["a", "b"], [], "cl") == "| a | b |\n| :---: | --- |"


@pytest.mark.parametrize("align", ["l", "lrr", "lx"])
def test_a_table_that_is_aligned_badly(align):
    with pytest.raises(InputError, match="2 columns are aligned by"):
        tables.table(["a", "b"], [], align)


def test_a_row_that_is_too_long():
    with pytest.raises(InputError, match="A row of 2 columns has 3 cells"):
        tables.table(["a", "b"], [[1, 2, 3]])


def test_many_numbers_are_glued_at_once(monkeypatch):
    glued = {}

    def glue(name, value, display):
        assert not display
        glued[name] = value

    monkeypatch.setitem(sys.modules, "myst_nb", types.SimpleNamespace(glue=glue))
    tables.glue_all("gray", {"mse": "0.0066", "n": 3})
    assert glued == {"gray-mse": "0.0066", "gray-n": 3}
