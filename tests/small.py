"""A network of a few hundred weights, and a few images, for tests that would train for long."""

import numpy as np

from colorizer.backend import keras
from colorizer.data import Cifar10, Images


def images(n, seed=0):
    random = np.random.default_rng(seed)
    rgb = random.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
    return Images(rgb, np.arange(n, dtype=np.uint8) % 10)


DATA = Cifar10(train=images(40, 0), validation=images(8, 1), test=images(12, 2))


def network(filters: int = 4, channels: int = 3, dropout: float = 0.5):
    """Gray to `channels` numbers a pixel, with whatever a checkpoint has to hold."""
    layers = keras.layers  # with names, as weight files have them
    gray = layers.Input((32, 32, 1), name="gray")
    x = layers.Conv2D(filters, 3, strides=4, padding="same", activation="relu", name="in")(gray)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.UpSampling2D(4, name="up")(layers.Dropout(dropout, name="dropout")(x))
    activation = "sigmoid" if channels == 3 else None
    return keras.Model(gray, layers.Conv2D(channels, 1, activation=activation, name="out")(x))
