"""The paper's convolutional autoencoder, Tables I to III, its variants, and Part V's models.

The encoder squeezes a 32x32 gray image into a latent vector; the decoder draws a 32x32 RGB image
from it. Layer names are those of the tables. A table's dropout rows are there only when a dropout
rate is given: the paper's final model has none.

`chroma_autoencoder` and `unet` predict two numbers a pixel, its chroma, and keep the luminance that
they were given. All models map gray to RGB, both in [0, 1].

`build` makes a network from its kind and settings, as experiments and records hold them.
"""

import inspect
from dataclasses import asdict, dataclass

from colorizer.backend import keras
from colorizer.color import in_gamut
from colorizer.errors import InputError

layers = keras.layers
ops = keras.ops

IMAGE_SIZE = 32
LATENT_SIZE = 256
ENCODER_FILTERS = (64, 128, 256)
DECODER_FILTERS = (256, 128, 64)
PADDINGS = ("same", "valid")  # with zeros so that stride 2 halves; without
UNET_FILTERS = (16, 64, 96, 160)  # at full, half, quarter and eighth size
SKIPS = ("concatenate", "add", "none")  # Ronneberger et al. 2015; Dahl 2016; no skip connections
INITIALIZERS = ("he_normal", "glorot_uniform")  # He et al. 2015; Keras's default, Glorot 2010
ACTIVATIONS = ("relu", "tanh", "sigmoid")


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


def _hidden(layer, x, index, filters, regularization, initializer, activation, padding="same"):
    """One hidden block: convolution of stride 2, [batch norm], activation, [dropout].

    `index` counts the blocks of the whole autoencoder from 0, as Keras numbers its layers.
    """
    suffix = f"_{index}" if index else ""
    kind = {layers.Conv2D: "conv2d", layers.Conv2DTranspose: "conv2d_transpose"}[layer]
    convolution = layer(
        filters,
        kernel_size=3,
        strides=2,
        padding=padding,
        activation=None if regularization.batch_norm else activation,
        kernel_initializer=initializer,
        kernel_regularizer=regularization.kernel_penalty(),
        name=f"{kind}_{index % 3 + 1}",
    )
    x = convolution(x)
    if regularization.batch_norm:
        x = layers.BatchNormalization(name=f"batch_normalization{suffix}")(x)
        if activation == "relu":
            x = layers.ReLU(name=f"re_lu{suffix}")(x)
        else:
            x = layers.Activation(activation, name=f"{activation}{suffix}")(x)
    if regularization.dropout:
        x = layers.Dropout(regularization.dropout, name=f"dropout{suffix}")(x)
    return x


def encoder(
    regularization: Regularization = NONE,
    latent_size: int = LATENT_SIZE,
    initializer: str = "he_normal",
    padding: str = "same",
    activation: str = "relu",
    input_scale: float = 1.0,
) -> keras.Model:
    """Table I: (n, 32, 32, 1) gray in [0, 1] to (n, latent_size) latent vectors.

    Args:
        regularization: what is added to the hidden layers.
        latent_size: length of the latent vector; 256 in the paper.
        initializer: of the kernels before a ReLU, one of `INITIALIZERS`. The paper wants
            "neuron initialization strategies" against dead ReLUs and names none.
        padding: of the convolutions, one of `PADDINGS`. The paper's text says "no padding", which
            Keras calls "valid", but only "same" gives its tables' 16, 8, 4.
        activation: behind each hidden convolution, one of `ACTIVATIONS`.
        input_scale: what the gray is multiplied by before all else; with 255 it is as if the
            pixels had not been divided.

    Returns:
        A Keras model named `encoder_model`; 1,418,496 parameters as the paper has it.
    """
    _check(latent_size, initializer)
    _check_choice("padding", padding, PADDINGS)
    _check_choice("activation", activation, ACTIVATIONS)
    if not 0 < input_scale < float("inf"):
        raise InputError(f"The scale of the input is a number above 0, not {input_scale}.")
    x = gray = layers.Input((IMAGE_SIZE, IMAGE_SIZE, 1), name="encoder_input")
    if input_scale != 1:
        x = layers.Rescaling(input_scale, name="rescaling")(x)
    for i, filters in enumerate(ENCODER_FILTERS):  # (16, 16, 64), (8, 8, 128), (4, 4, 256)
        x = _hidden(layers.Conv2D, x, i, filters, regularization, initializer, activation, padding)
    x = layers.Flatten(name="flatten_1")(x)  # (4096,)
    latent = _dense(latent_size, "latent_vector", regularization)(x)
    return keras.Model(gray, latent, name="encoder_model")


def decoder(
    regularization: Regularization = NONE,
    latent_size: int = LATENT_SIZE,
    initializer: str = "he_normal",
    channels: int = 3,
    activation: str = "relu",
) -> keras.Model:
    """Table II: (n, latent_size) latent vectors to (n, 32, 32, 3) RGB in [0, 1].

    The arguments are those of `encoder`, less what concerns its input. The text calls these layers
    convolutions; the tables, and their parameter counts, say transposed convolutions, the last with
    stride 1. With 2 `channels` it gives chroma, which has both signs, so that no sigmoid bounds it.

    Returns:
        A Keras model named `decoder_model`; 2,013,315 parameters as the paper has it.
    """
    _check(latent_size, initializer)
    _check_choice("activation", activation, ACTIVATIONS)
    latent = layers.Input((latent_size,), name="decoder_input")
    x = _dense(4 * 4 * DECODER_FILTERS[0], "dense_1", regularization)(latent)
    x = layers.Reshape((4, 4, DECODER_FILTERS[0]), name="reshape_1")(x)
    for i, filters in enumerate(DECODER_FILTERS, start=len(ENCODER_FILTERS)):
        # (8, 8, 256), (16, 16, 128), (32, 32, 64)
        x = _hidden(layers.Conv2DTranspose, x, i, filters, regularization, initializer, activation)
    output = layers.Conv2DTranspose(
        channels,
        kernel_size=3,
        padding="same",
        activation="sigmoid" if channels == 3 else None,
        kernel_regularizer=regularization.kernel_penalty(),
        name="decoder_output",
    )(x)
    return keras.Model(latent, output, name="decoder_model")


def autoencoder(
    regularization: Regularization = NONE,
    latent_size: int = LATENT_SIZE,
    initializer: str = "he_normal",
    padding: str = "same",
    activation: str = "relu",
    input_scale: float = 1.0,
) -> keras.Model:
    """Table III: the decoder after the encoder, (n, 32, 32, 1) gray to (n, 32, 32, 3) RGB.

    The arguments are those of `encoder`.

    Returns:
        A Keras model; 3,431,811 parameters as the paper has it. Its layers `encoder_model` and
        `decoder_model` can be called on their own.
    """
    gray = layers.Input((IMAGE_SIZE, IMAGE_SIZE, 1), name="encoder_input")
    latent = encoder(regularization, latent_size, initializer, padding, activation, input_scale)(
        gray
    )
    rgb = decoder(regularization, latent_size, initializer, activation=activation)(latent)
    return keras.Model(gray, rgb, name="autoencoder")


@keras.saving.register_keras_serializable("colorizer")
class KeepLuminance(layers.Layer):
    """Gray and chroma to RGB: the gray of the result is the gray that was given.

    With weights w = (.299, .587, .114) of the gray map, chroma is (R - Y, B - Y); G - Y follows, as
    the weighted sum of the three is zero. Where Y + chroma would leave [0, 1] the chroma is
    multiplied by the largest factor that keeps it in: the hue stays too.
    """

    def call(self, gray, chroma):
        """Put the chroma on the gray.

        Args:
            gray: Y, (n, h, w, 1), in [0, 1].
            chroma: R - Y and B - Y, (n, h, w, 2).

        Returns:
            RGB (n, h, w, 3), in [0, 1].
        """
        rgb = in_gamut(gray, chroma[..., :1], chroma[..., 1:], xp=ops)
        return ops.concatenate(rgb, axis=-1)

    def compute_output_shape(self, gray_shape, chroma_shape):
        """The gray's, with three channels."""
        return (*gray_shape[:-1], 3)


def chroma_autoencoder(
    latent_size: int = LATENT_SIZE, initializer: str = "he_normal"
) -> keras.Model:
    """The paper's autoencoder with the chroma for its output, put on the gray that it was given.

    Args:
        latent_size: length of the latent vector.
        initializer: as in `encoder`.

    Returns:
        A Keras model, (n, 32, 32, 1) gray to (n, 32, 32, 3) RGB; 3,431,234 parameters.
    """
    gray = layers.Input((IMAGE_SIZE, IMAGE_SIZE, 1), name="encoder_input")
    latent = encoder(latent_size=latent_size, initializer=initializer)(gray)
    chroma = decoder(latent_size=latent_size, initializer=initializer, channels=2)(latent)
    return keras.Model(gray, KeepLuminance()(gray, chroma), name="chroma_autoencoder")


def unet(
    levels: int = len(UNET_FILTERS) - 1,
    skips: str = "concatenate",
    channels: int | None = None,
    convolutions: int = 1,
) -> keras.Model:
    """A U-Net: the way down like an encoder, the way up with what the way down saw at each size.

    Every convolution is 3x3 and followed by batch norm and ReLU, but for the last, which begins at
    zero: an untrained network is a gray copy.

    Args:
        levels: how often height and width are halved, from 0 to 3.
        skips: how what the way down saw joins the way up, one of `SKIPS`.
        channels: numbers that it gives for each pixel, whose meaning is its task's; None gives
            chroma, put on the luminance.
        convolutions: how many follow one another at each size, on the way down and on the way up.

    Returns:
        A Keras model, (n, h, w, 1) gray to (n, h, w, 3) RGB or to (n, h, w, channels), for any h
        and w that are multiples of 2 ** levels; 891,234 parameters by default.

    Raises:
        InputError: a bad number of levels or of convolutions, or kind of skip connections.

    Source: Ronneberger, Fischer & Brox 2015, with fewer layers, and strides instead of pooling.
    """
    if levels not in range(len(UNET_FILTERS)):
        raise InputError(f"Levels are a number from 0 to {len(UNET_FILTERS) - 1}, not {levels}.")
    _check_choice("kind of skip connections", skips, SKIPS)
    if not isinstance(convolutions, int) or convolutions < 1:
        raise InputError(f"Convolutions are a whole number above 0, not {convolutions!r}.")
    gray = layers.Input((None, None, 1), name="gray")
    x = _convolved(gray, UNET_FILTERS[0], "top")
    seen = []
    for level, filters in enumerate(UNET_FILTERS[1 : levels + 1], start=1):
        seen.append(x)
        x = _convolved(x, filters, f"down_{level}", strides=2)
        x = _chain(x, filters, f"encoder_{level}", convolutions)
    for level in reversed(range(levels)):
        filters = UNET_FILTERS[level]
        x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"up_{level}")(x)
        if skips == "concatenate":
            x = layers.Concatenate(name=f"skip_{level}")([x, seen[level]])
        elif skips == "add":
            x = layers.Add(name=f"skip_{level}")([x, seen[level]])
        x = _chain(x, filters, f"decoder_{level}", convolutions)
    last = {"kernel_size": 3, "padding": "same", "kernel_initializer": "zeros"}
    if channels is not None:
        return keras.Model(gray, layers.Conv2D(channels, **last, name="output")(x), name="unet")
    chroma = layers.Conv2D(2, **last, name="chroma")(x)
    return keras.Model(gray, KeepLuminance(name="keep_luminance")(gray, chroma), name="unet")


NETWORKS = {"autoencoder": autoencoder, "chroma_autoencoder": chroma_autoencoder, "unet": unet}


def settings(network: dict) -> dict:
    """A network's kind with all its settings, those left out at their defaults, as JSON holds them.

    Args:
        network: "kind", a name in `NETWORKS`, and arguments of that function; "regularization" is
            a dictionary of the attributes of `Regularization`.

    Raises:
        InputError: there is no such kind, or it has no such setting.
    """
    kind, given = _kind(network), _arguments(network)
    signature = inspect.signature(NETWORKS[kind])
    for name in given:
        if name not in signature.parameters:
            raise InputError(
                f"The network {kind} has no setting {name!r}; "
                f"it has {', '.join(signature.parameters)}."
            )
    bound = signature.bind(**given)
    bound.apply_defaults()
    values = bound.arguments
    if "regularization" in values:
        values["regularization"] = asdict(values["regularization"])
    return {"kind": kind} | values


def build(network: dict) -> keras.Model:
    """A new network of a kind and settings; its weights are drawn from Keras's global seed.

    Raises:
        InputError: as `settings` says, or a setting has a value that makes no sense.
    """
    settings(network)
    return NETWORKS[_kind(network)](**_arguments(network))


def _convolved(x, filters, name, strides=1):
    """Convolution, batch norm, ReLU; batch norm makes a bias superfluous."""
    x = layers.Conv2D(
        filters,
        kernel_size=3,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _chain(x, filters, name, convolutions):
    """Several of `_convolved`; the first has the name, those behind it a number too."""
    for i in range(convolutions):
        x = _convolved(x, filters, name if i == 0 else f"{name}_{i + 1}")
    return x


def _dense(units, name, regularization):
    return layers.Dense(units, kernel_regularizer=regularization.kernel_penalty(), name=name)


def _check(latent_size, initializer):
    if not isinstance(latent_size, int) or latent_size < 1:
        raise InputError(f"The latent size is a whole number above 0, not {latent_size!r}.")
    _check_choice("initializer", initializer, INITIALIZERS)


def _check_choice(name, value, choices):
    if value not in choices:
        raise InputError(f"The {name} is one of {', '.join(choices)}, not {value!r}.")


def _kind(network):
    kind = network.get("kind")
    _check_choice("kind of network", kind, NETWORKS)
    return kind


def _arguments(network):
    """The settings as arguments of the network's function."""
    given = {name: value for name, value in network.items() if name != "kind"}
    if "regularization" in given:
        try:
            given["regularization"] = Regularization(**given["regularization"])
        except TypeError as error:
            raise InputError(f"A network cannot be regularised so: {error}.") from None
    return given
