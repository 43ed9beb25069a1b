"""Every run of the book, by name: what is trained, with what, and what to expect of it.

The docstrings end with the commands, and with what seed 0 scored and how long it took on two CPU
cores of a server that had other work. A gray copy scores a test MSE of 0.00662.
"""

import dataclasses
import difflib
from dataclasses import dataclass

from colorizer.backend import keras
from colorizer.errors import InputError
from colorizer.models import (
    LATENT_SIZE,
    NONE,
    UNET_FILTERS,
    Regularization,
    autoencoder,
    chroma_autoencoder,
    unet,
)
from colorizer.training import compile_model


@dataclass(frozen=True)
class Experiment:
    """A training that is described to the end, but for its seed.

    Where the paper is silent (epochs, batch size, dropout rates, the plateau's patience and
    factor) the values are the course's own.

    Attributes:
        name: how the command line, the records and the chapters call it.
        regularization: what the hidden layers carry.
        loss: a name in `losses.LOSSES`.
        optimizer: a name in `training.OPTIMIZERS`.
        learning_rate: where the schedule starts.
        schedule: what becomes of the learning rate, a name in `training.SCHEDULES`.
        batch_size: images in a step.
        epochs: passes over the training images.
        latent_size: length of the latent vector.
        initializer: of the kernels before a ReLU.
        padding: of the encoder's convolutions.
        mirror: whether training images are turned left to right at random.

    Raises:
        InputError: fewer epochs than one.
    """

    name: str
    regularization: Regularization = NONE
    loss: str = "mse"
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    batch_size: int = 128
    epochs: int = 30
    latent_size: int = LATENT_SIZE
    initializer: str = "he_normal"
    schedule: str = "plateau"
    padding: str = "same"
    mirror: bool = False

    def __post_init__(self):
        if self.epochs < 1:
            raise InputError(f"Epochs are a whole number, 1 or more, not {self.epochs}.")

    def build(self) -> keras.Model:
        """A new model; its weights are drawn from Keras's global seed."""
        return autoencoder(self.regularization, self.latent_size, self.initializer, self.padding)

    def compiled(self) -> keras.Model:
        """A new model, ready for `training.fit`."""
        return compile_model(self.build(), self.loss, self.optimizer, self.learning_rate)

    def configuration(self) -> dict:
        """The settings as JSON can hold them."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Plain(Experiment):
    """The paper's final model, without regularisation (Figure 7).

    - ``colorizer train plain``: test MSE 0.00781, 44 min.
    """

    name: str = "plain"


@dataclass(frozen=True)
class Dropout(Experiment):
    """The paper's model with "a high level of dropouts" (Figure 6); it states no rate.

    - ``colorizer train dropout``: test MSE 0.01348, 41 min.
    """

    name: str = "dropout"
    regularization: Regularization = Regularization(dropout=0.5)


@dataclass(frozen=True)
class BatchnormDropout(Experiment):
    """The paper's model with batch norm and dropout (Figure 5); it states no rate.

    - ``colorizer train batchnorm-dropout``: test MSE 0.00762, 55 min.
    """

    name: str = "batchnorm-dropout"
    regularization: Regularization = Regularization(dropout=0.25, batch_norm=True)


@dataclass(frozen=True)
class Batchnorm(Experiment):
    """The paper's model with batch norm alone, to tell the two parts of Figure 5 apart.

    - ``colorizer train batchnorm --epochs 15 --limit 10000``: test MSE 0.01015, 5 min.
    """

    name: str = "batchnorm"
    regularization: Regularization = Regularization(batch_norm=True)


@dataclass(frozen=True)
class Lasso(Experiment):
    """The paper's model with an L1 penalty on every kernel; it names lasso and shows no data.

    The penalty starts at about the size of the loss at its end.

    - ``colorizer train lasso --epochs 15 --limit 10000``: test MSE 0.00955, 4 min.
    """

    name: str = "lasso"
    regularization: Regularization = Regularization(l1=1e-7)


@dataclass(frozen=True)
class Ridge(Experiment):
    """The paper's model with an L2 penalty on every kernel; it names ridge and shows no data.

    The penalty starts at about the size of the loss at its end.

    - ``colorizer train ridge --epochs 15 --limit 10000``: test MSE 0.00988, 4 min.
    """

    name: str = "ridge"
    regularization: Regularization = Regularization(l2=1e-6)


@dataclass(frozen=True)
class DropoutRate(Experiment):
    """The dropout model at lower rates than the one that stands for the paper's "high level".

    - ``colorizer train dropout-0.1 --epochs 15 --limit 10000``: test MSE 0.01100, 13 min.
    - ``colorizer train dropout-0.25 --epochs 15 --limit 10000``: test MSE 0.01316, 8 min.
    """


@dataclass(frozen=True)
class Loss(Experiment):
    """The plain model with another loss: the paper's equation (1), cross-entropy, or MAE.

    - ``colorizer train smooth-l1 --epochs 15 --limit 10000``: test MSE 0.01031, 8 min.
    - ``colorizer train binary-crossentropy --epochs 15 --limit 10000``: test MSE 0.01031, 7 min.
    - ``colorizer train mae --epochs 15 --limit 10000``: test MSE 0.01033, 7 min.
    """


@dataclass(frozen=True)
class Optimizer(Experiment):
    """The plain model with each of the paper's five optimisers, at every rate of a small grid.

    Four rates each, so that none has more luck than another. The grid steps by a factor of about
    three (those that divide by the gradient's size) or of ten (those that do not) and holds Keras's
    default; Adam at its default is `plain`.

    - ``colorizer train adam-0.0003 --epochs 15 --limit 10000``: test MSE 0.01056, 8 min.
    - ``colorizer train adam-0.003 --epochs 15 --limit 10000``: test MSE 0.01091, 9 min.
    - ``colorizer train adam-0.01 --epochs 15 --limit 10000``: test MSE 0.01303, 8 min.
    - ``colorizer train rmsprop-0.0003 --epochs 15 --limit 10000``: test MSE 0.02262, 7 min.
    - ``colorizer train rmsprop-0.001 --epochs 15 --limit 10000``: test MSE 0.01828, 8 min.
    - ``colorizer train rmsprop-0.003 --epochs 15 --limit 10000``: test MSE 0.01611, 9 min.
    - ``colorizer train rmsprop-0.01 --epochs 15 --limit 10000``: test MSE 0.01492, 10 min.
    - ``colorizer train nadam-0.0003 --epochs 15 --limit 10000``: test MSE 0.01027, 9 min.
    - ``colorizer train nadam-0.001 --epochs 15 --limit 10000``: test MSE 0.01053, 11 min.
    - ``colorizer train nadam-0.003 --epochs 15 --limit 10000``: test MSE 0.01260, 9 min.
    - ``colorizer train nadam-0.01 --epochs 15 --limit 10000``: test MSE 0.01281, 10 min.
    - ``colorizer train momentum-0.01 --epochs 15 --limit 10000``: test MSE 0.05830, 8 min.
    - ``colorizer train momentum-0.1 --epochs 15 --limit 10000``: test MSE 0.01660, 9 min.
    - ``colorizer train momentum-1 --epochs 15 --limit 10000``: test MSE 0.01196, 10 min.
    - ``colorizer train momentum-10 --epochs 15 --limit 10000``: test MSE 0.06279, 9 min.
    - ``colorizer train sgd-0.01 --epochs 15 --limit 10000``: test MSE 0.06303, 11 min.
    - ``colorizer train sgd-0.1 --epochs 15 --limit 10000``: test MSE 0.05776, 11 min.
    - ``colorizer train sgd-1 --epochs 15 --limit 10000``: test MSE 0.02254, 8 min.
    - ``colorizer train sgd-10 --epochs 15 --limit 10000``: test MSE 0.06279, 8 min.
    """


@dataclass(frozen=True)
class Schedule(Experiment):
    """The plain model with a learning rate that stays, or that follows half a cosine to zero.

    - ``colorizer train constant --epochs 15 --limit 10000``: test MSE 0.01008, 7 min.
    - ``colorizer train cosine --epochs 15 --limit 10000``: test MSE 0.00993, 9 min.
    """


@dataclass(frozen=True)
class Glorot(Experiment):
    """The plain model with Keras's default initialisation instead of He's.

    - ``colorizer train glorot --epochs 15 --limit 10000``: test MSE 0.00998, 10 min.
    """

    name: str = "glorot"
    initializer: str = "glorot_uniform"


@dataclass(frozen=True)
class Latent(Experiment):
    """The plain model with a latent vector of another length; the paper has 256 only.

    - ``colorizer train latent-32 --epochs 15 --limit 10000``: test MSE 0.01549, 8 min.
    - ``colorizer train latent-64 --epochs 15 --limit 10000``: test MSE 0.01254, 7 min.
    - ``colorizer train latent-128 --epochs 15 --limit 10000``: test MSE 0.01094, 10 min.
    - ``colorizer train latent-512 --epochs 15 --limit 10000``: test MSE 0.00989, 10 min.
    - ``colorizer train latent-1024 --epochs 15 --limit 10000``: test MSE 0.00982, 9 min.
    """


@dataclass(frozen=True)
class NoPadding(Experiment):
    """The plain model with an encoder "without padding", as the paper's text prints it.

    Its convolutions give 15, 7 and 3, not the 16, 8 and 4 of the tables. A decoder without padding,
    or with a last stride of 2, does not give 32x32 pixels and cannot be trained.

    - ``colorizer train no-padding --epochs 15 --limit 10000``: test MSE 0.01065, 9 min.
    """

    name: str = "no-padding"
    padding: str = "valid"


@dataclass(frozen=True)
class Chroma(Experiment):
    """The plain model, but that it predicts chroma and keeps the luminance it was given.

    - ``colorizer train chroma --epochs 15 --limit 10000``: test MSE 0.00567, 14 min.
    """

    name: str = "chroma"

    def build(self) -> keras.Model:
        """A new model; its weights are drawn from Keras's global seed."""
        return chroma_autoencoder(self.latent_size, self.initializer)


@dataclass(frozen=True)
class UNet(Experiment):
    """A U-Net that keeps the luminance: nothing passes through a latent vector.

    Attributes:
        levels: how often it halves height and width.
        skips: how its two halves are joined, one of `models.SKIPS`.

    - ``colorizer train unet --epochs 16``: test MSE 0.00476, 60 min.
    """

    name: str = "unet"
    schedule: str = "cosine"
    mirror: bool = True
    levels: int = len(UNET_FILTERS) - 1
    skips: str = "concatenate"

    def build(self) -> keras.Model:
        """A new model; its weights are drawn from Keras's global seed."""
        return unet(self.levels, self.skips)


@dataclass(frozen=True)
class UNetPart(UNet):
    """The U-Net with one part left out or put otherwise, to see what that part is worth.

    - ``colorizer train unet-add --epochs 4 --limit 10000``: test MSE 0.00541, 3 min.
    - ``colorizer train unet-none --epochs 4 --limit 10000``: test MSE 0.00547, 4 min.
    - ``colorizer train unet-levels-0 --epochs 4 --limit 10000``: test MSE 0.00606, 20 s.
    - ``colorizer train unet-levels-1 --epochs 4 --limit 10000``: test MSE 0.00566, 1 min.
    - ``colorizer train unet-levels-2 --epochs 4 --limit 10000``: test MSE 0.00540, 2 min.
    - ``colorizer train unet-unmirrored --epochs 4 --limit 10000``: test MSE 0.00533, 3 min.
    - ``colorizer train unet-plateau --epochs 4 --limit 10000``: test MSE 0.00572, 3 min.
    """


# The rates of Keras's defaults, which the paper must have used if it set none.
DEFAULT_RATES = {"adam": 1e-3, "rmsprop": 1e-3, "nadam": 1e-3, "momentum": 1e-2, "sgd": 1e-2}
GRID = {  # optimiser to learning rate to the experiment's name
    optimizer: {
        rate: Plain.name
        if (optimizer, rate) == (Plain.optimizer, Plain.learning_rate)
        else f"{optimizer}-{rate:g}"
        for rate in rates
    }
    for optimizer, rates in {
        "adam": (3e-4, 1e-3, 3e-3, 1e-2),
        "rmsprop": (3e-4, 1e-3, 3e-3, 1e-2),
        "nadam": (3e-4, 1e-3, 3e-3, 1e-2),
        "momentum": (1e-2, 1e-1, 1.0, 10.0),
        "sgd": (1e-2, 1e-1, 1.0, 10.0),
    }.items()
}

HEADLINE = (Plain(), Dropout(), BatchnormDropout())
REGULARIZED = (
    *(DropoutRate(f"dropout-{p:g}", regularization=Regularization(p)) for p in (0.1, 0.25)),
    Batchnorm(),
    Lasso(),
    Ridge(),
)
LOSSES = tuple(
    Loss(name.replace("_", "-"), loss=name) for name in ("smooth_l1", "binary_crossentropy", "mae")
)
OPTIMIZERS = tuple(
    Optimizer(name, optimizer=optimizer, learning_rate=rate)
    for optimizer, rates in GRID.items()
    for rate, name in rates.items()
    if name != Plain.name
)
REST = (
    *(Schedule(name, schedule=name) for name in ("constant", "cosine")),
    Glorot(),
    *(Latent(f"latent-{size}", latent_size=size) for size in (32, 64, 128, 512, 1024)),
    NoPadding(),
)

BEYOND = (Chroma(), UNet())
ABLATIONS = (
    *(UNetPart(f"unet-{skips}", skips=skips) for skips in ("add", "none")),
    *(UNetPart(f"unet-levels-{n}", levels=n) for n in range(len(UNET_FILTERS) - 1)),
    UNetPart("unet-unmirrored", mirror=False),
    UNetPart("unet-plateau", schedule="plateau"),
)

GROUPS = (  # with the seeds of each, in the order of their worth
    (HEADLINE, 5),
    (BEYOND, 3),
    (REGULARIZED, 3),
    (LOSSES, 3),
    (ABLATIONS, 3),
    (OPTIMIZERS, 3),
    (REST, 3),
)
EXPERIMENTS = {e.name: e for group, _ in GROUPS for e in group}


def matrix(seeds: int = 5) -> list[tuple[Experiment, int]]:
    """Every training of the book, (experiment, seed), in the order of their worth.

    Five seeds of the paper's three models, three of all others. What there is time for goes first
    to the three models, then to Part V's, the variants of the three, the losses, the U-Net's parts,
    the optimisers and the rest; within each of these, to one seed of all before a second of any.

    Args:
        seeds: at most so many of each.

    Raises:
        InputError: fewer seeds than one.
    """
    if seeds < 1:
        raise InputError(f"Seeds are a whole number, 1 or more, not {seeds}.")
    return [
        (experiment, seed)
        for group, most in GROUPS
        for seed in range(min(seeds, most))
        for experiment in group
    ]


def get(name: str) -> Experiment:
    """The experiment called `name`.

    Raises:
        InputError: there is none; the nearest names are offered, if any are near.
    """
    if name not in EXPERIMENTS:
        near = difflib.get_close_matches(name, EXPERIMENTS, cutoff=0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else "`colorizer list` names them."
        raise InputError(f"There is no experiment {name!r}; {advice}")
    return EXPERIMENTS[name]
