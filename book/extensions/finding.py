"""Sphinx extension: what helps a reader, or a machine, to find things in the book.

The directive `list-of-figures`; an order of what a search finds, in which a word that the glossary
explains comes first, then the chapters that say it most, and the reference last; the sentences that
are shown of each page found; and, when the book is built for a site whose address the environment
variable COURSE_SITE holds, a site map and a preview picture for links to it.
"""

import html
import json
import os
import textwrap
from collections import Counter, defaultdict
from itertools import groupby
from pathlib import Path

from docutils import nodes
from font_source_sans_pro import font_directory
from PIL import Image, ImageDraw, ImageFont
from sphinx.addnodes import pending_xref
from sphinx.search.en import SearchEnglish
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

CARD = (1200, 630)  # what the services that show previews ask for
CARD_PATH = "_static/card.png"
REFERENCE = "book/reference/"
OFTEN = 3  # times that a page says a word that it is about
# what is not prose; a formula's source says little
UNTOLD = (
    nodes.title,
    nodes.raw,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
)


class figure_list(nodes.General, nodes.Element):  # noqa: N801 - a docutils node
    """Where the list of figures goes."""


class ListOfFigures(SphinxDirective):
    """Mark the place; the list is made when every page is known."""

    def run(self):
        """Give the marker."""
        return [figure_list()]


class FillLists(SphinxPostTransform):
    """Replace each marker by links to all numbered figures, in the order of the book."""

    default_priority = (
        5  # before references are resolved, those of the captions among them
    )

    def run(self, **kwargs):
        """Fill the lists of one page."""
        for marker in list(self.document.findall(figure_list)):
            figures = numbered_figures(self.env)
            chapters = groupby(figures, key=lambda figure: figure[1])
            marker.replace_self(
                [part for chapter in chapters for part in self.parts(*chapter)]
            )

    def parts(self, page, figures):
        """The title of a chapter, and the list of its figures."""
        app, docname = self.app, self.env.docname
        title = nodes.strong("", self.env.titles[page].astext())
        yield nodes.paragraph(
            "", "", make_refnode(app.builder, docname, page, "", title)
        )
        yield nodes.bullet_list(
            "",
            *(
                nodes.list_item(
                    "", nodes.paragraph("", "", *entry(app, docname, *figure))
                )
                for figure in figures
            ),
        )


def numbered_figures(env):
    """(number, page, id) of every figure, by its number."""
    return sorted(
        (number, page, name)
        for page, kinds in env.toc_fignumbers.items()
        for name, number in kinds.get("figure", {}).items()
    )


def entry(app, docname, number, page, name):
    """A link to a figure, and its caption."""
    doctree = app.env.get_doctree(page)
    figure = next(
        node for node in doctree.findall(nodes.figure) if name in node["ids"]
    )
    caption = next(figure.findall(nodes.caption), nodes.caption())
    text = [child.deepcopy() for child in caption]
    for child in text:
        for reference in child.findall(pending_xref):
            reference["refdoc"] = docname  # which it is now to lead away from
    label = nodes.Text("Fig. " + ".".join(map(str, number)))
    yield make_refnode(app.builder, docname, page, name, label)
    yield nodes.Text(" ")
    yield from text


def configure(app, config):
    """Where the order of what is found is written; the site's address, from the environment."""
    config.html_search_scorer = str(scorer(app))
    if address := os.environ.get("COURSE_SITE", "").rstrip("/"):
        config.html_baseurl = address + "/"


def scorer(app) -> Path:
    """The script with the order of what is found, which Sphinx makes part of its own."""
    return Path(app.doctreedir) / "scorer.js"


def order_findings(app, env):
    """Write that script, with the three pages that say a stem most, and what each page says."""
    pages = sorted(env.found_docs)
    counts = defaultdict(Counter)
    language = SearchEnglish({})
    for number, page in enumerate(pages):
        if page.startswith(REFERENCE):
            continue
        text = " ".join(
            node
            for node in env.get_doctree(page).findall(nodes.Text)
            if not isinstance(node.parent, nodes.raw)
        )
        for word in language.split(text.lower()):
            counts[language.stem(word)][number] += 1
    said = {
        stem: [number for number, _ in times.most_common(3)]
        for stem, times in sorted(counts.items())
        if stem.isalpha() and max(times.values()) >= OFTEN
    }
    code = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    doctrees = {page: env.get_doctree(page) for page in pages}
    tables = {
        "PAGES": pages,
        "SAID": said,
        "TEXTS": {page: prose(doctree) for page, doctree in doctrees.items()},
        "TERMS": dict(
            entry
            for doctree in doctrees.values()
            for entry in explained(doctree)
        ),
    }
    constants = "".join(
        f"const {name} = {json.dumps(table, separators=(',', ':'))};\n"
        for name, table in tables.items()
    )
    scorer(app).write_text(constants + code, encoding="utf-8")


def prose(node) -> str:
    """What a reader of a node meets in sentences."""
    heads = node.findall(
        lambda x: (
            "reading-time" in getattr(x, "attributes", {}).get("classes", ())
        )
    )
    untold = {id(text) for head in heads for text in head.findall(nodes.Text)}
    texts = (
        text.astext()
        for text in node.findall(nodes.Text)
        if not isinstance(text.parent, UNTOLD) and id(text) not in untold
    )
    return " ".join(" ".join(texts).split())


def explained(doctree):
    """(anchor, explanation) of each term of a page's glossary."""
    for item in doctree.findall(nodes.definition_list_item):
        term, *_, definition = item
        for anchor in term["ids"]:
            if anchor.startswith("term-"):
                yield anchor, prose(definition)


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
    """The title of the book beside its picture, which may have no ground of its own."""
    image = Image.new("RGB", CARD, "white")
    middle = CARD[1] / 2
    face = Path(font_directory) / "SourceSansPro-Semibold.ttf"
    ImageDraw.Draw(image).text(
        (60, middle),
        textwrap.fill(title, 18),
        fill="#1d2733",
        font=ImageFont.truetype(face, 68),
        anchor="lm",
    )
    if picture.exists():
        shown = Image.open(picture).convert("RGBA")
        shown.thumbnail((CARD[0] // 2 - 40, CARD[1] - 80))
        place = CARD[0] - shown.width - 40, round(middle - shown.height / 2)
        image.paste(shown, place, shown)
    return image


def setup(app):
    """Register directive and hooks."""
    app.add_node(figure_list)
    app.add_directive("list-of-figures", ListOfFigures)
    app.add_post_transform(FillLists)
    app.connect("config-inited", configure)
    app.connect("env-updated", order_findings)
    app.connect("html-page-context", describe_page)
    app.connect("build-finished", write_site_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
