"""Luminance, chroma and the way back: the one place that knows what a colour is made of.

A colour is its luminance Y = .299 R + .587 G + .114 B and what it is beyond that gray, its chroma
(R - Y, B - Y). G - Y follows, because the weighted sum of the three is zero. A layer of a network
puts chroma on a gray here, and so does the colouring of a photograph.
"""

import numpy as np

from colorizer.errors import InputError

GRAY_WEIGHTS = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as in OpenCV's RGB2GRAY
GRAY_DIRECTION = GRAY_WEIGHTS / np.linalg.norm(GRAY_WEIGHTS)

TINY = 1e-6  # keeps a division by no chroma finite, in half precision too, where 1e-9 is zero


def luminance(rgb: np.ndarray) -> np.ndarray:
    """The gray value Y of each colour; that of a gray pixel is the pixel's own, to the last bit.

    Args:
        rgb: (..., 3), floating point.

    Returns:
        Y (...), of the type of `rgb`.

    Raises:
        InputError: `rgb` has no three channels, or holds whole numbers.
    """
    red, green, blue = _channels(rgb)
    r, _, b = map(float, GRAY_WEIGHTS)  # Python's own numbers leave the array's type alone
    return green + r * (red - green) + b * (blue - green)  # the weights' sum is one


def chroma(rgb: np.ndarray) -> np.ndarray:
    """What each colour is beyond its gray: R - Y and B - Y; exactly zero for gray.

    Args:
        rgb: (..., 3), floating point.

    Returns:
        Chroma (..., 2), of the type of `rgb`.

    Raises:
        InputError: `rgb` has no three channels, or holds whole numbers.
    """
    red, _, blue = _channels(rgb)
    y = luminance(rgb)
    return np.moveaxis(np.stack([red - y, blue - y]), 0, -1)


def in_gamut(y, red, blue, xp=np):
    """Luminance and chroma to RGB, with less chroma where RGB would leave [0, 1].

    There the chroma is multiplied by the largest factor that keeps all three channels in, so that
    luminance and hue stay.

    Args:
        y: Y, in [0, 1], an array or tensor of any shape.
        red: R - Y, of the same shape.
        blue: B - Y, of the same shape.
        xp: what computes: `numpy`, or `keras.ops` for tensors.

    Returns:
        R, G and B, each of the shape of `y`, in [0, 1].
    """
    r, g, b = map(float, GRAY_WEIGHTS)
    green = -(r * red + b * blue) / g  # G - Y
    highest = xp.maximum(xp.maximum(red, green), blue)  # not negative, as the weighted sum is zero
    lowest = xp.minimum(xp.minimum(red, green), blue)
    room = xp.minimum((1 - y) / (highest + TINY), y / (TINY - lowest))
    share = xp.minimum(room, 1.0)
    # Clipping takes off what rounding leaves beyond.
    return tuple(xp.clip(y + share * part, 0.0, 1.0) for part in (red, green, blue))


def _channels(rgb):
    rgb = np.asarray(rgb)
    if rgb.ndim == 0 or rgb.shape[-1] != 3:
        raise InputError(f"Colours have the shape (..., 3), not {rgb.shape}.")
    if not np.issubdtype(rgb.dtype, np.floating):
        raise InputError(
            f"Colours must be floating point, not {rgb.dtype}; `data.normalize` makes them so."
        )
    return np.moveaxis(rgb, -1, 0)
