"""A finished run: its record, which a person can read, and its weights, at half precision.

A run lives in two files, `NAME/seed-S.json` and `NAME/seed-S.weights.h5` (a trial's names say its
epochs and images, too), in the folder `runs` of the repository or in `$COLORIZER_RUNS`. The test
metrics in the record are those of the stored weights, so that anyone can compute them again;
`colorizer evaluate` does, and fails where they differ.
"""

import dataclasses
import hashlib
import json
import math
import os
import re
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from colorizer import experiments, metrics, provenance, training
from colorizer.backend import distribute, keras
from colorizer.data import Cifar10, Images, normalize, to_gray
from colorizer.errors import InputError
from colorizer.experiments import Experiment
from colorizer.files import replacing

SEEN = 10_000  # training images for `train_mse`, as many as there are test images
SMALL = 1e-3  # absolute value of a weight, for `small_weights`
TOLERANCE = 1e-4  # relative; processors differ by about 1e-6, a wrong weight file by far more


def folder() -> Path:
    """Where runs are read and written: `$COLORIZER_RUNS`, else `runs` of the repository."""
    repository = Path(__file__).parents[2]
    home = repository if (repository / "pyproject.toml").exists() else Path.cwd()
    return Path(os.environ.get("COLORIZER_RUNS") or home / "runs")


@dataclass(frozen=True)
class Run:
    """The record of a finished training.

    Attributes:
        experiment: name of the experiment.
        seed: of the weights at the start and of the order of the images.
        limit: images used of each split, or None for all.
        configuration: the experiment's settings.
        history: metric name to its value after each epoch.
        best_epoch: epoch, counted from 1, whose weights are stored: the lowest `val_loss`.
        metrics: of the stored weights: on the test images, as `metrics.evaluate` names them;
            `train_mse`, on the first of the training images (the history's training loss is
            something else: there, dropout is on and the weights change within an epoch); and
            `small_weights`, the share of the kernels' entries below 0.001.
        provenance: device, versions, wall time, throughput, peak memory, hash of the source.
        weights_sha256: of the weight file.
    """

    experiment: str
    seed: int
    limit: int | None
    configuration: dict
    history: dict[str, list[float]]
    best_epoch: int
    metrics: dict[str, float]
    provenance: dict
    weights_sha256: str

    @property
    def path(self) -> Path:
        """The record's file."""
        return _path(self.experiment, self.seed, self.configuration["epochs"], self.limit)

    @property
    def weights_path(self) -> Path:
        """The weights' file, in Keras's `.weights.h5` format, float16."""
        return _weights_path(self.path)


def train(
    experiment: Experiment,
    data: Cifar10,
    seed: int = 0,
    limit: int | None = None,
    progress: bool = True,
) -> Run:
    """Train an experiment, or go on with a training that was stopped, and record the run.

    Args:
        experiment: what to train.
        data: CIFAR-10.
        seed: of the weights and of the order of the images, from 0 to 2**32 - 1.
        limit: use only the first images of each split, for a trial; None uses all.
        progress: whether to show a progress bar.

    Raises:
        InputError: a bad seed or limit, or a checkpoint that cannot be used.
        training.DivergenceError: the loss is no longer a number.
        training.Interrupted: the user pressed Ctrl-C; the message names the best weights' file.
    """
    if not 0 <= seed < 2**32:
        raise InputError(f"A seed is a whole number from 0 to {2**32 - 1}, not {seed}.")
    if limit is not None:
        data = _limited(data, limit)
    distribute()
    # now: files may change while this process runs, and what cannot be found out is better known
    # before a long training than after it
    environment = provenance.environment() | {"source": provenance.source_hash(["runs"])}
    path = _path(experiment.name, seed, experiment.epochs, limit)
    checkpoint = path.with_suffix(".partial.npz")
    best_so_far = path.with_suffix(".partial.weights.h5")
    keras.utils.set_random_seed(seed)
    model = experiment.compiled()
    try:
        trained = training.fit(
            model,
            data.train,
            data.validation,
            epochs=experiment.epochs,
            batch_size=experiment.batch_size,
            seed=seed,
            schedule=experiment.schedule,
            mirror=experiment.mirror,
            checkpoint=checkpoint,
            settings=json.loads(json.dumps(experiment.configuration()))
            | {"source": environment["source"]},  # a record names one source
            progress=progress,
        )
    except training.Interrupted as stop:
        if checkpoint.exists():
            _bare(experiment, model).save_weights(best_so_far)
            stop = training.Interrupted(
                f"{stop} They are in {best_so_far}; the same command goes on from here."
            )
        raise stop from None
    model = _bare(experiment, model)
    with replacing(path) as record, replacing(_weights_path(path)) as weights:
        _save_half(model, weights)
        model.load_weights(weights)  # the record is of what the file holds
        run = Run(
            experiment=experiment.name,
            seed=seed,
            limit=limit,
            configuration=experiment.configuration(),
            history=trained.history,
            best_epoch=trained.best_epoch,
            metrics=_metrics(model, data),
            provenance=environment
            | {
                "date": time.strftime("%Y-%m-%d", time.gmtime()),
                "seconds": round(trained.seconds, 1),
                "images_per_second": round(len(data.train) * experiment.epochs / trained.seconds),
                "peak_memory_bytes": provenance.peak_memory(),
            },
            weights_sha256=_sha256(weights),
        )
        record.write_text(_as_text(dataclasses.asdict(run)))
    checkpoint.unlink(missing_ok=True)
    best_so_far.unlink(missing_ok=True)
    return _read(path)


def exists(experiment: Experiment, seed: int = 0, limit: int | None = None) -> bool:
    """Whether the run of an experiment is recorded."""
    return _path(experiment.name, seed, experiment.epochs, limit).exists()


def load(name: str, seed: int = 0, epochs: int | None = None, limit: int | None = None) -> Run:
    """The record of a run.

    Args:
        name: of the experiment.
        seed: of the run.
        epochs: of a trial with another number of epochs than the experiment's.
        limit: of a trial on the first images of each split.

    Raises:
        InputError: there is no such run, or its record cannot be read.
    """
    experiment = experiments.get(name)
    return _read(_path(name, seed, epochs or experiment.epochs, limit))


def fullest(name: str, seed: int = 0) -> Run:
    """Of an experiment's runs with weights, the one that was trained most.

    On most images, then for most epochs: the experiment in full, where it is recorded; else the
    largest trial.

    Args:
        name: of the experiment.
        seed: of the run.

    Raises:
        InputError: there is none, or a record cannot be read.
    """
    experiments.get(name)
    found = [run for run in _of(name) if run.seed == seed and run.weights_path.exists()]
    if not found:
        raise InputError(
            f"No run of {name!r}, seed {seed}, has weights here; `colorizer train {name}` makes it."
        )
    return max(found, key=lambda run: (run.limit or math.inf, run.configuration["epochs"]))


def comparable(names: Sequence[str], seeds: int = 1) -> dict[str, list[Run]]:
    """Runs of several experiments at one budget, so that their scores can be compared.

    Of all budgets (epochs, images) the one at which most of the experiments are recorded; among
    equals, the largest. An experiment that has no run there is left out: what is missing from the
    answer is yet to be trained.

    Args:
        names: of the experiments.
        seeds: how many seeds of an experiment make it count.

    Returns:
        Experiment to its runs at that budget in the order of their seeds; in the order of `names`.

    Raises:
        InputError: none of them is recorded with so many seeds, or a record cannot be read.
    """
    by_budget = {}
    for name in names:
        experiments.get(name)
        for run in _of(name):
            found = by_budget.setdefault(_budget(run), {})
            found.setdefault(name, []).append(run)
    enough = {
        budget: {name: found for name, found in at.items() if len(found) >= seeds}
        for budget, at in by_budget.items()
    }
    budget = max(
        enough, key=lambda b: (len(enough[b]), b[0] * (b[1] or math.inf), b[0]), default=None
    )
    if not enough.get(budget):
        raise InputError(
            f"{', '.join(names)}: none is recorded with {seeds} or more seeds; "
            "`colorizer train --all` makes what is missing."
        )
    return enough[budget]


def alike(run: Run, name: str) -> list[Run]:
    """The runs of an experiment at the budget of a run, in the order of their seeds.

    Args:
        run: whose epochs and limit they share.
        name: of their experiment, that of `run` or another.

    Raises:
        InputError: a record cannot be read.
    """
    experiments.get(name)
    return [other for other in _of(name) if _budget(other) == _budget(run)]


def budget(run: Run) -> str:
    """How long a run was trained and on how much, in words."""
    epochs, limit = _budget(run)
    images = "all training images" if limit is None else f"the first {limit:,} training images"
    return f"{epochs} epoch{'s' if epochs > 1 else ''} on {images}"


def validation_loss(found: Sequence[Run]) -> float:
    """The lowest validation loss of a run, that of the stored weights; the mean over runs."""
    return float(np.mean([min(run.history["val_loss"]) for run in found]))


def recorded() -> list[Run]:
    """All runs of the experiments, trials included, by name and seed.

    Raises:
        InputError: a record cannot be read.
    """
    return [run for name in sorted(experiments.EXPERIMENTS) for run in _of(name)]


def load_model(run: Run) -> keras.Model:
    """The run's model with the stored weights, built from the configuration in its record.

    Raises:
        InputError: the weights are missing, are not those of the record, or do not fit the model.
    """
    path = run.weights_path
    if not path.exists():
        raise InputError(f"The weights {path} are missing; train the run again.")
    model = _experiment(run).build()
    try:
        if _sha256(path) != run.weights_sha256:
            raise InputError(f"The weights {path} are not those of the record {run.path}.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the layers that Keras skips before it raises
            model.load_weights(path)
    except InputError:
        raise
    except (ValueError, OSError, KeyError) as error:
        raise InputError(
            f"The weights {path} cannot be read, or do not fit the model of {run.experiment!r}."
        ) from error
    return model


def predict(model: keras.Model, images: Images) -> np.ndarray:
    """What a model makes of the gray of some images: (n, 32, 32, 3) RGB, float32 in [0, 1]."""
    return model.predict(normalize(to_gray(images.rgb)), batch_size=256, verbose=0)


def describe(*found: Run) -> str:
    """Where the numbers of some runs come from, in italics (Markdown), to stand under them.

    A paragraph for each group of runs that differ in nothing but their seed.
    """
    groups = {}
    for run in found:
        p = run.provenance
        device = f"{p['device']}, {p['backend']} {p[p['backend']]}, Keras {p['keras']}, "
        device += f"NumPy {p['numpy']}, Python {p['python']}"
        key = (run.experiment, budget(run), device, p["source"])
        groups.setdefault(key, []).append(run)
    return "\n\n".join(f"*{_sentence(*key, group)}*" for key, group in groups.items())


def _sentence(experiment, trained, device, source, group):
    def reach(key, scale=1.0, form=".0f"):
        values = sorted(run.provenance[key] for run in group)
        ends = [v if isinstance(v, str) else format(v / scale, form) for v in values]
        return " to ".join(dict.fromkeys((ends[0], ends[-1])))

    seeds = ", ".join(str(run.seed) for run in group)
    hashes = ", ".join(run.weights_sha256[:16] for run in group)
    return (
        f"{'Run' if len(group) == 1 else 'Runs'} `{experiment}`, "
        f"seed{'' if len(group) == 1 else 's'} {seeds}, {trained}: "
        f"{reach('date')}, {device}; {reach('seconds', 60)} minutes, "
        f"{reach('images_per_second')} images/s, "
        f"peak memory {reach('peak_memory_bytes', 1e9, '.2f')} GB; "
        f"source {source}; weights SHA-256 {hashes}, float16."
    )


def recompute(run: Run, data: Cifar10) -> dict[str, float]:
    """The run's metrics, computed from its weights now.

    Args:
        run: a run with weights.
        data: CIFAR-10 in full; a trial's limit is applied here.

    Raises:
        InputError: the weights cannot be used, as `load_model` says.
    """
    return _metrics(load_model(run), data if run.limit is None else _limited(data, run.limit))


def differences(run: Run, computed: dict[str, float]) -> list[str]:
    """Names of the metrics in which a record and what was computed differ; none, if all is well."""
    return sorted(
        name
        for name in run.metrics.keys() | computed.keys()
        if not math.isclose(
            run.metrics.get(name, math.nan),
            computed.get(name, math.nan),
            rel_tol=TOLERANCE,
            abs_tol=1e-9,
        )
    )


def _metrics(model, data):
    train = data.train[:SEEN]
    kernels = [v for v in model.trainable_variables if v.name == "kernel"]
    weights = np.concatenate([keras.ops.convert_to_numpy(v).ravel() for v in kernels])
    return metrics.evaluate(predict(model, data.test), normalize(data.test.rgb)) | {
        "train_mse": metrics.mse(predict(model, train), normalize(train.rgb)),
        "small_weights": float(np.mean(np.abs(weights) < SMALL)),
    }


def _budget(run):
    """What runs must share to be compared: epochs and images."""
    return run.configuration["epochs"], run.limit


def _of(name):
    """The runs of an experiment, by seed."""
    found = [_read(path) for path in (folder() / name).glob("seed-*.json")]
    return sorted(found, key=lambda run: run.seed)


def _path(name, seed, epochs, limit):
    trial = "" if epochs == experiments.get(name).epochs else f"-epochs-{epochs}"
    trial += "" if limit is None else f"-limit-{limit}"
    return folder() / name / f"seed-{seed}{trial}.json"


def _weights_path(path):
    return path.with_name(f"{path.stem}.weights.h5")


def _read(path):
    try:
        run = Run(**json.loads(path.read_text()))
        if run.path != path:
            raise ValueError("the record names another run")
        _experiment(run)
        if not all(isinstance(value, float) for value in run.metrics.values()):
            raise ValueError("a metric is not a number")
    except FileNotFoundError:
        raise InputError(
            f"The run {path} is not recorded; `colorizer train {path.parent.name}` makes it."
        ) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"The record {path} cannot be read; delete it, or train the run again with --replace."
        ) from error
    return run


def _experiment(run):
    """The experiment as it was when the run was trained."""
    configuration = dict(run.configuration)
    configuration["regularization"] = experiments.Regularization(**configuration["regularization"])
    return dataclasses.replace(experiments.get(run.experiment), **configuration)


def _limited(data, limit):
    if not 1 <= limit <= len(data.train):
        raise InputError(f"A limit is a number of images from 1 to {len(data.train)}, not {limit}.")
    return Cifar10(data.train[:limit], data.validation[:limit], data.test[:limit])


def _bare(experiment, model):
    """A copy of the model without its optimiser, which a weight file would hold too."""
    bare = experiment.build()
    bare.set_weights(model.get_weights())
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
