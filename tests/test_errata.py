"""The numbers that the errata page holds against the paper, computed again."""

import re
from pathlib import Path

import numpy as np
import pytest

from colorizer import baselines, losses, metrics, models
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
    x = normalize(to_gray(train.rgb)).reshape(len(train), -1)
    axes = np.linalg.eigh(np.cov(x, rowvar=False, dtype=x.dtype))[1][:, -256:]
    test = gray.reshape(len(gray), -1) - x.mean(0)
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


def test_without_padding_the_sizes_are_those_told():
    encoder = models.encoder(padding="valid")
    first, second, third = (encoder.get_layer(f"conv2d_{i}").output.shape[1] for i in (1, 2, 3))
    assert f"= {first}, then {second}, then {third}." in section("padding")


def test_smooth_l1_is_half_of_the_mse_as_told(images):
    rgb = images[1][:1000]
    black = np.zeros_like(rgb)  # differences up to 1, the largest there are
    smooth_l1, mse = (float(losses.get(name)(rgb, black)) for name in ("smooth_l1", "mse"))
    assert "exactly half of the mean squared error" in section("smooth-l1")
    assert "smooth L1 is half of that" in section("loss-range")
    assert smooth_l1 == pytest.approx(mse / 2, rel=1e-5)


def after_adam(into_momentum, into_parameter):
    """x squared after 100 of the paper's five steps on it from 1, with the signs in 1 and 5."""
    x, m, s = 1.0, 0.0, 0.0
    for t in range(1, 101):
        gradient = 2 * x
        m = 0.9 * m + into_momentum * 0.1 * gradient
        s = 0.999 * s + 0.001 * gradient**2
        corrected_m, corrected_s = m / (1 - 0.9**t), s / (1 - 0.999**t)
        x = x + into_parameter * 0.001 * corrected_m / np.sqrt(corrected_s + 1e-7)
    return x**2


def test_adam_climbs_with_the_signs_told_as_printed_and_with_either_changed_it_does_not():
    printed = re.search(
        r"\\beta_1 \\mathbf\{m\} ([+-]) \(1 - \\beta_1\).*\\leftarrow \\theta ([+-]) \\eta",
        section("adam-sign").split("Correct")[0],
    )
    first, fifth = (int(sign + "1") for sign in printed.groups())
    assert after_adam(first, fifth) > 1.1
    assert after_adam(-first, fifth) < 0.9
    assert after_adam(first, -fifth) < 0.9
