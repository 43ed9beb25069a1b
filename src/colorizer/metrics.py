"""How far a coloured image is from the truth: in RGB, to the eye, and in its colour alone.

Predictions and truths are arrays (n, h, w, 3) of floating-point numbers in [0, 1]. Every metric is
a mean over images of a mean over pixels, computed in float64: a mean over millions of float32
numbers loses digits. PSNR, SSIM and colorfulness are not linear in the pixels; theirs is the mean
over images of the image's score.

All functions raise `InputError` if an array has another shape, type or range, is empty, or if the
two arrays differ in shape.
"""

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from colorizer.errors import InputError

GRAY_WEIGHTS = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as in OpenCV's RGB2GRAY
GRAY_DIRECTION = GRAY_WEIGHTS / np.linalg.norm(GRAY_WEIGHTS)
PERFECT_MSE = 1e-10  # 100 dB: an image without error has no finite PSNR, and CIFAR has gray images
SSIM_WINDOW = 7  # pixels, scikit-image's default
CHUNK = 250  # images: Lab and CIEDE2000 need about 40 temporary arrays of the size of a channel


def mse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error over pixels and channels, in [0, 1].

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _mean(_squared_error, prediction, truth)


def mae(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean absolute error over pixels and channels, in [0, 1].

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _mean(_absolute_error, prediction, truth)


def psnr(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio -10 log10(MSE) of each image, mean over images, in dB.

    An image without error would have an infinite PSNR and so would the mean; it counts 100 dB.
    This matters: about 1 % of CIFAR-10 is gray, and a gray copy of those is perfect.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _mean(_psnr, prediction, truth)


def ssim(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity, mean over 7x7 windows, channels and images, in [-1, 1].

    scikit-image's `structural_similarity(..., channel_axis=-1, data_range=1)` of each image.
    Source: Wang, Bovik, Sheikh & Simoncelli, 2004.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1]; h and w at least 7.
        truth: RGB, the same shape and range.
    """
    return _mean(_ssim, prediction, truth)


def ciede2000(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean colour difference of the pixels as the eye sees it; about 2 is just noticeable.

    Source: Luo, Cui & Rigg, 2001 (CIEDE2000), by scikit-image; sRGB to Lab under D65.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _mean(_ciede2000, prediction, truth)


def l_rmse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Root mean squared error of L in CIE Lab (D65), over all pixels, in units of L (0 to 100).

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return math.sqrt(_mean(_squared_l_error, prediction, truth))


def ab_rmse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Root mean squared error of a and b in CIE Lab (D65), over all pixels and both channels.

    In units of a and b (about -110 to 110). The root mean squared distance in the ab plane is
    larger by the factor sqrt(2).

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return math.sqrt(_mean(_squared_ab_error, prediction, truth))


def luminance_mse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """The part of the MSE that a gray camera sees.

    The gray map is w = (.299, .587, .114). The error e of a pixel is the sum of its projection on
    w, of squared length (w.e)^2 / w.w, and of a rest that w maps to zero. The two are
    orthogonal, so that by Pythagoras `luminance_mse` + `chroma_mse` = `mse`.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _mean(_luminance_error, prediction, truth)


def chroma_mse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """The part of the MSE that a gray camera cannot see: see `luminance_mse`.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _mean(_chroma_error, prediction, truth)


def colorfulness(rgb: np.ndarray) -> float:
    """Colorfulness M of each image on the scale 0-255, mean over images; a gray image has 0.

    rg = R - G and yb = (R + G)/2 - B;  M = sqrt(var rg + var yb) + .3 sqrt(mean^2 rg + mean^2 yb).
    Source: Hasler & Suesstrunk, 2003, M^(3), with signed means.

    Args:
        rgb: images (n, h, w, 3), floating point in [0, 1].
    """
    return _mean(_colorfulness, rgb, rgb)


def colorfulness_ratio(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean colorfulness of the predictions divided by that of the truths; 1 is as colourful.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.

    Raises:
        InputError: the truth is gray, and there is no ratio.
    """
    mean = _means(prediction, truth, [_colorfulness, _colorfulness_of_truth])
    return _colorfulness_ratio(mean)


def channel_argmax_accuracy(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Share of pixels whose largest channel is the same one; of equal channels the first counts.

    This is what Keras computes for "accuracy" (`CategoricalAccuracy`) when the target has the shape
    (h, w, 3): it takes R, G and B for the probabilities of three classes.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _mean(_same_argmax, prediction, truth)


def epsilon_accuracy(prediction: np.ndarray, truth: np.ndarray, epsilon: float) -> float:
    """Share of pixels that are right to within a few units of Lab, as others report on CIFAR-10.

    L, a and b are rounded to whole numbers; L must agree to within `epsilon`, a and b to within
    2.2 `epsilon`. Not one of `evaluate`: a gray copy scores half and more.
    Source: Nazeri, Ng & Ebrahimi, 2018, who report it for an `epsilon` of 2 and of 5.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
        epsilon: in units of L (0 to 100).
    """
    tolerance = epsilon * np.array([1, 2.2, 2.2])

    def within(pair):
        error = np.abs(np.round(pair.lab[0]) - np.round(pair.lab[1]))
        return (error <= tolerance + 1e-9).all(axis=-1)  # 2.2 times 5 is not quite 11

    return _mean(within, prediction, truth)


def evaluate(prediction: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """All metrics of this module under the names of their functions, in one pass.

    10,000 images of 32x32 take about 6 s on one core.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1]; h and w at least 7.
        truth: RGB, the same shape and range.

    Raises:
        InputError: as the module says; or the truth is gray, and has no colorfulness ratio.
    """
    mean = _means(
        prediction,
        truth,
        [
            _squared_error,
            _absolute_error,
            _psnr,
            _ssim,
            _ciede2000,
            _squared_l_error,
            _squared_ab_error,
            _luminance_error,
            _chroma_error,
            _colorfulness,
            _colorfulness_of_truth,
            _same_argmax,
        ],
    )
    return {
        "mse": mean[_squared_error],
        "mae": mean[_absolute_error],
        "psnr": mean[_psnr],
        "ssim": mean[_ssim],
        "ciede2000": mean[_ciede2000],
        "l_rmse": math.sqrt(mean[_squared_l_error]),
        "ab_rmse": math.sqrt(mean[_squared_ab_error]),
        "luminance_mse": mean[_luminance_error],
        "chroma_mse": mean[_chroma_error],
        "colorfulness": mean[_colorfulness],
        "colorfulness_ratio": _colorfulness_ratio(mean),
        "channel_argmax_accuracy": mean[_same_argmax],
    }


def check_images(name: str, images: np.ndarray, channels: int = 3) -> None:
    """Raise `InputError` unless `images` is (n, h, w, channels), floating point in [0, 1].

    Args:
        name: what the message calls them.
        images: what to look at.
        channels: 3 for RGB, 1 for gray.
    """
    if images.ndim != 4 or images.shape[-1] != channels:
        raise InputError(f"The {name} must be (n, h, w, {channels}), not {images.shape}.")
    if images.size == 0:
        raise InputError(f"The {name} holds no pixels: its shape is {images.shape}.")
    if not np.issubdtype(images.dtype, np.floating):
        raise InputError(
            f"The {name} must be floating point in [0, 1], not {images.dtype}; "
            "`data.normalize` makes it so."
        )
    low, high = images.min(), images.max()
    if not np.isfinite([low, high]).all():
        raise InputError(f"The {name} holds numbers that are not finite.")
    if low < 0 or high > 1:
        raise InputError(f"The {name} must lie in [0, 1], but reaches from {low} to {high}.")


class _Pair:
    """Predictions and truths (m, h, w, 3) in float64, and what several metrics need of them."""

    def __init__(self, prediction, truth):
        self.prediction = prediction.astype(np.float64)
        self.truth = truth.astype(np.float64)

    @cached_property
    def error(self):
        return self.prediction - self.truth

    @cached_property
    def luminance_error(self):
        """The projection of the error on the gray weights, a signed length (m, h, w)."""
        return self.error @ GRAY_DIRECTION

    @cached_property
    def lab(self):
        return rgb2lab(self.prediction), rgb2lab(self.truth)

    @cached_property
    def lab_error(self):
        return self.lab[0] - self.lab[1]


# A statistic maps a pair to numbers (m, ...): the axes after the first are averaged image by image.
_Statistic = Callable[[_Pair], np.ndarray]


def _squared_error(pair):
    return pair.error**2


def _absolute_error(pair):
    return abs(pair.error)


def _psnr(pair):
    image_mse = (pair.error**2).mean(axis=(1, 2, 3))
    return -10 * np.log10(np.maximum(image_mse, PERFECT_MSE))


def _ssim(pair):
    m, h, w, _ = pair.truth.shape
    if min(h, w) < SSIM_WINDOW:
        raise InputError(f"SSIM needs images of at least 7x7 pixels, not {h}x{w}.")
    # All images as one tall image: one call instead of m. Windows that reach into a neighbour are
    # those that scikit-image leaves out of the mean for reaching over an image's edge.
    tall = (m * h, w, 3)
    _, similarity = structural_similarity(
        pair.prediction.reshape(tall),
        pair.truth.reshape(tall),
        win_size=SSIM_WINDOW,
        channel_axis=-1,
        data_range=1,
        full=True,
    )
    edge = SSIM_WINDOW // 2
    return similarity.reshape(m, h, w, 3)[:, edge:-edge, edge:-edge]


def _ciede2000(pair):
    return deltaE_ciede2000(*pair.lab)


def _squared_l_error(pair):
    return pair.lab_error[..., 0] ** 2


def _squared_ab_error(pair):
    return pair.lab_error[..., 1:] ** 2


def _luminance_error(pair):
    return pair.luminance_error**2 / 3


def _chroma_error(pair):
    return (pair.error - pair.luminance_error[..., np.newaxis] * GRAY_DIRECTION) ** 2


def _colorfulness(pair):
    return _hasler_suesstrunk(pair.prediction)


def _colorfulness_of_truth(pair):
    return _hasler_suesstrunk(pair.truth)


def _hasler_suesstrunk(rgb):
    r, g, b = np.moveaxis(255 * rgb, -1, 0)
    opponent = np.stack([r - g, (r + g) / 2 - b])  # (2, m, h, w): rg and yb
    variance = opponent.var(axis=(2, 3)).sum(axis=0)
    squared_mean = (opponent.mean(axis=(2, 3)) ** 2).sum(axis=0)
    return np.sqrt(variance) + 0.3 * np.sqrt(squared_mean)


def _colorfulness_ratio(mean):
    if mean[_colorfulness_of_truth] == 0:
        raise InputError("The true images are all gray, so there is no colorfulness ratio.")
    return mean[_colorfulness] / mean[_colorfulness_of_truth]


def _same_argmax(pair):
    return pair.prediction.argmax(axis=-1) == pair.truth.argmax(axis=-1)


def _mean(statistic: _Statistic, prediction, truth) -> float:
    return _means(prediction, truth, [statistic])[statistic]


def _means(prediction, truth, statistics: list[_Statistic]) -> dict[_Statistic, float]:
    """The mean over images of each statistic, a chunk of images at a time to bound the memory."""
    prediction, truth = np.asarray(prediction), np.asarray(truth)
    check_images("prediction", prediction)
    check_images("truth", truth)
    if prediction.shape != truth.shape:
        raise InputError(
            f"The prediction has the shape {prediction.shape}, but the truth {truth.shape}."
        )
    n = len(truth)
    scores = {statistic: [] for statistic in statistics}
    for start in range(0, n, CHUNK):
        pair = _Pair(prediction[start : start + CHUNK], truth[start : start + CHUNK])
        for statistic in statistics:
            numbers = statistic(pair)
            scores[statistic].extend(numbers.reshape(len(numbers), -1).mean(axis=1))
    return {statistic: math.fsum(images) / n for statistic, images in scores.items()}
