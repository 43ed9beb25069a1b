"""Exercises that are functions: right answers pass, and typical wrong ones get the right hint."""

import itertools
import math

import cv2
import numpy as np
import pytest
from scipy import stats
from skimage.color import rgb2hsv

from colorizer import checks
from colorizer.errors import InputError
from colorizer.exercises import check

W = [0.299, 0.587, 0.114]


def opencv(rgb):
    flat = np.ascontiguousarray(rgb.reshape(1, -1, 3))
    return cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY).reshape(rgb.shape[:-1])


def luminance(rgb):
    return rgb[..., :1] * W[0] + rgb[..., 1:2] * W[1] + rgb[..., 2:] * W[2]


def standardised(images):
    flat = images.reshape(-1, images.shape[-1])
    return ((flat - flat.mean(axis=0)) / flat.std(axis=0)).reshape(images.shape)


def in_sixteen_bits(rgb):
    red, green, blue = np.moveaxis(rgb.astype(np.uint16), -1, 0)
    return ((9798 * red + 19235 * green + 3735 * blue + 2**14) >> 15).astype(np.uint8)


def cut_short(rgb):
    red, green, blue = np.moveaxis(rgb.astype(int), -1, 0)
    return ((9798 * red + 19235 * green + 3735 * blue) // 2**15).astype(np.uint8)


def clipped_in_place(values):
    np.clip(values, 0, 1, out=values)
    return np.round(values * 255).astype(np.uint8)


def parts(prediction, truth, divide=3):
    error = prediction - truth
    along = np.einsum("...c,c->...", error, np.array(W) / np.linalg.norm(W))
    whole = (error**2).sum(axis=-1)
    return [(along**2).mean() / divide, (whole - along**2).mean() / divide]


def mean_of_rest(prediction, truth):
    return np.mean((prediction - luminance(prediction) - (truth - luminance(truth))) ** 2)


def by_scipy(ours, theirs):
    found = stats.ttest_ind(ours, theirs, equal_var=False)
    difference = np.mean(ours) - np.mean(theirs)
    return difference, difference / found.statistic, found.df


def by_binomial(low, high, k, decades, log=math.log10):
    return stats.binom.sf(0, k, log(high / low) / decades)


def lengths(prediction, truth, channels=3, axis=-1):
    return np.linalg.norm(prediction - truth, axis=axis).mean() / math.sqrt(channels)


def adjusted(p, level, highest=np.maximum.accumulate):
    """Holm's adjusted p, which is compared with the level itself."""
    order = np.argsort(p)
    found = np.empty(len(p))
    found[order] = highest(p[order] * np.arange(len(p), 0, -1))
    return found <= level


def shared_points(prediction, truth, whole=False, strict=False, of=None):
    points = 0.0
    for pixel, true in zip(prediction.reshape(-1, 3), truth.reshape(-1, 3), strict=True):
        winners = [c for c in range(3) if pixel[c] == max(pixel)]
        if list(true).index(max(true)) in winners and not (strict and len(winners) > 1):
            points += 1 if whole else 1 / (of if of and len(winners) > 1 else len(winners))
    return points / truth[..., 0].size


def over_images(right, ddof=1, power=0.5):
    shares = [image.sum() / image.size for image in right]
    return np.std(shares, ddof=ddof) / len(shares) ** power


def by_bisection(difference, error, freedom, margin):
    low, high = 0.0, 1.0
    for _ in range(60):
        level = (low + high) / 2
        ends = stats.t.interval(1 - level, freedom, difference, error)
        low, high = (low, level) if max(map(abs, ends)) < margin else (level, high)
    return high


def by_scikit_image(images, black=0.0):
    found = rgb2hsv(images)[..., 1]
    return np.where(images.any(axis=-1), found, black)


def deviations(images, weights=W, power=0.5, over=1.0):
    """From the mean of the squares less the square of the mean, image by image."""
    gray = [(image * weights).sum(axis=-1).ravel() for image in images]
    return np.array([(np.mean(y**2) - np.mean(y) ** 2) * over for y in gray]) ** power


def enough(spread, reach, models=2):
    n = 2
    while stats.t.isf(0.025, models * (n - 1)) * np.hypot(spread, spread) / np.sqrt(n) > reach:
        n += 1
    return n


def each_its_own(validation, test, pick=np.argmin):
    return [test[i][pick(losses)] for i, losses in enumerate(validation)]


def by_survival(k):
    """From how likely the smallest lies above z, and above -z."""
    z = np.linspace(0, 9, 10_001)
    return np.trapezoid(stats.norm.sf(z) ** k + stats.norm.cdf(z) ** k - 1, z)


def decibels(mse):
    return 10 * np.log10(1 / mse)


def backwards(x, y, first, second, bend=True, twice=2, over=None):
    a = x.dot(first)
    error = np.where(a > 0, a, 0).dot(second) - y
    upstream = twice * error / (over or y.size)
    delta = upstream.dot(second.T)
    if bend:
        delta[(delta if bend == "gradient" else a) <= 0] = 0
    return [x.T.dot(delta), np.where(a > 0, a, 0).T.dot(upstream)]


def summed(x, y, first, second):
    """What stands before the ReLU in the gradient of the second matrix."""
    h = (x @ first).clip(0)
    return first.T @ x.T @ ((h @ second - y) * 2 / y.size)


def slopes(function, theta, tau, behind=1, over=2):
    found = np.zeros(len(theta))
    for i in range(len(theta)):
        ahead, back = theta.copy(), theta.copy()
        ahead[i] += tau
        back[i] -= behind * tau
        found[i] = (function(ahead) - function(back)) / (over * tau)
    return found


def slopes_in_place(function, theta, tau, restore=True):
    found = []
    for i in range(len(theta)):
        kept = theta[i]
        theta[i] = kept + tau
        up = function(theta)
        theta[i] = kept - tau
        found.append((up - function(theta)) / (2 * tau))
        if restore:
            theta[i] = kept
    return found


def looks_ahead(g, m, s, t, eta=0.01, beta=0.9, share=1):
    m = beta * m + share * g
    return -eta * g - eta * beta * m, m, s


def rolls(g, m, s, t, eta=0.01, beta=0.9):
    m = beta * m + g
    return -eta * m, m, s


def in_keras_form(g, m, s, t, eta=0.01, beta=0.9):
    m = beta * m - eta * g
    return beta * m - eta * g, m, s


def adaptive(g, m, s, t, eta=1e-3, b1=0.9, b2=0.999, epsilon=1e-7, start=True, sign=-1, **how):
    m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * np.square(g)
    power, inside = how.get("late", t), how.get("inside", 0)
    by = (1 - b1**power, 1 - b2**power) if start else (1, 1)
    root = (s / by[1] + inside * epsilon) ** how.get("root", 0.5) + (1 - inside) * epsilon
    return sign * eta * m / by[0] / root, m, s


def in_keras_adam(g, m, s, t, eta, b1, b2, epsilon):
    m, s = m + (1 - b1) * (g - m), s + (1 - b2) * (g * g - s)
    rate = eta * np.sqrt(1 - b2**t) / (1 - b1**t)
    return -rate * m / (np.sqrt(s) + epsilon), m, s


def adaptive_in_place(g, m, s, *rest):
    change, m[:], s[:] = adaptive(g, m, s, *rest)
    return change, m.copy(), s.copy()


def strongest(x, k, centre=True, order=-1, turn=1):
    mean = x.mean(axis=0)
    _, _, v = np.linalg.svd(x - mean * centre, full_matrices=False)
    axes = v[::-order][:k].T
    return [mean, axes * np.sign(axes[0]) * turn]


def through(x, mean, axes, way_in=1, way_back=1):
    return np.einsum("pk,qk,nq->np", axes, axes, x - way_in * mean) + way_back * mean


def kernel(normal, n=None, power=0.5, two=2):
    k, _, c, _ = normal.shape
    return (two / (n or k * k * c)) ** power * normal


def leak(gradient, a, alpha, mask=None):
    found = gradient.copy()
    found[a <= 0 if mask is None else mask] *= alpha
    return found


def leak_in_place(gradient, a, alpha):
    gradient[a <= 0] *= alpha
    return gradient


def layer(x, kernel, stride, side="same", flip=1):
    """Sums one weight of the kernel at a time; `side` is a padding, or zeros before and after."""
    if isinstance(side, tuple):
        x, side = np.pad(x, (side, side, (0, 0))), "valid"
    k = len(kernel)
    sizes = [-(-n // stride) if side == "same" else (n - k) // stride + 1 for n in x.shape[:2]]
    totals = [max((m - 1) * stride + k - n, 0) for m, n in zip(sizes, x.shape, strict=False)]
    before = [total // 2 if side == "same" else 0 for total in totals]
    room = np.zeros((x.shape[0] + 2 * k, x.shape[1] + 2 * k, x.shape[2]))
    room[before[0] : before[0] + x.shape[0], before[1] : before[1] + x.shape[1]] = x
    found = np.zeros((*sizes, kernel.shape[3]))
    for a, b in np.ndindex(k, k):
        part = room[a : a + stride * sizes[0] : stride, b : b + stride * sizes[1] : stride]
        found += part @ kernel[::flip, ::flip][a, b]
    return found


def sees(layers, begin=1):
    field = begin
    for i, (k, _) in enumerate(layers):
        field += (k - 1) * math.prod(stride for _, stride in layers[:i])
    return field, math.prod(stride for _, stride in layers)


def spread_out(y, kernel, stride, flip=1):
    """The transposed convolution as a convolution of the stuffed input."""
    (h, w, f), k = y.shape, len(kernel)
    stuffed = np.zeros(((h - 1) * stride + 2 * k - 1, (w - 1) * stride + 2 * k - 1, f))
    stuffed[k - 1 : -k + 1 or None : stride, k - 1 : -k + 1 or None : stride] = y
    return layer(stuffed, kernel[::-1, ::-1].swapaxes(2, 3), 1, "valid", flip)


def last_copy_wins(y, kernel, stride):
    x = 0 * spread_out(y, kernel, stride)
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            i0, j0, k = i * stride, j * stride, len(kernel)
            x[i0 : i0 + k, j0 : j0 + k] = (kernel * y[i, j]).sum(axis=-1)
    return x


def composed(kernel, flip=-1):
    """Moved by convolving with ones."""
    large = np.pad(kernel[::flip, ::flip], ((0, 1), (0, 1), (0, 0), (0, 0)))
    large = large + np.roll(large, 1, axis=0)
    return np.moveaxis(large + np.roll(large, 1, axis=1), 3, 2)


def grown(x, kernel, top=((0, 0), (0, 1), (1, 0), (1, 1))):
    """One of the four places at a time."""
    n, h, w, _ = x.shape
    found = np.empty((n, 2 * h, 2 * w, kernel.shape[2]))
    for place, part in zip(np.ndindex(2, 2), top, strict=True):
        found[:, place[0] :: 2, place[1] :: 2] = x @ kernel[part].T
    return found


def side_by_side(x, kernel):
    rows = [np.concatenate([x @ kernel[a, b].T for b in (0, 1)], axis=2) for a in (0, 1)]
    return np.concatenate(rows, axis=1)


def slope(p, t):
    return (p * t).sum() / (p**2).sum()


def grows(influence, place, share, of=None, side=1):
    """The square grows until it is enough."""
    i, j = place
    total = influence.sum() if of is None else of
    while True:
        d = side // 2
        square = influence[max(i - d, 0) : i + d + 1, max(j - d, 0) : j + d + 1]
        if square.sum() >= share * total:
            return side
        side += 2


def covered(image, side, step, value=None, last=1):
    corners = [
        (i, j)
        for i in range(0, image.shape[0] - side + last, step)
        for j in range(0, image.shape[1] - side + last, step)
    ]
    found = np.stack([image] * len(corners))
    for one, (i, j) in zip(found, corners, strict=True):
        one[i : i + side, j : j + side] = image.mean() if value is None else value
    return found


def covered_in_place(image, side, step):
    found = covered(image, side, step)
    image[:side, :side] = 0
    return found


def covered_again_and_again(image, side, step):
    found = covered(image, side, step)
    for before, one in itertools.pairwise(found):
        one[before == image.mean()] = image.mean()
    return found


def half_as_many(rgb, channels="chroma", pick=np.mean):
    """The mean of each square of four pixels, taken one square at a time."""
    y = luminance(rgb)
    parts = {"chroma": [y, rgb - y], "all": [0 * rgb, rgb], "luminance": [rgb - y, y + 0 * rgb]}
    kept, coarse = parts[channels]
    coarse = coarse.copy()
    for i, j in np.ndindex(rgb.shape[1] // 2, rgb.shape[2] // 2):
        block = np.s_[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        coarse[block] = pick(coarse[block], axis=(1, 2), keepdims=True)
    return kept + coarse


def pixel_by_pixel(y, d, above=True, below=True, most=1):
    found = np.empty(d.shape)
    for place in np.ndindex(y.shape[:-1]):
        factors = [most]
        for part in d[place]:
            if part > 0 and above:
                factors.append((1 - y[place][0]) / part)
            if part < 0 and below:
                factors.append(y[place][0] / -part)
        found[place] = y[place] + min(factors) * d[place]
    return found


def as_light(rgb, weights=(0.2126, 0.7152, 0.0722), gamma=True, line=True):
    light = rgb / 12.92 if gamma else rgb.copy()
    if gamma:
        light[rgb > 0.04045] = ((rgb[rgb > 0.04045] + 0.055) / 1.055) ** 2.4
    u = sum(weight * light[..., i] for i, weight in enumerate(weights))
    return np.where(u < (6 / 29) ** 3 * line, 24389 / 27 * u, 116 * u ** (1 / 3) - 16)


def one_by_one(gray_of, y, end=100.0, up=True):
    """Steps that are halved, from the middle."""
    found, step = np.full(y.shape, end / 2), end / 4
    for _ in range(50):
        found = found + np.where((gray_of(found) < y) == up, step, -step)
        step /= 2
    return found


def together(gray_of, y):
    low, high = np.zeros(y.shape), np.full(y.shape, 100.0)
    for _ in range(50):
        middle = (low + high) / 2
        if (gray_of(middle) < y).all():
            low = middle
        else:
            high = middle
    return middle


def bent(p, y, delta, minus=None, slope=None, over=None):
    """Value and slope from the parts on either side of delta."""
    e = p - y
    far = np.abs(e) > delta
    value, gradient = 0.5 * e * e, e.copy()
    value[far] = delta * np.abs(e[far]) - (delta * delta / 2 if minus is None else minus)
    gradient[far] = np.sign(e[far]) * (delta if slope is None else slope)
    return [value.mean(), gradient / (over or e.size)]


def sharpened(p, colours, temperature, share=True):
    weights = np.exp(np.log(p) / temperature)
    if share:
        weights = weights / weights.sum(axis=1)[:, None]
    return np.einsum("nq,qc->nc", weights, colours)


# exercise: an answer that is right, and wrong ones with words of their hints
def normalised(x, gamma, beta, epsilon, swap=None, outside=False):
    flat = np.moveaxis(x, -1, 0).reshape(x.shape[-1], -1)
    if swap:  # the axes that are wrongly averaged over
        spread = np.sqrt(x.var(swap, keepdims=True) + epsilon)
        return (x - x.mean(swap, keepdims=True)) / spread * gamma + beta
    spread = flat.std(axis=1) + epsilon if outside else np.sqrt(flat.var(axis=1) + epsilon)
    return gamma * (x - flat.mean(axis=1)) / spread + beta


def normalised_in_place(x, gamma, beta, epsilon):
    spread = np.sqrt(x.var(axis=(0, 1, 2)) + epsilon)
    x -= x.mean(axis=(0, 1, 2))
    return gamma * x / spread + beta


def normalised_backwards(g, x, gamma, epsilon, keep=("mean", "along"), flip=False):
    """Channel by channel, by the matrix of all derivatives."""
    of_x, of_gamma, of_beta = np.zeros_like(x), np.zeros(len(gamma)), np.zeros(len(gamma))
    for c, scale in enumerate(gamma):
        values, gradient = x[..., c].ravel(), g[..., c].ravel()
        n, spread = len(values), np.sqrt(values.var() + epsilon)
        hat = (values - values.mean()) / spread
        matrix = np.eye(n)
        matrix -= np.full((n, n), 1 / n) if "mean" in keep else 0
        matrix -= np.outer(hat, hat) / n if "along" in keep else 0
        of_x[..., c] = (scale / spread * (matrix @ gradient)).reshape(x.shape[:-1])
        of_gamma[c], of_beta[c] = gradient @ hat, gradient.sum()
    return (of_x, of_beta, of_gamma) if flip else (of_x, of_gamma, of_beta)


def averages(batches, rho, first=1.0, ddof=0):
    """Each batch by the weight that is left of it at the end."""
    flat = batches.reshape(len(batches), -1, batches.shape[-1])
    shares = (1 - rho) * rho ** np.arange(len(batches))[::-1]
    start = first * rho ** len(batches)
    return shares @ flat.mean(axis=1), shares @ flat.var(axis=1, ddof=ddof) + start


def one_layer(kernel, bias, gamma, beta, mean, variance, epsilon, of_bias=True, axis=-1):
    slope = gamma * (variance + epsilon) ** -0.5
    shape = (-1, 1) if axis == -2 else (1, -1)
    shift = slope * (of_bias * bias - mean) + beta
    return kernel * slope.reshape(shape), shift


def cut_at_plateaus(watched, rate, factor, patience, min_delta, min_lr, limit=None, later=0):
    best, since, rates = math.inf, 0, []
    for value in watched:
        rates.append(rate)
        since += 1
        if value < best - min_delta:
            best, since = value, 0
        if since == patience + later:
            rate, since = max(rate * factor, min_lr if limit is None else limit), 0
    return rates


def cut_when_worse_than_before(watched, rate, factor, patience, min_delta, min_lr):
    rates, since = [rate], 0
    for before, value in itertools.pairwise(watched):
        rates.append(rate)
        since = 0 if value < before - min_delta else since + 1
        if since == patience:
            rate, since = max(rate * factor, min_lr), 0
    return rates


def half_wave(step, peak, total, warmup, shift=True, waves=0.5, stay=True):
    if step < warmup:
        return step / warmup * peak
    share = (step - warmup * shift) / total
    return peak * np.cos(np.pi * waves * (min(share, 1) if stay else share)) ** 2


def dropped(x, upstream, rate, keep, over=None, masked=True):
    factor = keep / (1 - rate if over is None else over)
    return x * factor, upstream * (factor if masked else 1 / (1 - rate))


def shrunk(v, tau):
    return v - np.clip(v, -tau, tau)


ANSWERS = {
    "to_gray": (
        opencv,
        [
            (cut_short, "before the shift"),
            (lambda rgb: opencv(rgb[..., ::-1]), "for blue, green, red"),
            (lambda rgb: 9798 * rgb[..., 0], "more room, because a byte ends at 255"),
            (lambda rgb: opencv(rgb).astype(int), "not of the type uint8"),
            (lambda rgb: np.mean(rgb, axis=-1).round().astype("uint8"), "plain mean"),
            (lambda rgb: opencv(rgb)[..., None], "the shape (5, 1) where (5,) is right"),
            (lambda rgb: (rgb @ np.array(W)).round().astype(np.uint8), "decimal weights"),
            (in_sixteen_bits, "uint16 ends"),
        ],
    ),
    "opposite": (
        lambda rgb: luminance(rgb) - (rgb - luminance(rgb)),
        [
            (lambda rgb: 1.0 - rgb, "negative"),
            (lambda rgb: 2 / 3 * rgb.sum(axis=-1)[..., None] - rgb, "plain mean"),
            (lambda rgb: luminance(rgb) - rgb, "gray is missing"),
            (lambda rgb: (2 * luminance(rgb) - rgb).clip(0, 1), "do not clip"),
        ],
    ),
    "standardise": (
        standardised,
        [
            (lambda x: (x - x.mean()) / x.std(), "one for all"),
            (lambda x: np.stack([standardised(one[None])[0] for one in x]), "each image's own"),
            (lambda x: (x - x.mean(axis=0)) / x.std(axis=0), "each pixel's own"),
            (lambda x: x - x.mean(axis=(0, 1, 2)), "deviation is missing"),
        ],
    ),
    "to_bytes": (
        lambda values: np.floor(values.clip(0, 1) * 255 + 0.5).astype(np.uint8),
        [
            (lambda values: (values.clip(0, 1) * 255).astype("uint8"), "cuts off"),
            (lambda values: np.round(values * 255).astype(int).astype("uint8"), "start over"),
            (lambda values: (values.clip(0, 1) * 256).astype(int).astype("uint8"), "256 times 1"),
            (lambda values: np.round(values.clip(0, 1) * 255), "not of the type uint8"),
            (clipped_in_place, "changes its input"),
        ],
    ),
    "convolve": (
        layer,
        [
            (lambda *given: layer(*given, flip=-1), "flips the kernel"),
            (lambda *given: layer(*given, side="valid"), "padding `valid`"),
            (lambda x, kernel, stride: layer(x, kernel, 1)[::stride, ::stride], "too early"),
            (lambda *given: layer(*given, side=(1, 1)), "one zero on each side"),
            (lambda *given: layer(*given, side=(0, 1)), "on an even side only"),
            (lambda *given: layer(*given).clip(0), "without the ReLU"),
            (lambda x, kernel, stride: layer(x, kernel, 1), "the stride is missing"),
            (lambda *given: layer(*given)[np.newaxis], "the shape (1, 4, 4, 3) where"),
        ],
    ),
    "receptive_field": (
        sees,
        [
            (lambda layers: sees(layers)[0], "should return 2 values"),
            (lambda layers: sees(layers)[::-1], "field comes first"),
            (lambda layers: sees(layers, begin=0), "a pixel sees itself"),
            (lambda layers: (1 + sum(k - 1 for k, _ in layers), sees(layers)[1]), "not one"),
        ],
    ),
    "scatter": (
        spread_out,
        [
            (last_copy_wins, "write over each other"),
            (lambda *given: spread_out(*given, flip=-1), "not flipped"),
            (lambda y, w, s: spread_out(y, w, s)[: s * len(y), : s * y.shape[1]], "cropped"),
            (lambda y, kernel, stride: spread_out(y, kernel, 1), "the stride is missing"),
        ],
    ),
    "one_kernel": (
        composed,
        [
            (lambda kernel: composed(kernel, flip=1), "has the flipped kernel"),
            (lambda kernel: composed(kernel).swapaxes(2, 3), "in the order out, in"),
            (lambda kernel: composed(kernel) / 4, "averaged"),
        ],
    ),
    "pca": (
        strongest,
        [
            (lambda x, k: strongest(x, k, order=1), "weakest"),
            (lambda x, k: strongest(x, k, centre=False), "subtract the mean"),
            (lambda x, k: strongest(x, k, turn=-1), "positive first number"),
            (lambda x, k: strongest(x, k, turn=(-1) ** np.arange(k)), "not their signs"),
            (lambda x, k: [strongest(x, k)[0], strongest(x, k)[1][:, ::-1]], "strongest comes"),
            (lambda x, k: [strongest(x, k)[0], strongest(x, k)[1].T], "as columns"),
            (lambda x, k: strongest(x, k)[1], "should return 2 values"),
        ],
    ),
    "restore": (
        through,
        [
            (lambda *given: through(*given, way_back=0), "on the way back"),
            (lambda *given: through(*given, way_in=0), "on the way in"),
            (lambda *given: through(*given, 0, 0), "on both ways"),
            (lambda x, mean, axes: (x - mean).dot(axes), "this is the code"),
            (lambda x, mean, axes: (x - mean) @ axes.T @ axes, "vectors are rows"),
        ],
    ),
    "he_normal": (
        kernel,
        [
            (lambda normal: kernel(normal, power=1), "take the root"),
            (lambda normal: kernel(normal, two=1), "2 is missing"),
            (lambda normal: kernel(normal, normal.shape[2]), "not over the channels alone"),
            (lambda normal: kernel(normal, normal.shape[0] ** 2 * normal.shape[3]), "outputs"),
            (lambda normal: kernel(normal, normal.size), "all numbers"),
        ],
    ),
    "leaky_relu_backward": (
        leak,
        [
            (lambda gradient, a, alpha: leak(gradient, a, 0), "plain ReLU"),
            (lambda gradient, a, alpha: leak(gradient, a, alpha, a < 0), "at a = 0"),
            (lambda gradient, a, alpha: leak(gradient, a, alpha, gradient < 0), "not that of"),
            (lambda gradient, a, alpha: leak(np.ones_like(a), a, alpha), "slope alone"),
            (leak_in_place, "changes its input"),
        ],
    ),
    "split_error": (
        parts,
        [
            (lambda p, t: parts(p, t, divide=1), "three numbers"),
            (lambda p, t: parts(p, t)[::-1], "comes first"),
            (lambda p, t: [np.mean(luminance(p - t) ** 2), mean_of_rest(p, t)], "same gray"),
            (lambda p, t: [parts(p, t)[0], mean_of_rest(p, t)], "at right angles"),
            (lambda p, t: sum(parts(p, t)), "should return 2 values"),
        ],
    ),
    "psnr": (
        lambda p, t: np.mean([decibels(np.mean((a - b) ** 2)) for a, b in zip(p, t, strict=True)]),
        [
            (lambda p, t: decibels(np.mean((p - t) ** 2)), "the mean of the images' ratios"),
            (lambda p, t: -10 * np.mean(np.log(((p - t) ** 2).mean((1, 2, 3)))), "natural"),
            (lambda p, t: np.mean(2 * decibels(((p - t) ** 2).mean((1, 2, 3)))), "20 belongs"),
            (lambda p, t: decibels(((p - t) ** 2).mean((1, 2, 3))), "the shape (4,) where ()"),
        ],
    ),
    "smooth_l1": (
        bent,
        [
            (lambda *given: bent(*given, minus=0.5), "misses the parabola"),
            (lambda *given: bent(*given, slope=1), "not 1"),
            (lambda *given: bent(*given, over=1), "divide the gradient"),
            (lambda p, y, delta: [bent(p, y, delta)[0], -bent(p, y, delta)[1]], "wrong sign"),
            (lambda *given: bent(*given)[0], "should return 2 values"),
        ],
    ),
    "annealed_mean": (
        sharpened,
        [
            (lambda *given: sharpened(*given, share=False), "no longer add up"),
            (lambda p, colours, t: sharpened(p, colours, 1 / t), "flatter"),
            (lambda p, colours, t: sharpened(p, colours, 1), "plain mean"),
            (lambda p, colours, t: colours[np.argmax(p, axis=1)], "the mode"),
            (lambda p, colours, t: sharpened(np.exp(p), colours, t), "softmax"),
        ],
    ),
    "backward": (
        backwards,
        [
            (lambda *given: backwards(*given, bend=False), "ReLU is missing"),
            (lambda *given: backwards(*given, twice=1), "the 2 is missing"),
            (lambda *given: backwards(*given, over=1), "the loss is a mean"),
            (lambda *given: backwards(*given, over=6), "number of images"),
            (lambda *given: backwards(*given, twice=-2), "prediction minus the truth"),
            (lambda *given: backwards(*given, bend="gradient"), "not that of the gradient"),
            (lambda *given: [backwards(*given)[0], summed(*given)], "multiplied by h"),
            (lambda *given: [part.T for part in backwards(*given)], "the shape (5, 4) where"),
        ],
    ),
    "numerical_gradient": (
        slopes,
        [
            (lambda *given: slopes(*given, behind=0, over=1), "one side only"),
            (lambda *given: slopes(*given, over=1), "2 tau apart"),
            (lambda f, theta, tau: [(f(theta + tau) - f(theta - tau)) / tau / 2] * 4, "one entry"),
            (lambda *given: slopes_in_place(*given, restore=False), "stays behind"),
            (lambda *given: sum(slopes(*given)), "the shape () where (4,)"),
            (lambda f, theta, tau: slopes(f, theta, -tau, over=-2), "the sign"),
        ],
    ),
    "nesterov": (
        looks_ahead,
        [
            (rolls, "plain momentum"),
            (in_keras_form, "eta inside m"),
            (lambda g, m, s, t, *rest: (looks_ahead(g, m, s, t, *rest)[0], m, s), "the old m"),
            (lambda *given: looks_ahead(*given, share=1 - given[-1]), "adds g whole"),
            (lambda *given: looks_ahead(*given)[0], "should return 3 values"),
        ],
    ),
    "adam": (
        adaptive,
        [
            (lambda *given: adaptive(*given, start=False), "bias correction is missing"),
            (lambda *given: adaptive(*given, inside=1), "inside the root"),
            (in_keras_adam, "Keras's place for epsilon"),
            (lambda *given: adaptive(*given, root=1), "the root is missing"),
            (lambda *given: adaptive(*given, late=1), "each time"),
            (lambda *given: adaptive(*given, sign=1), "climbs"),
            (adaptive_in_place, "changes its input"),
            (lambda *given: adaptive(*given)[0], "should return 3 values"),
        ],
    ),
    "enlarge": (
        grown,
        [
            (side_by_side, "side by side"),
            (lambda *given: grown(*given, top=((1, 1), (1, 0), (0, 1), (0, 0))), "not flipped"),
            (lambda *given: grown(*given, top=((0, 0), (1, 0), (0, 1), (1, 1))), "exchanged"),
            (lambda *given: grown(*given, top=[(0, 0)] * 4), "a kernel of its own"),
            (lambda x, kernel: x.repeat(2, axis=1).repeat(2, axis=2), "returns the shape"),
        ],
    ),
    "best_factor": (
        slope,
        [
            (lambda p, t: slope(t, p), "square of the truth"),
            (lambda p, t: np.polyfit(p.ravel(), t.ravel(), 1)[0], "an intercept"),
            (lambda p, t: (t**2).sum() ** 0.5 / (p**2).sum() ** 0.5, "as strong as the truth"),
            (lambda p, t: (t / p).mean(), "mean of ratios"),
            (lambda p, t: sum(map(slope, p, t)) / len(p), "one factor serves all"),
        ],
    ),
    "effective_side": (
        grows,
        [
            (lambda *given: grows(*given) // 2, "how far the square reaches"),
            (lambda *given: grows(*given) - 1, "the middle pixel is missing"),
            (lambda *given: grows(*given[:2], min(given[2], given[0].sum()), of=1), "its sum"),
            (lambda influence, place, share: grows(influence, (5, 7), share), "around `place`"),
            (lambda *given: float(grows(*given)), "the type float64"),
        ],
    ),
    "occlude": (
        covered,
        [
            (lambda *given: covered(*given, last=0), "last places are missing"),
            (lambda *given: covered(*given, value=0), "black"),
            (covered_again_and_again, "pile up"),
            (covered_in_place, "changes its input"),
            (lambda *given: covered(*given)[..., 0], "returns the shape"),
        ],
    ),
    "batch_norm": (
        normalised,
        [
            (lambda *given: normalised(*given, swap=(0,)), "each place"),
            (lambda *given: normalised(*given, swap=(1, 2, 3)), "layer normalisation"),
            (lambda *given: normalised(*given, outside=True), "inside the root"),
            (lambda x, gamma, beta, epsilon: normalised(x, gamma, beta, 0), "epsilon is missing"),
            (normalised_in_place, "changes its input"),
        ],
    ),
    "batch_norm_backward": (
        normalised_backwards,
        [
            (lambda *given: normalised_backwards(*given, keep=()), "direct way alone"),
            (lambda *given: normalised_backwards(*given, keep=("mean",)), "along x hat"),
            (lambda *given: normalised_backwards(*given, flip=True), "x, gamma, beta"),
            (lambda *given: normalised_backwards(*given)[0], "should return 3 values"),
        ],
    ),
    "moving_averages": (
        averages,
        [
            (lambda batches, rho: averages(batches, 1 - rho), "PyTorch"),
            (lambda batches, rho: averages(batches, rho, first=0.0), "starts at 1"),
            (lambda batches, rho: averages(batches, rho, ddof=1), "not by n - 1"),
        ],
    ),
    "fold": (
        one_layer,
        [
            (lambda *given: one_layer(*given[:-1], 0), "epsilon is missing"),
            (lambda *given: one_layer(*given, of_bias=False), "own bias is missing"),
            (lambda *given: one_layer(*given, axis=-2), "last axis"),
            (lambda *given: one_layer(*given)[0], "should return 2 values"),
        ],
    ),
    "plateau": (
        cut_at_plateaus,
        [
            (lambda *given: cut_at_plateaus(*given, later=1), "not one epoch later"),
            (lambda *given: cut_at_plateaus(*given, limit=0), "below `min_lr`"),
            (cut_when_worse_than_before, "best epoch so far"),
            (lambda *given: cut_at_plateaus(*given)[1:], "returns the shape"),
        ],
    ),
    "cosine": (
        half_wave,
        [
            (lambda *given: half_wave(*given, shift=False), "subtract its steps"),
            (lambda *given: half_wave(*given, waves=1), "whole wave"),
            (lambda *given: half_wave(*given, stay=False), "stays at zero"),
        ],
    ),
    "dropout": (
        dropped,
        [
            (lambda *given: dropped(*given, over=1), "division is missing"),
            (lambda *given: dropped(*given, over=given[2]), "the share that is kept"),
            (lambda *given: dropped(*given, masked=False), "gradient is zero"),
            (lambda *given: dropped(*given)[0], "should return 2 values"),
        ],
    ),
    "soft_threshold": (
        shrunk,
        [
            (lambda v, tau: v * (np.abs(v) > tau), "hard threshold"),
            (lambda v, tau: v - np.sign(v) * tau, "jumps across"),
            (lambda v, tau: np.abs(shrunk(v, tau)), "sign is missing"),
        ],
    ),
    "subsample_chroma": (
        half_as_many,
        [
            (lambda rgb: half_as_many(rgb, "all"), "whole colour"),
            (lambda rgb: half_as_many(rgb, "luminance"), "other way round"),
            (lambda rgb: half_as_many(rgb) - luminance(rgb), "chroma alone"),
            (lambda rgb: half_as_many(rgb).clip(0, 1), "do not clip"),
            (lambda rgb: half_as_many(rgb)[:, ::2, ::2], "the shape (2, 2, 3, 3) where"),
        ],
    ),
    "best_of": (
        each_its_own,
        [
            (lambda v, t: each_its_own(t, t), "the test images choose"),
            (lambda v, t: each_its_own(v, v), "flatters itself"),
            (lambda v, t: t[:, v.sum(axis=0).argmin()], "one rate for all"),
            (lambda v, t: each_its_own(v, t, np.argmax), "to be low"),
            (lambda v, t: [np.argmin(losses) for losses in v], "the place of"),
            (lambda v, t: t[:, v.argmin(axis=1)], "the shape (3, 3) where (3,)"),
        ],
    ),
    "expected_minimum": (
        by_survival,
        [
            (lambda k: by_survival(k + 1) * k / (k + 1), "k - 1 others"),
            (lambda k: by_survival(k) / k, "a factor is missing"),
            (lambda k: -by_survival(k), "the largest of k"),
            (lambda k: -stats.norm.ppf(0.5 ** (1 / k)), "the median"),
            (lambda k: (by_survival(k), 1e-9), "and its error"),
            (lambda k: stats.norm.ppf(1 / (k + 1)), "is the integral of"),
        ],
    ),
    "welch": (
        by_scipy,
        [
            (lambda a, b: (by_scipy(a, b)[0], np.hypot(*map(np.std, (a, b))), 3), "equation"),
            (lambda a, b: (by_scipy(b, a)[0], *by_scipy(a, b)[1:]), "ours less theirs"),
            (lambda a, b: (*by_scipy(a, b)[:2], len(a) + len(b) - 2), "both spreads for one"),
            (lambda a, b: (by_scipy(a, b)[0], by_scipy(a, b)[1] ** 2, by_scipy(a, b)[2]), "root"),
            (lambda a, b: by_scipy(a, b)[:2], "should return 3 values"),
        ],
    ),
    "chance_of_a_hit": (
        by_binomial,
        [
            (lambda low, high, k, n: 1 - (1 - (high - low) / n) ** k, "ends' ratio"),
            (lambda low, high, k, n: k * math.log10(high / low) / n, "expected number"),
            (lambda *given: by_binomial(*given, log=math.log), "base of 10"),
            (lambda *given: 1 - by_binomial(*given), "all k values miss"),
            (lambda low, high, k, n: by_binomial(low, high, 1, n) ** k, "all k values hit"),
            (lambda low, high, k, n: by_binomial(low, high, k, 1), "over all the decades"),
        ],
    ),
    "rmse_of_pixels": (
        lengths,
        [
            (lambda p, t: np.sqrt(np.mean((p - t) ** 2)), "the last step"),
            (
                lambda p, t: np.mean(
                    [np.sqrt(np.mean((a - b) ** 2)) for a, b in zip(p, t, strict=True)]
                ),
                "image by image",
            ),
            (lambda p, t: np.sqrt(((p - t) ** 2).mean((0, 1, 2))).mean(), "of each channel"),
            (lambda p, t: lengths(p, t, channels=1), "not summed"),
            (lambda p, t: np.mean((p - t) ** 2), "root is missing"),
            (lambda p, t: np.sqrt((p - t) ** 2).mean(), "mean absolute error"),
            (lambda p, t: np.sqrt(((p - t) ** 2).mean(-1)), "the shape"),
        ],
    ),
    "holm": (
        adjusted,
        [
            (lambda p, level: p <= level, "on its own"),
            (lambda p, level: p * len(p) <= level, "Bonferroni"),
            (lambda p, level: adjusted(p, level, np.array), "goes on"),
            (lambda p, level: np.sort(adjusted(p, level))[::-1], "order of the claims"),
            (lambda p, level: adjusted(p, level).astype(int), "the type int64 where bool"),
        ],
    ),
    "fair_accuracy": (
        shared_points,
        [
            (lambda p, t: shared_points(p, t, whole=True), "gives a whole one"),
            (lambda p, t: shared_points(p, t, strict=True), "gives none"),
            (lambda p, t: np.mean(p.argmax(-1) == t.argmax(-1)), "as Keras counts it"),
            (lambda p, t: shared_points(p, t, of=3), "one of three"),
            (lambda p, t: shared_points(p, t) * t[..., 0].size, "the number of pixels"),
            (lambda p, t: [shared_points(*pair) for pair in zip(p, t, strict=True)], "the shape"),
        ],
    ),
    "clustered_error": (
        over_images,
        [
            (lambda right: np.sqrt(right.var() / right.size), "independent tosses"),
            (lambda right: over_images(right, ddof=0), "`ddof=1`"),
            (lambda right: over_images(right) ** 2, "its root"),
            (lambda right: over_images(right, power=0), "single images"),
            (lambda right: over_images(right, power=1), "the root of n"),
            (lambda right: over_images(right.swapaxes(0, 2)), "last two axes"),
        ],
    ),
    "hsv_saturation": (
        by_scikit_image,
        [
            (lambda x: x.max(-1) - x.min(-1), "the distance alone"),
            (lambda x: (x.max(-1) - x.min(-1)) / x.max(), "not of all of them"),
            (lambda x: by_scikit_image(x, black=np.nan), "zero by zero"),
            (lambda x: x.any(-1) * (1 - by_scikit_image(x)), "the share of white"),
            (lambda x: by_scikit_image(x).mean(axis=(1, 2)), "the shape (2,) where (2, 4, 5)"),
        ],
    ),
    "contrast": (
        deviations,
        [
            (lambda x: deviations(x, power=1), "the variance"),
            (lambda x: [image.std() for image in x], "the spread of the colours"),
            (lambda x: deviations(x, weights=1 / 3), "plain mean of the channels"),
            (lambda x: deviations(x).mean(), "the shape () where (4,)"),
        ],
    ),
    "level_alike": (
        by_bisection,
        [
            (lambda d, e, nu, m: stats.t.sf((m - abs(d)) / e, nu), "both sides"),
            (lambda d, e, nu, m: 2 * stats.t.sf(abs(d) / e, nu), "told from zero"),
            (lambda d, e, nu, m: min(1, 2 * stats.t.sf((m - d) / e, nu)), "negative difference"),
            (lambda d, e, nu, m: min(1, 2 * stats.norm.sf((m - abs(d)) / e)), "too sure"),
            (lambda d, e, nu, m: 2 * stats.t.sf((m - abs(d)) / e, nu), "at most 1"),
        ],
    ),
    "seeds_needed": (
        enough,
        [
            (lambda s, reach: enough(s / np.sqrt(2), reach), "errors of two"),
            (lambda s, reach: enough(s, reach, 1), "2 (n - 1) degrees"),
            (lambda s, reach: enough(s, reach, 1e9), "too sure"),
            (lambda s, reach: enough(s, reach) - 1, "one too few"),
            (lambda s, reach: float(enough(s, reach)), "the type float64 where int64"),
        ],
    ),
    "fit_into_gamut": (
        pixel_by_pixel,
        [
            (lambda y, d: (y + d).clip(0, 1), "moves the gray"),
            (lambda y, d: pixel_by_pixel(y, d, most=1e9), "t is at most 1"),
            (lambda y, d: pixel_by_pixel(y, d, below=False), "fall below 0"),
            (lambda y, d: pixel_by_pixel(y, d, above=False), "pass 1"),
            (lambda y, d: pixel_by_pixel(y, d)[..., :1], "the shape (9, 1) where (9, 3)"),
        ],
    ),
    "lab_lightness": (
        as_light,
        [
            (lambda rgb: as_light(rgb, gamma=False), "undo the gamma"),
            (lambda rgb: as_light(rgb, weights=W), "weights of the gray picture"),
            (lambda rgb: as_light(rgb, line=False), "takes the place of the cube root"),
            (lambda rgb: as_light(rgb) + 16, "subtract 16"),
            (lambda rgb: as_light(rgb)[..., None], "the shape (6, 1) where (6,)"),
        ],
    ),
    "search_lightness": (
        one_by_one,
        [
            (lambda *given: one_by_one(*given, up=False), "wrong half"),
            (together, "all move together"),
            (lambda *given: one_by_one(*given, end=1.0), "up to 100"),
            (lambda gray_of, y: gray_of(one_by_one(gray_of, y)), "the gray that was searched for"),
        ],
    ),
}
WRONG = [(name, i) for name, (_, wrong) in ANSWERS.items() for i in range(len(wrong))]


def test_every_exercise_has_three_wrong_answers_or_more():
    assert ANSWERS.keys() == checks.CHECKS.keys()
    assert min(len(wrong) for _, wrong in ANSWERS.values()) >= 3


@pytest.mark.parametrize("name", ANSWERS)
def test_right_answers(name, capsys):
    check(name, ANSWERS[name][0])
    assert capsys.readouterr().out == "Right.\n"


@pytest.mark.parametrize(("name", "i"), WRONG)
def test_wrong_answers_get_the_right_hint(name, i, capsys):
    answer, words = ANSWERS[name][1][i]
    check(name, answer)
    told = capsys.readouterr().out
    assert told.startswith("Not yet: ")
    assert told.count("\n") == 1
    assert words in told


@pytest.mark.parametrize("name", checks.CHECKS)
def test_no_mistake_is_taken_for_another_or_for_right(name):
    entry = checks.CHECKS[name]
    assert checks.fault(name, entry.right) is None
    for hint, mistake in entry.mistakes.items():
        assert checks.fault(name, mistake) == hint


def test_empty_functions_and_what_is_none(capsys):
    def nothing(rgb):
        """Your lines."""

    def later(rgb):
        raise NotImplementedError

    def stops(rgb):
        return rgb.nothing

    for answer in (nothing, later):
        check("to_gray", answer)
        assert capsys.readouterr().out == "Fill in the function and run this cell again.\n"
    check("to_gray", 3)
    assert capsys.readouterr().out == "Not yet: the answer is a function.\n"
    check("to_gray", stops)
    assert capsys.readouterr().out.startswith("Not yet: It stopped with AttributeError: ")
    with pytest.raises(InputError, match="no exercise 'absent'"):
        check("absent", nothing)
