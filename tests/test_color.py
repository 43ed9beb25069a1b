"""The gray map and the way back, against NumPy, OpenCV and Keras."""

import subprocess
import sys

import numpy as np
import pytest

from colorizer import color
from colorizer.backend import keras
from colorizer.data import normalize, to_gray
from colorizer.errors import InputError
from colorizer.models import KeepLuminance

W = np.array([0.299, 0.587, 0.114])


@pytest.fixture
def rgb():
    return np.random.default_rng(0).random((5, 6, 7, 3))


def random_chroma(n, seed):
    """Luminance in [0, 1], both ends among them, and chroma, most of it too strong."""
    random = np.random.default_rng(seed)
    y = np.concatenate([[0, 0, 1, 1], random.random(n - 4)])
    red, blue = random.normal(0, 0.4, (2, n))
    red[[0, 2]] = blue[[0, 2]] = 0
    return y, red, blue


def test_luminance_is_the_weighted_sum(rgb):
    np.testing.assert_allclose(color.luminance(rgb), np.einsum("...c,c", rgb, W), rtol=1e-14)
    levels = (255 * rgb).astype(np.uint8)
    ours = np.rint(255 * color.luminance(normalize(levels)))
    assert np.abs(ours - to_gray(levels)[..., 0]).max() <= 1  # OpenCV computes in whole numbers


def test_chroma_is_red_and_blue_beyond_the_luminance(rgb):
    y = np.einsum("...c,c", rgb, W)
    expected = np.stack([rgb[..., 0] - y, rgb[..., 2] - y], axis=-1)
    np.testing.assert_allclose(color.chroma(rgb), expected, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gray_is_its_own_luminance_and_has_no_chroma(dtype):
    level = np.random.default_rng(1).random(10_000).astype(dtype)
    gray = np.repeat(level[:, None], 3, axis=-1)
    assert color.luminance(gray).dtype == color.chroma(gray).dtype == dtype
    assert (color.luminance(gray) == level).all()
    assert (color.chroma(gray) == 0).all()


def test_out_of_luminance_and_chroma_comes_the_colour_itself(rgb):
    back = color.in_gamut(color.luminance(rgb), *np.moveaxis(color.chroma(rgb), -1, 0))
    np.testing.assert_allclose(np.stack(back, axis=-1), rgb, atol=1e-5)


def test_the_chroma_is_shortened_by_the_largest_factor_that_fits():
    y, red, blue = random_chroma(200, seed=2)
    found = np.stack(color.in_gamut(y, red, blue), axis=-1)
    assert found.min() >= 0
    assert found.max() <= 1
    np.testing.assert_allclose(found @ W, y, atol=1e-12)  # the luminance stays
    green = -(W[0] * red + W[2] * blue) / W[1]
    beyond = np.stack([red, green, blue], axis=-1)
    factors = np.linspace(0, 1, 10_001)[:, np.newaxis]
    largest = []
    for level, d in zip(y, beyond, strict=True):
        fits = np.abs(level + factors * d - 0.5).max(axis=-1) <= 0.5 + 1e-12
        largest.append(factors[fits].max())
    assert 20 < np.sum(np.array(largest) < 1) < 180  # some are shortened, some are not
    expected = y[:, np.newaxis] + np.array(largest)[:, np.newaxis] * beyond
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_tensors_are_treated_as_arrays_are():
    y, red, blue = np.float32(random_chroma(1000, seed=3))
    arrays = color.in_gamut(y, red, blue)
    tensors = color.in_gamut(*map(keras.ops.convert_to_tensor, (y, red, blue)), xp=keras.ops)
    for ours, theirs in zip(arrays, tensors, strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(theirs), atol=1e-6)


def test_the_layer_does_the_same():
    y, red, blue = np.float32(random_chroma(64, seed=4)).reshape(3, 1, 8, 8)
    layer = KeepLuminance()(y[..., None], np.stack([red, blue], axis=-1))
    ours = np.stack(color.in_gamut(y, red, blue), axis=-1)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer), ours, atol=1e-6)


def test_black_and_white_stay_finite_in_half_precision():
    y, red, blue = np.float16([[0, 1, 0, 1], [0, 0, 0.5, 0.5], [0, 0, -0.5, -0.5]])
    tensors = map(keras.ops.convert_to_tensor, (y, red, blue))
    for part in color.in_gamut(*tensors, xp=keras.ops):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(part), y)


@pytest.mark.parametrize("function", [color.luminance, color.chroma])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((4, 4, 3), np.uint8), "floating point"),
        (np.zeros((4, 3, 4)), "shape"),
        (np.float64(1), "shape"),
    ],
)
def test_bad_colours(function, bad, message):
    with pytest.raises(InputError, match=message):
        function(bad)


def test_color_needs_neither_keras_nor_scikit_image():
    check = "import sys, colorizer.color; print({'keras', 'skimage'} & set(sys.modules))"
    process = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert process.stdout.strip() == "set()", process.stderr
