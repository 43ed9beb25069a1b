"""Sphinx extension: every picture says in words what is to be seen in it.

A picture without a text alternative of substance is a warning, and the build takes warnings as
errors. Looked at are images of the text, outputs of notebooks, HTML, and what widgets hold.
"""

import json
from html.parser import HTMLParser

from docutils import nodes
from sphinx.util import logging

WORDS = (
    5  # fewer say what the picture is ("plot of the loss"), not what it shows
)
REMEDY = f"write what is to be seen in it, in {WORDS} words or more"
logger = logging.getLogger(__name__)


def says_something(text: str | None) -> bool:
    """Whether a text alternative has substance."""
    return len((text or "").split()) >= WORDS


class PictureFinder(HTMLParser):
    """Collects the pictures of an HTML text that say nothing, as the start of their tags."""

    def __init__(self, html: str):
        super().__init__()
        self.silent = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        """Look at one tag; what is hidden from screen readers need not speak."""
        attributes = dict(attrs)
        if attributes.get("aria-hidden") == "true":
            return
        picture = tag in {"svg", "canvas"} or attributes.get("role") == "img"
        if (tag == "img" and not says_something(attributes.get("alt"))) or (
            picture and not says_something(attributes.get("aria-label"))
        ):
            self.silent.append(self.get_starttag_text()[:80])

    handle_startendtag = handle_starttag


def silent_pictures(doctree, widget_state) -> list[str]:
    """What on a page is a picture and says nothing."""
    found = [
        str(image["uri"])
        for image in doctree.findall(nodes.image)
        if not says_something(image.get("alt"))
    ]
    html = [
        raw.astext()
        for raw in doctree.findall(nodes.raw)
        if "html" in raw["format"].split()
    ]
    for model in widget_state.values():
        if model["model_name"] == "ImageModel":
            found.append(
                "an Image widget, which has no text alternative; use `plots.interactive`"
            )
        if model["model_name"] in {"HTMLModel", "HTMLMathModel"}:
            html.append(model["state"].get("value", ""))
    return found + [tag for text in html for tag in PictureFinder(text).silent]


def widget_state(env, docname) -> dict:
    """The models of the widgets on a page, by their id."""
    scripts = (
        getattr(env, "nb_metadata", {}).get(docname, {}).get("js_files", {})
    )
    if "ipywidgets_state" not in scripts:
        return {}
    return json.loads(scripts["ipywidgets_state"][1]["body"])["state"]


def check(app, doctree, docname):
    """Warn of each silent picture."""
    for picture in silent_pictures(doctree, widget_state(app.env, docname)):
        logger.warning("no alt text: %s; %s", picture, REMEDY, location=docname)


def setup(app):
    """Register the hook."""
    app.connect("doctree-resolved", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
