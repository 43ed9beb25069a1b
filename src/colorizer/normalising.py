"""What the two chapters on batch normalisation share: a look before each ReLU, small trainings.

The small colorizer has a few thousand weights, so that a chapter can train it many times over.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from colorizer.backend import keras

layers = keras.layers
to_numpy = keras.ops.convert_to_numpy


def before_relu(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """What each hidden convolution of the paper's model makes of images, before its ReLU.

    A batch normalisation after it has no part in that, and is in its training mode for the layers
    that follow.

    Args:
        model: from `models.autoencoder`.
        images: gray, (n, 32, 32, 1), in [0, 1].

    Returns:
        The layer's name to its values, (n, h, w, channels), float64.
    """
    found, x = {}, images
    for part in ("encoder_model", "decoder_model"):
        for layer in model.get_layer(part).layers[1:]:  # the first is the input
            if layer.name.startswith("conv2d"):
                activation, layer.activation = layer.activation, None
                found[layer.name] = layer(x)
                layer.activation = activation
                x = activation(found[layer.name])
            else:
                x = layer(x, training=True)
    return {name: to_numpy(values).astype(float) for name, values in found.items()}


def normalisations(model: keras.Model) -> Iterator[keras.layers.BatchNormalization]:
    """The batch normalisations of a model and of the models in it."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from normalisations(layer)
        elif isinstance(layer, layers.BatchNormalization):
            yield layer


def small_colorizer(order: str) -> keras.Sequential:
    """A colorizer of four hidden convolutions, (n, 32, 32, 1) to (n, 32, 32, 3).

    Args:
        order: what follows each hidden convolution: "relu", "norm relu" or "relu norm".
    """
    stack = [layers.Input((32, 32, 1))]
    halve = [(layers.Conv2D, 12), (layers.Conv2D, 24)]
    double = [(layers.Conv2DTranspose, 24), (layers.Conv2DTranspose, 12)]
    kinds = {"norm": layers.BatchNormalization, "relu": layers.ReLU}
    for convolution, filters in halve + double:
        stack.append(convolution(filters, 3, strides=2, padding="same"))
        stack += [kinds[word]() for word in order.split()]
    stack.append(layers.Conv2D(3, 3, padding="same", activation="sigmoid"))
    return keras.Sequential(stack)


def small_trainings(
    order: str,
    gray: np.ndarray,
    rgb: np.ndarray,
    batch_sizes: Sequence[int],
    seeds: Sequence[int],
    learning_rates: Sequence[float] = (3e-3,),
) -> Iterator[tuple[float, int, int, keras.Sequential]]:
    """Train the small colorizer with Adam for two epochs, in each combination of the settings.

    Args:
        order: as in `small_colorizer`.
        gray: (n, 32, 32, 1), in [0, 1].
        rgb: (n, 32, 32, 3), in [0, 1].
        batch_sizes: images in a batch.
        seeds: of the first weights and of the order of the images.
        learning_rates: of Adam.

    Yields:
        Learning rate, batch size, seed, and the trained model, which the next training changes.
    """
    model = small_colorizer(order)
    optimizer = keras.optimizers.Adam()
    # compiled once, and wound back for each training, since compiling takes longer than training
    model.compile(optimizer, loss="mse", steps_per_execution=8)
    optimizer.build(model.trainable_variables)
    state = [to_numpy(variable).copy() for variable in optimizer.variables]
    for rate, batch_size, seed in product(learning_rates, batch_sizes, seeds):
        keras.utils.set_random_seed(seed)
        model.set_weights(small_colorizer(order).get_weights())
        for variable, value in zip(optimizer.variables, state, strict=True):
            variable.assign(value)
        optimizer.learning_rate = rate
        model.fit(gray, rgb, batch_size=batch_size, epochs=2, verbose=0)
        yield rate, batch_size, seed, model
