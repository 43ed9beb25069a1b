"""Numbers as text: scores with their digits, tables in Markdown, and numbers for the prose."""

from collections.abc import Mapping, Sequence

import numpy as np

from colorizer.errors import InputError
from colorizer.metrics import METRICS

SHOWN = (  # the metrics of a table that names none
    "mse",
    "luminance_mse",
    "chroma_mse",
    "mae",
    "psnr",
    "ssim",
    "ciede2000",
    "ab_rmse",
    "colorfulness_ratio",
    "channel_argmax_accuracy",
)
RULES = {"l": "---", "c": ":---:", "r": "---:"}  # how a column stands


def percent(share: float, digits: int = 0) -> str:
    """A share of one as text: 0.125 is "12 %", or "12.5 %" with a digit after the point."""
    return f"{100 * share:.{digits}f} %"


def signed(share: float, digits: int = 1) -> str:
    """A change, as a share of one, as text with its sign: 0.012 is "+1.2 %", and none "0.0 %"."""
    if float(f"{100 * share:.{digits}f}") == 0:
        return f"{0:.{digits}f} %"
    return f"{100 * share:+.{digits}f} %".replace("-", "\N{MINUS SIGN}")


def score(name: str, values: Sequence[float]) -> str:
    """A metric as tables show it: its value, or mean ± standard deviation of several seeds.

    Args:
        name: of the metric, in `metrics.METRICS`.
        values: one for each seed; the deviation is that of a sample, with n - 1.

    Raises:
        InputError: there is no metric of that name, or no value.
    """
    digits = _metric(name).digits
    if len(values) == 0:
        raise InputError(f"There is no value of {name} to show.")
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


def score_table(
    columns: Mapping[str, Sequence[Mapping[str, float]]], names: Sequence[str] = SHOWN
) -> str:
    """A Markdown table with a row for each metric and a column for each model.

    Args:
        columns: title to what `metrics.evaluate` says, once for each seed.
        names: the metrics, in `metrics.METRICS`.

    Raises:
        InputError: there is no metric of that name, or a column lacks it.
    """
    rows = []
    for name in names:
        metric = _metric(name)
        for title, seeds in columns.items():
            if not all(name in seed for seed in seeds):
                raise InputError(f"{title} has no {name}.")
        scores = (score(name, [seed[name] for seed in seeds]) for seeds in columns.values())
        rows.append([metric.label, metric.better, *scores])
    return table(["test images", "best", *columns], rows, "ll" + "r" * len(columns))


def table(header: Sequence[str], rows: Sequence[Sequence[object]], align: str | None = None) -> str:
    """A table in Markdown.

    Args:
        header: a title for each column.
        rows: a cell for each column; what is no text is written as `str` writes it.
        align: a letter for each column: l, c or r; by default the first stands at the left and the
            others at the right.

    Raises:
        InputError: a row, or `align`, does not fit the header.
    """
    if align is None:
        align = "l" + "r" * (len(header) - 1)
    if len(align) != len(header) or not set(align) <= set(RULES):
        raise InputError(
            f"{len(header)} columns are aligned by as many letters of l, c and r, not by {align!r}."
        )
    for row in rows:
        if len(row) != len(header):
            raise InputError(f"A row of {len(header)} columns has {len(row)} cells: {row}.")
    lines = [header, [RULES[letter] for letter in align], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def glue_all(prefix: str, values: Mapping[str, object]) -> None:
    """Glue many numbers at once, for the prose of a chapter; nothing is displayed.

    Args:
        prefix: of the chapter.
        values: key to number, or to its text; each is glued as `prefix-key`.
    """
    from myst_nb import glue  # of the extra `book`

    for key, value in values.items():
        glue(f"{prefix}-{key}", value, display=False)


def _metric(name):
    if name not in METRICS:
        raise InputError(f"There is no metric {name!r}; there are {', '.join(METRICS)}.")
    return METRICS[name]
