"""The losses that the paper names, and the mean absolute error; all are Keras's.

Keras calls the smooth L1 loss of Girshick (2015), the paper's equation (1), by the name of
Huber (1964): the two agree where its `delta` is 1.
"""

from colorizer.backend import keras
from colorizer.errors import InputError

LOSSES = {
    "mse": keras.losses.MeanSquaredError,  # the paper's equation (2)
    "smooth_l1": keras.losses.Huber,  # equation (1)
    "binary_crossentropy": keras.losses.BinaryCrossentropy,  # "the cross-entropy loss function"
    "mae": keras.losses.MeanAbsoluteError,
}


def get(name: str) -> keras.losses.Loss:
    """A new instance of the loss called `name`, for images with values in [0, 1].

    Raises:
        InputError: no loss has this name.
    """
    if name not in LOSSES:
        raise InputError(f"The loss is one of {', '.join(LOSSES)}, not {name!r}.")
    return LOSSES[name]()
