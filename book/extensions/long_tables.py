"""Sphinx extension: long tables that a reader can sort, filter and unfold; scorecards.

The script `tables.js` does it in the page, so that without it all rows are there. Every table of
more than eight rows is sorted by its heads, one of more than twelve can be filtered. A chapter that
talks about a few rows of a long table names them before it, each by its first cell, or by so many
cells as it takes::

    ```{rows}
    gray copy
    plain | 5 seeds
    ```

The others are folded. A cell with the tag `scorecard` shows its table as claims with verdicts.
"""

import html

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


class shown_rows(nodes.General, nodes.Element):  # noqa: N801 - a docutils node
    """How the rows of the next table begin that are shown at first."""


class Rows(SphinxDirective):
    """Name the rows that are not folded."""

    has_content = True

    def run(self):
        """Give the marker."""
        names = [line.strip() for line in self.content if line.strip()]
        if not names:
            raise self.error("name the rows that are shown, one a line")
        return [shown_rows(names=names)]


def visit_rows(translator, node):
    """A hidden list for the script."""
    items = "".join(f"<li>{html.escape(name)}</li>" for name in node["names"])
    translator.body.append(f'<ul class="shown-rows" hidden>{items}</ul>')
    raise nodes.SkipNode


def load_files(app, pagename, templatename, context, doctree):
    """Load script and style on pages with a table only."""
    if doctree is not None and any(doctree.findall(nodes.table)):
        app.add_css_file("styles/tables.css", priority=910)
        app.add_js_file("scripts/tables.js", defer="defer")


def setup(app):
    """Register the directive, and what a page with a table needs."""
    app.add_directive("rows", Rows)
    app.add_node(shown_rows, html=(visit_rows, None))
    app.connect("html-page-context", load_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
