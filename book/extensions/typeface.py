"""Sphinx extension: the typeface of the pages, which is the one of the figures.

The figures' package has it as it was published, with the signs of many languages. The book gets
those that it may need, under a name of its own: the licence reserves the original's for the
original. The faces come inside a script in the page's head, because one that arrives later than the
page moves its lines, and even those inside a style sheet do; they are for readers without scripts.
"""

import json
import shutil
from base64 import b64encode
from io import BytesIO
from pathlib import Path

from font_source_sans_pro import font_directory
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

NAME = "Course Sans"
FILES = Path(font_directory)
FACES = (  # file, style, weights that it serves
    ("Regular", "normal", "400"),
    ("Semibold", "normal", "600 700"),
    ("It", "italic", "400 700"),
)
SIGNS = (
    *range(0x20, 0x180),  # Latin
    *range(0x370, 0x400),  # Greek
    *range(0x300, 0x370),  # marks over letters
    *range(0x2000, 0x2300),  # punctuation, arrows, operators
    *range(0x25A0, 0x2780),  # shapes and ticks
)
RULE = """@font-face {{
  font-family: "{name}";
  font-style: {style};
  font-weight: {weights};
  src: url("data:font/woff2;base64,{data}") format("woff2");
}}
"""

SCRIPT = """for (const [style, weight, data] of {faces}) {{
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  document.fonts.add(new FontFace("{name}", bytes, {{ style, weight }}));
}}
"""


def subset(face: str) -> bytes:
    """A face as woff2, with the signs of the book and the book's name for it."""
    font = TTFont(FILES / f"SourceSansPro-{face}.ttf")
    subsetter = Subsetter(Options(hinting=False, name_IDs=[0, 5, 13, 14]))
    subsetter.populate(unicodes=SIGNS)
    subsetter.subset(font)
    names = {1: NAME, 2: face, 4: f"{NAME} {face}", 6: f"CourseSans-{face}"}
    for number, name in names.items():
        font["name"].setName(name, number, 3, 1, 0x409)
    font.flavor = "woff2"
    file = BytesIO()
    font.save(file)
    return file.getvalue()


def write(app, error):
    """Put the script and the style sheet with the faces, and their licence, into the book."""
    if error:
        return
    faces = [
        (style, weights, b64encode(subset(face)).decode())
        for face, style, weights in FACES
    ]
    rules = (
        RULE.format(name=NAME, style=style, weights=weights, data=data)
        for style, weights, data in faces
    )
    script = SCRIPT.format(faces=json.dumps(faces), name=NAME)
    static = Path(app.outdir) / "_static"
    (static / "scripts/typeface.js").write_text(script)
    (static / "styles/typeface.css").write_text("".join(rules))
    shutil.copyfile(
        FILES / "LICENSE.txt", static / "styles/typeface-license.txt"
    )


def link_style(app, pagename, templatename, context, doctree):
    """Name the style sheet in the page's head, for readers without scripts."""
    address = context["pathto"]("_static/styles/typeface.css", resource=True)
    context["metatags"] = context.get("metatags", "") + (
        f'<noscript><link rel="stylesheet" href="{address}"></noscript>'
    )


def setup(app):
    """Register the hooks, and the script for every page."""
    app.connect("build-finished", write)
    app.connect("html-page-context", link_style)
    app.add_js_file("scripts/typeface.js", priority=10)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
