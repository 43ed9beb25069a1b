"""What the functions that readers write are checked against: an entry for each exercise.

An entry is a reference, the inputs that it is tried on, and typical mistakes: each is a wrong
function, and the hint for whoever wrote one that does the same. `colorizer.exercises.check` asks
`fault` what is wrong with a reader's function.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import integrate, stats

RTOL, ATOL = 1e-5, 1e-7  # float32 is good enough
OTHER_NUMBERS = "Its numbers are not those of the equation."


@dataclass(frozen=True)
class Check:
    """How an exercise's function is checked.

    Attributes:
        right: the reference. Where it returns an array, shape and type of it are asked for, too;
            floating point of any width will do.
        calls: the arguments of each call.
        mistakes: hint to a wrong function. A reader's function that gives on every call what the
            wrong one gives, and not what is right, gets the hint.
        hint: where none of them is recognised.
        nearly: hint to a function of a result, such as its size without its sign. A reader's
            function whose results are right once that is done to them, too, gets the hint.
    """

    right: Callable
    calls: tuple[tuple, ...]
    mistakes: dict[str, Callable]
    hint: str
    nearly: dict[str, Callable] = field(default_factory=dict)


def fault(name: str, function: Callable) -> str | None:
    """What is wrong with a reader's function, in a sentence; None if nothing is.

    Args:
        name: of the exercise, in `CHECKS`.
        function: the reader's. What it raises goes on to the caller, apart from `ValueError`
            and `OverflowError`.
    """
    entry = CHECKS[name]
    given = [copy.deepcopy(call) for call in entry.calls]
    try:
        results = [function(*call) for call in given]
    except (ValueError, OverflowError) as error:  # shapes that do not fit, or too narrow a type
        return f"{entry.hint} It stopped with {type(error).__name__}: {error}."
    expected = [entry.right(*copy.deepcopy(call)) for call in entry.calls]
    wrong = [_difference(*pair) for pair in zip(results, expected, strict=True)]
    if any(wrong):
        for hint, mistake in entry.mistakes.items():
            theirs = [mistake(*copy.deepcopy(call)) for call in entry.calls]
            if not any(_difference(*pair) for pair in zip(results, theirs, strict=True)):
                return hint
        if set(wrong) <= {None, OTHER_NUMBERS}:
            for hint, part in entry.nearly.items():
                pairs = zip(map(part, results), map(part, expected), strict=True)
                if not any(_difference(*pair) for pair in pairs):
                    return hint
        return f"{entry.hint} {next(filter(None, wrong))}"
    if any(not _same(*pair) for pair in zip(given, entry.calls, strict=True)):
        return (
            "the result is right, but your function changes its input. Work on a copy. (Adding a "
            "number and taking it away again may leave a rounding error.)"
        )
    return None


def _difference(result, expected):
    """A sentence on how a result differs from what is expected, or None."""
    if isinstance(expected, tuple):
        if not isinstance(result, tuple | list) or len(result) != len(expected):
            return f"It should return {len(expected)} values."
        pairs = zip(result, expected, strict=True)
        return next(filter(None, (_difference(*pair) for pair in pairs)), None)
    try:
        result, expected = np.asarray(result), np.asarray(expected)
    except ValueError:  # rows of different lengths
        return "It should return an array."
    if result.shape != expected.shape:
        return f"It returns the shape {result.shape} where {expected.shape} is right."
    if result.dtype.kind not in "biuf":
        return "It should return numbers."
    if expected.dtype.kind != "f" and result.dtype != expected.dtype:
        return f"It returns the type {result.dtype} where {expected.dtype} is right."
    if not np.allclose(result, expected, RTOL, ATOL):
        return OTHER_NUMBERS
    return None


def _same(given, before):
    return all(np.array_equal(a, b) for a, b in zip(given, before, strict=True))


# ---- What colour is lost?

_WEIGHTS = np.array([0.299, 0.587, 0.114])
_WHOLE = np.array([9798, 19235, 3735])


def _bytes(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _floats(*shape, seed=0):
    return np.random.default_rng(seed).random(shape)


def _to_gray(rgb):
    return ((rgb.astype(np.int64) @ _WHOLE + 2**14) >> 15).astype(np.uint8)


# Pure blue, white, and colours that lie so near a half that the rounded weights decide.
_EDGES = np.array([[0, 0, 255], [255, 255, 255], [255, 0, 0], [0, 0, 5], [1, 123, 0]], np.uint8)

_GRAY = Check(
    right=_to_gray,
    calls=((_EDGES,), (_bytes(16, 16, 3),), (_bytes(4, 8, 8, 3),)),
    mistakes={
        "add a half, 2**14, before the shift; yours cuts instead of rounding.": (
            lambda rgb: ((rgb.astype(np.int64) @ _WHOLE) >> 15).astype(np.uint8)
        ),
        "the bytes overflow. Turn them into whole numbers with more room first.": (
            lambda rgb: (rgb * _WHOLE.astype(np.uint8)).sum(-1, dtype=np.uint8)
        ),
        "uint16 ends at 65,535, and the sum reaches eight million.": (
            lambda rgb: (
                (rgb.astype(np.uint16) @ _WHOLE.astype(np.uint16) + np.uint16(2**14)) >> 15
            ).astype(np.uint8)
        ),
        "these are the decimal weights. The whole numbers are rounded, so that one colour in "
        "seven hundred gets another level.": (lambda rgb: np.rint(rgb @ _WEIGHTS).astype(np.uint8)),
        "the channels are in the order red, green, blue; you took them for blue, green, red.": (
            lambda rgb: _to_gray(rgb[..., ::-1])
        ),
        "the levels are right, but not of the type uint8.": (
            lambda rgb: _to_gray(rgb).astype(np.int64)
        ),
        "this is the plain mean of the three channels. The equation weights them.": (
            lambda rgb: np.rint(rgb.mean(axis=-1)).astype(np.uint8)
        ),
    },
    hint="turn the bytes into whole numbers with more room, because a byte ends at 255. Multiply "
    "by the three weights, add, and shift.",
)

_OPPOSITE = Check(
    right=lambda rgb: 2 * (rgb @ _WEIGHTS)[..., np.newaxis] - rgb,
    calls=((_floats(5, 3),), (_floats(2, 4, 4, 3),)),
    mistakes={
        "this is the photographic negative, which inverts the gray as well.": lambda rgb: 1 - rgb,
        "this turns the colour around the plain mean. The gray is the weighted sum.": (
            lambda rgb: 2 * rgb.mean(axis=-1, keepdims=True) - rgb
        ),
        "this is the opposite chroma alone; the gray is missing.": (
            lambda rgb: (rgb @ _WEIGHTS)[..., np.newaxis] - rgb
        ),
        "do not clip: the exercise lets the result leave [0, 1].": (
            lambda rgb: np.clip(2 * (rgb @ _WEIGHTS)[..., np.newaxis] - rgb, 0, 1)
        ),
    },
    hint="write the colour as its gray plus its chroma, and change the sign of the second.",
)


# ---- Why divide by 255?


def _standardise(images, axis=(0, 1, 2)):
    centred = images - images.mean(axis=axis, keepdims=True)
    return centred / images.std(axis=axis, keepdims=True)


_STANDARDISE = Check(
    right=_standardise,
    calls=((_floats(6, 4, 5, 3) * [1, 2, 3] + [0, 1, 2],), (255 * _floats(3, 4, 4, 1),)),
    mistakes={
        "there is one mean and one deviation for each channel, not one for all.": (
            lambda images: _standardise(images, axis=None)
        ),
        "the mean is over the images as well; yours is each image's own.": (
            lambda images: _standardise(images, axis=(1, 2))
        ),
        "the mean is over rows and columns as well; yours is each pixel's own.": (
            lambda images: _standardise(images, axis=0)
        ),
        "divide by the standard deviation, not by the variance.": (
            lambda images: (images - images.mean((0, 1, 2))) / images.var((0, 1, 2))
        ),
        "the mean is right; the deviation is missing.": (
            lambda images: images - images.mean((0, 1, 2))
        ),
    },
    hint="mean and deviation are over images, rows and columns, and stay apart for each channel.",
)


def _to_bytes(values):
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)


def _wrapped(values):
    return values.astype(np.int64).astype(np.uint8)


_BYTES = Check(
    right=_to_bytes,
    calls=((np.array([-0.2, -0.001, 0, 0.4999, 0.5, 0.9999, 1, 1.3]),), (_floats(3, 4, 4, 3),)),
    mistakes={
        "round; yours cuts off what comes after the decimal point.": (
            lambda values: _wrapped(255 * np.clip(values, 0, 1))
        ),
        "clip to [0, 1] first; outside, bytes start over, and white turns black.": (
            lambda values: _wrapped(np.rint(255 * values))
        ),
        "white is level 255, so the factor is 255 and not 256.": (
            lambda values: _wrapped(np.minimum(np.rint(256 * np.clip(values, 0, 1)), 255))
        ),
        "white is level 255, so the factor is 255: 256 times 1 is 0 as a byte. Then round.": (
            lambda values: _wrapped(256 * np.clip(values, 0, 1))
        ),
        "the levels are right, but not of the type uint8.": (
            lambda values: np.rint(255 * np.clip(values, 0, 1))
        ),
    },
    hint="clip, multiply, round, and only then change the type.",
)


# ---- The encoder


def _zeros(side, k, stride):
    """Of the padding `same`, before and after."""
    total = max(stride * (-(-side // stride) - 1) + k - side, 0)
    return total // 2, total - total // 2


def _convolve(x, kernel, stride, zeros=_zeros, mode="constant"):
    margins = [zeros(side, len(kernel), stride) for side in x.shape[:2]]
    padded = np.pad(x, (*margins, (0, 0)), mode)
    patches = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[:2], axis=(0, 1))
    return np.einsum("ijcab,abcf->ijf", patches[::stride, ::stride], kernel)


_CONVOLVE = Check(
    right=_convolve,
    calls=(
        (_floats(8, 8, 2) - 0.5, _floats(3, 3, 2, 3, seed=1) - 0.5, 2),
        (_floats(7, 10, 1), _floats(3, 3, 1, 2, seed=1), 2),
        (_floats(8, 6, 2), _floats(5, 5, 2, 1, seed=1), 2),
        (_floats(5, 4, 2), _floats(3, 3, 2, 2, seed=1), 1),
        (_floats(6, 5, 2), _floats(1, 1, 2, 2, seed=1), 2),
    ),
    mistakes={
        "a single zero after the pixels is right for side 3 and stride 2 on an even side only. "
        "The equation has the number of zeros.": (
            lambda x, kernel, stride: _convolve(x, kernel, stride, lambda *sizes: (0, 1))
        ),
        "this flips the kernel, as mathematicians do. Keras does not.": (
            lambda x, kernel, stride: _convolve(x, kernel[::-1, ::-1], stride)
        ),
        "the zeros are missing; this is the padding `valid`.": (
            lambda x, kernel, stride: _convolve(x, kernel, stride, lambda *sizes: (0, 0))
        ),
        "your kernels stand too early. A zero that cannot be split goes after the pixels.": (
            lambda x, kernel, stride: _convolve(x, kernel, stride, lambda _, k, s: _zeros(9, k, 1))
        ),
        "height and width have paddings of their own.": (
            lambda x, kernel, stride: _convolve(
                x, kernel, stride, lambda _, k, s: _zeros(len(x), k, s)
            )
        ),
        "the stride is missing: the kernel stands at every pixel.": (
            lambda x, kernel, stride: _convolve(x, kernel, 1)
        ),
        "you put one zero on each side. `same` puts no more than it needs, here often a single "
        "one, after the last pixel.": (
            lambda x, kernel, stride: _convolve(x, kernel, stride, lambda *sizes: (1, 1))
        ),
        "the sums are asked for, without the ReLU.": (
            lambda *given: np.maximum(_convolve(*given), 0)
        ),
        "outside the picture there are zeros, not copies of its rim.": (
            lambda x, kernel, stride: _convolve(x, kernel, stride, mode="edge")
        ),
    },
    hint="pad with zeros, and sum over the patch and all channels at each place.",
)


def _field(layers, begin=1, more=1, grow=lambda field, k, old, new: field + (k - 1) * old):
    field, step = begin, 1
    for k, stride in layers:
        old, step = step, step * stride
        field = grow(field, k + 1 - more, old, step)
    return field, step


_FIELD = Check(
    right=_field,
    calls=(([(3, 2), (3, 2), (3, 2)],), ([(5, 1), (2, 2), (3, 3)],), ([(3, 1)],)),
    mistakes={
        "the field grows by the old step, the one before this layer's stride.": (
            lambda layers: _field(layers, grow=lambda field, k, old, new: field + (k - 1) * new)
        ),
        "the first of the k neighbours is in the field already; k - 1 steps come on top.": (
            lambda layers: _field(layers, more=0)
        ),
        "the steps are missing: neighbours stand d pixels apart, not one.": (
            lambda layers: _field(layers, grow=lambda field, k, old, new: field + k - 1)
        ),
        "begin with 1: a pixel sees itself.": lambda layers: _field(layers, begin=0),
        "strides multiply; yours are added.": (
            lambda layers: (_field(layers)[0], 1 + sum(stride for _, stride in layers))
        ),
        "the field comes first, then the step.": lambda layers: _field(layers)[::-1],
    },
    hint="go through the layers, and keep both numbers of the equation.",
)


# ---- The decoder


def _scatter(y, kernel, stride, put=np.add):
    (h, w, _), k = y.shape, len(kernel)
    x = np.zeros(((h - 1) * stride + k, (w - 1) * stride + k, kernel.shape[2]))
    for i, j in np.ndindex(h, w):
        place = np.s_[stride * i : stride * i + k, stride * j : stride * j + k]
        x[place] = put(x[place], kernel @ y[i, j])
    return x


def _scattered_mean(y, kernel, stride):
    copies = _scatter(np.ones((*y.shape[:2], 1)), np.ones((*kernel.shape[:2], 1, 1)), stride)
    return _scatter(y, kernel, stride) / np.maximum(copies, 1)


_SCATTER = Check(
    right=_scatter,
    calls=(
        (_floats(3, 4, 2) - 0.5, _floats(3, 3, 3, 2, seed=1) - 0.5, 2),
        (_floats(2, 3, 2), _floats(4, 4, 1, 2, seed=1), 3),
        (_floats(3, 3, 1), _floats(2, 2, 2, 1, seed=1), 1),
    ),
    mistakes={
        "copies that overlap add up; yours write over each other.": (
            lambda *given: _scatter(*given, put=lambda old, new: new)
        ),
        "copies that overlap add up; yours are averaged.": _scattered_mean,
        "the copies are those of the kernel itself, not flipped.": (
            lambda y, kernel, stride: _scatter(y, kernel[::-1, ::-1], stride)
        ),
        "nothing is cropped here: the last copy is there to its end.": (
            lambda y, kernel, stride: _scatter(y, kernel, stride)[
                : len(y) * stride, : y.shape[1] * stride
            ]
        ),
        "the stride is missing: copy i begins at s times i.": (
            lambda y, kernel, stride: _scatter(y, kernel, 1)
        ),
    },
    hint="each place of y adds a copy of the kernel, as strong as y is there.",
)


def _one_kernel(kernel, flip=-1, places=((0, 0), (0, 1), (1, 0), (1, 1))):
    k, _, inputs, outputs = kernel.shape
    large = np.zeros((k + 1, k + 1, outputs, inputs))
    for a, b in places:
        large[a : a + k, b : b + k] += kernel[::flip, ::flip].swapaxes(2, 3)
    return large


_ONE_KERNEL = Check(
    right=_one_kernel,
    calls=((_floats(3, 3, 2, 4),), (_floats(3, 3, 3, 1, seed=1),)),
    mistakes={
        "as a transposed convolution, the second step has the flipped kernel.": (
            lambda kernel: _one_kernel(kernel, flip=1)
        ),
        "a transposed convolution has the channels in the order out, in.": (
            lambda kernel: _one_kernel(kernel).swapaxes(2, 3)
        ),
        "flip the kernel, and exchange its channels: a transposed one has them as out, in.": (
            lambda kernel: _one_kernel(kernel, flip=1).swapaxes(2, 3)
        ),
        "a number becomes four equal ones, so four copies of the kernel add up.": (
            lambda kernel: _one_kernel(kernel, places=((0, 0),))
        ),
        "the four copies add up; yours are averaged.": lambda kernel: _one_kernel(kernel) / 4,
        "copies stand at all four shifts, and not on the diagonal alone.": (
            lambda kernel: _one_kernel(kernel, places=((0, 0), (1, 1)))
        ),
    },
    hint="what does a single 1 in the small picture become? It is enlarged to four equal numbers, "
    "and each of them puts down a copy.",
)


# ---- What can 256 numbers hold?


def _axes(matrix, k, first=True):
    axes = np.linalg.eigh(matrix)[1]
    axes = axes[:, ::-1][:, :k] if first else axes[:, :k]
    return axes * np.where(axes[0] < 0, -1, 1)


def _pca(x, k, **settings):
    centred = x - x.mean(axis=0)
    return x.mean(axis=0), _axes(centred.T @ centred, k, **settings)


_PCA = Check(
    right=_pca,
    calls=((_floats(40, 6) * np.arange(1, 7) + 5, 3), (_floats(30, 4, seed=1) - 2, 2)),
    mistakes={
        "these are the weakest axes; `eigh` sorts from small to large.": (
            lambda x, k: _pca(x, k, first=False)
        ),
        "subtract the mean before you multiply.": (
            lambda x, k: (x.mean(axis=0), _axes(x.T @ x, k))
        ),
        "the mean is over the vectors, axis 0; yours is over the numbers of each.": (
            lambda x, k: (x.mean(axis=1), _pca(x, k)[1])
        ),
        "the axes stand in rows; return them as columns.": (
            lambda x, k: (x.mean(axis=0), _pca(x, k)[1].T)
        ),
        "the covariance has a row for each number of a vector, not for each vector.": (
            lambda x, k: (
                x.mean(axis=0),
                _axes((x - x.mean(axis=0)) @ (x - x.mean(axis=0)).T, k),
            )
        ),
    },
    hint="the strongest eigenvectors of the covariance matrix, with their signs set.",
    nearly={
        "the axes are right, but not their signs: each has a positive first number.": (
            lambda result: (result[0], np.abs(result[1]))
        ),
        "these are the right axes in another order. The strongest comes first.": (
            lambda result: (result[0], np.sort(np.abs(result[1]), axis=1))
        ),
    },
)


def _restore(x, mean, axes):
    return (x - mean) @ axes @ axes.T + mean


_RESTORE = Check(
    right=_restore,
    calls=((_floats(5, 6), _floats(6, seed=1), np.linalg.qr(_floats(6, 2, seed=2))[0]),),
    mistakes={
        "this is the code; the way back is missing.": lambda x, mean, axes: (x - mean) @ axes,
        "add the mean on the way back.": lambda x, mean, axes: (x - mean) @ axes @ axes.T,
        "subtract the mean on the way in.": lambda x, mean, axes: x @ axes @ axes.T + mean,
        "the mean is missing on both ways.": lambda x, mean, axes: x @ axes @ axes.T,
    },
    hint="vectors are rows here: `axes` on their right makes the code, its transpose the way back.",
)


# ---- Activations and beginnings


def _by_rule(variance):
    """Standard normal numbers of a kernel's shape, (k, k, c, f), to that variance."""
    return lambda normal: normal * np.sqrt(variance(normal, np.prod(normal.shape[:3])))


_HE = Check(
    right=_by_rule(lambda _, n_in: 2 / n_in),
    calls=((_floats(3, 3, 4, 7),), (_floats(5, 5, 6, 2, seed=1),)),
    mistakes={
        "the factor is a standard deviation; take the root of the variance.": (
            lambda normal: normal * 2 / np.prod(normal.shape[:3])
        ),
        "the 2 is missing, which makes up for the ReLU.": _by_rule(lambda _, n_in: 1 / n_in),
        "a sum runs over the places of the kernel too, not over the channels alone.": (
            _by_rule(lambda normal, _: 2 / normal.shape[2])
        ),
        "you counted the outputs; a sum runs over what comes in.": (
            _by_rule(lambda normal, _: 2 * normal.shape[2] / normal[..., 0].size / normal.shape[3])
        ),
        "you counted all numbers of the kernel; one output uses only its own.": (
            _by_rule(lambda normal, _: 2 / normal.size)
        ),
        "this is Glorot's rule.": (
            _by_rule(lambda normal, n_in: 2 / (n_in * (1 + normal.shape[3] / normal.shape[2])))
        ),
    },
    hint="how many terms has one sum? The variance is 2 over their number. Scale the numbers that "
    "you are given.",
)


def _leaky(gradient, a, alpha):
    return gradient * np.where(a > 0, 1, alpha)


_LEAKY = Check(
    right=_leaky,
    calls=((_floats(6, 5) - 0.5, np.rint(4 * _floats(6, 5, seed=1)) - 2, 0.3),),
    mistakes={
        "this is the slope alone; multiply it by the gradient.": (
            lambda gradient, a, alpha: np.where(a > 0, 1, alpha)
        ),
        "the sign of `a` decides, not that of the gradient.": (
            lambda gradient, a, alpha: _leaky(gradient, gradient, alpha)
        ),
        "the leak is missing: below zero this is a plain ReLU.": (
            lambda gradient, a, alpha: _leaky(gradient, a, 0)
        ),
        "this is the forward pass.": lambda gradient, a, alpha: _leaky(a, a, alpha),
        "at a = 0 the slope is alpha.": (
            lambda gradient, a, alpha: gradient * np.where(a >= 0, 1, alpha)
        ),
        "the two slopes are exchanged.": (
            lambda gradient, a, alpha: gradient * np.where(a > 0, alpha, 1)
        ),
    },
    hint="the gradient times the slope at `a`.",
)


# ---- Training the paper's model


def _split(prediction, truth):
    error = prediction - truth
    seen = (error @ _WEIGHTS) ** 2 / (_WEIGHTS @ _WEIGHTS)
    return np.mean(seen) / 3, np.mean(np.sum(error**2, axis=-1) - seen) / 3


def _split_without_length(prediction, truth):
    error = prediction - truth
    seen = (error @ _WEIGHTS) ** 2
    return np.mean(seen) / 3, np.mean(np.sum(error**2, axis=-1) - seen) / 3


def _split_by_chroma(prediction, truth):
    error = prediction - truth
    gray = (error @ _WEIGHTS)[..., np.newaxis]
    return np.mean(gray**2), np.mean((error - gray) ** 2)


_SPLIT = Check(
    right=_split,
    calls=((_floats(4, 5, 5, 3), _floats(4, 5, 5, 3, seed=1)),),
    mistakes={
        "your two parts are those of a pixel, and a pixel has three numbers.": (
            lambda prediction, truth: tuple(3 * part for part in _split(prediction, truth))
        ),
        "the weights' length is not 1: divide by its square.": _split_without_length,
        "this takes the same gray away from all three channels. The equation takes away the part "
        "along the weights.": _split_by_chroma,
        "the luminance is right; the rest is taken as what all three channels have beside it. "
        "In the equation it is the part at right angles to the weights.": (
            lambda prediction, truth: (
                _split(prediction, truth)[0],
                _split_by_chroma(prediction, truth)[1],
            )
        ),
        "the luminance comes first, then the chroma.": (
            lambda prediction, truth: _split(prediction, truth)[::-1]
        ),
    },
    hint="project the error of each pixel onto the weights; the rest is the chroma.",
)


def _psnr(prediction, truth):
    return np.mean(-10 * np.log10(np.mean((prediction - truth) ** 2, axis=(1, 2, 3))))


_PSNR = Check(
    right=_psnr,
    calls=(
        (_floats(4, 5, 5, 3), _floats(4, 5, 5, 3, seed=1) * np.arange(1, 5).reshape(4, 1, 1, 1)),
    ),
    mistakes={
        "this is the ratio of the mean error; asked for is the mean of the images' ratios.": (
            lambda prediction, truth: -10 * np.log10(np.mean((prediction - truth) ** 2))
        ),
        "the logarithm is that to the base 10, not the natural one.": (
            lambda prediction, truth: np.log(10) * _psnr(prediction, truth)
        ),
        "the factor is 10 where the MSE is in the logarithm; 20 belongs to its root.": (
            lambda prediction, truth: 2 * _psnr(prediction, truth)
        ),
        "each image has one error, over its rows, columns and channels.": (
            lambda prediction, truth: np.mean(
                -10 * np.log10(np.mean((prediction - truth) ** 2, axis=-1))
            )
        ),
        "the sign is wrong: a small error is a high ratio.": (
            lambda prediction, truth: -_psnr(prediction, truth)
        ),
    },
    hint="one error for each image, its logarithm, and at last the mean.",
)

# ---- The loss


def _huber(prediction, truth, delta, value=None, slope=None):
    e = prediction - truth
    small = np.abs(e) <= delta
    value = delta * np.abs(e) - delta**2 / 2 if value is None else value(e)
    slope = delta * np.sign(e) if slope is None else slope(e)
    return np.mean(np.where(small, e**2 / 2, value)), np.where(small, e, slope) / e.size


def _one_sided(prediction, truth, delta):
    e = prediction - truth
    value = np.where(e <= delta, e**2 / 2, delta * np.abs(e) - delta**2 / 2)
    return np.mean(value), np.where(e <= delta, e, delta) / e.size


_SMOOTH_L1 = Check(
    right=_huber,
    calls=(
        (_floats(4, 5), _floats(4, 5, seed=1), 0.2),
        (3 * _floats(7, seed=2), 3 * _floats(7, seed=3), 1.0),
    ),
    mistakes={
        "the line misses the parabola at delta: subtract half of the square of delta.": (
            lambda p, y, delta: _huber(p, y, delta, value=lambda e: delta * np.abs(e) - 0.5)
        ),
        "the line has the slope delta, where it leaves the parabola.": (
            lambda p, y, delta: _huber(p, y, delta, value=lambda e: np.abs(e) - 0.5, slope=np.sign)
        ),
        "the loss is right; beyond delta its slope is delta, not 1.": (
            lambda p, y, delta: _huber(p, y, delta, slope=np.sign)
        ),
        "the loss is a mean, so divide the gradient by the number of values.": (
            lambda p, y, delta: (_huber(p, y, delta)[0], y.size * _huber(p, y, delta)[1])
        ),
        "the loss is a mean; yours is a sum.": (
            lambda p, y, delta: tuple(y.size * part for part in _huber(p, y, delta))
        ),
        "the gradient has the wrong sign: the error is prediction minus truth.": (
            lambda p, y, delta: (_huber(p, y, delta)[0], -_huber(p, y, delta)[1])
        ),
        "compare the size of the error with delta, so that negative errors count too.": _one_sided,
    },
    hint="a parabola up to delta, then a line. Where they meet, at an error of delta, both have "
    "the value delta² / 2 and the slope delta.",
)


def _annealed(p, colours, temperature, power=lambda p, t: p ** (1 / t), axis=-1):
    weights = power(p, temperature)
    return weights / weights.sum(axis=axis, keepdims=True) @ colours


_ANNEALED = Check(
    right=_annealed,
    calls=(
        (_floats(3, 5) / _floats(3, 5).sum(axis=-1, keepdims=True), _floats(5, 2, seed=1), 0.4),
        (np.array([[0.1, 0.6, 0.3], [0.5, 0.25, 0.25]]), _floats(3, 3, seed=2), 0.5),
    ),
    mistakes={
        "the weights no longer add up to 1; divide by their sum.": (
            lambda p, colours, t: p ** (1 / t) @ colours
        ),
        "the power is 1 / T. Yours makes the distribution flatter, not sharper.": (
            lambda p, colours, t: _annealed(p, colours, t, power=lambda p, t: p**t)
        ),
        "this is the softmax of p itself. Take the power of p.": (
            lambda p, colours, t: _annealed(p, colours, t, power=lambda p, t: np.exp(p / t))
        ),
        "this is the plain mean, where T is 1.": lambda p, colours, t: p @ colours,
        "this is the mode, where T goes to 0.": lambda p, colours, t: colours[p.argmax(axis=-1)],
        "each row is a distribution of its own; divide each by its own sum.": (
            lambda p, colours, t: _annealed(p, colours, t, axis=None)
        ),
    },
    hint="raise p to the power 1 / T, divide by the sum over the bins, and take the mean.",
)


# ---- Backpropagation


def _by_output(x, y, first, second):
    return 2 * (np.maximum(x @ first, 0) @ second - y) / y.size


def _by_hidden(x, y, first, second):
    return _by_output(x, y, first, second) @ second.T


def _backward(x, y, first, second, slope=lambda a: a > 0):
    a = x @ first
    return (
        x.T @ (_by_hidden(x, y, first, second) * slope(a)),
        np.maximum(a, 0).T @ _by_output(x, y, first, second),
    )


def _scaled(function, factor):
    return lambda *given: tuple(factor(*given) * part for part in function(*given))


_BACKWARD = Check(
    right=_backward,
    calls=((_floats(6, 4) - 0.5, _floats(6, 3, seed=1), _floats(4, 5) - 0.5, _floats(5, 3) - 0.5),),
    mistakes={
        "the ReLU is missing on the way back: its slope is 1 where a > 0, and else 0.": (
            lambda *given: _backward(*given, slope=np.ones_like)
        ),
        "the slope of a square is twice the error; the 2 is missing.": (
            _scaled(_backward, lambda *given: 0.5)
        ),
        "the loss is a mean; divide by the number of its values, `y.size`.": (
            _scaled(_backward, lambda x, y, *_: y.size)
        ),
        "the mean is over all values of `y`; you divide by the number of images.": (
            _scaled(_backward, lambda x, y, *_: y.shape[1])
        ),
        "the sign is wrong: the error is the prediction minus the truth.": (
            _scaled(_backward, lambda *given: -1)
        ),
        "the sign of `a` decides what passes the ReLU, not that of the gradient.": (
            lambda x, y, first, second: (
                x.T @ np.maximum(_by_hidden(x, y, first, second), 0),
                _backward(x, y, first, second)[1],
            )
        ),
        "the second matrix was multiplied by h. So h stands in its gradient, and not `a`.": (
            lambda x, y, first, second: (
                _backward(x, y, first, second)[0],
                (x @ first).T @ _by_output(x, y, first, second),
            )
        ),
        "the gradient by the first matrix comes first.": lambda *given: _backward(*given)[::-1],
    },
    hint="walk back: the loss, the second matrix, the ReLU, the first matrix.",
)


def _numerical(function, theta, tau):
    nudges = tau * np.eye(theta.size)
    return np.array([(function(theta + d) - function(theta - d)) / (2 * tau) for d in nudges])


def _numerical_left_behind(function, theta, tau):
    return np.array(
        [
            _numerical(function, theta - tau * (np.arange(theta.size) < i), tau)[i]
            for i in range(theta.size)
        ]
    )


_NUMERICAL = Check(
    right=_numerical,
    calls=((lambda theta: np.prod(theta) + np.sum(theta**3), _floats(4), 0.1),),
    mistakes={
        "this nudges to one side only. Take the losses on both sides.": (
            lambda f, theta, tau: np.array([f(theta + d) - f(theta) for d in tau * np.eye(4)]) / tau
        ),
        "the two points are 2 tau apart; you divide by tau.": (
            lambda f, theta, tau: 2 * _numerical(f, theta, tau)
        ),
        "nudge one entry at a time; yours moves all of them together.": (
            lambda f, theta, tau: np.full(4, (f(theta + tau) - f(theta - tau)) / (2 * tau))
        ),
        "a nudge stays behind. Put the entry back before you nudge the next.": (
            _numerical_left_behind
        ),
        "the sign is wrong: it is the loss ahead minus the loss behind.": (
            lambda f, theta, tau: -_numerical(f, theta, tau)
        ),
    },
    hint="for each entry: the loss with tau more, minus the loss with tau less, over 2 tau.",
)


# ---- Optimisers


def _nesterov(g, m, s, t, eta, beta):
    m = beta * m + g
    return -eta * (g + beta * m), m, s


_NESTEROV = Check(
    right=_nesterov,
    calls=(
        (_floats(5) - 0.5, np.zeros(5), np.zeros(5), 1, 0.1, 0.9),
        (_floats(5) - 0.5, _floats(5, seed=1) - 0.5, _floats(5, seed=2), 3, 0.2, 0.8),
    ),
    mistakes={
        "this is plain momentum. In g + beta m stands the new m, not the old one.": (
            lambda g, m, s, t, eta, beta: (-eta * (beta * m + g), beta * m + g, s)
        ),
        "this climbs. The change is minus eta times the step.": (
            lambda g, m, s, t, eta, beta: (eta * (g + beta * (beta * m + g)), beta * m + g, s)
        ),
        "you return the old m; the next step needs the new one.": (
            lambda g, m, *rest: (_nesterov(g, m, *rest)[0], m, rest[0])
        ),
        "Keras keeps eta inside m. Here m holds none: it is beta m + g.": (
            lambda g, m, s, t, eta, beta: (
                beta * (beta * m - eta * g) - eta * g,
                beta * m - eta * g,
                s,
            )
        ),
        "this m is a mean, which Adam keeps. Momentum adds g whole.": (
            lambda g, m, *rest: _nesterov(g, m - g, *rest)  # beta (m - g) + g
        ),
    },
    hint="first the new m, then the change, minus eta times g + beta m.",
)


def _adam(g, m, s, t, eta, beta_1, beta_2, epsilon, correct=(True, True), power=pow, root=np.sqrt):
    m = beta_1 * m + (1 - beta_1) * g
    s = beta_2 * s + (1 - beta_2) * g**2
    m_hat = m / (1 - power(beta_1, t)) if correct[0] else m
    s_hat = s / (1 - power(beta_2, t)) if correct[1] else s
    return -eta * m_hat / (root(s_hat) + epsilon), m, s


def _adam_as_printed(g, m, s, t, eta, beta_1, beta_2, epsilon):
    _, m, s = _adam(g, m, s, t, eta, beta_1, beta_2, epsilon)
    m_hat, s_hat = m / (1 - beta_1**t), s / (1 - beta_2**t)
    return -eta * m_hat / np.sqrt(s_hat + epsilon), m, s


def _adam_remembers(g, m, s, t, eta, beta_1, beta_2, epsilon):
    change, m, s = _adam(g, m, s, t, eta, beta_1, beta_2, epsilon)
    return change, m / (1 - beta_1**t), s / (1 - beta_2**t)


_ADAM = Check(
    right=_adam,
    calls=(
        (_floats(5) - 0.5, np.zeros(5), np.zeros(5), 1, 0.1, 0.9, 0.99, 0.01),
        (_floats(5) - 0.5, _floats(5, seed=1) - 0.5, _floats(5, seed=2), 4, 0.2, 0.2, 0.1, 0.01),
    ),
    mistakes={
        "the bias correction is missing: divide m and s by what their weights add up to.": (
            lambda *given: _adam(*given, correct=(False, False))
        ),
        "m is corrected, s is not.": lambda *given: _adam(*given, correct=(True, False)),
        "s is corrected, m is not.": lambda *given: _adam(*given, correct=(False, True)),
        "in the correction beta is raised to the power t, not multiplied by it.": (
            lambda *given: _adam(*given, power=lambda beta, t: beta * t)
        ),
        "in the correction beta is raised to the power t; yours divides by 1 - beta each time.": (
            lambda *given: _adam(*given, power=lambda beta, t: beta)
        ),
        "the root is missing: the step is divided by the root of s, plus epsilon.": (
            lambda *given: _adam(*given, root=lambda s: s)
        ),
        "this is Keras's place for epsilon, where the correction of s acts on it. The equation "
        "corrects s first.": (
            lambda *given: _adam(*given[:-1], given[-1] / np.sqrt(1 - given[6] ** given[3]))
        ),
        "epsilon stands inside the root, as in the paper. It belongs outside.": _adam_as_printed,
        "this climbs, as the paper's Adam does. The change is minus eta times …": (
            lambda *given: (-_adam(*given)[0], *_adam(*given)[1:])
        ),
        "you return the corrected means. The memories are the uncorrected ones.": _adam_remembers,
    },
    hint="four lines of the chapter, in their order: m, s, their corrections, the change.",
)

# ---- Skip connections


def _enlarge(x, kernel, places="niajbc"):
    n, h, w, _ = x.shape
    return np.einsum(f"nijf,abcf->{places}", x, kernel).reshape(n, 2 * h, 2 * w, -1)


_ENLARGE = Check(
    right=_enlarge,
    calls=(
        (_floats(2, 3, 4, 5) - 0.5, _floats(2, 2, 3, 5, seed=1) - 0.5),
        (_floats(1, 4, 4, 2), _floats(2, 2, 1, 2, seed=1)),
    ),
    mistakes={
        "this puts four copies of the whole map side by side. Each place becomes four.": (
            lambda x, kernel: _enlarge(x, kernel, "naibjc")
        ),
        "rows and columns of the kernel are exchanged.": (
            lambda x, kernel: _enlarge(x, kernel.swapaxes(0, 1))
        ),
        "the kernel is not flipped: its first row makes the upper places.": (
            lambda x, kernel: _enlarge(x, kernel[::-1, ::-1])
        ),
        "all four places get the same numbers; each has a kernel of its own.": (
            lambda x, kernel: _enlarge(x, np.broadcast_to(kernel[0, 0], kernel.shape))
        ),
    },
    hint="place (2i + a, 2j + b) is the kernel's part (a, b), applied to place (i, j).",
)


def _best_factor(p, t):
    return np.vdot(p, t) / np.vdot(p, p)


_BEST_FACTOR = Check(
    right=_best_factor,
    calls=((_floats(4, 3, 3, 3) - 0.3, _floats(4, 3, 3, 3, seed=1) - 0.4),),
    mistakes={
        "this divides by the square of the truth, which fits the prediction to the truth.": (
            lambda p, t: _best_factor(t, p)
        ),
        "this line has an intercept. A factor alone leaves gray where it is.": (
            lambda p, t: _best_factor(p - p.mean(), t)
        ),
        "this makes the prediction as strong as the truth, even where its colours are wrong.": (
            lambda p, t: np.linalg.norm(t) / np.linalg.norm(p)
        ),
        "this is a mean of ratios. Take the ratio of two means.": (lambda p, t: np.mean(t / p)),
        "one factor serves all images; yours is the mean of one for each.": (
            lambda p, t: np.mean([_best_factor(*pair) for pair in zip(p, t, strict=True)])
        ),
    },
    hint="the derivative of the mean square of t - q p by q is zero there.",
)


# ---- The view from one pixel


def _effective_side(
    influence,
    place,
    share,
    apart=lambda i, j: np.maximum(abs(i), abs(j)),
    side=lambda d: 2 * d + 1,
):
    i, j = np.indices(influence.shape)
    distance = apart(i - place[0], j - place[1])
    for d in range(max(influence.shape)):
        if influence[distance <= d].sum() >= share * influence.sum():
            return side(d)
    return None


_INFLUENCE = _floats(11, 14) * np.exp(-np.hypot(*np.ogrid[-3:8, -8:6]) / 3)

_EFFECTIVE_SIDE = Check(
    right=_effective_side,
    calls=((_INFLUENCE, (3, 8), 0.5), (_INFLUENCE, (3, 8), 0.9), (_INFLUENCE / 40, (3, 8), 0.7)),
    mistakes={
        "this is how far the square reaches. Its side is 2 d + 1.": (
            lambda *given: _effective_side(*given, side=lambda d: d)
        ),
        "the middle pixel is missing: a square that reaches d pixels has the side 2 d + 1.": (
            lambda *given: _effective_side(*given, side=lambda d: 2 * d)
        ),
        "the influence need not add up to one. Compare with a share of its sum.": (
            lambda influence, place, share: _effective_side(
                influence, place, min(1, share / influence.sum())
            )
        ),
        "this is a circle. In a square the larger of the two distances counts.": (
            lambda *given: _effective_side(*given, apart=np.hypot)
        ),
        "the square stands around `place`, not around the middle of the picture.": (
            lambda influence, place, share: _effective_side(influence, (5, 7), share)
        ),
    },
    hint="let the square grow until it holds the share.",
)


def _occlude(image, side, step, fill=lambda image, square: image.mean(), end=1, keep=False):
    rows, columns = (range(0, n - side + end, step) for n in image.shape[:2])
    copies, copy_ = [], image.copy()
    for i in rows:
        for j in columns:
            copy_ = copy_.copy() if keep else image.copy()
            square = copy_[i : i + side, j : j + side]
            square[...] = fill(image, square)
            copies.append(copy_)
    return np.array(copies)


_OCCLUDE = Check(
    right=_occlude,
    calls=((_floats(8, 8, 1), 4, 2), (_floats(7, 10, 1), 3, 2)),
    mistakes={
        "the last places are missing: a square may end where the picture ends.": (
            lambda *given: _occlude(*given, end=0)
        ),
        "your squares are black. Fill them with the mean gray of the picture.": (
            lambda *given: _occlude(*given, fill=lambda image, square: 0)
        ),
        "this fills a square with its own mean. Take that of the whole picture.": (
            lambda *given: _occlude(*given, fill=lambda image, square: square.mean())
        ),
        "the squares pile up. Begin each time with a new copy of the picture.": (
            lambda *given: _occlude(*given, keep=True)
        ),
        "go row by row: the first squares stand side by side at the top.": (
            lambda image, side, step: _occlude(image.swapaxes(0, 1), side, step).swapaxes(1, 2)
        ),
    },
    hint="one copy of the picture for each place, and in each one square.",
)

# ---- Batch normalisation


def _batch_norm(x, gamma, beta, epsilon, axes=(0, 1, 2), root=np.sqrt):
    centred = x - x.mean(axes, keepdims=True)
    return gamma * centred / root(x.var(axes, keepdims=True) + epsilon) + beta


_MAPS = _floats(6, 3, 4, 5) * np.arange(1, 6) + np.arange(5)
_PAIR = _floats(5, seed=1) + 0.5, _floats(5, seed=2) - 0.5

_BATCH_NORM = Check(
    right=_batch_norm,
    calls=((_MAPS, *_PAIR, 0.1), (100 * _floats(4, 2, 2, 3) - 50, np.ones(3), np.zeros(3), 1e-3)),
    mistakes={
        "there is one mean for each channel. Yours is one for each place of each channel.": (
            lambda *given: _batch_norm(*given, axes=0)
        ),
        "this averages within each image. The batch is to be averaged over, too.": (
            lambda *given: _batch_norm(*given, axes=(1, 2))
        ),
        "this is one mean for all channels together.": (
            lambda *given: _batch_norm(*given, axes=(0, 1, 2, 3))
        ),
        "this averages over the channels of each image: it is layer normalisation.": (
            lambda *given: _batch_norm(*given, axes=(1, 2, 3))
        ),
        "divide by the root of variance plus epsilon, not by the variance.": (
            lambda *given: _batch_norm(*given, root=np.abs)
        ),
        "the variance divides by n here, and not by n - 1 (NumPy's ddof is 0).": (
            lambda x, gamma, beta, epsilon: (
                gamma * (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2), ddof=1) + epsilon) + beta
            )
        ),
        "epsilon stands inside the root.": (
            lambda x, gamma, beta, epsilon: (
                gamma * (x - x.mean((0, 1, 2))) / (x.std((0, 1, 2)) + epsilon) + beta
            )
        ),
        "epsilon is missing under the root.": (
            lambda x, gamma, beta, epsilon: _batch_norm(x, gamma, beta, 0)
        ),
        "beta is missing; it is added at the end.": (
            lambda x, gamma, beta, epsilon: _batch_norm(x, gamma, 0, epsilon)
        ),
        "gamma is missing.": lambda x, gamma, beta, epsilon: _batch_norm(x, 1, beta, epsilon),
        "this is x hat; gamma and beta are missing.": (
            lambda x, gamma, beta, epsilon: _batch_norm(x, 1, 0, epsilon)
        ),
        "gamma multiplies x hat alone, and not beta.": (
            lambda x, gamma, beta, epsilon: _batch_norm(x, gamma, gamma * beta, epsilon)
        ),
    },
    hint="mean and variance are over images, rows and columns; then the four steps.",
)


def _deviation(x, epsilon, axes=(0, 1, 2)):
    return np.sqrt(x.var(axes, keepdims=True) + epsilon)


def _batch_norm_backward(g, x, gamma, epsilon, axes=(0, 1, 2), mean=1, along=1, total=np.sum):
    deviation = _deviation(x, epsilon, axes)
    x_hat = (x - x.mean(axes, keepdims=True)) / deviation
    by_mean = g.mean(axes, keepdims=True)
    by_scale = x_hat * (g * x_hat).mean(axes, keepdims=True)
    of_x = gamma / deviation * (g - mean * by_mean - along * by_scale)
    return of_x, total(g * x_hat, axis=(0, 1, 2)), total(g, axis=(0, 1, 2))


def _backward_parts(change):
    """With the three gradients changed by `change(parts, x, gamma, epsilon)`."""
    return lambda g, x, gamma, epsilon: change(
        _batch_norm_backward(g, x, gamma, epsilon), g, x, gamma, epsilon
    )


_BATCH_NORM_BACKWARD = Check(
    right=_batch_norm_backward,
    calls=((_floats(6, 3, 4, 5, seed=3) - 0.3, _MAPS, _PAIR[0], 0.1),),
    mistakes={
        "mean and deviation depend on x as well. This is the direct way alone.": (
            lambda *given: _batch_norm_backward(*given, mean=0, along=0)
        ),
        "the way through the variance is missing: the part along x hat.": (
            lambda *given: _batch_norm_backward(*given, along=0)
        ),
        "the way through the mean is missing: the mean of g.": (
            lambda *given: _batch_norm_backward(*given, mean=0)
        ),
        "the means are over images, rows and columns; yours are over the images alone.": (
            lambda *given: _batch_norm_backward(*given, axes=0)
        ),
        "gamma is missing in the gradient of x.": _backward_parts(
            lambda parts, g, x, gamma, epsilon: (parts[0] / gamma, *parts[1:])
        ),
        "divide the gradient of x by the deviation, the root of variance plus epsilon.": (
            _backward_parts(
                lambda parts, g, x, gamma, epsilon: (parts[0] * _deviation(x, epsilon), *parts[1:])
            )
        ),
        "the gradients of gamma and beta are sums over the channel, not means.": (
            lambda *given: _batch_norm_backward(*given, total=np.mean)
        ),
        "the gradient of gamma is a sum over the channel, not a mean.": _backward_parts(
            lambda parts, g, x, gamma, epsilon: (
                parts[0],
                parts[1] * np.size(gamma) / x.size,
                parts[2],
            )
        ),
        "in the gradient of gamma stands x hat, not x.": _backward_parts(
            lambda parts, g, x, gamma, epsilon: (parts[0], (g * x).sum((0, 1, 2)), parts[2])
        ),
        "the order is x, gamma, beta.": _backward_parts(
            lambda parts, g, x, gamma, epsilon: (parts[0], parts[2], parts[1])
        ),
    },
    hint="first x hat, as in the forward pass, then the two equations.",
)


# ---- Inference


def _moving_averages(batches, rho, start=(0.0, 1.0), axes=(0, 1, 2), ddof=0, correct=False):
    mean, variance = (np.full(batches.shape[-1], value) for value in start)
    for batch in batches:
        mean = rho * mean + (1 - rho) * batch.mean(axes)
        variance = rho * variance + (1 - rho) * batch.var(axes, ddof=ddof)
    share = 1 - rho ** len(batches) if correct else 1
    return mean / share, variance / share


_BATCHES = _floats(4, 6, 2, 3, 5) * np.arange(1, 6) + np.arange(5) - 1

_MOVING_AVERAGES = Check(
    right=_moving_averages,
    calls=((_BATCHES, 0.9), (_BATCHES[:2], 0.7)),
    mistakes={
        "rho is the share of the old average. Yours is that of the new batch, as in PyTorch.": (
            lambda batches, rho: _moving_averages(batches, 1 - rho)
        ),
        "the moving variance starts at 1, and the moving mean at 0.": (
            lambda batches, rho: _moving_averages(batches, rho, start=(0.0, 0.0))
        ),
        "both start before the first batch, the mean at 0 and the variance at 1.": (
            lambda batches, rho: _moving_averages(
                batches[1:], rho, (batches[0].mean((0, 1, 2)), batches[0].var((0, 1, 2)))
            )
        ),
        "this corrects the start, as Adam does. Keras's layer does not.": (
            lambda batches, rho: _moving_averages(batches, rho, (0.0, 0.0), correct=True)
        ),
        "divide the sum of squares by n, not by n - 1.": (
            lambda batches, rho: _moving_averages(batches, rho, ddof=1)
        ),
        "these are plain means over the batches; the newest should count most.": (
            lambda batches, rho: (
                batches.mean((1, 2, 3)).mean(0),
                batches.var((1, 2, 3)).mean(0),
            )
        ),
        "these are averages of the standard deviation. Average the variance.": (
            lambda batches, rho: (
                _moving_averages(batches, rho)[0],
                sum(
                    (
                        (1 - rho) * rho**age * batch.std((0, 1, 2))
                        for age, batch in enumerate(batches[::-1])
                    ),
                    start=rho ** len(batches),
                ),
            )
        ),
    },
    hint="begin with zeros and ones, and go through the batches in their order.",
)


def _fold(kernel, bias, gamma, beta, mean, variance, epsilon):
    a = gamma / np.sqrt(variance + epsilon)
    return a * kernel, a * (bias - mean) + beta


_FOLD = Check(
    right=_fold,
    calls=(
        (
            _floats(3, 3, 4, 4) - 0.5,
            *(_floats(4, seed=seed) + 0.2 for seed in (1, 2, 3, 4, 5)),
            0.05,
        ),
    ),
    mistakes={
        "epsilon is missing under the root.": (lambda *given: _fold(*given[:-1], 0)),
        "take the root: gamma is divided by a standard deviation.": (
            lambda kernel, bias, gamma, beta, mean, variance, epsilon: _fold(
                kernel, bias, gamma, beta, mean, (variance + epsilon) ** 2, 0
            )
        ),
        "the convolution's own bias is missing. It is normalised, too.": (
            lambda kernel, bias, *rest: _fold(kernel, 0 * bias, *rest)
        ),
        "the bias keeps its size. It is multiplied by the slope a, as the kernel is.": (
            lambda kernel, bias, gamma, beta, mean, variance, epsilon: (
                _fold(kernel, bias, gamma, beta, mean, variance, epsilon)[0],
                _fold(kernel, 0, gamma, beta, mean, variance, epsilon)[1] + bias,
            )
        ),
        "the moving mean is missing in the bias.": (
            lambda kernel, bias, gamma, beta, mean, *rest: _fold(
                kernel, bias, gamma, beta, 0 * mean, *rest
            )
        ),
        "subtract the mean before you multiply by the slope a.": (
            lambda kernel, bias, gamma, beta, mean, variance, epsilon: (
                _fold(kernel, bias, gamma, beta, mean, variance, epsilon)[0],
                _fold(kernel, bias, gamma, beta, 0, variance, epsilon)[1] - mean,
            )
        ),
        "beta is missing in the bias.": (
            lambda kernel, bias, gamma, beta, *rest: _fold(kernel, bias, gamma, 0 * beta, *rest)
        ),
        "each output channel has its own slope. The outputs are the kernel's last axis.": (
            lambda kernel, *rest: (
                _fold(kernel.swapaxes(2, 3), *rest)[0].swapaxes(2, 3),
                _fold(kernel, *rest)[1],
            )
        ),
        "the kernel has to change as well.": (
            lambda kernel, *rest: (kernel, _fold(kernel, *rest)[1])
        ),
    },
    hint="put the convolution into the line a x + b, and collect what multiplies the kernel.",
)


# ---- The learning rate


def _plateau(
    watched,
    rate,
    factor,
    patience,
    min_delta,
    min_lr,
    *,
    extra=0,
    early=False,
    anew=True,
    best_is_last=False,
    progress_is_any_low=False,
):
    used, best, waited = [], np.inf, 0
    for value in watched:
        if not early:
            used.append(rate)
        waited = 0 if value < best - min_delta else waited + 1
        if best_is_last or waited == 0 or (progress_is_any_low and value < best):
            best = value
        if waited >= patience + extra:
            rate = max(rate * factor, min_lr)
            waited = 0 if anew else waited
        if early:
            used.append(rate)
    return np.array(used)


_WATCHED = (9, 8, 7, 7.2, 7.1, 7.3, 6.9, 6.88, 6.86, 6.84, 7, 7, 7, 6, 6.5, 6.4, 6.3, 6.2, 6.6, 6.1)
_PLATEAU = Check(
    right=_plateau,
    calls=(
        (_WATCHED, 1.0, 0.1, 3, 0.05, 0.0),
        (_WATCHED, 0.5, 0.5, 2, 0.0, 0.2),
        ((3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0.5, 1), 1e-3, 0.1, 2, 1e-6, 1e-5),
        ((5, 4.98, 4.97, 4.96, 5, 5), 1.0, 0.1, 3, 0.05, 0.0),
    ),
    mistakes={
        "a lower rate counts from the next epoch on. Note the rate before you look at the loss.": (
            lambda *given: _plateau(*given, early=True)
        ),
        "count anew after each cut, or every further epoch cuts again.": (
            lambda *given: _plateau(*given, anew=False)
        ),
        "cut when the count reaches the patience, not one epoch later.": (
            lambda *given: _plateau(*given, extra=1)
        ),
        "compare with the best epoch so far, not with the one before.": (
            lambda *given: _plateau(*given, best_is_last=True)
        ),
        "progress is to be larger than `min_delta`.": (
            lambda watched, rate, factor, patience, min_delta, min_lr: _plateau(
                watched, rate, factor, patience, 0, min_lr
            )
        ),
        "an epoch that made too little progress does not become the best one.": (
            lambda *given: _plateau(*given, progress_is_any_low=True)
        ),
        "the rate may not fall below `min_lr`.": (lambda *given: _plateau(*given[:-1], 0.0)),
        "multiply by the factor; yours divides.": (
            lambda watched, rate, factor, *rest: _plateau(watched, rate, 1 / factor, *rest)
        ),
    },
    hint="keep three things from epoch to epoch: the rate, the best loss, and the count.",
)


def _cosine(step, peak, total, warmup, *, late=0, part=1.0, stay=True, begin=0):
    if step < warmup:
        return peak * (step + begin) / warmup
    progress = (step - warmup + late) / total
    return peak * (1 + np.cos(np.pi * part * (min(progress, 1) if stay else progress))) / 2


_COSINE = Check(
    right=_cosine,
    calls=(*((step, 0.1, 90, 10) for step in (0, 3, 10, 40, 77, 100, 130)), (20, 1e-3, 60, 0)),
    mistakes={
        "the wave starts where the warm-up ends: subtract its steps.": (
            lambda step, peak, total, warmup: _cosine(step, peak, total, warmup, late=warmup)
        ),
        "this is a whole wave, which comes up again. Half of one is asked for.": (
            lambda *given: _cosine(*given, part=2.0)
        ),
        "this is a quarter of a wave, which ends at half of the peak.": (
            lambda *given: _cosine(*given, part=0.5)
        ),
        "after the last step the rate stays at zero; yours comes up again.": (
            lambda *given: _cosine(*given, stay=False)
        ),
        "the warm-up is missing.": (
            lambda step, peak, total, warmup: _cosine(max(step - warmup, 0), peak, total, 0)
        ),
        "the warm-up starts at zero: step 0 has the rate 0.": (
            lambda *given: _cosine(*given, begin=1)
        ),
        "divide by two: a cosine and one are together twice the peak.": (
            lambda step, peak, total, warmup: (
                _cosine(step, peak, total, warmup) * (1 if step < warmup else 2)
            )
        ),
    },
    hint="a straight line up to the peak, then half a cosine down to zero.",
)


# ---- Dropout, lasso and ridge


def _dropout(x, upstream, rate, keep, forward=None, backward=None):
    forward = 1 / (1 - rate) if forward is None else forward
    backward = forward if backward is None else backward
    return np.where(keep, x * forward, 0), np.where(keep, upstream * backward, 0)


_DROPOUT = Check(
    right=_dropout,
    calls=(
        (_floats(4, 6) - 0.5, _floats(4, 6, seed=1) - 0.5, 0.25, _floats(4, 6, seed=2) > 0.25),
        (_floats(3, 4, 4, 2), _floats(3, 4, 4, 2, seed=1), 0.6, _floats(3, 4, 4, 2, seed=2) > 0.6),
    ),
    mistakes={
        "the division is missing, so the mean of each activation falls.": (
            lambda *given: _dropout(*given, forward=1)
        ),
        "divide by the share that is kept, 1 - rate.": (
            lambda x, upstream, rate, keep: _dropout(x, upstream, rate, keep, 1 / rate)
        ),
        "divide by 1 - rate; yours multiplies.": (
            lambda x, upstream, rate, keep: _dropout(x, upstream, rate, keep, 1 - rate)
        ),
        "the output is right. What was divided forward is divided backward, too.": (
            lambda *given: _dropout(*given, backward=1)
        ),
        "a dropped activation has no part in the loss, so its gradient is zero.": (
            lambda x, upstream, rate, keep: (
                _dropout(x, upstream, rate, keep)[0],
                upstream / (1 - rate),
            )
        ),
        "dropout must hand the gradient back as it handed the activations on.": (
            lambda x, upstream, rate, keep: (_dropout(x, upstream, rate, keep)[0], upstream)
        ),
        "`keep` is true where an activation stays.": (
            lambda x, upstream, rate, keep: _dropout(x, upstream, rate, ~keep)
        ),
    },
    hint="the mask is zero or one over the share that is kept. It acts forward and backward.",
)


def _soft_threshold(v, tau):
    return np.sign(v) * np.maximum(np.abs(v) - tau, 0)


_SOFT = Check(
    right=_soft_threshold,
    calls=((np.array([-2, -0.3, -0.1, 0, 0.2, 0.25, 1.5]), 0.25), (_floats(4, 5) - 0.5, 0.1)),
    mistakes={
        "this is the hard threshold. What stays moves towards zero by tau.": (
            lambda v, tau: np.where(np.abs(v) > tau, v, 0)
        ),
        "nearer to zero than tau, yours jumps across. There the answer is zero.": (
            lambda v, tau: v - tau * np.sign(v)
        ),
        "the sign is missing: a negative weight stays negative.": (
            lambda v, tau: np.maximum(np.abs(v) - tau, 0)
        ),
        "negative weights move up by tau, as positive ones move down.": (
            lambda v, tau: np.maximum(v - tau, 0)
        ),
        "this takes a share, as ridge does. Lasso takes an amount.": (lambda v, tau: v * (1 - tau)),
        "this limits the size to tau. It is just what lasso takes away.": (
            lambda v, tau: np.clip(v, -tau, tau)
        ),
    },
    hint="take tau from the size, stop at zero, and give the sign back.",
)


# ---- Why keep the luminance?


def _blocks(x):
    n, h, w, c = x.shape
    means = x.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))
    return means.repeat(2, axis=1).repeat(2, axis=2)


def _around(gray, rgb, average=_blocks):
    return gray + average(rgb - gray)


def _gray(rgb):
    return (rgb @ _WEIGHTS)[..., np.newaxis]


_SUBSAMPLE = Check(
    right=lambda rgb: _around(_gray(rgb), rgb),
    calls=((_floats(2, 4, 6, 3),), (_floats(1, 8, 2, 3, seed=1),)),
    mistakes={
        "this averages the whole colour. The luminance of each pixel stays.": _blocks,
        "this averages the luminance and keeps the chroma; it is the other way round.": (
            lambda rgb: _blocks(_gray(rgb)) + rgb - _gray(rgb)
        ),
        "this is the chroma alone; put it back on the luminance.": (
            lambda rgb: _blocks(rgb - _gray(rgb))
        ),
        "a block gets the mean of its four chromas; yours gets that of one pixel.": (
            lambda rgb: _around(
                _gray(rgb), rgb, lambda x: x[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
            )
        ),
        "the gray is the weighted sum of the channels, not their plain mean.": (
            lambda rgb: _around(rgb.mean(axis=-1, keepdims=True), rgb)
        ),
        "do not clip: the exercise lets the colours leave the cube.": (
            lambda rgb: np.clip(_around(_gray(rgb), rgb), 0, 1)
        ),
    },
    hint="take the gray away, average what is left over each block, and add the gray again.",
)


def _shortened(y, d, low=True, high=True, most=1.0, least=lambda t: t):
    t = np.full_like(y, np.inf)
    if high:
        t = np.minimum(t, (1 - y) / d.max(axis=-1, keepdims=True))
    if low:
        t = np.minimum(t, y / -d.min(axis=-1, keepdims=True))
    return y + least(np.minimum(t, most)) * d


def _chromas(*shape, seed):
    rgb = 2 * _floats(*shape, 3, seed=seed)
    return _floats(*shape, 1, seed=seed + 1), rgb - _gray(rgb)


_FIT = Check(
    right=_shortened,
    calls=(_chromas(9, seed=0), _chromas(2, 4, 5, seed=2)),
    mistakes={
        "cutting off each channel moves the gray. Shorten all three by one factor.": (
            lambda y, d: np.clip(y + d, 0, 1)
        ),
        "a chroma that fits stays as it is: t is at most 1.": (
            lambda y, d: _shortened(y, d, most=np.inf)
        ),
        "the darkest channel must not fall below 0 either.": (
            lambda y, d: _shortened(y, d, low=False)
        ),
        "the brightest channel must not pass 1 either.": lambda y, d: _shortened(y, d, high=False),
        "each pixel has a factor of its own; yours is one for all.": (
            lambda y, d: _shortened(y, d, least=np.min)
        ),
        "this is the chroma, shortened. Put it on the gray.": lambda y, d: _shortened(y, d) - y,
        "nothing is shortened here.": lambda y, d: y + d,
    },
    hint="the smallest of three numbers, for each pixel, times its chroma.",
)


# ---- Why not Lab?


def _light(c):
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def _phi(u):
    return np.where(u > (6 / 29) ** 3, np.cbrt(u), u / (3 * (6 / 29) ** 2) + 4 / 29)


def _lightness(rgb, light=_light, weights=(0.2126, 0.7152, 0.0722), phi=_phi, less=16):
    return 116 * phi(light(rgb) @ np.array(weights)) - less


_LIGHTNESS = Check(
    right=_lightness,
    calls=((_floats(6, 3),), (_floats(2, 3, 3, 3, seed=1),), (0.06 * _floats(8, 3, seed=2),)),
    mistakes={
        "undo the gamma curve first; a stored value is not light.": (
            lambda rgb: _lightness(rgb, light=lambda c: c)
        ),
        "these are the weights of the gray picture; those of the equation are others.": (
            lambda rgb: _lightness(rgb, weights=_WEIGHTS)
        ),
        "near black a straight line takes the place of the cube root.": (
            lambda rgb: _lightness(rgb, phi=np.cbrt)
        ),
        "near black the gamma curve is a straight line too.": (
            lambda rgb: _lightness(rgb, light=lambda c: ((c + 0.055) / 1.055) ** 2.4)
        ),
        "the gamma curve is not quite a power of 2.2.": (
            lambda rgb: _lightness(rgb, light=lambda c: c**2.2)
        ),
        "subtract 16, so that black has the lightness 0.": lambda rgb: _lightness(rgb, less=0),
        "this is the light, as a share of 100. The root is missing.": (
            lambda rgb: 100 * _light(rgb) @ [0.2126, 0.7152, 0.0722]
        ),
    },
    hint="light of each channel, their weighted sum, and then the root and its straight line.",
)


def _halve(gray_of, y, low=0.0, high=100.0, decide=lambda too_dark: too_dark):
    low, high = np.full_like(y, low), np.full_like(y, high)
    for _ in range(60):
        middle = (low + high) / 2
        too_dark = decide(gray_of(middle) < y)
        low, high = np.where(too_dark, middle, low), np.where(too_dark, high, middle)
    return (low + high) / 2


def _grays(offset):
    return lambda lightness: (lightness / 100) ** (1 + offset)


_SEARCH = Check(
    right=_halve,
    calls=(
        (_grays(_floats(4, 5)), 0.1 + 0.8 * _floats(4, 5, seed=1)),
        (_grays(_floats(3, seed=2)), 0.1 + 0.8 * _floats(3, seed=3)),
    ),
    mistakes={
        "you keep the wrong half. Where the gray is too dark, L has to rise.": (
            lambda gray_of, y: _halve(gray_of, y, decide=np.logical_not)
        ),
        "each pixel has an interval of its own; yours all move together.": (
            lambda gray_of, y: _halve(gray_of, y, decide=np.all)
        ),
        "each pixel has an interval of its own; yours rise together while one is too dark.": (
            lambda gray_of, y: _halve(gray_of, y, decide=np.any)
        ),
        "L goes up to 100, not to 1.": lambda gray_of, y: _halve(gray_of, y, high=1.0),
        "this is the gray that was searched for; return the lightness that has it.": (
            lambda gray_of, y: y
        ),
    },
    hint="two arrays, low and high; halve forty times, and return the middle.",
)

# ---- What would count


def _welch(ours, theirs, spread=np.var, one=1, root=np.sqrt, means=np.subtract):
    parts = [spread(ours, ddof=one) / len(ours), spread(theirs, ddof=one) / len(theirs)]
    below = sum(p**2 / (len(x) - 1) for p, x in zip(parts, (ours, theirs), strict=True))
    return means(np.mean(ours), np.mean(theirs)), root(sum(parts)), sum(parts) ** 2 / below


_SEEDS = 0.0078 + 0.0001 * _floats(5), 0.0075 + 0.0003 * _floats(3, seed=1)

_WELCH = Check(
    right=_welch,
    calls=(_SEEDS, (_floats(4, seed=2), _floats(9, seed=3))),
    mistakes={
        "the variance of a sample divides by n - 1: `ddof=1`.": (
            lambda ours, theirs: _welch(ours, theirs, one=0)
        ),
        "the second number is a standard error, the root of a variance.": (
            lambda ours, theirs: _welch(ours, theirs, root=lambda variance: variance)
        ),
        "the variance of a mean is that of one run, divided by the number of runs.": (
            lambda ours, theirs: (
                np.mean(ours) - np.mean(theirs),
                np.sqrt(np.var(ours, ddof=1) + np.var(theirs, ddof=1)),
                _welch(ours, theirs)[2],
            )
        ),
        "the difference is ours less theirs.": (
            lambda ours, theirs: _welch(ours, theirs, means=lambda a, b: b - a)
        ),
        "these degrees of freedom belong to the test that takes both spreads for one.": (
            lambda ours, theirs: (*_welch(ours, theirs)[:2], len(ours) + len(theirs) - 2)
        ),
    },
    hint="first the variance of each mean, then their sum.",
)


def _holm(p, level, share=lambda n, step: n - step, stop=True):
    decided, order = np.zeros(len(p), bool), np.argsort(p, kind="stable")
    for step, i in enumerate(order):
        decided[i] = p[i] <= level / share(len(p), step)
        if stop and not decided[i]:
            break
    return decided


_HOLM = Check(
    right=_holm,
    calls=(
        (np.array([0.03, 0.001, 0.02, 0.2]), 0.05),
        (np.array([0.001, 0.01, 0.02, 0.9]), 0.05),
        (np.array([0.012, 0.0001, 0.026, 0.024, 0.03]), 0.05),
        (np.array([0.04, 0.04]), 0.05),
        (np.array([0.01, 0.03, 0.03, 0.04]), 0.05),
    ),
    mistakes={
        "that is each claim on its own: nothing is made stricter.": (
            lambda p, level: np.asarray(p) <= level
        ),
        "that is Bonferroni's rule; after each success the next claim has an easier level.": (
            lambda p, level: np.asarray(p) <= level / len(p)
        ),
        "at the first failure Holm stops; yours goes on.": (
            lambda p, level: _holm(p, level, stop=False)
        ),
        "the answers belong in the order of the claims, not of their p.": (
            lambda p, level: np.sort(_holm(p, level))[::-1]
        ),
        "the smallest p has to pass the strictest level.": (
            lambda p, level: _holm(p, level, share=lambda n, step: step + 1, stop=False)
        ),
    },
    hint="`np.argsort(p)` says which claim comes first, second, and so on.",
)

# ---- Figures 5, 6 and 7, again


def _hsv(images, below=lambda high, low: high):
    high, low = images.max(axis=-1), images.min(axis=-1)
    divisor = below(high, low)
    return (high - low) / np.where(divisor > 0, divisor, 1)


_WITH_BLACK = _floats(2, 4, 5, 3, seed=1) * (_floats(2, 4, 5, 1, seed=2) > 0.3)

_HSV_SATURATION = Check(
    right=_hsv,
    calls=((_WITH_BLACK,), (0.1 + 0.8 * _floats(3, 2, 2, 3),)),
    mistakes={
        "this is the distance alone. Divide it by the pixel's largest channel.": (
            lambda images: np.ptp(images, axis=-1)
        ),
        "divide by the largest channel of each pixel, not of all of them.": (
            lambda images: np.ptp(images, axis=-1) / images.max()
        ),
        "this divides by the sum of largest and smallest. The equation has the largest alone.": (
            lambda images: _hsv(images, below=lambda high, low: high + low)
        ),
        "this is the saturation of HSL, which is another one.": (
            lambda images: _hsv(images, below=lambda high, low: 1 - abs(high + low - 1))
        ),
        "this is what is lacking to 1: the share of white.": (
            lambda images: np.where(images.max(axis=-1) > 0, 1 - _hsv(images), 0)
        ),
    },
    hint="the largest and the smallest number along the last axis, and then the equation.",
    nearly={
        "for black, zero by zero is no number. Its saturation is 0 by definition.": np.nan_to_num
    },
)


def _rms_contrast(images, gray=lambda images: images @ _WEIGHTS, ddof=0):
    return gray(images).std(axis=(1, 2), ddof=ddof)


_CONTRAST = Check(
    right=_rms_contrast,
    calls=(
        (_floats(4, 4, 4, 3),),
        (_floats(3, 2, 5, 3, seed=1) * [[[[0.2]]], [[[0.9]]], [[[0.5]]]],),
    ),
    mistakes={
        "this is the variance. The contrast is its root.": (
            lambda images: _rms_contrast(images) ** 2
        ),
        "first the luminance, then its deviation; yours has the spread of the colours in it.": (
            lambda images: images.std(axis=(1, 2, 3))
        ),
        "this is the plain mean of the channels. The luminance weighs them.": (
            lambda images: _rms_contrast(images, gray=lambda images: images.mean(axis=-1))
        ),
        "the equation divides by N, not by N - 1.": lambda images: _rms_contrast(images, ddof=1),
        "take the mean of each image from it, not that of all.": (
            lambda images: np.sqrt(
                np.square(images @ _WEIGHTS - (images @ _WEIGHTS).mean()).mean(axis=(1, 2))
            )
        ),
    },
    hint="the luminance of each pixel, and its standard deviation over the two axes of an image.",
)

# ---- Claims and verdicts


def _level_alike(difference, error, freedom, margin, sides=2, room=None, law=stats.t.sf):
    room = margin - abs(difference) if room is None else room
    return min(1.0, sides * float(law(room / error, freedom)))


_LEVEL_ALIKE = Check(
    right=_level_alike,
    calls=(
        (0.1, 0.2, 6.0, 1.0),
        (-0.3, 0.25, 4.2, 1.0),
        (0.9, 0.2, 3.0, 1.0),
        (1.4, 0.1, 8.0, 1.0),
        (-0.4, 0.6, 5.0, 0.5),
    ),
    mistakes={
        "the interval is cut on both sides; yours has one.": (
            lambda *given: _level_alike(*given, sides=1)
        ),
        "that is the level at which the difference is told from zero.": (
            lambda difference, error, freedom, margin: _level_alike(
                difference, error, freedom, margin, room=abs(difference)
            )
        ),
        "a negative difference can leave the margin, too, on its other side.": (
            lambda difference, error, freedom, margin: _level_alike(
                difference, error, freedom, margin, room=margin - difference
            )
        ),
        "with so few seeds the normal distribution is too sure; take Student's.": (
            lambda *given: _level_alike(*given, law=lambda room, freedom: stats.norm.sf(room))
        ),
        "a level is at most 1.": (
            lambda difference, error, freedom, margin: (
                2 * float(stats.t.sf((margin - abs(difference)) / error, freedom))
            )
        ),
    },
    hint="how far is it from the difference to the nearer end of the margin, in standard errors?",
)


def _seeds_needed(spread, reach, freedom=lambda n: 2 * (n - 1), tail=0.975, models=2, most=1000):
    def interval(n):
        return stats.t.ppf(tail, freedom(n)) * spread * np.sqrt(models / n)

    return next(n for n in range(2, most) if interval(n) <= reach)


_SEEDS_NEEDED = Check(
    right=_seeds_needed,
    calls=((1.0, 2.5), (1.0, 1.0), (0.3, 0.1), (2.0, 5.5), (1.0, 0.62)),
    mistakes={
        "that is the interval of one mean; a difference has the errors of two.": (
            lambda spread, reach: _seeds_needed(spread, reach, models=1)
        ),
        "with n seeds of each there are 2 (n - 1) degrees of freedom.": (
            lambda spread, reach: _seeds_needed(spread, reach, freedom=lambda n: n - 1)
        ),
        "an interval of 95 % leaves 2.5 % on either side; yours leaves 5 %.": (
            lambda spread, reach: _seeds_needed(spread, reach, tail=0.95)
        ),
        "with so few seeds the normal distribution is too sure; take Student's.": (
            lambda spread, reach: _seeds_needed(spread, reach, freedom=lambda n: np.inf)
        ),
        "that is one too few: the interval is still wider than the reach.": (
            lambda spread, reach: _seeds_needed(spread, reach) - 1
        ),
    },
    hint="try n = 2, 3, 4, and so on, until the interval is narrow enough.",
)

# ---- Does the choice matter?


def _best_of(validation, test, worth=np.negative, common=False):
    scores = np.broadcast_to(validation.mean(axis=0), validation.shape) if common else validation
    chosen = worth(scores).argmax(axis=1)
    return test[np.arange(len(test)), chosen]


_LOSSES = 0.008 + 0.004 * _floats(3, 4), 0.008 + 0.004 * _floats(3, 4, seed=1)

_BEST_OF = Check(
    right=_best_of,
    calls=(_LOSSES, (_floats(5, 2, seed=2), _floats(5, 2, seed=3))),
    mistakes={
        "here the test images choose the rate. Choose on validation, then look at the test.": (
            lambda validation, test: test.min(axis=1)
        ),
        "that is the validation loss that won the choice, and it flatters itself. Report the test "
        "score of the same run.": lambda validation, test: validation.min(axis=1),
        "that takes one rate for all optimisers; each may choose its own.": (
            lambda validation, test: _best_of(validation, test, common=True)
        ),
        "that rate has the highest validation loss, and a loss is to be low.": (
            lambda validation, test: _best_of(validation, test, worth=np.positive)
        ),
        "that is the place of the chosen rate; its test score is asked for.": (
            lambda validation, test: validation.argmin(axis=1)
        ),
    },
    hint="`validation.argmin(axis=1)` finds the rate of each optimiser.",
)


def _mean_of_smallest(k, factor=lambda k: k, power=lambda k: k - 1, others=stats.norm.sf):
    def integrand(z):
        return z * factor(k) * stats.norm.pdf(z) * others(z) ** power(k)

    return integrate.quad(integrand, -9, 9)[0]


_EXPECTED_MINIMUM = Check(
    right=_mean_of_smallest,
    calls=((1,), (2,), (4,), (10,), (30,)),
    mistakes={
        "one of the k scores is at z, so k - 1 others have to lie above.": (
            lambda k: _mean_of_smallest(k, power=lambda k: k)
        ),
        "any of the k scores can be the smallest: a factor is missing.": (
            lambda k: _mean_of_smallest(k, factor=lambda k: 1)
        ),
        "that is the largest of k: the others have to lie above z, not below.": (
            lambda k: _mean_of_smallest(k, others=stats.norm.cdf)
        ),
        "that is the median of the smallest; its mean lies a little lower.": (
            lambda k: stats.norm.ppf(1 - 0.5 ** (1 / k))
        ),
        "`integrate.quad` returns the integral and its error; only the integral is asked for.": (
            lambda k: (_mean_of_smallest(k), 0.0)
        ),
    },
    hint="`integrate.quad(f, -9, 9)[0]` is the integral of a function f.",
)

# ---- What does 53 % accuracy mean?


def _tie_points(prediction, truth, points, largest=np.argmax):
    """The mean over pixels of what `points` gives: k channels share the largest value."""
    tied = prediction == prediction.max(axis=-1, keepdims=True)
    wanted = largest(truth, axis=-1)[..., np.newaxis]
    hit = np.take_along_axis(tied, wanted, axis=-1)[..., 0]
    return np.mean(points(hit, tied.sum(axis=-1)))


def _with_ties(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 4, shape) / 3


_FAIR_ACCURACY = Check(
    right=lambda prediction, truth: _tie_points(prediction, truth, lambda hit, k: hit / k),
    calls=(
        (_with_ties(4, 8, 8, 3), _floats(4, 8, 8, 3)),
        (_with_ties(3, 6, 6, 3, seed=1), _with_ties(3, 6, 6, 3, seed=2)),
    ),
    mistakes={
        "a tie of k channels is worth 1/k of a point; yours gives a whole one.": (
            lambda prediction, truth: _tie_points(prediction, truth, lambda hit, k: hit)
        ),
        "a tie that includes the right channel is worth 1/k of a point; yours gives none.": (
            lambda prediction, truth: _tie_points(prediction, truth, lambda hit, k: hit & (k == 1))
        ),
        "that is the accuracy as Keras counts it: the first of equal channels takes the point.": (
            lambda prediction, truth: np.mean(prediction.argmax(axis=-1) == truth.argmax(axis=-1))
        ),
        "a tie has two channels or three; yours takes every tie for one of three.": (
            lambda prediction, truth: _tie_points(
                prediction, truth, lambda hit, k: hit / np.where(k > 1, 3, 1)
            )
        ),
        "every tie gets its 1/k, even where the right channel is not among the largest.": (
            lambda prediction, truth: _tie_points(
                prediction, truth, lambda hit, k: np.where(k > 1, 1 / k, hit)
            )
        ),
        "that is the number of points; divide by the number of pixels.": (
            lambda prediction, truth: (
                truth[..., 0].size * _tie_points(prediction, truth, lambda hit, k: hit / k)
            )
        ),
        "the channels are the last axis of an image.": (
            lambda prediction, truth: _tie_points(
                prediction.swapaxes(1, 3), truth.swapaxes(1, 3), lambda hit, k: hit / k
            )
        ),
    },
    hint="which channels equal the pixel's maximum, how many are they, and is the right one there?",
)


def _clustered(right, one=1, root=np.sqrt, over=len):
    of_each = right.mean(axis=(1, 2))
    return root(of_each.var(ddof=one) / over(right))


_CLUSTERED_ERROR = Check(
    right=_clustered,
    calls=(
        (_floats(9, 6, 6) < _floats(9, 1, 1, seed=1),),
        (_floats(5, 4, 7, seed=2) < _floats(5, 1, 1, seed=3),),
    ),
    mistakes={
        "that takes all pixels for independent tosses; what is independent is the images.": (
            lambda right: np.sqrt(right.mean() * (1 - right.mean()) / right.size)
        ),
        "that takes all pixels for independent draws; what is independent is the images.": (
            lambda right: right.std(ddof=1) / np.sqrt(right.size)
        ),
        "the variance of a sample divides by n - 1: `ddof=1`.": (
            lambda right: _clustered(right, one=0)
        ),
        "that is the variance of the mean; a standard error is its root.": (
            lambda right: _clustered(right, root=lambda variance: variance)
        ),
        "that is how far single images spread. The mean of n of them spreads less.": (
            lambda right: _clustered(right, over=lambda right: 1)
        ),
        "divide by the root of n, not by n.": (
            lambda right: _clustered(right, over=lambda right: len(right) ** 2)
        ),
        "n is the number of images, not of pixels.": (
            lambda right: _clustered(right, over=np.size)
        ),
        "an image's pixels are its last two axes; the first one counts the images.": (
            lambda right: right.mean(axis=(0, 1)).std(ddof=1) / np.sqrt(right.shape[2])
        ),
    },
    hint="first the share of each image, then the spread of these shares.",
)

# ---- The paper's numbers, a forensic reading


def _hit(low, high, k, decades, width=lambda low, high: np.log10(high / low)):
    """The chance that at least one of k values lies in a band."""
    return 1 - (1 - width(low, high) / decades) ** k


_CHANCE_OF_A_HIT = Check(
    right=_hit,
    calls=((0.3, 0.4, 10, 3), (0.073, 0.081, 43, 3), (0.3, 0.4, 2, 1), (2.0, 3.0, 4, 2)),
    mistakes={
        "on a logarithmic axis a band is as wide as the logarithm of its ends' ratio.": (
            lambda *given: _hit(*given, width=lambda low, high: high - low)
        ),
        "k times p is the expected number of hits, and can exceed 1.": (
            lambda low, high, k, decades: k * np.log10(high / low) / decades
        ),
        "decades are counted by the logarithm to the base of 10, `np.log10`.": (
            lambda *given: _hit(*given, width=lambda low, high: np.log(high / low))
        ),
        "that is the chance that all k values miss.": lambda *given: 1 - _hit(*given),
        "that is the chance that all k values hit; one is enough.": (
            lambda low, high, k, decades: (np.log10(high / low) / decades) ** k
        ),
        "the values are spread over all the decades, not over one.": (
            lambda low, high, k, decades: _hit(low, high, k, 1)
        ),
    },
    hint="how likely is it that one value misses, and then that all k do?",
)


def _rmse(prediction, truth, axis=-1, total=np.mean, root=np.sqrt):
    return np.mean(root(total((prediction - truth) ** 2, axis=axis)))


_RMSE_OF_PIXELS = Check(
    right=_rmse,
    calls=(
        (_floats(3, 4, 4, 3), _floats(3, 4, 4, 3, seed=1)),
        (_floats(2, 5, 6, 3, seed=2), _floats(2, 5, 6, 3, seed=3)),
    ),
    mistakes={
        "the root comes before the mean over the pixels; yours is the last step.": (
            lambda prediction, truth: _rmse(prediction, truth, axis=None)
        ),
        "that is image by image; a pixel's mean is over its three channels only, the last axis.": (
            lambda prediction, truth: _rmse(prediction, truth, axis=(1, 2, 3))
        ),
        "that mean is over the pixels of each channel; take it over the channels of each pixel.": (
            lambda prediction, truth: _rmse(prediction, truth, axis=(0, 1, 2))
        ),
        "a pixel's squared errors are averaged over its channels, not summed.": (
            lambda prediction, truth: _rmse(prediction, truth, total=np.sum)
        ),
        "the root is missing: that is the mean squared error.": (
            lambda prediction, truth: _rmse(prediction, truth, root=np.asarray)
        ),
        "the root of a single square is its size: that is the mean absolute error.": (
            lambda prediction, truth: np.mean(np.abs(prediction - truth))
        ),
    },
    hint="square, average over the last axis, take the root, and average over what is left.",
)

CHECKS = {
    "to_gray": _GRAY,
    "opposite": _OPPOSITE,
    "standardise": _STANDARDISE,
    "to_bytes": _BYTES,
    "convolve": _CONVOLVE,
    "receptive_field": _FIELD,
    "scatter": _SCATTER,
    "one_kernel": _ONE_KERNEL,
    "pca": _PCA,
    "restore": _RESTORE,
    "he_normal": _HE,
    "leaky_relu_backward": _LEAKY,
    "split_error": _SPLIT,
    "psnr": _PSNR,
    "smooth_l1": _SMOOTH_L1,
    "annealed_mean": _ANNEALED,
    "backward": _BACKWARD,
    "numerical_gradient": _NUMERICAL,
    "nesterov": _NESTEROV,
    "adam": _ADAM,
    "batch_norm": _BATCH_NORM,
    "batch_norm_backward": _BATCH_NORM_BACKWARD,
    "moving_averages": _MOVING_AVERAGES,
    "fold": _FOLD,
    "enlarge": _ENLARGE,
    "best_factor": _BEST_FACTOR,
    "effective_side": _EFFECTIVE_SIDE,
    "occlude": _OCCLUDE,
    "plateau": _PLATEAU,
    "cosine": _COSINE,
    "dropout": _DROPOUT,
    "soft_threshold": _SOFT,
    "subsample_chroma": _SUBSAMPLE,
    "fit_into_gamut": _FIT,
    "lab_lightness": _LIGHTNESS,
    "search_lightness": _SEARCH,
    "best_of": _BEST_OF,
    "expected_minimum": _EXPECTED_MINIMUM,
    "welch": _WELCH,
    "holm": _HOLM,
    "fair_accuracy": _FAIR_ACCURACY,
    "clustered_error": _CLUSTERED_ERROR,
    "hsv_saturation": _HSV_SATURATION,
    "contrast": _CONTRAST,
    "level_alike": _LEVEL_ALIKE,
    "seeds_needed": _SEEDS_NEEDED,
    "chance_of_a_hit": _CHANCE_OF_A_HIT,
    "rmse_of_pixels": _RMSE_OF_PIXELS,
}
