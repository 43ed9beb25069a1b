"""Sphinx extension: long tables that a reader can sort, filter and unfold; scorecards.

The script `tables.js` does it in the page, so that without it all rows are there; the places for its
tools are kept, so that nothing moves. Every table of more than eight rows is sorted by its heads, one
of more than twelve can be filtered. A chapter that talks about a few rows of a long table names them
before it, each by its first cell, or by so many cells as it takes::

    ```{rows}
    gray copy
    plain | 5 seeds
    ```

The others are folded. A cell with the tag `scorecard` shows its table as claims with verdicts, the
verdicts in bold. Another page tells how many there are of each, with a link to that page::

    ```{tally} experiments/verdicts
    ```
"""

import json
import re
from collections import Counter
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)

SORTED, FILTERED = 8, 12  # rows above which a table is sorted, and filtered
SCORECARD = "tag_scorecard"
# a verdict without what is said of it after a comma or in brackets
VERDICT = re.compile(r"^\|[^|]*\| \*\*([^*,(]+)", re.MULTILINE)


class shown_rows(nodes.General, nodes.Element):  # noqa: N801 - docutils names the visitors
    """How the rows of the next table begin that are shown at first."""


class table_tools(nodes.General, nodes.Element):  # noqa: N801
    """The place for what filters a table, and for what its marks mean."""


class unfold_button(nodes.General, nodes.Element):  # noqa: N801
    """What brings the folded rows."""


class Rows(SphinxDirective):
    """Name the rows that are not folded."""

    has_content = True

    def run(self):
        """Give the marker, which `prepare` takes away."""
        names = [line.strip() for line in self.content if line.strip()]
        if not names:
            raise self.error("name the rows that are shown, one a line")
        marker = shown_rows(names=names)
        self.set_source_info(marker)
        return [marker]


class Tally(SphinxDirective):
    """Count the verdicts of a stored scorecard."""

    required_arguments = 1

    def run(self):
        """Give a list with an item for each verdict, in the scorecard's order."""
        page = self.arguments[0]
        source, path = self.env.relfn2path(f"{page}.ipynb")
        self.env.note_dependency(source)
        found = Counter(stored_verdicts(Path(path)))
        if not found:
            raise self.error(f"no scorecard is stored in {source}")
        lines = [
            f"- [{word} **{n}**]({page}.ipynb)" for word, n in found.items()
        ]
        container = nodes.container(classes=["tally"])
        self.state.nested_parse(StringList(lines, page), 0, container)
        return [container]


def stored_verdicts(path):
    """The verdicts of a notebook's scorecard; none if it, or the notebook, is not there."""
    cells = json.loads(path.read_text())["cells"] if path.exists() else []
    tables = [
        "".join(output["data"].get("text/markdown", ""))
        for cell in cells
        if "scorecard" in cell["metadata"].get("tags", [])
        for output in cell["outputs"]
        if "data" in output
    ]
    return [word.strip() for word in VERDICT.findall("\n".join(tables))]


def prepare(app, doctree):
    """Give long tables their places and classes, and fold what a `shown_rows` does not name."""
    marker = None
    found = doctree.findall(lambda x: isinstance(x, shown_rows | nodes.table))
    for node in list(found):
        if isinstance(node, shown_rows):
            complain(marker)
            marker = node
            continue
        rows = body_rows(node)
        if len(rows) > SORTED and not in_scorecard(node):
            make_long(node, len(rows) > FILTERED)
        if marker:
            fold(node, rows, marker)
            marker = None
    complain(marker)


def complain(marker):
    """Say that no table follows a marker, if there is one."""
    if marker:
        logger.warning("no table follows these rows", location=marker)
        marker.parent.remove(marker)


def body_rows(table):
    """The rows below the head."""
    return [row for body in table.findall(nodes.tbody) for row in body]


def in_scorecard(node):
    """Whether the cell around a table has the tag."""
    while node := node.parent:
        if SCORECARD in node.get("classes", []):
            return True
    return False


def make_long(table, filtered):
    """Mark a table for the script, and keep a place above it."""
    table["classes"].append("long-table")
    tools = table_tools(classes=["filtered"] if filtered else [])
    table.parent.insert(table.parent.index(table), tools)


def fold(table, rows, marker):
    """Fold the rows that do not begin as is named; each name is to have one."""
    lacking = set(marker["names"])
    for row in rows:
        text = " | ".join(cell.astext().strip() for cell in row) + " |"
        names = {x for x in marker["names"] if text.startswith(f"{x} |")}
        lacking -= names
        if not names:
            row["classes"].append("folded")
    if lacking:
        logger.warning(
            "no row of the table begins with: %s",
            "; ".join(sorted(lacking)),
            location=marker,
        )
    button = unfold_button(rows=len(rows) - len(groups(rows)))
    table.parent.insert(table.parent.index(table) + 1, button)
    marker.parent.remove(marker)


def groups(rows):
    """The rows that only head those below them."""
    return [
        row
        for row in rows
        if not any(cell.astext().strip() for cell in row[1:])
    ]


def visit_tools(translator, node):
    """An empty place."""
    classes = " ".join(["table-tools", *node["classes"]])
    translator.body.append(f'<div class="{classes}"></div>')
    raise nodes.SkipNode


def visit_button(translator, node):
    """The button as the script finds it."""
    translator.body.append(
        '<button type="button" class="unfold" aria-expanded="false">'
        f"Show all {node['rows']} rows</button>"
    )
    raise nodes.SkipNode


def load_files(app, pagename, templatename, context, doctree):
    """Load script and style on pages with a table only."""
    if doctree is not None and any(doctree.findall(nodes.table)):
        app.add_css_file("styles/tables.css", priority=910)
        app.add_js_file("scripts/tables.js", defer="defer")


def setup(app):
    """Register the directive, and what a page with a table needs."""
    app.add_directive("rows", Rows)
    app.add_directive("tally", Tally)
    app.add_node(shown_rows)
    app.add_node(table_tools, html=(visit_tools, None))
    app.add_node(unfold_button, html=(visit_button, None))
    app.connect("doctree-read", prepare)
    app.connect("html-page-context", load_files)
    return {
        "env_version": 1,  # pages that were read before it was there are read again
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
