"""Train an experiment and record it; load its model; compute its metrics again.

The weights of a run are stored at half precision, and the test metrics in its record are those of
the stored weights, so that anyone can compute them again; `colorizer evaluate` does, and fails
where they differ.
"""

import dataclasses
import hashlib
import json
import math
import re
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from colorizer import metrics, models, provenance, records, tasks, training
from colorizer.backend import distribute, keras
from colorizer.data import Cifar10, Images, normalize, to_gray
from colorizer.errors import InputError
from colorizer.experiments import Experiment
from colorizer.files import alone, check_room, replacing
from colorizer.records import FULL, Budget, Run

SEEN = 10_000  # training images for `train_mse`, as many as there are test images
PROBED = 2_000  # test images for `covered_ratio` and `dead_units`
SMALL = 1e-3  # absolute value of a weight, for `small_weights`
COVERED = slice(12, 20)  # rows, and columns, of the square that `covered_ratio` covers
TOLERANCE = 1e-4  # relative; processors differ by about 1e-6, a wrong weight file by far more


def check(experiment: Experiment, seed: int = 0) -> None:
    """Find out what can be known before a training, and before its images are loaded.

    Raises:
        InputError: a seed or a setting that makes no sense, or a device that it is not for.
    """
    records.check_seed(seed)
    models.settings(experiment.network)
    tasks.get(experiment.task)
    devices = keras.distribution.list_devices()
    if experiment.device and not all(experiment.device.lower() in d.lower() for d in devices):
        raise InputError(f"{experiment.name} is for a {experiment.device}; here is another device.")


def build(experiment: Experiment) -> keras.Model:
    """A new network of an experiment; its weights are drawn from Keras's global seed."""
    return models.build(experiment.network)


def compiled(experiment: Experiment) -> keras.Model:
    """The model that trains a new network of an experiment, ready for `training.fit`."""
    return _trainer(experiment, build(experiment))


def train(
    experiment: Experiment,
    data: Cifar10,
    seed: int = 0,
    budget: Budget = FULL,
    *,
    progress: bool = True,
    watcher: training.Watcher | None = None,
    at_once: int = 1,
) -> Run:
    """Train an experiment, or go on with a training that was stopped, and record the run.

    Args:
        experiment: what to train.
        data: CIFAR-10.
        seed: of the weights and of the order of the images, from 0 to 2**32 - 1.
        budget: for how long, and on how much.
        progress: whether to show a progress bar.
        watcher: as in `training.fit`.
        at_once: runs that share the device with this one, itself among them; for the record.

    Raises:
        InputError: as `check` says; a budget of more images than there are; a checkpoint that
            cannot be used; no room for the result; or another process trains this run.
        training.DivergenceError: the loss is no longer a number; this is recorded, too.
        training.Interrupted: the user pressed Ctrl-C; the message names the best weights' file.
    """
    check(experiment, seed)
    data = within(data, budget)
    path = records.path(experiment.name, seed, budget)
    with alone(path.with_suffix(".partial.lock")):
        told = {"progress": progress, "watcher": watcher}
        return _train(experiment, data, seed, budget, path, told, at_once)


def _train(experiment, data, seed, budget, path, told, at_once):
    distribute()
    configuration = _resolved(experiment)
    # now: files may change while this process runs, and what cannot be found out is better known
    # before a long training than after it
    environment = provenance.environment() | {"source": _source(experiment)}
    checkpoint = path.with_suffix(".partial.npz")
    best_so_far = path.with_suffix(".partial.weights.h5")
    keras.utils.set_random_seed(seed)
    network = build(experiment)
    trainer = _trainer(experiment, network)
    check_room(path.parent, needed=10 * 4 * trainer.count_params())  # two checkpoints of Adam's
    try:
        trained = training.fit(
            trainer,
            data.train,
            data.validation,
            epochs=budget.epochs,
            batch_size=experiment.batch_size,
            seed=seed,
            task=tasks.get(experiment.task),
            schedule=experiment.schedule,
            mirror=experiment.mirror,
            checkpoint=checkpoint,
            settings=configuration | {"source": environment["source"]},  # a record names one source
            **told,
        )
    except training.Interrupted as stop:
        if checkpoint.exists():
            _bare(experiment, network).save_weights(best_so_far)
            stop = training.Interrupted(
                f"{stop} They are in {best_so_far}; the same command goes on from here."
            )
        raise stop from None
    except training.DivergenceError as error:
        records.write_failure(experiment.name, seed, budget, str(error))
        checkpoint.unlink(missing_ok=True)
        raise
    network = _bare(experiment, network)
    with replacing(path) as record, replacing(records.weights_path(path)) as weights:
        _save_half(network, weights)
        network.load_weights(weights)  # the record is of what the file holds
        run = Run(
            experiment=experiment.name,
            seed=seed,
            budget=budget,
            configuration=configuration,
            history=trained.history,
            best_epoch=trained.best_epoch,
            metrics=_metrics(_colorizer(configuration, network), network, data, trained.history),
            provenance=environment
            | {
                "date": time.strftime("%Y-%m-%d", time.gmtime()),
                "seconds": round(trained.seconds, 1),
                "images_per_second": round(len(data.train) * budget.epochs / trained.seconds),
                "peak_memory_bytes": provenance.peak_memory(),
            }
            | ({"runs_at_once": at_once} if at_once > 1 else {}),
            weights_sha256=_sha256(weights),
        )
        record.write_text(_as_text(dataclasses.asdict(run)))
    for leftover in (checkpoint, best_so_far, records.failure_path(path)):
        leftover.unlink(missing_ok=True)
    return records.read(path)


def network(run: Run) -> keras.Model:
    """The run's network with the stored weights, built from the configuration in its record.

    Raises:
        InputError: the weights are missing, are not those of the record, or do not fit the network.
    """
    path = run.weights_path
    if not path.exists():
        raise InputError(f"The weights {path} are missing; train the run again.")
    if _sha256(path) != run.weights_sha256:
        raise InputError(f"The weights {path} are not those of the record {run.path}.")
    model = models.build(run.configuration["network"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the layers that Keras skips before it raises
            model.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        raise InputError(
            f"The weights {path} cannot be read, or do not fit the model of {run.experiment!r}."
        ) from error
    return model


def load_model(run: Run) -> keras.Model:
    """The run's model, (n, h, w, 1) gray to (n, h, w, 3) RGB in [0, 1], with the stored weights.

    Raises:
        InputError: as `network` says.
    """
    return _colorizer(run.configuration, network(run))


def predict(model: keras.Model, images: Images) -> np.ndarray:
    """What a model makes of the gray of some images: (n, 32, 32, 3) RGB, float32 in [0, 1]."""
    return model.predict(normalize(to_gray(images.rgb)), batch_size=256, verbose=0)


def recompute(run: Run, data: Cifar10) -> dict[str, float]:
    """The run's metrics, computed from its weights now.

    Args:
        run: a run with weights.
        data: CIFAR-10 in full; the run's budget is applied here.

    Raises:
        InputError: the weights cannot be used, as `network` says.
    """
    bare = network(run)
    colorizer = _colorizer(run.configuration, bare)
    return _metrics(colorizer, bare, within(data, run.budget), run.history)


def differences(run: Run, computed: dict[str, float]) -> list[str]:
    """Names of the metrics in which a record differs from what was computed; none, if all is well.

    A metric that the record does not hold is newer than the record, and no difference.
    """
    return sorted(
        name
        for name, value in run.metrics.items()
        if not math.isclose(value, computed.get(name, math.nan), rel_tol=TOLERANCE, abs_tol=1e-9)
    )


def complete(run: Run, computed: dict[str, float]) -> Run:
    """Write to the record the metrics that it does not hold yet.

    Args:
        run: a run that its weights bear out.
        computed: what `recompute` says of it.
    """
    whole = dataclasses.replace(run, metrics=computed | run.metrics)
    with replacing(run.path) as record:
        record.write_text(_as_text(dataclasses.asdict(whole)))
    return whole


def within(data: Cifar10, budget: Budget) -> Cifar10:
    """The images that a budget admits: the first of each split.

    Raises:
        InputError: there are fewer training images.
    """
    if budget.images > len(data.train):
        raise InputError(
            f"A limit is a number of images from 1 to {len(data.train):,}, not {budget.images:,}."
        )
    n = budget.images
    return Cifar10(data.train[:n], data.validation[:n], data.test[:n])


def _resolved(experiment):
    """The configuration with every default in it, as it comes back from JSON."""
    return experiment.configuration() | {
        "network": json.loads(json.dumps(models.settings(experiment.network))),
        "task": json.loads(json.dumps(tasks.settings(experiment.task))),
    }


def _source(experiment):
    """A fingerprint of what trains this experiment."""
    made_by = models.NETWORKS[experiment.network["kind"]], tasks.TASKS[experiment.task["kind"]]
    own = [f"{part.__module__}.{part.__name__}" for part in made_by]
    prefix = "colorizer."
    own = [name.removeprefix(prefix) for name in own if name.startswith(prefix)]
    return provenance.source_hash(["training.fit", "training.compile_model", *own])


def _trainer(experiment, network):
    task = tasks.get(experiment.task)
    return training.compile_model(network, task, experiment.optimizer, experiment.learning_rate)


def _colorizer(configuration, network):
    return tasks.get(configuration["task"]).colorizer(network)


def _metrics(colorizer, network, data, history):
    train, test = data.train[:SEEN], data.test
    kernels = [v for v in network.trainable_variables if v.name == "kernel"]
    weights = np.concatenate([keras.ops.convert_to_numpy(v).ravel() for v in kernels])
    pictures = predict(colorizer, test)
    computed = metrics.evaluate(pictures, normalize(test.rgb), test.labels) | {
        "train_mse": metrics.mse(predict(colorizer, train), normalize(train.rgb)),
        "small_weights": float(np.mean(np.abs(weights) < SMALL)),
        "sepia_share": metrics.sepia_share(pictures),
        "covered_ratio": _covered_ratio(colorizer, test[:PROBED], pictures[:PROBED]),
    }
    rectified = _rectified(network, test[:PROBED])
    if rectified:
        computed["dead_units"] = float(np.mean(np.concatenate(rectified) == 0))
    with suppress(KeyError):  # a task may watch something else
        computed["last_val_mse"] = history["val_mse"][-1]
    return computed


def _covered_ratio(colorizer, images, pictures):
    """By what factor the error outside of a square grows when the square is covered with gray."""
    truth, gray = normalize(images.rgb), normalize(to_gray(images.rgb))
    outside = np.ones(gray.shape[1:3], bool)
    outside[COVERED, COVERED] = False
    gray[:, COVERED, COVERED] = 0.5
    covered = colorizer.predict(gray, batch_size=256, verbose=0)
    error, before = (
        np.mean((x - truth)[:, outside] ** 2, dtype=np.float64) for x in (covered, pictures)
    )
    return float(error / before)


def _rectified(network, images):
    """Of each layer with a ReLU the highest value of each unit in any place of any image."""
    parts = [layer for layer in network.layers if isinstance(layer, keras.Model)] or [network]
    x, found = normalize(to_gray(images.rgb)), []
    for part in parts:  # one behind the other, as encoder and decoder are
        outputs = {"passed on": part.output} | {
            layer.name: keras.layers.GlobalMaxPooling2D()(layer.output)
            for layer in part.layers
            if _rectifies(layer)
        }
        maps = keras.Model(part.inputs, outputs).predict(x, batch_size=256, verbose=0)
        x = maps.pop("passed on")
        found += [units.max(axis=0) for units in maps.values()]
    return found


def _rectifies(layer):
    own = getattr(layer, "activation", None) is keras.activations.relu
    return own or isinstance(layer, keras.layers.ReLU)


def _bare(experiment, network):
    """A copy of the network without an optimiser, which a weight file would hold too."""
    bare = build(experiment)
    bare.set_weights(network.get_weights())
    return bare


def _as_text(record):
    """JSON with a list of numbers on a line of its own."""
    text = json.dumps(record, indent=2, allow_nan=False)
    return re.sub(r"\[[^\[\]{}]*\]", lambda m: " ".join(m[0].split()), text) + "\n"


def _save_half(model, path):
    """Keras's own weight file, every array rounded to float16: half the size."""
    with tempfile.TemporaryDirectory() as scratch, h5py.File(path, "w") as half:
        full_path = Path(scratch) / "full.weights.h5"
        model.save_weights(full_path)
        with h5py.File(full_path) as full:
            full.visititems(lambda name, item: _copy_half(half, name, item))


def _copy_half(target, name, item):
    if isinstance(item, h5py.Dataset):
        target[name] = item[()].astype(np.float16)
    else:
        target.require_group(name).attrs.update(item.attrs)


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
