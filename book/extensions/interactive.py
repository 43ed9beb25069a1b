"""Sphinx extension: interactive figures have their place in the page before they are drawn.

A page shows the picture at which a figure starts, which is also what paper and a browser without
JavaScript get; `widgets.js` takes it away once the widget stands in the same place.
"""

import json
import re

from alt_text import widget_state
from docutils import nodes

VIEW = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-view\+json">(.*)</script>'
)
IMAGE = re.compile(r"<img [^>]*>")


def first_picture(state, model_id) -> str:
    """The `img` that a widget shows at first, or nothing."""
    widget = state[model_id]["state"]
    if match := IMAGE.search(widget.get("value") or ""):
        return match[0]
    parts = widget.get("children", [])[widget.get("selected_index") or 0 :]
    found = (
        first_picture(state, part.removeprefix("IPY_MODEL_")) for part in parts
    )
    return next(filter(None, found), "")


def make_room(app, doctree, docname):
    """Put each widget of a page into a box that holds the picture it starts with."""
    state = widget_state(app.env, docname)
    for raw in list(doctree.findall(nodes.raw)):
        if match := VIEW.search(raw.astext()):
            picture = first_picture(state, json.loads(match[1])["model_id"])
            waiting = f'<div class="waiting">{picture}</div>' if picture else ""
            text = (
                f'<div class="interactive">{waiting}<div>{match[0]}</div></div>'
            )
            raw.replace_self(nodes.raw("", text, format="html"))


def setup(app):
    """Register the hook, before the one that looks for alt texts."""
    app.connect("doctree-resolved", make_room, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
