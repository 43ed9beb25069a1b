"""Predictors without a network: small data against loops, CIFAR-10 against known floors."""

import numpy as np
import pytest

from colorizer import baselines, metrics
from colorizer.baselines import linear_autoencoder
from colorizer.data import Cifar10, Images, normalize, to_gray
from colorizer.errors import InputError


def random_images(n, size, seed):
    random = np.random.default_rng(seed)
    smooth = random.random((n, 1, 1, 3)) * random.random((n, size, size, 1))
    rgb = 255 * (0.7 * smooth + 0.3 * random.random((n, size, size, 3)))
    return Images(rgb.astype(np.uint8), np.zeros(n, np.uint8))


@pytest.fixture(scope="module")
def train():
    return random_images(600, 4, seed=0)


@pytest.fixture(scope="module")
def held_out():
    return random_images(20, 4, seed=1)


@pytest.fixture(scope="module")
def gray(held_out):
    return normalize(to_gray(held_out.rgb))


def test_black(gray):
    assert (baselines.black(gray) == np.zeros((20, 4, 4, 3))).all()


def test_gray_copy(gray):
    assert (baselines.gray_copy(gray) == np.concatenate([gray, gray, gray], axis=-1)).all()


def test_train_mean_colour(train, gray):
    prediction = baselines.train_mean_colour(train)(gray)
    assert prediction.shape == (20, 4, 4, 3)
    expected = train.rgb.reshape(-1, 3).astype(float).mean(axis=0) / 255
    assert prediction[7, 1, 2] == pytest.approx(expected, rel=1e-6)


def test_luminance_lookup(train, gray):
    prediction = baselines.luminance_lookup(train)(gray)
    levels = to_gray(train.rgb)[..., 0]
    for image, colours in zip(np.rint(255 * gray), prediction, strict=True):
        for level, colour in zip(image.ravel(), colours.reshape(-1, 3), strict=True):
            pixels = train.rgb[levels == level]
            expected = pixels.mean(axis=0) if len(pixels) else np.full(3, level)
            assert colour == pytest.approx(expected / 255, rel=1e-6)


def test_luminance_lookup_keeps_the_gray_of_a_level_it_has_not_seen():
    only_black = Images(np.zeros((1, 4, 4, 3), np.uint8), np.zeros(1, np.uint8))
    levels = normalize(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1))
    prediction = baselines.luminance_lookup(only_black)(levels)
    assert prediction == pytest.approx(np.repeat(levels, 3, axis=-1))


@pytest.mark.parametrize("rank", [1, 5, 16])
def test_linear_autoencoder_is_least_squares_projected_on_its_first_components(rank, train, gray):
    """The textbook's other way to the same map: fit without a bottleneck, then project the fits."""
    x, y = (a.reshape(len(train), -1) / 255.0 for a in (to_gray(train.rgb), train.rgb))
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    fit = np.linalg.lstsq(x - x_mean, y - y_mean)[0]
    components = np.linalg.svd((x - x_mean) @ fit, full_matrices=False)[2][:rank]
    expected = (gray.reshape(20, -1) - x_mean) @ fit @ components.T @ components + y_mean
    prediction = linear_autoencoder(train, rank)(gray)
    assert prediction.dtype == np.float32
    assert prediction.reshape(20, -1) == pytest.approx(np.clip(expected, 0, 1), abs=1e-5)


def test_linear_autoencoders_are_fitted_once_and_cut_at_any_rank(train, gray):
    of = baselines.linear_autoencoders(train)
    for rank in (1, 16):
        assert np.array_equal(of(rank)(gray), linear_autoencoder(train, rank)(gray))
    with pytest.raises(InputError, match="from 1 to 16"):
        of(17)


def test_linear_autoencoder_of_fewer_images_than_pixels():
    """Then least squares fits the training images exactly."""
    few = random_images(10, 4, seed=2)
    prediction = linear_autoencoder(few, 16)(normalize(to_gray(few.rgb)))
    assert prediction == pytest.approx(normalize(few.rgb), abs=1e-4)


@pytest.mark.parametrize(("dtype", "close"), [(np.float64, 1e-10), (np.float32, 1e-4)])
def test_principal_axes_are_a_singular_value_decomposition(dtype, close):
    random = np.random.default_rng(3)
    x = (random.normal(size=(200, 12)) * np.arange(1, 13) + 7).astype(dtype)
    mean, variances, axes = baselines.principal_axes(x)
    assert (mean.dtype, variances.dtype, axes.dtype) == (dtype, np.float64, dtype)
    _, s, v = np.linalg.svd(x.astype(float) - x.mean(axis=0, dtype=float), full_matrices=False)
    assert mean == pytest.approx(x.mean(axis=0, dtype=float), rel=1e-6)
    assert variances == pytest.approx(s**2 / 200, rel=close)
    assert np.abs(np.sum(axes * v.T, axis=0)) == pytest.approx(np.ones(12), abs=close)


def test_what_the_first_principal_axes_lose_is_the_variance_of_the_others():
    x = np.random.default_rng(4).normal(size=(300, 10)) @ np.diag(np.arange(10))
    mean, variances, axes = baselines.principal_axes(x)
    kept = (x - mean) @ axes[:, :4] @ axes[:, :4].T + mean
    assert np.mean(np.sum((x - kept) ** 2, axis=1)) == pytest.approx(variances[4:].sum())


@pytest.mark.parametrize("bad", [np.zeros((0, 3)), np.zeros(3), np.zeros((5, 3), np.uint8)])
def test_no_principal_axes(bad):
    with pytest.raises(InputError, match="floating-point"):
        baselines.principal_axes(bad)


def test_image_mean_colour(held_out):
    truth = normalize(held_out.rgb)
    prediction = baselines.image_mean_colour(truth)
    assert prediction.shape == truth.shape
    for image, colours in zip(truth, prediction, strict=True):
        assert colours == pytest.approx(np.tile(image.mean(axis=(0, 1)), (4, 4, 1)), rel=1e-6)


def test_mean_chroma_oracle(held_out, gray):
    truth = normalize(held_out.rgb)
    prediction = baselines.mean_chroma_oracle(gray, truth)
    for y, image, colours in zip(gray, truth, prediction, strict=True):
        chroma = image.mean(axis=(0, 1)) - y.mean()
        assert colours == pytest.approx(np.clip(y + chroma, 0, 1), abs=1e-6)


def test_floors_are_the_metrics_on_the_test_images():
    data = Cifar10(*(random_images(n, 32, seed=n) for n in (40, 5, 10)))
    truth, gray = normalize(data.test.rgb), normalize(to_gray(data.test.rgb))
    floors = baselines.floors(data)
    assert tuple(floors) == baselines.NAMES
    labels = data.test.labels
    assert floors["gray_copy"] == metrics.evaluate(baselines.gray_copy(gray), truth, labels)
    lookup = baselines.luminance_lookup(data.train)(gray)
    assert floors["luminance_lookup"] == metrics.evaluate(lookup, truth, labels)
    linear = linear_autoencoder(data.train, 64)(gray)
    assert floors["linear_autoencoder_64"] == metrics.evaluate(linear, truth, labels)
    assert list(baselines.floors(data, names=["black"])) == ["black"]


def test_floors_of_an_unknown_name(train, held_out):
    with pytest.raises(InputError, match="no floor 'white'"):
        baselines.floors(Cifar10(train, train, held_out), names=["black", "white"])


@pytest.mark.parametrize(
    "fit",
    [
        baselines.train_mean_colour,
        baselines.luminance_lookup,
        lambda train: linear_autoencoder(train, 1),
        baselines.linear_autoencoders,
    ],
)
def test_no_training_images(fit, train):
    with pytest.raises(InputError, match="no training images"):
        fit(train[:0])


@pytest.mark.parametrize("rank", [0, 17])
def test_rank_out_of_range(rank, train):
    with pytest.raises(InputError, match="from 1 to 16"):
        linear_autoencoder(train, rank)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((2, 4, 4), np.float32), "must be"),
        (np.zeros((2, 4, 4, 3), np.float32), "must be"),
        (np.zeros((2, 4, 4, 1), np.uint8), "floating point"),
        (np.full((2, 4, 4, 1), np.nan), "not finite"),
        (np.full((2, 4, 4, 1), 1.5), "reaches"),
    ],
)
def test_bad_gray_images(bad, message, train):
    predictors = [
        baselines.black,
        baselines.gray_copy,
        baselines.train_mean_colour(train),
        baselines.luminance_lookup(train),
        linear_autoencoder(train, 3),
        lambda gray: baselines.mean_chroma_oracle(gray, np.zeros((2, 4, 4, 3))),
    ]
    for predict in predictors:
        with pytest.raises(InputError, match=message):
            predict(bad)


def test_gray_images_of_another_size(train):
    with pytest.raises(InputError, match="16 pixels, not 25"):
        linear_autoencoder(train, 3)(np.zeros((1, 5, 5, 1), np.float32))


def test_oracles_with_a_bad_truth(gray):
    with pytest.raises(InputError, match="floating point"):
        baselines.image_mean_colour(np.zeros((20, 4, 4, 3), np.uint8))
    with pytest.raises(InputError, match="but the truth"):
        baselines.mean_chroma_oracle(gray, np.zeros((19, 4, 4, 3)))


# On CIFAR-10. The known values were measured with predictors fitted to all 50,000 training images.


@pytest.fixture(scope="module")
def all_train(cifar10):
    parts = cifar10.train, cifar10.validation
    return Images(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("rgb", "labels")))


def assert_scores(prediction, truth, **known):
    """Agreement to the digits that are printed: within half a unit of the last."""
    for name, printed in known.items():
        tolerance = 0.5 * 10.0 ** -len(printed.split(".")[1])
        score = getattr(metrics, name)(prediction, truth)
        assert score == pytest.approx(float(printed), rel=0, abs=tolerance), name


NAMES = "mse", "mae", "psnr", "channel_argmax_accuracy"
KNOWN = {
    "black": ("0.2902", "0.477", "5.8", "0.5086"),
    "train_mean_colour": ("0.0628", "0.208", "12.6", "0.5086"),
    "image_mean_colour": ("0.0443", "0.167", "14.3", "0.691"),
    "luminance_lookup": ("0.00610", "0.0484", "24.6", "0.447"),
    "mean_chroma_oracle": ("0.00288", "0.0332", "28.4", "0.692"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_floors(name, cifar10, all_train):
    truth, gray = normalize(cifar10.test.rgb), normalize(to_gray(cifar10.test.rgb))
    prediction = {
        "black": lambda: baselines.black(gray),
        "train_mean_colour": lambda: baselines.train_mean_colour(all_train)(gray),
        "image_mean_colour": lambda: baselines.image_mean_colour(truth),
        "luminance_lookup": lambda: baselines.luminance_lookup(all_train)(gray),
        "mean_chroma_oracle": lambda: baselines.mean_chroma_oracle(gray, truth),
    }[name]()
    assert_scores(prediction, truth, **dict(zip(NAMES, KNOWN[name], strict=True)))


KNOWN_LINEAR = {
    256: ("0.00754", "0.0603", "22.6", "0.456"),
    128: ("0.00950", "0.0702", "21.2", "0.460"),
    64: ("0.0122", "0.0813", "19.8", "0.462"),
}


def test_known_floors_of_linear_autoencoders(cifar10, all_train):
    truth, gray = normalize(cifar10.test.rgb), normalize(to_gray(cifar10.test.rgb))
    of_rank = baselines.linear_autoencoders(all_train)
    for rank, known in KNOWN_LINEAR.items():
        assert_scores(of_rank(rank)(gray), truth, **dict(zip(NAMES, known, strict=True)))


def test_known_floor_of_a_gray_copy(cifar10):
    truth, gray = normalize(cifar10.test.rgb), normalize(to_gray(cifar10.test.rgb))
    assert_scores(
        baselines.gray_copy(gray),
        truth,
        mse="0.00662",
        mae="0.0500",
        psnr="25.05",
        ssim="0.934",
        ciede2000="10.49",
        ab_rmse="14.02",
        colorfulness_ratio="0.0",
        channel_argmax_accuracy="0.5086",
    )
    assert metrics.colorfulness(truth) == pytest.approx(33.65, abs=0.005)
