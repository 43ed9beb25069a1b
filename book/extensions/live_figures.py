"""Sphinx extension: pages load the modules of the live figures that they hold.

The modules are the package's own (`colorizer.live`), so that a figure is mended without running its
chapter again. Each is a script that holds the module's text; `live.js` draws from it.
"""

import json
import re
from pathlib import Path

from docutils import nodes

from colorizer import live

PLACE = re.compile(r'<div class="live-place" data-live="([\w-]+)"')
HEIGHT = re.compile(
    r"^export const height = \{ narrow: (\d+), wide: (\d+) \};$", re.M
)


def figures(doctree) -> list[str]:
    """The names of the live figures of a page, each once, in order."""
    text = "".join(raw.astext() for raw in doctree.findall(nodes.raw))
    return list(dict.fromkeys(PLACE.findall(text)))


def add_scripts(app, pagename, templatename, context, doctree):
    """Load what the page's figures need, and keep their room until they are drawn."""
    if doctree is None or not (names := figures(doctree)):
        return
    app.add_js_file("scripts/live.js")
    app.add_css_file("styles/live.css")
    for name in names:
        app.add_js_file(f"live/{name}.js")


def make_room(app, doctree, docname):
    """Give each figure's place the height that it will have."""
    for raw in list(doctree.findall(nodes.raw)):
        if match := PLACE.search(raw.astext()):
            narrow, wide = heights(match[1])
            room = f'style="--narrow: {narrow}px; --wide: {wide}px"'
            # behind what it is found by, for `add_scripts` comes later
            text = raw.astext().replace(match[0], f"{match[0]} {room}", 1)
            raw.replace_self(nodes.raw("", text, format="html"))


def heights(name: str) -> tuple[str, str]:
    """The pixels that a figure takes on a phone and on a desktop, as its module says."""
    return HEIGHT.search(live.module(name)).groups()


def write_scripts(app, error):
    """The modules as scripts, and the style that they share."""
    if error:
        return
    static = Path(app.outdir) / "_static"
    (static / "live").mkdir(exist_ok=True)
    for name in live.names():
        text = f"LIVE[{json.dumps(name)}] = {json.dumps(live.module(name))};\n"
        (static / f"live/{name}.js").write_text(text, encoding="utf-8")
    (static / "styles/live.css").write_text(live.style(), encoding="utf-8")


def setup(app):
    """Register the hooks."""
    app.connect("doctree-resolved", make_room)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", write_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
