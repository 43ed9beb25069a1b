"""Sphinx extension: the home page opens with something to touch, and ends with a map of the course.

Two directives for the home page, and one for every other page. The first holds one sentence that
says what the book is, and the line under its photograph; `play` names the page of the playground::

    ```{opening}
    :play: playground

    Learn how a network colours a photograph.

    A photograph that was gray from the start.
    ```

Its photograph is coloured by a model of the book when the book is built. `{course-map}` gives a
card for each page of the table of contents, in its order, but not for the parts that its option
`without` names; a card tells the page's title, its question, and the minutes that it takes. The
question is written at the head of the page, with `{question}`, or is what its title says after a
colon. The drawings of the cards are in `book/assets/map.svg`, by the last part of the page's name.
"""

import hashlib
import html
import io
import re
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

from docutils import nodes
from docutils.parsers.rst import directives
from PIL import Image
from playground import kept
from reading_time import in_words, minutes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

MODEL = "unet"
FOLDER = "_static/opening"
QUALITY = 85  # of the two photographs, as WebP
SVG = "http://www.w3.org/2000/svg"
logger = logging.getLogger(__name__)


class opening(nodes.General, nodes.Element):  # noqa: N801 - docutils names the visitors by the class
    """The sentence, then the line under the photograph; `play` is the playground's page."""


class course_map(nodes.General, nodes.Element):  # noqa: N801
    """Where the cards go."""


class OpeningDirective(SphinxDirective):
    """Parse what the home page opens with."""

    has_content = True
    option_spec: ClassVar = {"play": directives.unchanged_required}

    def run(self):
        """Give the `opening` node."""
        if "play" not in self.options:
            raise self.error("an opening names the playground's page: `:play:`")
        play, _ = self.env.relfn2path(self.options["play"] + ".md")
        play = play.removesuffix(".md")
        if play not in self.env.found_docs:
            raise self.error(f"there is no page {play} to play in")
        node = opening(play=play)
        self.state.nested_parse(self.content, self.content_offset, node)
        if [type(part) for part in node] != 2 * [nodes.paragraph]:
            raise self.error(
                "an opening has two paragraphs: what the book is, "
                "and the line under its photograph"
            )
        return [node]


class CourseMapDirective(SphinxDirective):
    """Mark the place; the cards are made when every page is known."""

    option_spec: ClassVar = {"without": directives.unchanged_required}

    def run(self):
        """Give the marker."""
        without = self.options.get("without")
        captions = [caption for caption, _ in parts(self.env)]
        if without is not None and without not in captions:
            raise self.error(
                f"the table of contents has no part {without!r} to leave out"
            )
        return [course_map(without=without)]


class QuestionDirective(SphinxDirective):
    """The question of a page, under its title."""

    has_content = True

    def run(self):
        """Give a paragraph, and note what it says."""
        holder = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, holder)
        if [type(part) for part in holder] != [nodes.paragraph]:
            raise self.error("a question is a single paragraph")
        paragraph = holder[0]
        paragraph["classes"].append("question")
        self.env.metadata[self.env.docname]["question"] = paragraph.astext()
        return [paragraph]


def parts(env):
    """(caption, pages) of each part of the table of contents, in its order."""
    trees = env.external_site_map.root.subtrees
    return [(tree.caption or "", tree.files()) for tree in trees]


def first_chapter(env, play) -> str:
    """Where to start reading: the first page of the first part without the playground."""
    pages = [pages[0] for _, pages in parts(env) if pages and play not in pages]
    return next(iter(pages), env.config.root_doc)


def photographs(root: Path) -> dict[str, bytes]:
    """Scikit-image's `camera`, which has no colours, and what the model makes of it, as WebP."""
    # here: other pages need no Keras
    from skimage import data

    from colorizer import photo, records, runs

    gray = data.camera()
    run = records.fullest(MODEL)

    def coloured():
        given = photo.Photo(gray[..., None].repeat(3, axis=-1))
        predict = photo.predictor(runs.load_model(run))
        return webp(photo.colorize(given, predict, any_size=True).rgb)

    code = hashlib.sha256(Path(photo.__file__).read_bytes()).hexdigest()[:16]
    name = f"{run.weights_sha256}-{code}-{QUALITY}.webp"
    return {"gray": webp(gray), "coloured": kept(root, name, coloured)}


def webp(pixels) -> bytes:
    """A picture's file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=QUALITY, method=6)
    return buffer.getvalue()


def visit_opening(translator, node):
    """Write the photographs beside the pages, and the rest into the page."""
    builder = translator.builder
    folder = Path(builder.outdir) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    found = photographs(Path(builder.confdir))
    for name, content in found.items():
        (folder / f"{name}.webp").write_bytes(content)
    width, height = Image.open(io.BytesIO(found["gray"])).size
    page = builder.current_docname
    links = {
        "play": builder.get_relative_uri(page, node["play"]),
        "read": builder.get_relative_uri(
            page, first_chapter(builder.env, node["play"])
        ),
    }
    sentence, line = node.children
    before, between, after = OPENING.format(
        folder="../" * page.count("/") + FOLDER,
        size=f'width="{width}" height="{height}"',
        **links,
    ).split("|")
    translator.body.append(before)
    for child in sentence:
        child.walkabout(translator)
    translator.body.append(between)
    for child in line:
        child.walkabout(translator)
    translator.body.append(after)
    raise nodes.SkipNode


OPENING = """
<div class="opening">
  <p class="sentence">|</p>
  <figure class="divided">
    <div class="pair">
      <img class="gray" src="{folder}/gray.webp" {size}
        alt="A gray photograph: a man in a dark coat looks through a camera on a tripod, on a lawn before a city.">
      <img class="coloured" src="{folder}/coloured.webp" {size}
        alt="The same photograph in colour: the sky is blue, the lawn is green, the coat is black.">
      <span class="handle" aria-hidden="true"></span>
      <input type="range" min="0" max="100" step="any" value="40" autocomplete="off"
        aria-label="How much of the photograph is gray" aria-valuetext="40 % gray on the left, the rest in colour">
    </div>
    <figcaption>|</figcaption>
  </figure>
  <p class="actions">
    <a class="action primary" href="{play}">Colour your own photograph</a>
    <a class="action" href="{read}">Start reading</a>
  </p>
</div>
"""


def draw_maps(app, doctree, docname):
    """Replace each marker by the cards."""
    markers = list(doctree.findall(course_map))
    if not markers:
        return
    drawings = read_drawings(Path(app.confdir) / "book/assets/map.svg")
    for marker in markers:
        cards = "".join(
            card(app, docname, caption, page, drawings)
            for caption, pages in parts(app.env)
            if caption != marker["without"]
            for page in pages
        )
        text = f'<ul class="course-map">{cards}</ul>'
        marker.replace_self(nodes.raw("", text, format="html"))


def read_drawings(path: Path) -> dict[str, str]:
    """What a file of `symbol` elements draws, by their ids."""
    ElementTree.register_namespace("", SVG)
    return {
        symbol.get("id"): "".join(
            re.sub(
                r' xmlns="[^"]*"', "", ElementTree.tostring(child, "unicode")
            )
            for child in symbol
        )
        for symbol in ElementTree.parse(path).iter(f"{{{SVG}}}symbol")
    }


def card(app, docname, caption, page, drawings) -> str:
    """One page of the course, as a page named `docname` links to it."""
    title, question = title_and_question(app.env, page)
    if not question:
        logger.warning(
            "the map has no question for this page; write one with `{question}` "
            "under its title",
            location=page,
        )
    drawing = drawings.get(page.rpartition("/")[2], drawings["other"])
    taken = minutes(app.env, page)
    return CARD.format(
        drawing=drawing,
        part=html.escape(caption),
        link=app.builder.get_relative_uri(docname, page),
        title=html.escape(title),
        question=html.escape(question),
        taken=f'<p class="minutes">{in_words(taken)}</p>' if taken else "",
    )


CARD = """
<li class="card">
  <svg viewBox="0 0 160 80" aria-hidden="true">{drawing}</svg>
  <p class="part">{part}</p>
  <p class="name"><a href="{link}">{title}</a></p>
  <p>{question}</p>
  {taken}
</li>
"""


def title_and_question(env, page) -> tuple[str, str]:
    """The title of a page as its card tells it, and its question."""
    title, _, rest = env.titles[page].astext().partition(": ")
    asked = env.metadata[page].get("question", "")
    if asked or not rest:
        return env.titles[page].astext(), asked
    return title, rest[0].upper() + rest[1:]


def load_files(app, pagename, templatename, context, doctree):
    """Load style and script on the page that opens so, and on no other."""
    if doctree is not None and any(doctree.findall(opening)):
        app.add_css_file("styles/landing.css", priority=910)
        app.add_js_file("scripts/landing.js", defer="defer")


def setup(app):
    """Register the directives, their nodes and what they load."""
    app.add_directive("opening", OpeningDirective)
    app.add_directive("course-map", CourseMapDirective)
    app.add_directive("question", QuestionDirective)
    app.add_node(opening, html=(visit_opening, None))
    app.add_node(course_map)
    app.connect("doctree-resolved", draw_maps, priority=400)
    app.connect("html-page-context", load_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
