import base64
import io
import itertools
import re
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.font_manager
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

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
    shown = grid[-32 * plots.PIXEL :, -32 * plots.PIXEL :, :3]  # the last image
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


@pytest.mark.parametrize(("titles", "across"), [("a", 1), ("ab", 2), ("abc", 3), ("abcd", 2)])
def test_panels_leave_no_place_empty(titles, across):
    sets = {title: RNG.random((4, 8, 8, 3)) for title in titles}
    figure = plots.panels(sets, columns=2)
    assert [axis.get_title() for axis in figure.axes] == list(titles)
    assert figure.axes[0].get_gridspec().ncols == across
    assert not any(axis.axison for axis in figure.axes)
    shown = figure.axes[-1].images[0].get_array()
    np.testing.assert_array_equal(shown[:8, :8, :3], sets[titles[-1]][0])
    np.testing.assert_array_equal(shown[-8:, -8:, :3], sets[titles[-1]][3])
    assert (shown[8:10] == 0).all()
    plt.close(figure)


# Both grounds of the page, and what protanopes and deuteranopes see of linear RGB (Machado et al.,
# 2009, doi:10.1109/TVCG.2009.113, table 1, severity 1).
WHITE, DARK = "#ffffff", "#000000"
SEEN = [
    np.eye(3),
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
]


def linear(color):
    rgb = np.array(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(*colors):
    low, high = sorted(linear(color) @ [0.2126, 0.7152, 0.0722] for color in colors)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", plots.COLORS)
def test_every_colour_stands_out_in_both_modes(color):
    for ground in (WHITE, DARK):
        assert contrast(color, ground) >= (4.5 if color == plots.BLACK else 3)


CHAPTERS = sorted((Path(__file__).parents[1] / "book").rglob("[!.]*.ipynb"))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapters_plots_can_be_read_on_a_phone_and_in_both_modes(chapter):
    code = "\n".join(c.source for c in nbformat.read(chapter, 4).cells if c.cell_type == "code")
    assert [size for size in re.findall(r"fontsize=(\d+)", code) if int(size) < 10] == []
    grays = r"""["'](?:silver|(?:light|dark|dim|slate)\w*gr[ae]y)["'](?= *[,)}])"""
    assert re.findall(grays, code) == []


def test_zero_is_no_colour_at_all_among_numbers_of_both_signs():
    below, zero, above = plots.SIGNED([0.0, 0.5, 1.0])
    assert zero[3] == 0
    assert below == pytest.approx((*to_rgb(plots.ORANGE), 1))
    assert above == pytest.approx((*to_rgb(plots.VIOLET), 1))


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(plots.COLORS, 2)))
def test_two_colours_are_told_apart_by_everyone(one, other):
    for eye in SEEN:
        seen = [np.clip(eye @ linear(color), 0, 1) for color in (one, other)]
        seen = [np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055) for x in seen]
        assert deltaE_ciede2000(*map(rgb2lab, seen)) > 10


def test_a_figure_has_no_ground_and_the_typeface_of_the_page():
    figure = curve(2)
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="error"):  # a sign that no face has
        figure.axes[0].set_xlabel("ε λ ± ÷ → ≤ √ ∇ ∈ ✓")
        figure.savefig(buffer)
    plt.close(figure)
    alpha = np.asarray(Image.open(buffer))[..., 3]
    assert alpha[0, 0] == 0
    assert alpha.max() == 255
    face = matplotlib.font_manager.findfont(
        mpl.rcParams["font.family"][0], fallback_to_default=False
    )
    assert face == str(plots.REGULAR)


def test_a_grid_is_transparent_between_its_images():
    grid = np.asarray(plots.image_grid([np.ones((2, 8, 8))] * 2, ["given", "truth"]))
    side = 8 * plots.PIXEL
    assert (grid[-side:, side : side + plots.GAP, 3] == 0).all()
    assert (grid[-side:, :side] == 255).all()
