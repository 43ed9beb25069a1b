"""The convolutions in NumPy against Keras, and against each other."""

import numpy as np
import pytest

from colorizer.backend import keras
from colorizer.models import unet
from colorizer.scratch import (
    convolve,
    folded,
    kernel_gradient,
    transpose_convolve,
    unet_forward,
)

CASES = [(1, 3), (2, 3), (2, 2), (2, 4), (3, 5), (1, 1), (2, 1)]  # stride, size of the kernel


@pytest.fixture
def arrays():
    def draw(stride, size, dtype=np.float64):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(2, 6 * stride, 4 * stride, 3)).astype(dtype)
        y = rng.normal(size=(2, 6, 4, 5)).astype(dtype)
        kernel = rng.normal(size=(size, size, 3, 5)).astype(dtype)
        return x, y, kernel

    return draw


@pytest.mark.parametrize(("stride", "size"), CASES)
def test_convolve_is_keras(arrays, stride, size):
    x, _, kernel = arrays(stride, size, np.float32)
    theirs = keras.ops.conv(x, kernel, strides=stride, padding="same")
    ours = convolve(x, kernel, stride)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize(("stride", "size"), [c for c in CASES if c[1] >= c[0]])
def test_transpose_convolve_is_keras(arrays, stride, size):
    _, y, kernel = arrays(stride, size, np.float32)
    theirs = keras.ops.conv_transpose(y, kernel, strides=stride, padding="same")
    np.testing.assert_allclose(transpose_convolve(y, kernel, stride), theirs, atol=1e-4)


@pytest.mark.parametrize(("stride", "size"), CASES)
def test_adjoints(arrays, stride, size):
    x, y, kernel = arrays(stride, size)
    product = np.vdot(y, convolve(x, kernel, stride))
    assert np.vdot(transpose_convolve(y, kernel, stride), x) == pytest.approx(product, rel=1e-12)
    assert np.vdot(kernel_gradient(x, y, stride, size), kernel) == pytest.approx(product, rel=1e-12)


@pytest.mark.parametrize("levels", [0, 2])
def test_the_unet_is_keras(levels):
    model, rng = unet(levels), np.random.default_rng(0)
    for layer in model.layers:  # none of them as it starts: norms do nothing, the chroma is zero
        layer.set_weights([w + 0.05 * rng.normal(size=w.shape) for w in layer.get_weights()])
    gray = rng.random((2, 8, 12, 1))
    parts = {x.name: x.output for x in model.layers if x.name.endswith(("chroma", "_relu"))}
    theirs = keras.Model(model.input, parts)(gray)
    chroma, is_open = unet_forward(gray, folded(model), levels)
    np.testing.assert_allclose(chroma, theirs.pop("chroma"), atol=1e-4)
    assert {f"{name}_relu" for name in is_open} == theirs.keys()
    for name, found in is_open.items():
        theirs_open = keras.ops.convert_to_numpy(theirs[f"{name}_relu"]) > 0
        assert (found == theirs_open).mean() > 0.999
        assert found.any()
