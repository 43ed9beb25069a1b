"""The numbers that the errata page holds against the paper, computed again."""

from pathlib import Path

import numpy as np
import pytest

from colorizer import baselines, metrics, models
from colorizer.backend import keras
from colorizer.data import normalize, to_gray

ERRATA = (Path(__file__).parents[1] / "book/reference/errata.md").read_text()


def section(label):
    """The entry under a label, as one line."""
    return " ".join(ERRATA.split(f"(errata-{label})=")[1].split("(errata-")[0].split())


@pytest.fixture(scope="module")
def images(cifar10):
    return normalize(to_gray(cifar10.test.rgb)), normalize(cifar10.test.rgb)


def copy_accuracy(gray, rgb, train):
    return metrics.channel_argmax_accuracy(baselines.gray_copy(gray), rgb)


def black_mse(gray, rgb, train):
    return metrics.mse(baselines.black(gray), rgb)


def copy_mse(gray, rgb, train):
    return metrics.mse(baselines.gray_copy(gray), rgb)


def copy_rmse(gray, rgb, train):
    return copy_mse(gray, rgb, train) ** 0.5


def copy_mae(gray, rgb, train):
    return metrics.mae(baselines.gray_copy(gray), rgb)


def mean_colour_mse(gray, rgb, train):
    return metrics.mse(baselines.train_mean_colour(train)(gray), rgb)


def entropy(gray, rgb, train):
    y = np.clip(np.float64(rgb), 1e-12, 1 - 1e-12)
    return -np.mean(y * np.log(y) + (1 - y) * np.log(1 - y))


def linear_code_mse(gray, rgb, train):
    """Of the 256 principal components of the gray training images, on gray."""
    x = np.float64(normalize(to_gray(train.rgb))).reshape(len(train), -1)
    mean = x.mean(0)
    axes = np.linalg.eigh((x - mean).T @ (x - mean))[1][:, -256:]
    test = gray.reshape(len(gray), -1) - mean
    return np.mean((test - test @ axes @ axes.T) ** 2)


@pytest.mark.parametrize(
    ("label", "printed", "compute", "unit"),
    [
        ("accuracy", "50.9 %", copy_accuracy, 0.01),
        ("loss-range", "0.290", black_mse, 1),
        ("loss-range", "0.547", entropy, 1),
        ("loss-077", "0.063", mean_colour_mse, 1),
        ("loss-077", "0.0066", copy_mse, 1),
        ("loss-077", "0.081", copy_rmse, 1),
        ("loss-077", "0.050", copy_mae, 1),
        ("compression", "0.0016", linear_code_mse, 1),
    ],
)
def test_printed_number(images, cifar10, label, printed, compute, unit):
    assert printed in section(label)
    number = printed.split()[0]
    digits = len(number.split(".")[1])
    assert f"{compute(*images, cifar10.train) / unit:.{digits}f}" == number


def test_parameter_counts():
    assert f"{models.autoencoder().count_params():,}" in section("tables")
    assert f"{models.encoder().count_params():,} + {models.decoder().count_params():,}" in section(
        "tables"
    )
    assert f"{models.encoder().get_layer('latent_vector').count_params():,}" in section("padding")


def test_no_padding_gives_other_sizes():
    x = np.zeros((1, 32, 32, 1), np.float32)
    sizes = []
    for _ in range(3):
        x = keras.layers.Conv2D(1, 3, strides=2)(x)
        sizes.append(x.shape[1])
    assert sizes == [15, 7, 3]


def test_smooth_l1_is_half_the_mse_on_unit_pixels():
    a, b = np.random.default_rng(0).random((2, 4, 32, 32, 3), dtype=np.float32)
    smooth = keras.losses.Huber(delta=1.0)(a, b)
    assert float(smooth) == pytest.approx(np.mean((a - b) ** 2) / 2, rel=1e-5)


def test_adam_as_printed_climbs():
    """The paper's five steps on the loss x squared, from 1."""
    x, m, s = 1.0, 0.0, 0.0
    for t in range(1, 101):
        gradient = 2 * x
        m = 0.9 * m + 0.1 * gradient
        s = 0.999 * s + 0.001 * gradient**2
        x = x + 0.001 * (m / (1 - 0.9**t)) / np.sqrt(s / (1 - 0.999**t) + 1e-7)
    assert x**2 > 1.1
