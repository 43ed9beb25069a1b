"""How far a coloured image is from the truth: in RGB, to the eye, and in its colour alone.

Predictions and truths are arrays (n, h, w, 3) of floating-point numbers in [0, 1]. Every metric is
a mean over images of a mean over pixels, computed in float64: a mean over millions of float32
numbers loses digits. PSNR, SSIM and colorfulness are not linear in the pixels; theirs is the mean
over images of the image's score. The ratios, and the slope, are of two such means.

`METRICS` is the registry: what each is called, how it is written, and which way is better.

All functions raise `InputError` if an array has another shape, type or range, is empty, or if the
two arrays differ in shape.
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from colorizer.color import GRAY_DIRECTION, GRAY_WEIGHTS, in_gamut, luminance
from colorizer.data import CLASSES, to_gray
from colorizer.errors import InputError

PERFECT_MSE = 1e-10  # 100 dB: an image without error has no finite PSNR, and CIFAR has gray images
SEPIA_HUE = 65.0  # degrees of hue in Lab: that of the brown sRGB (112, 66, 20), called sepia
SEPIA_REACH = 30.0  # degrees on either side of it
SSIM_WINDOW = 7  # pixels, scikit-image's default
CHUNK = 100  # images at a time: of 32x32, one channel of them fits into a processor's cache
THREADS = min(os.cpu_count() or 1, 8)  # NumPy and scikit-image let others work meanwhile


def mse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error over pixels and channels, in [0, 1].

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("mse", prediction, truth)


def mae(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean absolute error over pixels and channels, in [0, 1].

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("mae", prediction, truth)


def psnr(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio -10 log10(MSE) of each image, mean over images, in dB.

    An image without error would have an infinite PSNR and so would the mean; it counts 100 dB.
    This matters: about 1 % of CIFAR-10 is gray, and a gray copy of those is perfect.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("psnr", prediction, truth)


def ssim(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity, mean over 7x7 windows, channels and images, in [-1, 1].

    scikit-image's `structural_similarity(..., channel_axis=-1, data_range=1)` of each image.
    Source: Wang, Bovik, Sheikh & Simoncelli, 2004.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1]; h and w at least 7.
        truth: RGB, the same shape and range.
    """
    return _score("ssim", prediction, truth)


def ciede2000(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean colour difference of the pixels as the eye sees it; about 2 is just noticeable.

    Source: Luo, Cui & Rigg, 2001 (CIEDE2000), by scikit-image; sRGB to Lab under D65.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("ciede2000", prediction, truth)


def l_rmse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Root mean squared error of L in CIE Lab (D65), over all pixels, in units of L (0 to 100).

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("l_rmse", prediction, truth)


def ab_rmse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Root mean squared error of a and b in CIE Lab (D65), over all pixels and both channels.

    In units of a and b (about -110 to 110). The root mean squared distance in the ab plane is
    larger by the factor sqrt(2).

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("ab_rmse", prediction, truth)


def luminance_mse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """The part of the MSE that a gray camera sees.

    The gray map is w = (.299, .587, .114). The error e of a pixel is the sum of its projection on
    w, of squared length (w.e)^2 / w.w, and of a rest that w maps to zero. The two are
    orthogonal, so that by Pythagoras `luminance_mse` + `chroma_mse` = `mse`.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("luminance_mse", prediction, truth)


def chroma_mse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """The part of the MSE that a gray camera cannot see: see `luminance_mse`.

    It is not the error of the chroma c - Y alone: of an error in brightness, the same in all
    channels, a quarter is here, because (1, 1, 1) and w are not parallel. `mended_mse` has none
    of it.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("chroma_mse", prediction, truth)


def colorfulness(rgb: np.ndarray) -> float:
    """Colorfulness M of each image on the scale 0-255, mean over images; a gray image has 0.

    rg = R - G and yb = (R + G)/2 - B;  M = sqrt(var rg + var yb) + .3 sqrt(mean^2 rg + mean^2 yb).
    Source: Hasler & Suesstrunk, 2003, M^(3), with signed means.

    Args:
        rgb: images (n, h, w, 3), floating point in [0, 1].
    """
    return _score("colorfulness", rgb, rgb)


def colorfulness_ratio(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean colorfulness of the predictions divided by that of the truths; 1 is as colourful.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.

    Raises:
        InputError: the truth is gray, and there is no ratio.
    """
    return _score("colorfulness_ratio", prediction, truth)


def contrast_ratio(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean `contrast` of the predictions divided by that of the truths; 1 is as much contrast.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.

    Raises:
        InputError: every true image is of one luminance, and there is no ratio.
    """
    return _score("contrast_ratio", prediction, truth)


def saturation_ratio(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean `saturation` of the predictions divided by that of the truths; 1 is as saturated.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.

    Raises:
        InputError: the truth is gray, and there is no ratio.
    """
    return _score("saturation_ratio", prediction, truth)


def chroma_slope(prediction: np.ndarray, truth: np.ndarray) -> float:
    r"""The factor that would suit the predicted chroma best: above 1 where it is too pale.

    With d = RGB - Y of the truth and d' of the prediction, the square of d - s d', summed
    over all pixels, is lowest at s = sum(d'.d) / sum(d'.d'), the slope of a regression of the truth
    on the prediction. It is 1 for a calibrated prediction, and 0 here for one without chroma.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("chroma_slope", prediction, truth)


def mended_mse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """The MSE if only the chroma were the prediction's, and the luminance the one that was given.

    What was given is the truth's gray level, rounded to 256 levels as OpenCV rounds it. The
    predicted chroma is put on it by `color.in_gamut`.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("mended_mse", prediction, truth)


def detail_mse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """The part of the MSE that is gone when the error is averaged over blocks of 2x2 pixels.

    By Pythagoras, it and the MSE of the two images at half their size add up to `mse`, if height
    and width are even; of odd ones the last row or column is left out.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1]; h and w at least 2.
        truth: RGB, the same shape and range.
    """
    return _score("detail_mse", prediction, truth)


def channel_argmax_accuracy(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Share of pixels whose largest channel is the same one; of equal channels the first counts.

    This is what Keras computes for "accuracy" (`CategoricalAccuracy`) when the target has the shape
    (h, w, 3): it takes R, G and B for the probabilities of three classes.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1].
        truth: RGB, the same shape and range.
    """
    return _score("channel_argmax_accuracy", prediction, truth)


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
        error = np.abs(np.round(pair.prediction.lab) - np.round(pair.truth.lab))
        return (error <= tolerance + 1e-9).all(axis=-1)  # 2.2 times 5 is not quite 11

    return _mean(_by_image(prediction, truth, [within])[within])


def contrast(images: np.ndarray) -> np.ndarray:
    """How much the luminance varies within each image: its standard deviation over the pixels.

    Args:
        images: RGB (n, h, w, 3), floating point in [0, 1].

    Returns:
        (n,), float64, in [0, 0.5].
    """
    return _by_image(images, images, [_contrast])[_contrast]


def saturation(images: np.ndarray) -> np.ndarray:
    """The saturation of HSV, (max - min) / max over the channels of each pixel; 0 for black.

    Args:
        images: RGB (n, h, w, 3), floating point in [0, 1].

    Returns:
        (n, h, w), of the type of `images`, in [0, 1].
    """
    images = np.asarray(images)
    check_images("image", images)
    return _hsv_saturation(images)


def sepia_share(images: np.ndarray) -> float:
    """How much of the chroma in CIE Lab (D65) has a hue near sepia's; the mean over all pixels.

    A pixel counts by its chroma, the length of (a, b), so that grays, which have no hue, do not.
    Near is within `SEPIA_REACH` of `SEPIA_HUE`. Not one of `evaluate`: the truth has some, too.

    Args:
        images: RGB (n, h, w, 3), floating point in [0, 1].

    Returns:
        A share in [0, 1]; 0 if there is no chroma at all.
    """
    found = _by_image(images, images, [_lab_chroma, _sepia_chroma])
    chroma = _mean(found[_lab_chroma])
    return _mean(found[_sepia_chroma]) / chroma if chroma > 0 else 0.0


def evaluate(
    prediction: np.ndarray, truth: np.ndarray, labels: np.ndarray | None = None
) -> dict[str, float]:
    """All metrics of the registry under their names, in one pass.

    10,000 images of 32x32 take a few seconds on two cores.

    Args:
        prediction: RGB (n, h, w, 3), floating point in [0, 1]; h and w at least 7.
        truth: RGB, the same shape and range.
        labels: (n,), the class of each image, an index of `data.CLASSES`. With them, the MSE of
            each class that has images is there too, as `mse_cat`.

    Raises:
        InputError: as the module says; or the labels do not fit; or the truth is gray, or every
            true image of one luminance, so that a ratio to it does not exist.
    """
    labels = np.array([], int) if labels is None else _checked_labels(labels, len(prediction))
    metrics = [metric for metric in METRICS.values() if metric.statistics]
    statistics = dict.fromkeys(s for metric in metrics for s in metric.statistics)  # each once
    images = _by_image(prediction, truth, statistics)
    means = {statistic: _mean(scores) for statistic, scores in images.items()}
    found = {metric.name: metric.formula(*map(means.get, metric.statistics)) for metric in metrics}
    for number in np.unique(labels):
        found[f"mse_{CLASSES[number]}"] = _mean(images[_squared_error][labels == number])
    return found


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


class _Images:
    """Images (m, h, w, 3) in float64, and what several metrics need of them."""

    def __init__(self, rgb):
        # In memory one channel after the other: what combines channels is twice as quick so.
        self.planes = np.ascontiguousarray(np.moveaxis(rgb, -1, 0), dtype=np.float64)
        self.rgb = np.moveaxis(self.planes, 0, -1)

    @cached_property
    def luminance(self):
        return luminance(self.rgb)

    @cached_property
    def beyond(self):
        """RGB - Y, the chroma of all three channels."""
        return self.rgb - self.luminance[..., np.newaxis]

    @cached_property
    def lab(self):
        return rgb2lab(self.rgb)

    @property
    def colorfulness(self):
        r, g, b = 255 * self.planes
        opponent = np.stack([r - g, (r + g) / 2 - b])  # (2, m, h, w): rg and yb
        variance = opponent.var(axis=(2, 3)).sum(axis=0)
        squared_mean = (opponent.mean(axis=(2, 3)) ** 2).sum(axis=0)
        return np.sqrt(variance) + 0.3 * np.sqrt(squared_mean)

    @property
    def largest_channel(self):
        """The index of each pixel's largest channel, of equal ones the first: a quick argmax."""
        r, g, b = self.planes
        return np.where((r >= g) & (r >= b), 0, np.where(g >= b, 1, 2))

    @property
    def contrast(self):
        return self.luminance.std(axis=(1, 2))


class _Pair:
    """Predictions and truths, and what several metrics need of their difference."""

    def __init__(self, prediction, truth):
        self.prediction = _Images(prediction)
        self.truth = _Images(truth)

    @cached_property
    def error(self):
        return self.prediction.rgb - self.truth.rgb

    @cached_property
    def squared_error(self):
        return self.error**2

    @cached_property
    def luminance_error(self):
        """The projection of the error on the gray weights, a signed length (m, h, w)."""
        difference = self.prediction.luminance - self.truth.luminance
        return difference / np.linalg.norm(GRAY_WEIGHTS)

    @cached_property
    def squared_lab_error(self):
        return (self.prediction.lab - self.truth.lab) ** 2


# A statistic maps a pair to numbers (m, ...): the axes after the first are averaged image by image.
_Statistic = Callable[[_Pair], np.ndarray]


def _squared_error(pair):
    return pair.squared_error


def _absolute_error(pair):
    return abs(pair.error)


def _psnr(pair):
    image_mse = pair.squared_error.mean(axis=(1, 2, 3))
    return -10 * np.log10(np.maximum(image_mse, PERFECT_MSE))


def _ssim(pair):
    m, h, w, _ = pair.truth.rgb.shape
    if min(h, w) < SSIM_WINDOW:
        raise InputError(f"SSIM needs images of at least 7x7 pixels, not {h}x{w}.")
    # All channels of all images as one tall image: one call instead of 3 m. Windows that reach into
    # a neighbour are those that reach over an image's edge, and the mean leaves them out.
    x, y = (images.planes.reshape(3 * m * h, w) for images in (pair.prediction, pair.truth))

    _, similarity = structural_similarity(x, y, win_size=SSIM_WINDOW, data_range=1, full=True)
    edge = SSIM_WINDOW // 2
    return np.moveaxis(similarity.reshape(3, m, h, w)[..., edge:-edge, edge:-edge], 0, -1)


def _ciede2000(pair):
    return deltaE_ciede2000(pair.prediction.lab, pair.truth.lab)


def _squared_l_error(pair):
    return pair.squared_lab_error[..., 0]


def _squared_ab_error(pair):
    return pair.squared_lab_error[..., 1:]


def _luminance_error(pair):
    return pair.luminance_error**2 / 3


def _chroma_error(pair):
    return (pair.error - pair.luminance_error[..., np.newaxis] * GRAY_DIRECTION) ** 2


def _colorfulness(pair):
    return pair.prediction.colorfulness


def _colorfulness_of_truth(pair):
    return pair.truth.colorfulness


def _contrast(pair):
    return pair.prediction.contrast


def _contrast_of_truth(pair):
    return pair.truth.contrast


def _saturation(pair):
    return _hsv_saturation(pair.prediction.rgb)


def _saturation_of_truth(pair):
    return _hsv_saturation(pair.truth.rgb)


def _hsv_saturation(rgb):
    high, low = rgb.max(axis=-1), rgb.min(axis=-1)
    return (high - low) / np.where(high > 0, high, 1)


def _chroma_with_truth(pair):
    return pair.prediction.beyond * pair.truth.beyond


def _chroma_with_itself(pair):
    return pair.prediction.beyond**2


def _mended_error(pair):
    given = to_gray(np.rint(255 * pair.truth.rgb).astype(np.uint8))[..., 0] / 255
    red, _, blue = np.moveaxis(pair.prediction.beyond, -1, 0)
    mended = in_gamut(given, red, blue)
    return sum((m - t) ** 2 for m, t in zip(mended, pair.truth.planes, strict=True)) / 3


def _detail_error(pair):
    m, h, w, _ = pair.error.shape
    blocks = pair.error[:, : h // 2 * 2, : w // 2 * 2].reshape(m, h // 2, 2, w // 2, 2, 3)
    return (blocks - blocks.mean(axis=(2, 4), keepdims=True)) ** 2


def _lab_chroma(pair):
    return np.hypot(pair.prediction.lab[..., 1], pair.prediction.lab[..., 2])


def _sepia_chroma(pair):
    hue = np.degrees(np.arctan2(pair.prediction.lab[..., 2], pair.prediction.lab[..., 1]))
    return _lab_chroma(pair) * (abs(hue - SEPIA_HUE) <= SEPIA_REACH)


def _same_argmax(pair):
    return pair.prediction.largest_channel == pair.truth.largest_channel


def _ratio(what, missing):
    """How to divide a mean of the predictions by that of the truths."""

    def divided(prediction, truth):
        if truth < 1e-12:  # rounding leaves less than that
            raise InputError(f"The true images {missing}, so there is no {what} ratio.")
        return prediction / truth

    return divided


def _slope(with_truth, with_itself):
    return with_truth / with_itself if with_itself > 0 else 0.0


def _itself(mean):
    return mean


@dataclass(frozen=True)
class Metric:
    """One metric: how tables and figures show it, and what it is computed from.

    Attributes:
        name: in `METRICS`, in what `evaluate` returns, and of its function.
        label: what tables call it.
        unit: of its values; nothing for pure numbers.
        digits: after the point.
        better: "low", "high", or "1" where the truth itself has 1 and less is as wrong as more.
        statistics: whose means over images `formula` takes; none for the MSE of one class.
        formula: from these means to the value.
    """

    name: str
    label: str
    unit: str
    digits: int
    better: str
    statistics: tuple[_Statistic, ...] = ()
    formula: Callable[..., float] = _itself


METRICS = {
    metric.name: metric
    for metric in (
        Metric("mse", "MSE", "", 5, "low", (_squared_error,)),
        Metric("luminance_mse", "of it, in the luminance", "", 5, "low", (_luminance_error,)),
        Metric("chroma_mse", "of it, in the chroma", "", 5, "low", (_chroma_error,)),
        Metric("mended_mse", "MSE with the given luminance", "", 5, "low", (_mended_error,)),
        Metric("detail_mse", "of it, in blocks of 2 by 2", "", 5, "low", (_detail_error,)),
        Metric("mae", "MAE", "", 4, "low", (_absolute_error,)),
        Metric("psnr", "PSNR, mean of images, dB", "dB", 2, "high", (_psnr,)),
        Metric("ssim", "SSIM", "", 3, "high", (_ssim,)),
        Metric("ciede2000", "CIEDE2000", "ΔE", 2, "low", (_ciede2000,)),
        Metric("l_rmse", "L-RMSE", "units of Lab", 2, "low", (_squared_l_error,), math.sqrt),
        Metric("ab_rmse", "ab-RMSE", "units of Lab", 2, "low", (_squared_ab_error,), math.sqrt),
        Metric("colorfulness", "colorfulness", "levels", 2, "high", (_colorfulness,)),
        Metric(
            "colorfulness_ratio",
            "colorfulness, share of the true",
            "",
            3,
            "1",
            (_colorfulness, _colorfulness_of_truth),
            _ratio("colorfulness", "are all gray"),
        ),
        Metric(
            "saturation_ratio",
            "HSV saturation, share of the true",
            "",
            3,
            "1",
            (_saturation, _saturation_of_truth),
            _ratio("saturation", "are all gray"),
        ),
        Metric(
            "contrast_ratio",
            "contrast, share of the true",
            "",
            3,
            "1",
            (_contrast, _contrast_of_truth),
            _ratio("contrast", "are of one luminance each"),
        ),
        Metric(
            "chroma_slope",
            "best factor for the chroma",
            "",
            3,
            "1",
            (_chroma_with_truth, _chroma_with_itself),
            _slope,
        ),
        Metric(
            "channel_argmax_accuracy",
            '"accuracy" (largest channel)',
            "",
            4,
            "high",
            (_same_argmax,),
        ),
        *(Metric(f"mse_{name}", f"MSE, {name}", "", 5, "low") for name in CLASSES),
    )
}


def _score(name, prediction, truth):
    metric = METRICS[name]
    images = _by_image(prediction, truth, metric.statistics)
    return metric.formula(*(_mean(images[statistic]) for statistic in metric.statistics))


def _mean(scores):
    return math.fsum(scores) / len(scores)  # exact, so that no order of the images changes it


def _by_image(prediction, truth, statistics) -> dict[_Statistic, np.ndarray]:
    """Each statistic of each image, (n,), on all cores; chunks of images bound the memory."""
    prediction, truth = np.asarray(prediction), np.asarray(truth)
    check_images("prediction", prediction)
    check_images("truth", truth)
    if prediction.shape != truth.shape:
        raise InputError(
            f"The prediction has the shape {prediction.shape}, but the truth {truth.shape}."
        )

    def of_chunk(start):
        chunk = slice(start, start + CHUNK)
        pair = _Pair(prediction[chunk], truth[chunk])
        return [_image_means(statistic(pair)) for statistic in statistics]

    with ThreadPoolExecutor(THREADS) as pool:
        chunks = list(pool.map(of_chunk, range(0, len(truth), CHUNK)))
    return dict(zip(statistics, map(np.concatenate, zip(*chunks, strict=True)), strict=True))


def _image_means(numbers):
    return numbers.mean(axis=tuple(range(1, numbers.ndim)))


def _checked_labels(labels, n):
    labels = np.asarray(labels)
    if labels.shape != (n,):
        raise InputError(f"The labels of {n} images are ({n},), not {labels.shape}.")
    if (
        not np.issubdtype(labels.dtype, np.integer)
        or not np.isin(labels, range(len(CLASSES))).all()
    ):
        raise InputError(f"Labels are whole numbers from 0 to {len(CLASSES) - 1}.")
    return labels
