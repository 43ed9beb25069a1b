"""The figures that the chapters share, in one style."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from colorizer.errors import InputError

# Okabe & Ito 2008: told apart with any colour vision; line styles say it a second time.
BLUE, ORANGE, GREEN, BLACK = "#0072B2", "#D55E00", "#009E73", "#000000"


def tiles(images: np.ndarray, columns: int, gap: int = 2) -> np.ndarray:
    """Images side by side, row after row, on white.

    Args:
        images: (n, h, w, 3), floating point in [0, 1]; n is a multiple of `columns`.
        columns: images in a row.
        gap: white pixels between two images.

    Returns:
        One image (H, W, 3).

    Raises:
        InputError: the last row is not full.
    """
    n, h, w, channels = images.shape
    if n % columns:
        raise InputError(f"{n} images do not fill rows of {columns}.")
    framed = np.ones((n, h + gap, w + gap, channels), images.dtype)
    framed[:, :h, :w] = images
    grid = framed.reshape(n // columns, columns, h + gap, w + gap, channels).swapaxes(1, 2)
    return grid.reshape(n // columns * (h + gap), columns * (w + gap), channels)[:-gap, :-gap]


def panels(images: dict[str, np.ndarray], columns: int) -> Figure:
    """Several sets of images as grids side by side, each under its title, as in the paper.

    Args:
        images: title to (n, h, w, 3), floating point in [0, 1].
        columns: images in a row of one grid.
    """
    figure, axes = plt.subplots(1, len(images), figsize=(4 * len(images), 4.3))
    for axis, (title, grid) in zip(np.atleast_1d(axes), images.items(), strict=True):
        axis.imshow(tiles(grid, columns), interpolation="nearest")
        axis.set_title(title)
        axis.set_axis_off()
    return figure


def history(run, floors: dict[str, float]) -> Figure:
    """A run's loss and learning rate over its epochs, with scores to compare it with.

    Args:
        run: a `runs.Run`.
        floors: label to a loss that takes no training.
    """
    epochs = np.arange(1, len(run.history["loss"]) + 1)
    figure, (loss, rate) = plt.subplots(
        2, 1, sharex=True, figsize=(7, 5.5), height_ratios=(3, 1), layout="constrained"
    )
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


def rows(images: dict[str, np.ndarray]) -> Figure:
    """Sets of images as rows under each other, each with its title at its left.

    Args:
        images: title to (n, h, w, 3), floating point in [0, 1], the same n for all.
    """
    n = len(next(iter(images.values())))
    figure, axes = plt.subplots(len(images), 1, figsize=(0.9 * n, 0.95 * len(images)))
    for axis, (title, row) in zip(np.atleast_1d(axes), images.items(), strict=True):
        axis.imshow(tiles(row, n), interpolation="nearest")
        axis.set_axis_off()
        axis.text(-0.01, 0.5, title, ha="right", va="center", transform=axis.transAxes)
    return figure
