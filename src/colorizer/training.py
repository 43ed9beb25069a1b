"""Training with Keras's `fit` and Keras callbacks: plateau schedule, best weights, resume.

A training that is killed and started again goes on after its last whole epoch and ends with the
same history as one that was not: the order of the images is a function of seed and epoch, and the
checkpoint holds all the rest (weights, optimiser, random state of dropout, schedule, history).
"""

import functools
import json
import math
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from colorizer import losses
from colorizer.backend import keras
from colorizer.data import Images, normalize, to_gray
from colorizer.errors import InputError
from colorizer.files import replacing

PLATEAU = {
    "monitor": "val_loss",
    "factor": 0.1**0.5,
    "patience": 5,
    "min_delta": 1e-6,  # Keras's 1e-4 is over 1 % of this loss, and would see plateaus everywhere
    "min_lr": 5e-7,
}

OPTIMIZERS = {  # the paper's five
    "adam": keras.optimizers.Adam,
    "rmsprop": keras.optimizers.RMSprop,
    "nadam": keras.optimizers.Nadam,
    "momentum": functools.partial(keras.optimizers.SGD, momentum=0.9),  # Keras's default is none
    "sgd": keras.optimizers.SGD,
}

SCHEDULES = ("plateau", "constant", "cosine")


class Batches(keras.utils.PyDataset):
    """Pairs of gray (b, 32, 32, 1) and RGB (b, 32, 32, 3) images, float32 in [0, 1].

    Args:
        images: the images, kept as uint8 so that the full set takes little memory.
        batch_size: images in a batch; the last one may be smaller.
        seed: order the images by (seed, epoch); None keeps their order.
        epoch: the epoch that comes next, counted from 0.
        mirror: whether each image is turned left to right in about half of the epochs, drawn by
            (seed, epoch) too.
    """

    def __init__(
        self,
        images: Images,
        batch_size: int,
        seed: int | None = None,
        epoch: int = 0,
        mirror: bool = False,
    ):
        super().__init__()
        self.rgb = images.rgb
        self.gray = to_gray(images.rgb)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = epoch
        self.mirror = mirror
        self._order()

    def __len__(self):
        return math.ceil(len(self.rgb) / self.batch_size)

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        gray, rgb = self.gray[chosen], self.rgb[chosen]
        if self.mirror:
            mirrored = self.mirrored[chosen]
            gray[mirrored], rgb[mirrored] = gray[mirrored, :, ::-1], rgb[mirrored, :, ::-1]
        return normalize(gray), normalize(rgb)

    def on_epoch_end(self):
        """Keras calls this between epochs."""
        self.epoch += 1
        self._order()

    def _order(self):
        n = len(self.rgb)
        if self.seed is None:
            self.order = np.arange(n)
        else:
            random = np.random.default_rng([self.seed, self.epoch])
            self.order = random.permutation(n)
            self.mirrored = random.random(n) < 0.5


class Checkpoint(keras.callbacks.Callback):
    """Keeps the best weights, and after every epoch all that a restart needs, in one file.

    Keras's `BackupAndRestore` forgets the schedule, the history and which weights were best.
    One file, replaced atomically, cannot disagree with itself.

    Args:
        schedule: the callback that sets the learning rate; it must come before this one.
        path: the file; None keeps the state in memory only.
        settings: what the training depends on, as JSON can hold it.

    Attributes:
        history: the logs of every epoch so far, a dictionary each.
        best: the weights after the epoch of the lowest `val_loss`, as `model.get_weights()`.
        seconds: time spent in epochs so far, validation included.
    """

    STATE = ("best", "wait", "cooldown_counter")  # of a plateau; other schedules have none

    def __init__(self, schedule, path: Path | None, settings: dict):
        super().__init__()
        self.schedule = schedule
        self.path = path
        self.settings = settings
        self.history = []
        self.best = None
        self.seconds = 0.0
        self._schedule_state = {}

    @property
    def best_epoch(self) -> int:
        """The epoch of the lowest `val_loss`, counted from 0."""
        return int(np.argmin([logs["val_loss"] for logs in self.history]))

    def restore(self, model):
        """Put a compiled model in the state of the file, if there is one.

        Raises:
            InputError: the file is damaged, or belongs to a training with other settings.
        """
        if self.path is None or not self.path.exists():
            return
        try:
            with self.path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                state = json.loads(str(file["state"]))
                variables = [file[f"variable_{i}"] for i in range(state["variables"])]
                best = [file[f"best_{i}"] for i in range(state["best"])]
            if state["settings"] == self.settings:
                for variable, value in zip(_variables(model), variables, strict=True):
                    variable.assign(value)
            self.best, self.history, self.seconds = best, state["history"], state["seconds"]
            self._schedule_state = state["schedule"]
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise InputError(
                f"The checkpoint {self.path} is damaged; delete it to start afresh."
            ) from error
        if state["settings"] != self.settings:
            raise InputError(
                f"The checkpoint {self.path} belongs to a training with other settings or source; "
                "delete it to start afresh."
            )

    def on_train_begin(self, logs=None):
        """The schedule has just reset itself: give it back what it knew."""
        for name, value in self._schedule_state.items():
            setattr(self.schedule, name, value)

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Take in the epoch, and write the file.

        Raises:
            DivergenceError: the loss is no longer a number.
        """
        if not math.isfinite(logs["loss"]) or not math.isfinite(logs["val_loss"]):
            raise DivergenceError(
                f"The training diverged in epoch {epoch + 1}; lower its learning rate."
            )
        self.history.append({name: float(value) for name, value in logs.items()})
        if self.best_epoch == epoch:
            self.best = self.model.get_weights()
        self.seconds += time.perf_counter() - self._started
        if self.path is not None:
            self._write()

    def _write(self):
        variables = [keras.ops.convert_to_numpy(v) for v in _variables(self.model)]
        state = {
            "settings": self.settings,
            "history": self.history,
            "seconds": self.seconds,
            "schedule": {
                n: getattr(self.schedule, n) for n in self.STATE if hasattr(self.schedule, n)
            },
            "variables": len(variables),
            "best": len(self.best),
        }
        arrays = {f"variable_{i}": value for i, value in enumerate(variables)}
        arrays |= {f"best_{i}": value for i, value in enumerate(self.best)}
        with replacing(self.path) as temporary:
            np.savez(temporary, state=json.dumps(state), **arrays)


class Progress(keras.callbacks.Callback):
    """Epoch, time left and validation loss on one line, from the first epoch of the training."""

    def __init__(self, bar: tqdm, epochs: int):
        super().__init__()
        self.bar = bar
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        """Name the epoch, counted from 1."""
        self.bar.set_description(f"epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch, logs=None):
        """One step further."""
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        """Show what the epoch came to."""
        self.bar.set_postfix(val_loss=f"{logs['val_loss']:.5f}")


@dataclass(frozen=True)
class Training:
    """What `fit` tells of a finished training.

    Attributes:
        history: metric name to its value after each epoch; `learning_rate` is the one used in it.
        best_epoch: epoch of the lowest `val_loss`, counted from 1.
        seconds: time spent in epochs, validation included, interruptions left out.
    """

    history: dict[str, list[float]]
    best_epoch: int
    seconds: float


class DivergenceError(InputError):
    """A loss is no longer a number."""


class Interrupted(KeyboardInterrupt):
    """The user stopped a training; the message says what is left and how to go on."""


def compile_model(
    model: keras.Model, loss: str = "mse", optimizer: str = "adam", learning_rate: float = 1e-3
) -> keras.Model:
    """Compile `model` in place with the metrics that every history of the course holds.

    Args:
        model: maps gray to RGB, both in [0, 1].
        loss: a name in `losses.LOSSES`.
        optimizer: a name in `OPTIMIZERS`.
        learning_rate: where the schedule starts.

    Raises:
        InputError: no loss or no optimizer has this name.
    """
    if optimizer not in OPTIMIZERS:
        raise InputError(f"The optimizer is one of {', '.join(OPTIMIZERS)}, not {optimizer!r}.")
    model.compile(
        optimizer=OPTIMIZERS[optimizer](learning_rate=learning_rate),
        loss=losses.get(loss),
        metrics=[
            keras.metrics.MeanSquaredError(name="mse"),
            keras.metrics.MeanAbsoluteError(name="mae"),
            # what Keras means by "accuracy" here, and the paper reports
            keras.metrics.CategoricalAccuracy(name="channel_argmax_accuracy"),
        ],
    )
    return model


def fit(
    model: keras.Model,
    train: Images,
    validation: Images,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    schedule: str = "plateau",
    mirror: bool = False,
    checkpoint: Path | None = None,
    settings: dict | None = None,
    progress: bool = True,
) -> Training:
    """Train a compiled model; it ends with the weights of its best epoch on `validation`.

    Args:
        model: compiled by `compile_model`.
        train: the images to learn from.
        validation: the images that schedule and choice of weights look at.
        epochs: passes over `train`, those before an interruption included.
        batch_size: images in a step.
        seed: of the order of the images.
        schedule: what becomes of the learning rate, one of `SCHEDULES`: divided by the square root
            of 10 when the validation loss stands still (`PLATEAU`); left alone; or led to zero
            along half a cosine (Loshchilov & Hutter, 2017).
        mirror: whether training images are turned left to right at random.
        checkpoint: file to resume from, written after every epoch; None for a training that
            cannot be resumed. It stays when the training is done: remove it once its result is
            safe.
        settings: further settings that a checkpoint must share to be resumed from.
        progress: whether to show a progress bar.

    Raises:
        InputError: no schedule has this name, or the checkpoint cannot be used.
        DivergenceError: the loss is no longer a number.
        Interrupted: the user pressed Ctrl-C; the model has its best weights so far.
    """
    settings = {
        "batch_size": batch_size,
        "seed": seed,
        "train": len(train),
        "validation": len(validation),
        "backend": keras.backend.backend(),
    } | (settings or {})
    rate = _schedule(schedule, float(model.optimizer.learning_rate), epochs)
    keeper = Checkpoint(rate, checkpoint, settings)
    keeper.restore(model)
    done = len(keeper.history)
    batches = Batches(train, batch_size, seed=seed, epoch=done, mirror=mirror)
    with tqdm(
        total=epochs * len(batches),
        initial=done * len(batches),
        disable=not progress,
        unit="step",
        mininterval=0.5,
    ) as bar:
        try:
            model.fit(
                batches,
                validation_data=Batches(validation, batch_size),
                initial_epoch=done,
                epochs=epochs,
                shuffle=False,  # Batches has shuffled, in an order that a restart can repeat
                callbacks=[rate, keeper, Progress(bar, epochs)],
                verbose=0,
            )
        except KeyboardInterrupt:
            raise Interrupted(_farewell(model, keeper, epochs)) from None
    model.set_weights(keeper.best)
    names = keeper.history[0]
    return Training(
        history={name: [logs[name] for logs in keeper.history] for name in names},
        best_epoch=keeper.best_epoch + 1,
        seconds=keeper.seconds,
    )


def _schedule(name, rate, epochs):
    """The Keras callback that leads the learning rate from `rate` on."""
    if name not in SCHEDULES:
        raise InputError(f"The schedule is one of {', '.join(SCHEDULES)}, not {name!r}.")
    if name == "plateau":
        return keras.callbacks.ReduceLROnPlateau(**PLATEAU)
    if name == "constant":
        return keras.callbacks.LearningRateScheduler(lambda epoch: rate)
    return keras.callbacks.LearningRateScheduler(
        lambda epoch: rate * (1 + math.cos(math.pi * epoch / epochs)) / 2
    )


def _variables(model):
    """All that training changes: weights, moving averages, random states, optimiser."""
    model.optimizer.build(model.trainable_variables)  # does nothing the second time
    return model.variables + model.optimizer.variables


def _farewell(model, keeper, epochs):
    if keeper.best is None:
        return "Stopped before the first epoch was over; nothing is left."
    model.set_weights(keeper.best)
    val_loss = keeper.history[keeper.best_epoch]["val_loss"]
    return (
        f"Stopped after epoch {len(keeper.history)} of {epochs}; the best weights so far are "
        f"those of epoch {keeper.best_epoch + 1} (val_loss {val_loss:.5f})."
    )
