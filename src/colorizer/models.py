"""The paper's convolutional autoencoder, Tables I to III, and its regularised variants.

The encoder squeezes a 32x32 gray image into a latent vector; the decoder draws a 32x32 RGB image
from it. Layer names are those of the tables. A table's dropout rows are there only when a dropout
rate is given: the paper's final model has none.
"""

from dataclasses import dataclass

from colorizer.backend import keras
from colorizer.errors import InputError

layers = keras.layers

IMAGE_SIZE = 32
LATENT_SIZE = 256
ENCODER_FILTERS = (64, 128, 256)
DECODER_FILTERS = (256, 128, 64)
PADDINGS = ("same", "valid")  # with zeros so that stride 2 halves; without
INITIALIZERS = ("he_normal", "glorot_uniform")  # He et al. 2015; Keras's default, Glorot 2010


@dataclass(frozen=True)
class Regularization:
    """What keeps the model from memorising; the default is nothing, the paper's final model.

    Attributes:
        dropout: share of activations set to zero after each hidden convolution, in [0, 1)
            (Srivastava et al. 2014).
        batch_norm: whether to normalise between each hidden convolution and its ReLU
            (Ioffe & Szegedy 2015).
        l1: weight of the sum of absolute kernel weights in the loss, the lasso penalty.
        l2: weight of the sum of squared kernel weights in the loss, the ridge penalty.

    Raises:
        InputError: a dropout rate outside [0, 1) or a negative penalty.
    """

    dropout: float = 0.0
    batch_norm: bool = False
    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self):
        if not 0 <= self.dropout < 1:
            raise InputError(f"A dropout rate lies in [0, 1), but {self.dropout} was given.")
        for name in ("l1", "l2"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError(
                    f"The {name} penalty is a number that is not negative, "
                    f"but {getattr(self, name)} was given."
                )

    def kernel_penalty(self):
        """The Keras regulariser of every kernel, or None."""
        if self.l1 or self.l2:
            return keras.regularizers.L1L2(l1=self.l1, l2=self.l2)
        return None


NONE = Regularization()


def _hidden(layer, x, index, filters, regularization, initializer, padding="same"):
    """One hidden block: convolution of stride 2, [batch norm], ReLU, [dropout].

    `index` counts the blocks of the whole autoencoder from 0, as Keras numbers its layers.
    """
    suffix = f"_{index}" if index else ""
    kind = {layers.Conv2D: "conv2d", layers.Conv2DTranspose: "conv2d_transpose"}[layer]
    convolution = layer(
        filters,
        kernel_size=3,
        strides=2,
        padding=padding,
        activation=None if regularization.batch_norm else "relu",
        kernel_initializer=initializer,
        kernel_regularizer=regularization.kernel_penalty(),
        name=f"{kind}_{index % 3 + 1}",
    )
    x = convolution(x)
    if regularization.batch_norm:
        x = layers.BatchNormalization(name=f"batch_normalization{suffix}")(x)
        x = layers.ReLU(name=f"re_lu{suffix}")(x)
    if regularization.dropout:
        x = layers.Dropout(regularization.dropout, name=f"dropout{suffix}")(x)
    return x


def encoder(
    regularization: Regularization = NONE,
    latent_size: int = LATENT_SIZE,
    initializer: str = "he_normal",
    padding: str = "same",
) -> keras.Model:
    """Table I: (n, 32, 32, 1) gray in [0, 1] to (n, latent_size) latent vectors.

    Args:
        regularization: what is added to the hidden layers.
        latent_size: length of the latent vector; 256 in the paper.
        initializer: of the kernels before a ReLU, one of `INITIALIZERS`. The paper wants
            "neuron initialization strategies" against dead ReLUs and names none.
        padding: of the convolutions, one of `PADDINGS`. The paper's text says "no padding", which
            Keras calls "valid", but only "same" gives its tables' 16, 8, 4.

    Returns:
        A Keras model named `encoder_model`; 1,418,496 parameters as the paper has it.
    """
    _check(latent_size, initializer)
    _check_choice("padding", padding, PADDINGS)
    x = gray = layers.Input((IMAGE_SIZE, IMAGE_SIZE, 1), name="encoder_input")
    for i, filters in enumerate(ENCODER_FILTERS):  # (16, 16, 64), (8, 8, 128), (4, 4, 256)
        x = _hidden(layers.Conv2D, x, i, filters, regularization, initializer, padding)
    x = layers.Flatten(name="flatten_1")(x)  # (4096,)
    latent = _dense(latent_size, "latent_vector", regularization)(x)
    return keras.Model(gray, latent, name="encoder_model")


def decoder(
    regularization: Regularization = NONE,
    latent_size: int = LATENT_SIZE,
    initializer: str = "he_normal",
) -> keras.Model:
    """Table II: (n, latent_size) latent vectors to (n, 32, 32, 3) RGB in [0, 1].

    The arguments are those of `encoder`, less its padding. The text calls these layers
    convolutions; the tables, and their parameter counts, say transposed convolutions, the last with
    stride 1.

    Returns:
        A Keras model named `decoder_model`; 2,013,315 parameters as the paper has it.
    """
    _check(latent_size, initializer)
    latent = layers.Input((latent_size,), name="decoder_input")
    x = _dense(4 * 4 * DECODER_FILTERS[0], "dense_1", regularization)(latent)
    x = layers.Reshape((4, 4, DECODER_FILTERS[0]), name="reshape_1")(x)
    for i, filters in enumerate(DECODER_FILTERS, start=len(ENCODER_FILTERS)):
        # (8, 8, 256), (16, 16, 128), (32, 32, 64)
        x = _hidden(layers.Conv2DTranspose, x, i, filters, regularization, initializer)
    rgb = layers.Conv2DTranspose(
        3,
        kernel_size=3,
        padding="same",
        activation="sigmoid",
        kernel_regularizer=regularization.kernel_penalty(),
        name="decoder_output",
    )(x)
    return keras.Model(latent, rgb, name="decoder_model")


def autoencoder(
    regularization: Regularization = NONE,
    latent_size: int = LATENT_SIZE,
    initializer: str = "he_normal",
    padding: str = "same",
) -> keras.Model:
    """Table III: the decoder after the encoder, (n, 32, 32, 1) gray to (n, 32, 32, 3) RGB.

    The arguments are those of `encoder`.

    Returns:
        A Keras model; 3,431,811 parameters as the paper has it. Its layers `encoder_model` and
        `decoder_model` can be called on their own.
    """
    gray = layers.Input((IMAGE_SIZE, IMAGE_SIZE, 1), name="encoder_input")
    latent = encoder(regularization, latent_size, initializer, padding)(gray)
    rgb = decoder(regularization, latent_size, initializer)(latent)
    return keras.Model(gray, rgb, name="autoencoder")


def _dense(units, name, regularization):
    return layers.Dense(units, kernel_regularizer=regularization.kernel_penalty(), name=name)


def _check(latent_size, initializer):
    if not isinstance(latent_size, int) or latent_size < 1:
        raise InputError(f"The latent size is a whole number above 0, not {latent_size!r}.")
    _check_choice("initializer", initializer, INITIALIZERS)


def _check_choice(name, value, choices):
    if value not in choices:
        raise InputError(f"The {name} is one of {', '.join(choices)}, not {value!r}.")
