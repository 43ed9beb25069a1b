"""Predictors without a network: the floors that every score of the course stands beside.

A predictor maps gray (n, h, w, 1) to RGB (n, h, w, 3), both float32 in [0, 1], as a model does.
`black` and `gray_copy` are predictors; `train_mean_colour`, `luminance_lookup` and
`linear_autoencoder` fit one to training images and return it, `linear_autoencoders` one of each
size. The two oracles look at the truth:
`image_mean_colour` and `mean_chroma_oracle` say what one colour an image would be worth.
`principal_axes` is the best code there is if it is linear and the picture is its own target.
"""

from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np

from colorizer.data import Cifar10, Images, normalize, to_gray
from colorizer.errors import InputError
from colorizer.metrics import check_images, evaluate

Predictor = Callable[[np.ndarray], np.ndarray]

EXACT = 256  # images: the largest power of two for which a float32 sum of 255*255 is exact


def black(gray: np.ndarray) -> np.ndarray:
    """No light at all.

    Args:
        gray: (n, h, w, 1), in [0, 1].

    Returns:
        RGB (n, h, w, 3), float32, zeros.
    """
    check_images("gray image", gray, channels=1)
    return np.zeros((*gray.shape[:-1], 3), np.float32)


def gray_copy(gray: np.ndarray) -> np.ndarray:
    """R = G = B = Y: what a photocopier does.

    Args:
        gray: (n, h, w, 1), in [0, 1].

    Returns:
        RGB (n, h, w, 3), in [0, 1].
    """
    check_images("gray image", gray, channels=1)
    return np.repeat(gray, 3, axis=-1)


def train_mean_colour(train: Images) -> Predictor:
    """The mean colour of the training pixels, everywhere.

    Args:
        train: the images to average.
    """
    _check_train(train)
    colour = train.rgb.mean(axis=(0, 1, 2), dtype=np.float64).astype(np.float32) / 255
    return lambda gray: black(gray) + colour


def luminance_lookup(train: Images) -> Predictor:
    """E[rgb | Y], the mean colour of the training pixels of the same gray level.

    The best there is in squared error for who sees one pixel at a time. A level without training
    pixels keeps its gray.

    Args:
        train: the images to average.
    """
    _check_train(train)
    levels, colours = to_gray(train.rgb).ravel(), train.rgb.reshape(-1, 3)
    count = np.bincount(levels, minlength=256)
    table = np.repeat(np.arange(256.0)[:, np.newaxis], 3, axis=1)  # 256 levels x RGB, on 0-255
    seen = count > 0
    for channel in range(3):
        total = np.bincount(levels, weights=colours[:, channel], minlength=256)
        table[seen, channel] = total[seen] / count[seen]
    table = (table / 255).astype(np.float32)

    def predict(gray):
        check_images("gray image", gray, channels=1)
        return table[np.rint(255 * gray[..., 0]).astype(np.uint8)]

    return predict


def linear_autoencoder(train: Images, rank: int) -> Predictor:
    """The best linear map from gray to RGB that passes through `rank` numbers an image.

    Reduced-rank regression (Izenman, 1975): with gray images x and colour images y, the map A of
    rank k that minimises E|y - E y - A (x - E x)|^2 on the training images. Whitening x (W x has
    the identity for its covariance) makes it the truncated singular value decomposition
    C_yx W^T = U S V^T, A = U_k S_k V_k^T W (Eckart & Young, 1936). V_k^T W is the encoder, U_k S_k
    the decoder. Predictions are clipped to [0, 1].

    The covariances of 45,000 images of 32x32 take about 3 s on two cores.

    Args:
        train: the images to fit.
        rank: size of the code, from 1 to the pixels of an image.

    Raises:
        InputError: the rank is out of range.
    """
    _check_train(train)
    _check_rank(rank, train)
    return _cut(_linear_code(train), rank)


def linear_autoencoders(train: Images) -> Callable[[int], Predictor]:
    """The linear autoencoders of all ranks, fitted at once: those of `linear_autoencoder`.

    Args:
        train: the images to fit.

    Returns:
        What gives the predictor of a rank, and raises InputError where it is out of range.
    """
    _check_train(train)
    code = _linear_code(train)

    def of(rank):
        _check_rank(rank, train)
        return _cut(code, rank)

    return of


def principal_axes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Principal component analysis: the axes along which vectors vary, the strongest first.

    Of all codes of k numbers that are linear, (x - mean) @ axes[:, :k] loses the least: the sum of
    the other variances (Eckart & Young, 1936).

    Args:
        x: n vectors of p numbers, (n, p), floating point.

    Returns:
        The mean (p,); the variances in falling order (p,), float64; and the axes, of length one, as
        columns (p, p). Mean and axes are of the type of `x`.

    Raises:
        InputError: another shape or type, or no vector.
    """
    if x.ndim != 2 or not len(x) or not np.issubdtype(x.dtype, np.floating):
        raise InputError(
            f"Vectors are an array (n, p) of floating-point numbers, not {x.shape} of {x.dtype}."
        )
    mean = x.mean(axis=0, dtype=np.float64).astype(x.dtype)
    centred = x - mean
    variances, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64) / len(x))
    return mean, variances[::-1], axes[:, ::-1].astype(x.dtype)


def image_mean_colour(rgb: np.ndarray) -> np.ndarray:
    """An oracle: each image's own mean colour, everywhere in it.

    Args:
        rgb: the truth (n, h, w, 3), in [0, 1].

    Returns:
        RGB of the same shape, float32.
    """
    check_images("truth", rgb)
    mean = rgb.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    return np.broadcast_to(mean.astype(np.float32), rgb.shape)


def mean_chroma_oracle(gray: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """An oracle: Y and, everywhere in an image, the image's own mean of RGB - Y.

    Args:
        gray: (n, h, w, 1), in [0, 1].
        rgb: the truth (n, h, w, 3), in [0, 1].

    Returns:
        RGB (n, h, w, 3), float32, clipped to [0, 1].
    """
    check_images("gray image", gray, channels=1)
    check_images("truth", rgb)
    if gray.shape[:3] != rgb.shape[:3]:
        raise InputError(f"The gray image has the shape {gray.shape}, but the truth {rgb.shape}.")
    chroma = (rgb - gray).mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    return np.clip(gray + chroma, 0, 1).astype(np.float32)


class _Test:
    """The test images, and what several floors need of the training images."""

    def __init__(self, data):
        self.train = data.train
        self.rgb, self.gray = normalize(data.test.rgb), normalize(to_gray(data.test.rgb))

    @cached_property
    def linear_code(self):
        return _linear_code(self.train)


_FLOORS = {
    "black": lambda test: black(test.gray),
    "train_mean_colour": lambda test: train_mean_colour(test.train)(test.gray),
    "image_mean_colour": lambda test: image_mean_colour(test.rgb),
    "gray_copy": lambda test: gray_copy(test.gray),
    "luminance_lookup": lambda test: luminance_lookup(test.train)(test.gray),
    "linear_autoencoder_256": lambda test: _cut(test.linear_code, 256)(test.gray),
    "linear_autoencoder_128": lambda test: _cut(test.linear_code, 128)(test.gray),
    "linear_autoencoder_64": lambda test: _cut(test.linear_code, 64)(test.gray),
    "mean_chroma_oracle": lambda test: mean_chroma_oracle(test.gray, test.rgb),
}
NAMES = tuple(_FLOORS)


def floors(data: Cifar10, names: Iterable[str] = NAMES) -> dict[str, dict[str, float]]:
    """All metrics of predictors without a network, fitted on `data.train`, on `data.test`.

    Args:
        data: CIFAR-10, or a part of it.
        names: which predictors, of `NAMES`; on the whole test set each takes about 3 s on two
            cores, and the first linear autoencoder a few more, in which all three are fitted.

    Returns:
        What `metrics.evaluate` says of each, by name.

    Raises:
        InputError: there is no predictor of that name.
    """
    names = tuple(names)
    for name in names:
        if name not in _FLOORS:
            raise InputError(f"There is no floor {name!r}; there are {', '.join(NAMES)}.")
    test = _Test(data)
    return {name: evaluate(_FLOORS[name](test), test.rgb, data.test.labels) for name in names}


def _check_train(train):
    if len(train) == 0:
        raise InputError("There are no training images to fit a predictor to.")


def _check_rank(rank, train):
    pixels = train.rgb[0, ..., 0].size
    if not 1 <= rank <= pixels:
        raise InputError(f"A rank is a number from 1 to {pixels}, not {rank}.")


def _linear_code(train):
    """Means of gray and RGB, encoder (p, k), decoder (k, 3p): the best code, cut where you like."""
    x_mean, y_mean, c_xx, c_xy = _moments(train)
    variances, axes = np.linalg.eigh(c_xx)  # axes are columns
    varied = variances > 1e-12 * variances[-1]  # fewer images than pixels leave some without any
    whiten = axes[:, varied] / np.sqrt(variances[varied])
    v, s, u_t = np.linalg.svd(whiten.T @ c_xy, full_matrices=False)
    parts = x_mean, y_mean, whiten @ v, s[:, np.newaxis] * u_t
    return tuple(part.astype(np.float32) for part in parts)


def _cut(code, rank):
    """The predictor that keeps the first `rank` numbers of a linear code."""
    x_mean, y_mean, encoder, decoder = code
    pixels = len(x_mean)

    def predict(gray):
        check_images("gray image", gray, channels=1)
        if gray[0].size != pixels:
            raise InputError(f"The gray image must have {pixels} pixels, not {gray[0].size}.")
        kept = (gray.reshape(len(gray), -1) - x_mean) @ encoder[:, :rank]
        return np.clip(kept @ decoder[:rank] + y_mean, 0, 1).reshape(*gray.shape[:-1], 3)

    return predict


def _moments(images):
    """Means of gray (p,) and RGB (3p,), covariances (p, p) and (p, 3p), float64, on [0, 1]."""
    n = len(images)
    x = to_gray(images.rgb).reshape(n, -1)
    y = images.rgb.reshape(n, -1)
    both = np.zeros((x.shape[1], x.shape[1] + y.shape[1]))
    for start in range(0, n, EXACT):
        chunk = slice(start, start + EXACT)
        x_chunk, y_chunk = x[chunk].astype(np.float32), y[chunk].astype(np.float32)
        both += x_chunk.T @ np.hstack([x_chunk, y_chunk])
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    both = both / n - np.outer(x_mean, np.hstack([x_mean, y_mean]))
    c_xx, c_xy = np.split(both / 255**2, [x.shape[1]], axis=1)
    return x_mean / 255, y_mean / 255, c_xx, c_xy
