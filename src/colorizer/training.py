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
from typing import Protocol

import numpy as np
from tqdm import tqdm

from colorizer.backend import keras
from colorizer.data import Images, normalize, to_gray
from colorizer.errors import InputError
from colorizer.files import replacing
from colorizer.tasks import Regression, Task

PLATEAU = {
    "factor": 0.1**0.5,
    "patience": 5,
    # Keras's 1e-4 is over 1 % of this loss. On the recorded losses of `plain` it lowers the rate
    # first after the same epoch in three of five seeds, one or two epochs earlier in the others.
    "min_delta": 1e-6,
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
REGRESSION = Regression()


class Batches(keras.utils.PyDataset):
    """A task's inputs and targets, made of gray (b, 32, 32, 1) and RGB (b, 32, 32, 3) images.

    Args:
        images: the images, kept as uint8 so that the full set takes little memory.
        batch_size: images in a batch; the last one may be smaller.
        seed: order the images by (seed, epoch); None keeps their order.
        epoch: the epoch that comes next, counted from 0.
        mirror: whether each image is turned left to right in about half of the epochs, drawn by
            (seed, epoch) too.
        task: what the batches are for.

    Raises:
        InputError: images are to be mirrored without a seed.
    """

    def __init__(
        self,
        images: Images,
        batch_size: int,
        seed: int | None = None,
        epoch: int = 0,
        mirror: bool = False,
        task: Task = REGRESSION,
    ):
        super().__init__()
        if mirror and seed is None:
            raise InputError("Which images are mirrored is drawn by a seed; give one.")
        self.rgb = images.rgb
        self.gray = to_gray(images.rgb)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = epoch
        self.mirror = mirror
        self.task = task
        self._order()

    def __len__(self):
        return math.ceil(len(self.rgb) / self.batch_size)

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        gray, rgb = self.gray[chosen], self.rgb[chosen]
        if self.mirror:
            mirrored = self.mirrored[chosen]
            gray[mirrored], rgb[mirrored] = gray[mirrored, :, ::-1], rgb[mirrored, :, ::-1]
        return self.task.pairs(normalize(gray), normalize(rgb))

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
        monitor: the entry of the logs that says which weights are best, the lowest.

    Attributes:
        history: the logs of every epoch so far, a dictionary each.
        best: the weights after the best epoch, as `model.get_weights()`.
        seconds: time spent in epochs so far, validation included.
    """

    STATE = ("best", "wait", "cooldown_counter")  # of a plateau; other schedules have none

    def __init__(self, schedule, path: Path | None, settings: dict, monitor: str = "val_loss"):
        super().__init__()
        self.schedule = schedule
        self.monitor = monitor
        self.path = path
        self.settings = settings
        self.history = []
        self.best = None
        self.seconds = 0.0
        self._schedule_state = {}

    @property
    def best_epoch(self) -> int:
        """The epoch of the lowest monitored loss, counted from 0."""
        return int(np.argmin([logs[self.monitor] for logs in self.history]))

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
            alike = state["settings"] == self.settings
            if alike:
                for variable, value in zip(_variables(model), variables, strict=True):
                    variable.assign(value)
                self.best, self.history, self.seconds = best, state["history"], state["seconds"]
                self._schedule_state = state["schedule"]
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise InputError(
                f"The checkpoint {self.path} is damaged; delete it to start afresh."
            ) from error
        if not alike:
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
        if not math.isfinite(logs["loss"]) or not math.isfinite(logs[self.monitor]):
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

    def __init__(self, bar: tqdm, epochs: int, monitor: str = "val_loss"):
        super().__init__()
        self.bar = bar
        self.monitor = monitor
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        """Name the epoch, counted from 1."""
        self.bar.set_description(f"epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch, logs=None):
        """One step further."""
        self.bar.update()

    def on_epoch_end(self, epoch, logs=None):
        """Show what the epoch came to."""
        self.bar.set_postfix({self.monitor: f"{logs[self.monitor]:.5f}"})


class Watch(keras.callbacks.Callback):
    """Tells a watcher of every epoch, and stops the training when the watcher says so."""

    def __init__(self, watcher: "Watcher", epochs: int, monitor: str):
        super().__init__()
        self.watcher = watcher
        self.epochs = epochs
        self.monitor = monitor

    def on_train_batch_end(self, batch, logs=None):
        """Ask, after every step.

        Raises:
            KeyboardInterrupt: the watcher wants it stopped.
        """
        if self.watcher.stopped():
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        """Tell."""
        self.watcher.told(epoch + 1, self.epochs, logs[self.monitor])


class Watcher(Protocol):
    """Whoever looks after a training from outside."""

    def told(self, epoch: int, epochs: int, loss: float) -> None:
        """Hear that an epoch, counted from 1, is over."""

    def stopped(self) -> bool:
        """Whether the training is to stop."""


@dataclass(frozen=True)
class Training:
    """What `fit` tells of a finished training.

    Attributes:
        history: metric name to its value after each epoch; `learning_rate` is the one used in it.
        best_epoch: epoch of the lowest monitored loss, counted from 1.
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
    network: keras.Model,
    task: Task = REGRESSION,
    optimizer: str = "adam",
    learning_rate: float = 1e-3,
) -> keras.Model:
    """The model that trains a network for a task, compiled; for regression, the network itself.

    Args:
        network: maps gray, in [0, 1], to what the task wants of it.
        task: what it is trained to do.
        optimizer: a name in `OPTIMIZERS`.
        learning_rate: where the schedule starts.

    Raises:
        InputError: no optimizer has this name.
    """
    if optimizer not in OPTIMIZERS:
        raise InputError(f"The optimizer is one of {', '.join(OPTIMIZERS)}, not {optimizer!r}.")
    trainer = task.trainer(network)
    trainer.compile(
        optimizer=OPTIMIZERS[optimizer](learning_rate=learning_rate),
        loss=task.losses(),
        metrics=task.watched(),
    )
    return trainer


def fit(
    model: keras.Model,
    train: Images,
    validation: Images,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    task: Task = REGRESSION,
    schedule: str = "plateau",
    mirror: bool = False,
    checkpoint: Path | None = None,
    settings: dict | None = None,
    progress: bool = True,
    watcher: Watcher | None = None,
) -> Training:
    """Train a compiled model; it ends with the weights of its best epoch on `validation`.

    Args:
        model: compiled by `compile_model`.
        train: the images to learn from.
        validation: the images that schedule and choice of weights look at.
        epochs: passes over `train`, those before an interruption included.
        batch_size: images in a step.
        seed: of the order of the images.
        task: what the model was compiled for.
        schedule: what becomes of the learning rate, one of `SCHEDULES`: divided by the square root
            of 10 when the validation loss stands still (`PLATEAU`); left alone; or led to zero
            along half a cosine (Loshchilov & Hutter, 2017).
        mirror: whether training images are turned left to right at random.
        checkpoint: file to resume from, written after every epoch; None for a training that
            cannot be resumed. It stays when the training is done: remove it once its result is
            safe.
        settings: further settings that a checkpoint must share to be resumed from.
        progress: whether to show a progress bar.
        watcher: is told of every epoch, and may stop the training as Ctrl-C does.

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
    rate = _schedule(schedule, float(model.optimizer.learning_rate), epochs, task.monitor)
    keeper = Checkpoint(rate, checkpoint, settings, task.monitor)
    keeper.restore(model)
    done = len(keeper.history)
    callbacks = [rate, keeper]
    if watcher is not None:
        callbacks.append(Watch(watcher, epochs, task.monitor))
    batches = Batches(train, batch_size, seed=seed, epoch=done, mirror=mirror, task=task)
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
                validation_data=Batches(validation, batch_size, task=task),
                initial_epoch=done,
                epochs=epochs,
                shuffle=False,  # Batches has shuffled, in an order that a restart can repeat
                callbacks=[*callbacks, Progress(bar, epochs, task.monitor)],
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


def _schedule(name, rate, epochs, monitor):
    """The Keras callback that leads the learning rate from `rate` on."""
    if name not in SCHEDULES:
        raise InputError(f"The schedule is one of {', '.join(SCHEDULES)}, not {name!r}.")
    if name == "plateau":
        return keras.callbacks.ReduceLROnPlateau(monitor=monitor, mode="min", **PLATEAU)
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
    loss = keeper.history[keeper.best_epoch][keeper.monitor]
    return (
        f"Stopped after epoch {len(keeper.history)} of {epochs}; the best weights so far are "
        f"those of epoch {keeper.best_epoch + 1} ({keeper.monitor} {loss:.5f})."
    )
