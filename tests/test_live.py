"""The live figures in a real browser, dragged, and what they compute against NumPy and Keras."""

import base64
import functools
import json
from pathlib import Path

import numpy as np
import pytest
from font_source_sans_pro import font_directory
from skimage import data as photographs
from test_page import ROOT, browser, needs_chromium  # noqa: F401 - a fixture

from colorizer import live
from colorizer.backend import keras
from colorizer.errors import InputError

pytestmark = needs_chromium

PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}"><meta charset="utf-8"><title>A live figure</title>
<meta name="viewport" content="width=device-width"><style>{style}</style>
<script>{loader}</script><script>{module}</script>
<body style="margin: 16px; background: var(--course-ground, #fff)">
<main class="bd-article">{place}</main>
</body>
</html>
"""
UNREADABLE = """
() => {
  const parts = (colour) => colour.match(/[0-9.]+/g).slice(0, 3).map((x) => x / 255);
  const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map(linear);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll(".live svg text, .live svg tspan")].flatMap((text) => {
    const style = getComputedStyle(text);
    const { a: across, b: down } = text.getScreenCTM();
    const size = parseFloat(style.fontSize) * Math.hypot(across, down);
    const edge = style.paintOrder.startsWith("stroke") && style.stroke !== "none";
    const [a, b] = [light(style.fill), edge ? light(style.stroke) : ground].sort((a, b) => b - a);
    return size < 11 || a / b < 4.5 ? [`${text.textContent}: ${size} px, ${a / b} to 1`] : [];
  });
}
"""
CALL = """
async ([name, what, given]) => {
  const module = await load(name);
  const result = module[what](...given);
  return ArrayBuffer.isView(result) ? [...result] : result;
}
"""
PHONE, BOOK = 390, 720  # pixels: a page with a column as wide as the book's
SLIDE = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')) }"

FACE = """@font-face {{
  font-family: "Course Sans";
  font-weight: {weight};
  src: url("data:font/ttf;base64,{data}");
}}
"""


@functools.cache
def typeface():
    """The book's typeface as CSS, on which the height of a figure depends."""
    rules = []
    for weight, name in {"400": "Regular", "600": "Semibold"}.items():
        face = (Path(font_directory) / f"SourceSansPro-{name}.ttf").read_bytes()
        rules.append(FACE.format(weight=weight, data=base64.b64encode(face).decode()))
    return "".join(rules)


class Shown:
    """A live figure alone in a page."""

    def __init__(self, browser, folder, figure, width=1280, theme="light"):
        self.wrong = []
        self.name = figure.name
        style = (ROOT / "book/assets/book.css").read_text(encoding="utf-8")
        page = folder / f"{figure.name}.html"
        page.write_text(
            PAGE.format(
                theme=theme,
                style=typeface() + style + live.style(),
                loader=(ROOT / "book/assets/live.js").read_text(encoding="utf-8"),
                module=f"LIVE[{figure.name!r}] = {json.dumps(live.module(figure.name))}",
                place=figure.standing(),
            ),
            encoding="utf-8",
        )
        self.tab = browser.new_page(viewport={"width": width, "height": 900})
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.goto(page.as_uri())
        self.tab.wait_for_function("document.querySelector('[data-live]').values")
        self.tab.evaluate("document.fonts.ready.then(() => null)")

    @property
    def values(self):
        """What stands behind the picture, once it is drawn anew."""
        wait = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.tab.evaluate(wait)
        assert self.wrong == []
        return self.tab.evaluate("document.querySelector('[data-live]').values")

    @property
    def words(self):
        return self.tab.locator(".words").inner_text()

    def call(self, what, *given):
        """The result of a function that the figure's module exports."""
        return self.tab.evaluate(CALL, [self.name, what, list(given)])

    def drag(self, handle, dx, dy):
        """Move a handle by pixels of the screen, with the mouse, in steps."""
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.tab.mouse.move(x, y)
        self.tab.mouse.down()
        self.tab.mouse.move(x + dx, y + dy, steps=8)
        self.tab.mouse.up()

    def slide(self, label, value):
        slider = self.tab.get_by_label(label, exact=True)
        slider.evaluate(SLIDE, value)

    def choose(self, text):
        self.tab.get_by_label(text, exact=True).check()


def assert_it_fits(shown, width):
    """A figure is no wider than its page, as high as it says, and can be read and touched."""
    tab = shown.tab
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    height = tab.locator(".live").bounding_box()["height"]
    said = tab.evaluate("async (name) => (await load(name)).height", shown.name)
    assert height == pytest.approx(said["narrow" if width == PHONE else "wide"], abs=12)
    assert shown.words
    assert tab.evaluate(UNREADABLE) == []
    for grip in tab.locator(".handle .reach").all():
        box = grip.bounding_box()
        assert min(box["width"], box["height"]) >= 24


@pytest.fixture
def show(browser, tmp_path):
    opened = []

    def shown(figure, **options):
        opened.append(Shown(browser, tmp_path, figure, **options))
        return opened[-1]

    yield shown
    for each in opened:
        assert each.wrong == []
        each.tab.close()


def some_image(side=32):
    return photographs.camera()[::16, ::16][:side, :side].copy()


def kernel():
    image = some_image()
    return live.figure(
        "kernel",
        alt="A photograph and what a kernel makes of it.",
        photograph=live.packed(image),
        side=32,
        at=[0.5, 0.4],
    )


def test_a_figure_that_is_not_there_and_one_that_nobody_describes():
    with pytest.raises(InputError, match=r"no live figure 'kernal'; there are .*kernel"):
        live.figure("kernal", alt="x")
    with pytest.raises(InputError, match="what the figure shows"):
        live.figure("kernel", alt=" ")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, BOOK])
def test_the_kernel_fits_and_can_be_read(show, width, theme):
    assert_it_fits(show(kernel(), width=width, theme=theme), width)


def test_a_kernel_gathers_as_ours_and_the_window_is_dragged(show):
    shown = show(kernel())
    corner = shown.tab.get_by_role("slider", name="Weight, row 1, column 1")
    other = shown.tab.get_by_role("slider", name="Weight, row 1, column 3")
    for cell, sign, colour in ((corner, -1, "--orange"), (other, 1, "--violet")):
        assert float(cell.get_attribute("aria-valuenow")) * sign > 0
        assert colour in cell.locator("rect").get_attribute("style"), "as in the book's figures"
    image = some_image().astype(np.float32)[None, ..., None] / 255
    weights = np.float32(shown.values["kernel"]).reshape(3, 3, 1, 1)
    for stride in (1, 2, 3):
        for padding in ("same", "valid"):
            shown.slide("Stride", stride)
            shown.choose(padding)
            expected = keras.ops.convert_to_numpy(keras.ops.conv(image, weights, stride, padding))
            assert shown.values["size"] == expected.shape[1]
            np.testing.assert_allclose(shown.values["output"], expected.ravel(), atol=1e-5)
    shown.slide("Stride", 1)
    before = shown.values
    window = shown.tab.get_by_role("slider", name="Window on the photograph")
    shown.drag(window, 40, -30)
    after = shown.values
    assert after["column"] > before["column"]
    assert after["row"] < before["row"]
    window.press("ArrowLeft")
    assert shown.values["column"] == after["column"] - 1
    window.press("Home")
    assert (shown.values["column"], shown.values["row"]) == (0, after["row"])
    window.press("End")
    assert shown.values["column"] > after["column"]
    window.press("PageUp")
    assert shown.values["row"] < after["row"]
    middle = shown.tab.get_by_role("slider", name="Weight, row 2, column 2")
    shown.drag(middle, 0, -40)
    assert shown.values["kernel"][4] > before["kernel"][4]
    for key, weight in (("Home", -5), ("PageUp", -4.5), ("End", 5)):
        middle.press(key)
        assert shown.values["kernel"][4] == weight
