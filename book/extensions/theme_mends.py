"""Sphinx extension: mends in the finished pages what the theme and its like get wrong."""

import re
from functools import partial
from pathlib import Path

from PIL import Image

MENDS = (
    # the name of the button does not hold the words that its icons bring along
    (r'(<i class="theme-switch [^>]*?) title="[^"]*"', r"\1"),
    # the same of the search field, whose own words name it well
    (
        r'(<button class="btn search-button-field [^>]*?) title="Search" aria-label="Search"',
        r"\1",
    ),
    # a folded cell is named by what can be read on it
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    # the book's title stands outside all landmarks
    (
        r'<div class="sidebar-primary-item">(\s*<a class="navbar-brand)',
        r'<div class="sidebar-primary-item" role="navigation" aria-label="Home">\1',
    ),
    # half a page's weight, to draw as SVG the icons that the theme's style has as a font
    (r"\s*<script [^>]*fontawesome\.js[^>]*></script>", ""),
    # the entries of a list have a role that is no more
    (r'role="doc-biblioentry"', 'role="listitem"'),
    # a number and its per cent sign stay on one line
    (r"(?<=\d) %", "\N{NO-BREAK SPACE}%"),
)


def with_size(tag, page):
    """An `img` tag with the size of its picture, so that the page leaves room for it."""
    path = page.parent / tag[1]
    if path.suffix == ".svg" or not path.is_file() or " width=" in tag[0]:
        return tag[0]
    with Image.open(path) as image:
        return f'<img width="{image.width}" height="{image.height}"' + tag[
            0
        ].removeprefix("<img")


def mend(app, error):
    """Rewrite every page."""
    if error:
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = mended = page.read_text(encoding="utf-8")
        for pattern, replacement in MENDS:
            mended = re.sub(pattern, replacement, mended)
        mended = re.sub(
            r'<img [^>]*src="([^":]+)"[^>]*>',
            partial(with_size, page=page),
            mended,
        )
        if mended != text:
            page.write_text(mended, encoding="utf-8")


def setup(app):
    """Register the hook."""
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
