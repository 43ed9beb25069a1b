"""Live figures: the page computes them while the reader drags, with a kernel and without.

Each is a standard ES module in `share/live`, which anywidget shows in JupyterLab and Voilà and the
book's pages load as it is. A chapter gives the data and says in words what is to be seen.
"""

import html
import json
import re
from base64 import b64encode
from functools import cache
from importlib import resources

import anywidget
import numpy as np
import traitlets

from colorizer.errors import InputError

FOLDER = resources.files("colorizer") / "share/live"
KIT = "kit"  # what figures import; none itself


def names() -> list[str]:
    """All live figures."""
    files = (path.name for path in FOLDER.iterdir())
    return sorted({name[:-4] for name in files if name.endswith(".mjs")} - {KIT})


@cache
def module(name: str) -> str:
    """The ES module of a figure as one text that imports nothing.

    Args:
        name: one of `names()`.

    Raises:
        InputError: there is no such figure.
    """
    if name not in names():
        raise InputError(f"There is no live figure {name!r}; there are {', '.join(names())}.")
    text = (FOLDER / f"{name}.mjs").read_text(encoding="utf-8")
    shared = (FOLDER / f"{KIT}.mjs").read_text(encoding="utf-8")
    shared = re.sub(r"^export ", "", shared, flags=re.MULTILINE)
    wanted = rf'^import \{{[^}}]*\}} from "./{KIT}.mjs";\n'
    return re.sub(wanted, lambda _: shared, text, flags=re.MULTILINE)


def style() -> str:
    """The CSS that all figures share."""
    return (FOLDER / "live.css").read_text(encoding="utf-8")


def packed(array: np.ndarray) -> str:
    """The bytes of an array, row after row, as a figure's data holds them: in base64.

    Args:
        array: any shape, of type uint8.

    Raises:
        InputError: the array is of another type.
    """
    if array.dtype != np.uint8:
        raise InputError(f"A live figure's data are bytes, uint8, not {array.dtype}.")
    return b64encode(np.ascontiguousarray(array).tobytes()).decode()


class Live(anywidget.AnyWidget):
    """A live figure, shown by naming it at the end of a cell; made by `figure`."""

    name = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    data = traitlets.Dict().tag(sync=True)

    def _repr_mimebundle_(self, **options):
        """With what the book's page draws from, and a sentence for where nothing draws."""
        bundle = super()._repr_mimebundle_(**options)
        shown = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        shown["text/plain"] = f"Live figure: {self.alt}"
        shown["text/html"] = self.standing()
        return shown

    def standing(self) -> str:
        """The figure's place in a page, with its data, before it is drawn."""
        data = json.dumps({"alt": self.alt, "data": self.data}, sort_keys=True)
        data = data.replace("</", "<\\/")  # it must not end the script that holds it
        return (
            f'<div class="live-place" data-live="{self.name}">'
            f"<p>{html.escape(self.alt)} <em>It is drawn by the page, or when the cell is run.</em>"
            f'</p><script type="application/json">{data}</script></div>'
        )


def figure(name: str, *, alt: str, **data: object) -> Live:
    """A figure that the reader changes and the page computes.

    Args:
        name: one of `names()`.
        alt: what is to be seen, for who does not see it.
        data: what the module reads as `model.get("data")`: whatever JSON holds; bytes as `packed`.

    Raises:
        InputError: there is no such figure, or nothing is said of it.
    """
    if not alt.strip():
        raise InputError("Say in `alt` what the figure shows.")
    kind = type("Live", (Live,), {"_esm": module(name), "_css": style()})
    return kind(name=name, alt=alt, data=data)
