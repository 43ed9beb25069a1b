"""The small trainings and the look before each ReLU, against Keras."""

import numpy as np
import pytest

from colorizer.backend import keras
from colorizer.models import Regularization, autoencoder
from colorizer.normalising import before_relu, normalisations, small_colorizer, small_trainings

to_numpy = keras.ops.convert_to_numpy


def some(*shape):
    return np.random.default_rng(0).random(shape).astype("float32")


def test_before_relu_is_what_the_relu_cuts():
    model, gray = autoencoder(latent_size=8), some(4, 32, 32, 1)
    found = before_relu(model, gray)
    assert [values.shape[-1] for values in found.values()] == [64, 128, 256, 256, 128, 64]
    encoder = model.get_layer("encoder_model")
    cut = keras.Model(encoder.inputs, encoder.get_layer("conv2d_2").output)([gray])
    np.testing.assert_allclose(np.maximum(found["conv2d_2"], 0), to_numpy(cut), atol=1e-5)
    assert found["conv2d_2"].min() < 0
    assert encoder.get_layer("conv2d_2").activation is keras.activations.relu


def test_normalisations_are_those_of_the_models_inside():
    found = list(normalisations(autoencoder(Regularization(batch_norm=True), latent_size=8)))
    assert [norm.gamma.shape[0] for norm in found] == [64, 128, 256, 256, 128, 64]
    assert not list(normalisations(autoencoder(latent_size=8)))


@pytest.mark.parametrize("order", ["relu", "norm relu", "relu norm"])
def test_the_order_is_that_of_the_layers(order):
    kinds = {"BatchNormalization": "norm", "ReLU": "relu"}
    model = small_colorizer(order)
    words = [kinds[name] for layer in model.layers if (name := type(layer).__name__) in kinds]
    assert words == 4 * order.split()
    assert model.output_shape == (None, 32, 32, 3)


def test_a_training_is_that_of_its_settings_alone():
    gray, rgb = some(16, 32, 32, 1), some(16, 32, 32, 3)

    def weights(*settings):
        trained = small_trainings("norm relu", gray, rgb, *settings)
        return {tuple(setting): model.get_weights() for *setting, model in trained}

    several, alone = weights([4, 8], [0, 1], [1e-2, 1e-3]), weights([8], [1], [1e-3])
    assert list(several)[:4] == [(1e-2, 4, 0), (1e-2, 4, 1), (1e-2, 8, 0), (1e-2, 8, 1)]
    assert list(several)[4] == (1e-3, 4, 0)
    for ours, theirs in zip(several[1e-3, 8, 1], alone[1e-3, 8, 1], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert not np.allclose(several[1e-3, 8, 0][0], several[1e-3, 8, 1][0], atol=1e-2)
    assert not np.allclose(several[1e-2, 8, 1][0], several[1e-3, 8, 1][0], atol=1e-3)
