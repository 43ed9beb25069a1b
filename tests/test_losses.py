"""The losses against their formulas, as the paper prints them."""

import numpy as np
import pytest

from colorizer import losses
from colorizer.errors import InputError

RNG = np.random.default_rng(0)
TRUTH = RNG.random((5, 4, 4, 3))
PREDICTION = RNG.uniform(0.01, 0.99, (5, 4, 4, 3))


def smooth_l1(y, x):
    e = np.abs(x - y)
    return np.where(e < 1, 0.5 * e**2, e - 0.5).mean()


def binary_crossentropy(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


FORMULAS = {
    "mse": lambda y, x: ((x - y) ** 2).mean(),
    "smooth_l1": smooth_l1,
    "binary_crossentropy": binary_crossentropy,
    "mae": lambda y, x: np.abs(x - y).mean(),
}


@pytest.mark.parametrize("name", losses.LOSSES)
def test_formula(name):
    assert float(losses.get(name)(TRUTH, PREDICTION)) == pytest.approx(
        FORMULAS[name](TRUTH, PREDICTION), rel=1e-5
    )


def test_smooth_l1_beyond_one():
    assert float(losses.get("smooth_l1")([[0.0]], [[3.0]])) == pytest.approx(2.5)


def test_smooth_l1_is_half_the_mse_on_unit_interval():
    half = float(losses.get("mse")(TRUTH, PREDICTION)) / 2
    assert float(losses.get("smooth_l1")(TRUTH, PREDICTION)) == pytest.approx(half, rel=1e-5)


def test_unknown_loss():
    with pytest.raises(InputError, match="mse"):
        losses.get("l3")
