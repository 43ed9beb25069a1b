"""Sphinx extension: a drawing of the book, in the page, in the colours of the page.

Written in a chapter as it is read::

    ```{schematic} kernel
    :name: fig-kernel
    :alt: A stack of grids, of which a block of three by three ... in words what is to be seen

    The caption, one paragraph.
    ```

The argument is the name of a file in `book/assets/schematics`. The drawing becomes part of the page, not
a picture beside it, so that its colours and its typeface are those of the page in both modes. It is
a numbered figure, to which `{numref}` leads.
"""

import re
from pathlib import Path
from xml.etree import ElementTree

from alt_text import REMEDY, says_something
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

FOLDER = "book/assets/schematics"
SVG = "http://www.w3.org/2000/svg"
REFERENCE = re.compile(r"url\(#([\w-]+)\)")


class schematic(nodes.General, nodes.Element):  # noqa: N801 - docutils names the visitors by the class
    """A drawing, as the SVG that goes into the page."""


class SchematicDirective(SphinxDirective):
    """Put a drawing and its caption into a figure."""

    required_arguments = 1
    has_content = True
    option_spec = {  # noqa: RUF012 - as docutils has it
        "name": directives.unchanged,
        "alt": directives.unchanged,
    }

    def run(self):
        """Give the figure."""
        name = self.arguments[0]
        folder = Path(self.env.app.confdir) / FOLDER
        known = sorted(path.stem for path in folder.glob("*.svg"))
        if name not in known:
            raise self.error(
                f"there is no schematic {name!r}; there are {', '.join(known)}"
            )
        if not self.options.get("name"):
            raise self.error(
                f"the schematic {name!r} has no name; add ':name: fig-...'"
            )
        if not says_something(self.options.get("alt")):
            raise self.error(
                f"the schematic {name!r} has no alt text; add ':alt:' and {REMEDY}"
            )
        holder = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, holder)
        if len(holder) != 1 or not isinstance(holder[0], nodes.paragraph):
            raise self.error(
                f"the schematic {name!r} needs a caption of one paragraph"
            )
        self.env.note_dependency(str(folder / f"{name}.svg"))
        drawing = pasted(
            (folder / f"{name}.svg").read_text(encoding="utf-8"),
            self.options["alt"],
            f"schematic-{self.env.new_serialno('schematic') + 1}",
        )
        figure = nodes.figure(
            "",
            schematic(svg=drawing),
            nodes.caption("", "", *holder[0].children),
        )
        self.set_source_info(figure)
        self.add_name(figure)
        return [figure]


def pasted(source: str, alt: str, prefix: str) -> str:
    """A drawing's SVG for a page: it says `alt`, and its ids begin with `prefix`."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(source)
    root.attrib |= {"role": "img", "aria-label": " ".join(alt.split())}
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, f"{prefix}-{value}")
            elif key == "href" and value.startswith("#"):
                element.set(key, f"#{prefix}-{value[1:]}")
            elif "url(#" in value:
                element.set(key, REFERENCE.sub(rf"url(#{prefix}-\1)", value))
    return ElementTree.tostring(root, encoding="unicode")


def visit_schematic(translator, node):
    """Write the drawing."""
    translator.body.append(node["svg"])
    raise nodes.SkipNode


def load_style(app, pagename, templatename, context, doctree):
    """Load the drawings' style on pages with a drawing only."""
    if doctree is not None and any(doctree.findall(schematic)):
        app.add_css_file("styles/schematics.css", priority=901)


def setup(app):
    """Register the directive, its node and its style."""
    app.add_directive("schematic", SchematicDirective)
    app.add_node(schematic, html=(visit_schematic, None))
    app.connect("html-page-context", load_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
