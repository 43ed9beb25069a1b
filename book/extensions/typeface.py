"""Sphinx extension: the typeface of the pages, which is the one of the figures.

The figures' package has it as it was published, with the signs of many languages. The book gets
those that it may need, under a name of its own: the licence reserves the original's for the
original. The faces come inside their style sheet, because one that arrives later than the page
moves its lines.
"""

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
    """Put the style sheet with the faces, and their licence, into the built book."""
    if error:
        return
    rules = (
        RULE.format(
            name=NAME,
            style=style,
            weights=weights,
            data=b64encode(subset(face)).decode(),
        )
        for face, style, weights in FACES
    )
    styles = Path(app.outdir) / "_static/styles"
    (styles / "typeface.css").write_text("".join(rules), encoding="utf-8")
    shutil.copyfile(FILES / "LICENSE.txt", styles / "typeface-license.txt")


def setup(app):
    """Register the hook, and the style sheet for every page."""
    app.connect("build-finished", write)
    app.add_css_file("styles/typeface.css", priority=890)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
