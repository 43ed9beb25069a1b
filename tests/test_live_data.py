"""The live figures of colours, codes and scores, dragged, and what they compute against NumPy."""

import numpy as np
import pytest
from skimage import data as photographs
from test_live import base64_of, show  # noqa: F401 - a fixture
from test_page import browser, needs_chromium  # noqa: F401 - a fixture

from colorizer import live
from colorizer.color import GRAY_WEIGHTS

pytestmark = needs_chromium


def some_colours(side=32):
    return photographs.astronaut()[::16, ::16][:side, :side].copy()


def cube():
    return live.figure(
        "cube",
        alt="A photograph and the cube of colours.",
        photograph=base64_of(some_colours()),
        side=32,
        at=[24, 12],
    )


def modes():
    gray = 0.3387
    chromas = ([0.46, -0.24], [-0.09, -0.29], [-0.2, 0.2])
    return live.figure(
        "modes",
        alt="Three colours and what losses make of them.",
        gray=gray,
        modes=[
            {"chroma": c, "weight": w} for c, w in zip(chromas, (6, 4, 0), strict=True)
        ],
    )


def answers():
    images = np.stack([some_colours(), some_colours()[::-1], some_colours()[:, ::-1]])
    return live.figure(
        "answers",
        alt="Photographs with their colours changed, and bars of what metrics say.",
        photographs=base64_of(images),
        side=32,
    )


def latent():
    """The "decoder" squares what a cross-fade would be."""
    corner, right, below = (
        some_colours().astype(float) / 255,
        some_colours()[::-1] / 255,
        some_colours()[:, ::-1] / 255,
    )
    steps = np.linspace(0, 1, 5)
    grid = [
        (corner + x * (right - corner) + y * (below - corner)).clip(0, 1) ** 2
        for y in steps
        for x in steps
    ]
    return live.figure(
        "latent",
        alt="A plane of codes, and what the decoder draws.",
        pictures=base64_of(np.rint(255 * np.array(grid)).astype(np.uint8)),
        n=5,
        side=32,
        names=["astronaut", "one upside down", "her mirror image"],
        at=[0.5, 0.25],
    )


WIDTHS = [0, 1, 4, 16, 64, 256, 1024]


def width():
    truth = np.stack([some_colours(), some_colours()[:, ::-1]]).astype(float)
    mean = np.full((32, 32, 3), 120, np.uint8)
    shares = [0, 0.3, 0.5, 0.7, 0.9, 0.97, 1]
    restored = np.rint([[mean + s * (t - mean) for s in shares] for t in truth]).astype(np.uint8)
    return live.figure(
        "width",
        alt="What a linear code of some numbers keeps.",
        restored=base64_of(restored),
        truths=base64_of(truth.astype(np.uint8)),
        mean=base64_of(mean),
        names=["one", "other"],
        sizes=WIDTHS,
        kept=[shares, [0, 0, 0.01, 0.02, 0.03, 0.03, 0.04]],
        start=64,
        side=32,
    )


PLACES = list(range(0, 25, 4))


def reach():
    gray = some_colours()[..., 1]
    random = np.random.default_rng(0)
    whole = random.normal(128, 15, (1, 16, 16, 2))
    hidden = whole + random.normal(0, 5, (len(PLACES) ** 2, 16, 16, 2))
    return live.figure(
        "reach",
        alt="A gray picture with a square, and where colours change.",
        grays=base64_of(np.stack([gray, gray[:, ::-1]])),
        chroma=base64_of(np.rint(np.tile([*whole, *hidden], (2, 1, 1, 1))).astype(np.uint8)),
        names=["astronaut", "mirrored"],
        places=PLACES,
        at=[12, 8],
        side=32,
    )
