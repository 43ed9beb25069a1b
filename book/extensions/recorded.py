"""Sphinx extension: the directive `recorded-experiments`, a table made from the records.

A row for each experiment and budget: why it is there, how many seeds are recorded, their test MSE
and how long one took. Nobody types a score, so that none can be out of date.
"""

import statistics

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

HEADER = (
    "experiment",
    "why",
    "epochs",
    "images",
    "seeds",
    "test MSE",
    "minutes",
)


class RecordedExperiments(SphinxDirective):
    """Put the table in its place."""

    def run(self):
        """Give the table, which depends on every record."""
        from colorizer import experiments, records

        self.env.note_reread()
        rows = [
            row
            for experiment in experiments.EXPERIMENTS.values()
            for row in table_rows(experiment, records.recorded(experiment.name))
        ]
        rule = ["---", "---", *["---:"] * 5]
        lines = [f"| {' | '.join(cells)} |" for cells in (HEADER, rule, *rows)]
        place = nodes.container()
        self.state.nested_parse(StringList(lines), self.content_offset, place)
        return place.children


def table_rows(experiment, runs) -> list[list[str]]:
    """The cells of an experiment, in Markdown; one row for each budget, or one that is empty."""
    by_budget = {}
    for run in runs:
        by_budget.setdefault(run.budget, []).append(run)
    rows = [
        [
            str(budget.epochs),
            f"{budget.images:,}",
            str(len(found)),
            score(found),
            minutes(found),
        ]
        for budget, found in by_budget.items()
    ]
    return [
        [f"`{experiment.name}`", experiment.why, *row]
        for row in rows or [["", "", "0", "", ""]]
    ]


def score(runs) -> str:
    """The mean test MSE of some runs, with its spread."""
    values = [run.metrics["mse"] for run in runs]
    spread = f" ± {statistics.stdev(values):.5f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.5f}{spread}"


def minutes(runs) -> str:
    """How long one of some runs took, on average."""
    seconds = statistics.fmean(run.provenance["seconds"] for run in runs)
    return f"{seconds / 60:.0f}"


def setup(app):
    """Register the directive."""
    app.add_directive("recorded-experiments", RecordedExperiments)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
