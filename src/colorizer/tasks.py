"""What a network is trained to do: from what, towards what, by which loss, and how it then colours.

A task is one class and one entry of `TASKS`. The training, its checkpoint, the record, the
evaluation and the playground are the same for all.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from colorizer import losses
from colorizer.backend import keras
from colorizer.errors import InputError


@dataclass(frozen=True)
class Task:
    """A network's task; the attributes of a subclass are its settings.

    What is not said otherwise is that of a network which maps gray to RGB and is trained as it is.
    """

    @property
    def monitor(self) -> str:
        """The entry of the history that the schedule and the choice of weights look at."""
        return "val_loss"

    def trainer(self, network: keras.Model) -> keras.Model:
        """The model that `fit` trains: the network, or one around it that shares its weights."""
        return network

    def pairs(self, gray: np.ndarray, rgb: np.ndarray) -> tuple:
        """Inputs and targets of the trainer.

        Args:
            gray: (b, 32, 32, 1), float32 in [0, 1].
            rgb: (b, 32, 32, 3), float32 in [0, 1].

        Returns:
            Inputs and targets, each an array or what else Keras's `fit` takes for a batch.
        """
        return gray, rgb

    def losses(self):
        """Of the trainer's outputs, as Keras's `compile` takes them."""
        raise NotImplementedError

    def watched(self) -> list | None:
        """Metrics of the trainer's outputs that the history holds, as `compile` takes them."""
        return None

    def colorizer(self, network: keras.Model) -> keras.Model:
        """The trained network as a map of gray (n, h, w, 1) to RGB (n, h, w, 3), in [0, 1]."""
        return network


@dataclass(frozen=True)
class Regression(Task):
    """Predict the colour of each pixel.

    Attributes:
        loss: a name in `losses.LOSSES`.

    Raises:
        InputError: no loss has this name.
    """

    loss: str = "mse"

    def __post_init__(self):
        losses.get(self.loss)

    def losses(self):
        """The loss between predicted and true RGB."""
        return losses.get(self.loss)

    def watched(self) -> list:
        """The metrics that every history of the course holds."""
        return [
            keras.metrics.MeanSquaredError(name="mse"),
            keras.metrics.MeanAbsoluteError(name="mae"),
            # what Keras means by "accuracy" here, and the paper reports
            keras.metrics.CategoricalAccuracy(name="channel_argmax_accuracy"),
        ]


TASKS = {"regression": Regression}


def get(task: dict) -> Task:
    """The task of a kind and settings, as experiments and records hold them.

    Args:
        task: "kind", a name in `TASKS`, and attributes of that class.

    Raises:
        InputError: there is no such kind, it has no such setting, or a setting makes no sense.
    """
    kind = task.get("kind")
    if kind not in TASKS:
        raise InputError(f"The kind of task is one of {', '.join(TASKS)}, not {kind!r}.")
    given = {name: value for name, value in task.items() if name != "kind"}
    names = [field.name for field in dataclasses.fields(TASKS[kind])]
    for name in given:
        if name not in names:
            raise InputError(
                f"The task {kind} has no setting {name!r}; it has {', '.join(names) or 'none'}."
            )
    return TASKS[kind](**given)


def settings(task: dict) -> dict:
    """A task's kind with all its settings, those left out at their defaults.

    Raises:
        InputError: as `get` says.
    """
    return {"kind": task["kind"]} | dataclasses.asdict(get(task))
