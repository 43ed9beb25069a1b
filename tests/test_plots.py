import base64
import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from colorizer import plots
from colorizer.errors import InputError

RNG = np.random.default_rng(0)
ALT = "A curve that rises from left to right."


@pytest.fixture(autouse=True)
def _style():
    with mpl.rc_context():
        mpl.use("agg")
        plots.style()
        yield
        assert not plt.get_fignums()


def curve(power):
    figure, axes = plt.subplots()
    x = np.linspace(0, 1, 50)
    for i in range(3):
        axes.plot(x, x**power + i, label=f"shifted by {i}")
    axes.legend()
    return figure


def pictures(box):
    """The pictures of an interactive figure, decoded."""
    data = [re.search(r"base64,([^\"]+)", tag.value)[1] for tag in box.children[1].children]
    return [Image.open(io.BytesIO(base64.b64decode(text))) for text in data]


def test_a_grid_shows_each_pixel_as_a_square():
    images = RNG.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    grid = np.asarray(plots.image_grid([images], ["truth"]))
    shown = grid[-32 * plots.PIXEL :, -32 * plots.PIXEL :]  # the last image
    assert (shown == images[-1].repeat(plots.PIXEL, 0).repeat(plots.PIXEL, 1)).all()


def test_a_grid_takes_gray_and_colour():
    gray, rgb = RNG.random((2, 32, 32, 1)), RNG.random((2, 32, 32, 3))
    grid = plots.image_grid([gray, gray[..., 0], rgb], ["a", "b", "c"])
    assert grid.width == 2 * 32 * plots.PIXEL + plots.GAP


@pytest.mark.parametrize(
    ("rows", "titles", "message"),
    [
        ([np.zeros((2, 32, 32))], [], "a title"),
        ([], [], "a title"),
        ([np.zeros((2, 32, 32)), np.zeros((3, 32, 32))], ["a", "b"], "equally many"),
        ([np.full((2, 32, 32), 1.5)], ["a"], r"\[0, 1\]"),
        ([np.full((2, 32, 32), np.nan)], ["a"], r"\[0, 1\]"),
        ([np.zeros((2, 32, 32, 2))], ["a"], "An image is"),
    ],
)
def test_a_grid_refuses_what_it_cannot_draw(rows, titles, message):
    with pytest.raises(InputError, match=message):
        plots.image_grid(rows, titles)


def test_twenty_plots_are_light_and_always_the_same():
    def figure():
        box = plots.interactive(curve, range(1, 21), name="power", alt=lambda p: f"{ALT} {p}")
        return [tag.value for tag in box.children[1].children]

    first = figure()
    assert sum(map(len, first)) < plots.FIGURE_BYTES
    assert first == figure()


def test_photographs_too_heavy_without_loss_are_compressed():
    smooth = [np.kron(RNG.random((8, 8, 3)), np.ones((32, 32, 1))) for _ in range(4)]
    noise = [np.clip(x + RNG.normal(0, 0.02, x.shape), 0, 1) for x in smooth]
    box = plots.interactive(noise, range(4), name="seed", alt=[ALT] * 4)
    assert sum(len(tag.value) for tag in box.children[1].children) < plots.FIGURE_BYTES


def test_small_images_stay_exact():
    images = RNG.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    shown = pictures(plots.interactive(images, "abc", name="image", alt=[ALT] * 3))
    factor = shown[0].width // 32
    for picture, image in zip(shown, images, strict=True):
        assert (np.asarray(picture) == image.repeat(factor, 0).repeat(factor, 1)).all()


def test_the_slider_is_linked_in_the_browser_and_every_picture_speaks():
    frames = [np.zeros((8, 8)), np.ones((8, 8))]
    box = plots.interactive(frames, "ab", name="x", alt=["<1>", "2"], start=1)
    slider, stack = box.children
    assert (slider.description, slider.options) == ("x", (("a", 0), ("b", 1)))
    assert 'alt="&lt;1&gt;"' in stack.children[0].value
    assert slider.index == stack.selected_index == 1
    slider, stack = plots.interactive(frames, "ab", name="x", alt=["<1>", "2"]).children
    assert slider.index == stack.selected_index == 0


@pytest.mark.parametrize(
    ("frames", "values", "alt", "message"),
    [
        ([np.zeros((8, 8))], "a", [ALT], "two values"),
        ([np.zeros((8, 8))] * 2, "abc", [ALT] * 3, "3, 2 and 3"),
        ([np.zeros((8, 8)), np.zeros((8, 9))], "ab", [ALT] * 2, "one size"),
        (RNG.random((9, 512, 512, 3)), range(9), [ALT] * 9, "at most 400"),
    ],
)
def test_an_interactive_figure_refuses_what_it_cannot_show(frames, values, alt, message):
    with pytest.raises(InputError, match=message):
        plots.interactive(frames, values, name="x", alt=alt)


def test_panels_lay_out_grids_two_by_two():
    sets = {title: RNG.random((4, 8, 8, 3)) for title in "abc"}
    figure = plots.panels(sets, columns=2)
    assert [axis.get_title() for axis in figure.axes] == ["a", "b", "c", ""]
    assert not any(axis.axison for axis in figure.axes)
    shown = figure.axes[1].images[0].get_array()
    np.testing.assert_array_equal(shown[:8, :8], sets["b"][0])
    np.testing.assert_array_equal(shown[-8:, -8:], sets["b"][3])
    plt.close(figure)
