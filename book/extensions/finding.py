"""Sphinx extension: what helps a reader, or a machine, to find things in the book.

The directive `list-of-figures`; and, when the book is built for a site whose address the
environment variable COURSE_SITE holds, a site map and a preview picture for links to it.
"""

import html
import os
from pathlib import Path

import matplotlib.font_manager
from docutils import nodes
from PIL import Image, ImageDraw, ImageFont
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

CARD = (1200, 630)  # what the services that show previews ask for
CARD_PATH = "_static/card.png"


class figure_list(nodes.General, nodes.Element):  # noqa: N801 - a docutils node
    """Where the list of figures goes."""


class ListOfFigures(SphinxDirective):
    """Mark the place; the list is made when every page is known."""

    def run(self):
        """Give the marker."""
        return [figure_list()]


def fill_lists(app, doctree, docname):
    """Replace each marker by links to all numbered figures, in order."""
    for marker in list(doctree.findall(figure_list)):
        items = [
            nodes.list_item(
                "", nodes.paragraph("", "", *entry(app, docname, *figure))
            )
            for figure in numbered_figures(app.env)
        ]
        marker.replace_self(nodes.bullet_list("", *items) if items else [])


def numbered_figures(env):
    """(number, page, id) of every figure."""
    for page, kinds in sorted(env.toc_fignumbers.items()):
        for name, number in kinds.get("figure", {}).items():
            yield number, page, name


def entry(app, docname, number, page, name):
    """A link to a figure, its caption, and the page that it is on."""
    doctree = app.env.get_doctree(page)
    figure = next(
        node for node in doctree.findall(nodes.figure) if name in node["ids"]
    )
    caption = next(figure.findall(nodes.caption), nodes.caption())
    text = [
        child.deepcopy()
        if isinstance(child, nodes.math)
        else nodes.Text(child.astext())
        for child in caption
    ]
    label = nodes.Text("Fig. " + ".".join(map(str, number)))
    yield make_refnode(app.builder, docname, page, name, label)
    yield nodes.Text(" ")
    yield from text
    yield nodes.emphasis("", " " + app.env.titles[page].astext())


def take_address(app, config):
    """The site's address, from the environment."""
    if address := os.environ.get("COURSE_SITE", "").rstrip("/"):
        config.html_baseurl = address + "/"


def describe_page(app, pagename, templatename, context, doctree):
    """Name the preview picture in the page's head."""
    if app.config.html_baseurl and doctree is not None:
        title = html.escape(app.env.titles[pagename].astext())
        context["metatags"] += (
            f'<meta property="og:title" content="{title}">'
            f'<meta property="og:image" content="{app.config.html_baseurl}{CARD_PATH}">'
        )


def write_site_files(app, error):
    """The site map and the preview picture."""
    address = app.config.html_baseurl
    if error or not address:
        return
    out = Path(app.outdir)
    pages = sorted(app.env.found_docs)
    places = "".join(
        f"<url><loc>{address}{page}.html</loc></url>\n" for page in pages
    )
    (out / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{places}</urlset>\n',
        encoding="utf-8",
    )
    card(
        app.config.html_title, Path(app.confdir) / "book/assets/overview.png"
    ).save(out / CARD_PATH)


def card(title: str, picture: Path) -> Image.Image:
    """The title of the book over its picture."""
    image = Image.new("RGB", CARD, "white")
    font = ImageFont.truetype(
        matplotlib.font_manager.findfont("DejaVu Sans"), 56
    )
    ImageDraw.Draw(image).text((60, 60), title, fill="black", font=font)
    if picture.exists():
        shown = Image.open(picture).convert("RGB")
        shown = shown.resize(
            (CARD[0] - 120, shown.height * (CARD[0] - 120) // shown.width)
        )
        image.paste(shown, (60, 180))
    return image


def setup(app):
    """Register directive and hooks."""
    app.add_node(figure_list)
    app.add_directive("list-of-figures", ListOfFigures)
    app.connect("config-inited", take_address)
    app.connect("doctree-resolved", fill_lists, priority=300)
    app.connect("html-page-context", describe_page)
    app.connect("build-finished", write_site_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
