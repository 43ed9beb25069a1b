"""Every run of the book, by name: what is trained, with what, and what to expect of it."""

import dataclasses
import difflib
from dataclasses import dataclass

from colorizer.backend import keras
from colorizer.errors import InputError
from colorizer.models import LATENT_SIZE, NONE, Regularization, autoencoder
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
        optimizer: a name that Keras knows.
        learning_rate: before the plateau schedule lowers it.
        batch_size: images in a step.
        epochs: passes over the training images.
        latent_size: length of the latent vector.
        initializer: of the kernels before a ReLU.

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

    def __post_init__(self):
        if self.epochs < 1:
            raise InputError(f"Epochs are a whole number, 1 or more, not {self.epochs}.")

    def build(self) -> keras.Model:
        """A new model; its weights are drawn from Keras's global seed."""
        return autoencoder(self.regularization, self.latent_size, self.initializer)

    def compiled(self) -> keras.Model:
        """A new model, ready for `training.fit`."""
        return compile_model(self.build(), self.loss, self.optimizer, self.learning_rate)

    def configuration(self) -> dict:
        """The settings as JSON can hold them."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Plain(Experiment):
    """The paper's final model, without regularisation (Figure 7).

    Command: colorizer train plain
    Time: 44 min on two CPU cores of a server that had other work, seed 0.
    Score: test MSE 0.00781, seed 0; a gray copy scores 0.00662.
    """

    name: str = "plain"


@dataclass(frozen=True)
class Dropout(Experiment):
    """The paper's model with "a high level of dropouts" (Figure 6); it states no rate.

    Command: colorizer train dropout
    """

    name: str = "dropout"
    regularization: Regularization = Regularization(dropout=0.5)


@dataclass(frozen=True)
class BatchnormDropout(Experiment):
    """The paper's model with batch norm and dropout (Figure 5); it states no rate.

    Command: colorizer train batchnorm-dropout
    """

    name: str = "batchnorm-dropout"
    regularization: Regularization = Regularization(dropout=0.25, batch_norm=True)


@dataclass(frozen=True)
class Batchnorm(Experiment):
    """The paper's model with batch norm alone, to tell the two parts of Figure 5 apart.

    Command: colorizer train batchnorm
    """

    name: str = "batchnorm"
    regularization: Regularization = Regularization(batch_norm=True)


@dataclass(frozen=True)
class Lasso(Experiment):
    """The paper's model with an L1 penalty on every kernel; it names lasso and shows no data.

    The penalty starts at about the size of the loss at its end.

    Command: colorizer train lasso
    """

    name: str = "lasso"
    regularization: Regularization = Regularization(l1=1e-7)


@dataclass(frozen=True)
class Ridge(Experiment):
    """The paper's model with an L2 penalty on every kernel; it names ridge and shows no data.

    The penalty starts at about the size of the loss at its end.

    Command: colorizer train ridge
    """

    name: str = "ridge"
    regularization: Regularization = Regularization(l2=1e-6)


@dataclass(frozen=True)
class Latent(Experiment):
    """The plain model with a latent vector of another length; the paper has 256 only.

    Command: colorizer train latent-32
    Command: colorizer train latent-64
    Command: colorizer train latent-128
    Command: colorizer train latent-512
    Command: colorizer train latent-1024
    """


LATENTS = tuple(Latent(f"latent-{size}", latent_size=size) for size in (32, 64, 128, 512, 1024))

EXPERIMENTS = {
    e.name: e
    for e in (Plain(), Dropout(), BatchnormDropout(), Batchnorm(), Lasso(), Ridge(), *LATENTS)
}


def get(name: str) -> Experiment:
    """The experiment called `name`.

    Raises:
        InputError: there is none; the nearest names are offered.
    """
    if name not in EXPERIMENTS:
        near = difflib.get_close_matches(name, EXPERIMENTS, cutoff=0.5) or EXPERIMENTS
        raise InputError(f"There is no experiment {name!r}; did you mean {' or '.join(near)}?")
    return EXPERIMENTS[name]
