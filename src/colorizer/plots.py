"""The figures that chapters share: one style, grids of images, and figures with a slider.

Every picture has a transparent ground and colours that stand out from white and from black, which
the page puts behind it in dark mode, so one picture serves both. It is drawn for the width of a
phone, where text of 10 points is as large as 10 pixels of the page, in the page's typeface.
"""

import html
import io
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import font_source_sans_pro
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib import font_manager
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from colorizer.errors import InputError

# Each has a contrast of 3 or more with white and with black, and colour-blind readers tell any two
# apart. Lines differ in their dashes as well, so that nothing is said by colour alone.
# What would be black on paper is the gray of the text: the two grounds' contrast is the product of
# its contrasts with them, so 4.5 with both takes grounds as far apart as white and black.
BLUE, ORANGE, GREEN, VIOLET, BLACK = "#2b99d9", "#d95716", "#1c8c5e", "#974ba6", "#6d7783"
COLORS = (BLUE, ORANGE, GREEN, VIOLET, BLACK, "#cc0036", "#5c9985")
DASHES = ("-", "--", "-.", ":", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))

PIXEL = 4  # side in which `image_grid` draws a pixel
GAP = 8  # between two images of a grid
FIGURE_BYTES = 400_000  # of a figure with a slider, all its frames together

TYPEFACE = Path(font_source_sans_pro.font_directory)
REGULAR = TYPEFACE / "SourceSansPro-Regular.ttf"

# for numbers of both signs: orange below zero, violet above, and zero is no colour at all
SIGNED = LinearSegmentedColormap.from_list(
    "signed",
    [(0, ORANGE), (0.5, ORANGE + "00"), (0.5, VIOLET + "00"), (1, VIOLET)],
    N=257,  # odd, so that one is in the middle
)

CLEAR = BLACK + "00"  # transparent; what is blended with it keeps the colour of the text

Picture = np.ndarray | Image.Image | Figure


def style() -> None:
    """Make every figure drawn from now on look like the course's."""
    _know_typeface()
    mpl.rcParams.update(
        {
            "axes.edgecolor": BLACK,
            "axes.facecolor": "none",
            "axes.labelcolor": BLACK,
            "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=DASHES),
            "axes.grid": True,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "figure.constrained_layout.use": True,
            "figure.dpi": 160,
            "figure.facecolor": "none",
            "figure.figsize": (4.8, 3.2),
            "font.family": ["Source Sans Pro", "DejaVu Sans"],  # which has all signs
            "font.size": 12,
            "grid.alpha": 0.3,
            "grid.color": BLACK,
            "hatch.color": BLACK,
            "legend.frameon": False,
            "lines.linewidth": 2,
            "mathtext.fontset": "cm",  # as the formulas of the page
            "patch.edgecolor": BLACK,
            "text.color": BLACK,
            "xtick.color": BLACK,
            "ytick.color": BLACK,
        }
    )


def image_grid(rows: Sequence[np.ndarray], titles: Sequence[str]) -> Image.Image:
    """Rows of images under their titles, each pixel drawn as a square, none blended.

    Args:
        rows: one batch of images for each row, all of the same number and size: (n, h, w),
            (n, h, w, 1) or (n, h, w, 3), in [0, 1] or of type uint8.
        titles: one for each row.

    Returns:
        A picture in RGBA, transparent between the images, which Jupyter shows as PNG.

    Raises:
        InputError: rows and titles, or the rows among themselves, do not match.
    """
    if len(rows) != len(titles) or not len(rows):
        raise InputError(f"Give each row a title; {len(rows)} and {len(titles)} were given.")
    strips = [_strip(row) for row in rows]
    width, height = strips[0].size
    if any(strip.size != (width, height) for strip in strips):
        raise InputError("Give rows of equally many images of the same size.")
    size = max(width // 28, 13)  # 13 pixels where the grid is as wide as a phone
    font = ImageFont.truetype(REGULAR, size)
    line = round(size * 1.5)
    step = line + height + GAP
    grid = Image.new("RGBA", (width, step * len(rows) - GAP), CLEAR)
    grid._repr_jpeg_ = None  # or Jupyter would store it twice, once with losses
    draw = ImageDraw.Draw(grid)
    for i, (strip, title) in enumerate(zip(strips, titles, strict=True)):
        draw.text((0, i * step + line / 2), title, fill=BLACK, font=font, anchor="lm")
        grid.paste(strip, (0, i * step + line))
    return grid


def interactive(
    frames: Sequence[Picture] | Callable[[object], Picture],
    values: Iterable[object],
    *,
    name: str,
    alt: Sequence[str] | Callable[[object], str],
    start: int = 0,
):
    """A figure with a slider that works with a kernel and, in the built page, without one.

    Slider and pictures are linked in the browser. Its caption and number come from the metadata of
    the cell that shows it, as those of every other figure of a chapter.

    Args:
        frames: one picture for each value, all of the same size, or a function that draws it: a
            matplotlib figure, the result of `image_grid`, or an array (h, w), (h, w, 1) or
            (h, w, 3) in [0, 1] or of type uint8.
        values: where the slider can stand; shown beside it.
        name: what the slider sets.
        alt: what is to be seen in each picture, or a function that says it of a value.
        start: the index of the value that is shown at first.

    Returns:
        An ipywidgets box. The same arguments give the same pictures, byte for byte.

    Raises:
        InputError: the arguments do not match, or are too much for one figure.
    """
    from ipywidgets import HTML, Layout, SelectionSlider, Stack, VBox, jslink  # of the extra `book`

    values = list(values)
    frames = [frames(value) for value in values] if callable(frames) else list(frames)
    alt = [alt(value) for value in values] if callable(alt) else list(alt)
    if not len(values) == len(frames) == len(alt) > 1:
        raise InputError(
            "Give two values or more, and a picture and an alt text for each; there are "
            f"{len(values)}, {len(frames)} and {len(alt)}."
        )
    pictures = [_picture(frame) for frame in frames]
    if len({picture.size for picture in pictures}) > 1:
        raise InputError("Give pictures of one size, so that the page does not jump.")
    slider = SelectionSlider(
        options=[(str(value), i) for i, value in enumerate(values)],
        index=start,
        description=name,
        style={"description_width": "initial"},
        layout=Layout(width="auto", max_width="560px"),
    )
    tags = [HTML(tag, layout=Layout(margin="0")) for tag in _tags(pictures, alt)]
    stack = Stack(tags, selected_index=start)
    jslink((slider, "index"), (stack, "selected_index"))
    return VBox([slider, stack])


def tiles(images: np.ndarray, columns: int, gap: int = 2) -> np.ndarray:
    """Images side by side, row after row, with nothing between them.

    Args:
        images: (n, h, w, 3), floating point in [0, 1]; n is a multiple of `columns`.
        columns: images in a row.
        gap: transparent pixels between two images.

    Returns:
        One image (H, W, 4), the last channel its opacity.

    Raises:
        InputError: the last row is not full.
    """
    n, h, w, _ = images.shape
    if n % columns:
        raise InputError(f"{n} images do not fill rows of {columns}.")
    framed = np.zeros((n, h + gap, w + gap, 4), images.dtype)
    framed[:, :h, :w, :3] = images
    framed[:, :h, :w, 3] = 1
    grid = framed.reshape(n // columns, columns, h + gap, w + gap, 4).swapaxes(1, 2)
    return grid.reshape(n // columns * (h + gap), columns * (w + gap), 4)[:-gap, :-gap]


def panels(images: dict[str, np.ndarray], columns: int) -> Figure:
    """Several sets of images as grids, each under its title, as in the paper.

    They stand two in a row; three if that leaves no place empty; else one.

    Args:
        images: title to (n, h, w, 3), floating point in [0, 1].
        columns: images in a row of one grid.
    """
    grids = {title: tiles(some, columns) for title, some in images.items()}
    across = next(n for n in (2, 3, 1) if len(grids) % n == 0)
    down = len(grids) // across
    height, width, _ = next(iter(grids.values())).shape
    size = (4.8, down * (4.8 / across * height / width + 0.35))  # the last for the title
    figure, axes = plt.subplots(down, across, squeeze=False, figsize=size)
    for axis, (title, grid) in zip(axes.flat, grids.items(), strict=True):
        axis.imshow(grid, interpolation="nearest")
        axis.set_axis_off()
        axis.set_title(title)
    return figure


def history(run, floors: dict[str, float]) -> Figure:
    """A run's loss and learning rate over its epochs, with scores to compare it with.

    Args:
        run: a `records.Run`.
        floors: label to a loss that takes no training.
    """
    epochs = np.arange(1, len(run.history["loss"]) + 1)
    figure, (loss, rate) = plt.subplots(2, 1, sharex=True, figsize=(4.8, 4.4), height_ratios=(3, 1))
    loss.plot(epochs, run.history["loss"], color=BLUE, label="training")
    loss.plot(epochs, run.history["val_loss"], color=ORANGE, linestyle="--", label="validation")
    for label, value in floors.items():
        loss.axhline(value, color=BLACK, linestyle=":", label=label)
    loss.plot(
        run.best_epoch,
        run.history["val_loss"][run.best_epoch - 1],
        color=ORANGE,
        marker="o",
        linestyle="",
        label="weights kept",
    )
    loss.set_ylabel("mean squared error")
    loss.legend()
    rate.step(epochs, run.history["learning_rate"], where="mid", color=GREEN)
    rate.set_yscale("log")
    rate.set_ylabel("learning rate")
    rate.set_xlabel("epoch")
    return figure


@cache
def _know_typeface():
    """Tell matplotlib of the page's typeface."""
    for face in ("Regular", "It", "Semibold", "Bold"):
        font_manager.fontManager.addfont(TYPEFACE / f"SourceSansPro-{face}.ttf")


def _strip(images):
    """A row of `image_grid` without its title."""
    tiles = [_array_image(image) for image in images]
    side = [PIXEL * n for n in tiles[0].size]
    strip = Image.new("RGBA", (len(tiles) * (side[0] + GAP) - GAP, side[1]), CLEAR)
    for i, tile in enumerate(tiles):
        strip.paste(tile.resize(side, Image.Resampling.NEAREST), (i * (side[0] + GAP), 0))
    return strip


def _array_image(array):
    """An array as a picture of the same size."""
    array = np.asarray(array)
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] != 3):
        raise InputError(f"An image is (h, w), (h, w, 1) or (h, w, 3), not {array.shape}.")
    if array.dtype != np.uint8:
        if not (np.min(array) >= 0 and np.max(array) <= 1):  # false for NaN too
            raise InputError("The values of an image lie in [0, 1], or are of type uint8.")
        array = np.rint(np.float64(array) * 255).astype(np.uint8)
    return Image.fromarray(array).convert("RGB")


def _picture(frame):
    """Whatever `interactive` takes as a frame, as a picture of the size to be shown."""
    if isinstance(frame, Image.Image):
        return frame
    if isinstance(frame, Figure):
        buffer = io.BytesIO()
        frame.savefig(buffer, format="png")
        plt.close(frame)  # or Jupyter would show it a second time
        return Image.open(buffer).convert("RGBA")
    image = _array_image(frame)
    factor = max(1, 560 // image.width)
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def _tags(pictures, alt):
    """One `img` element for each picture, in the least lossy way that is light enough."""
    for encode in (_lossless, _few_colors, _lossy):
        tags = [_tag(p, encode(p), text) for p, text in zip(pictures, alt, strict=True)]
        if sum(map(len, tags)) <= FIGURE_BYTES:
            return tags
    raise InputError(
        f"{len(tags)} frames of {pictures[0].width} x {pictures[0].height} pixels take "
        f"{sum(map(len, tags)) // 1000} kB; at most {FIGURE_BYTES // 1000} may go to one figure."
    )


def _lossless(picture):
    return _webp(picture, lossless=True)


def _few_colors(picture):
    """As without loss, but for the many blends at the edges of a plot's few colours."""
    if picture.getcolors(maxcolors=4096) is None:  # a photograph
        return _lossless(picture)
    few = picture.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    return _lossless(few.convert(picture.mode))


def _lossy(picture):
    return _webp(picture, quality=80)


def _webp(picture, **options):
    buffer = io.BytesIO()
    picture.save(buffer, format="webp", method=6, **options)
    return buffer.getvalue()


def _tag(picture, data, alt):
    return (
        f'<img src="data:image/webp;base64,{b64encode(data).decode()}" alt="{html.escape(alt)}" '
        f'width="{picture.width}" height="{picture.height}" '
        'style="width: 100%; max-width: 560px; height: auto">'
    )
