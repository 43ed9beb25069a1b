"""What finished runs left: their records, read, selected and described. Needs no Keras.

A record lies where it says: `NAME/30-epochs-45000-images/seed-0.json` in the folder `runs` of the
repository, or in `$COLORIZER_RUNS`; the weights, if they were kept, lie beside it as
`seed-0.weights.h5`. What an experiment is today does not matter to a record of it.

Whatever is read is noted in the file that `$COLORIZER_READS` names, if it is set, so that `make
execute` knows which records a chapter depends on.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import total_ordering
from pathlib import Path

import numpy as np

from colorizer.errors import InputError
from colorizer.files import replacing

ALL_IMAGES = 45_000  # of CIFAR-10's training images, less 5,000 for validation


@total_ordering
@dataclass(frozen=True)
class Budget:
    """How long a run is trained and on how much; the larger has seen more images.

    Attributes:
        epochs: passes over the training images.
        images: the first so many training images; of validation and test images, so many at most.

    Raises:
        InputError: not a whole number, none, or more images than there are.
    """

    epochs: int
    images: int = ALL_IMAGES

    def __post_init__(self):
        if type(self.epochs) is not int or self.epochs < 1:
            raise InputError(f"Epochs are a whole number, 1 or more, not {self.epochs!r}.")
        if type(self.images) is not int or not 1 <= self.images <= ALL_IMAGES:
            raise InputError(
                f"A limit is a number of images from 1 to {ALL_IMAGES:,}, not {self.images!r}."
            )

    def __lt__(self, other):
        return (self.epochs * self.images, self.epochs) < (
            other.epochs * other.images,
            other.epochs,
        )

    def __str__(self):
        images = "all" if self.images == ALL_IMAGES else "the first"
        return f"{_count(self.epochs, 'epoch')} on {images} {self.images:,} training images"

    @property
    def folder(self) -> str:
        """As a folder is called."""
        return f"{self.epochs}-epochs-{self.images}-images"


FULL = Budget(30)  # the book's
SMALL = Budget(15, 10_000)  # beside it, where the question is what more images do


def check_seed(seed: int) -> None:
    """Refuse what NumPy and Keras cannot be seeded with.

    Raises:
        InputError: not a whole number from 0 to 2**32 - 1.
    """
    if type(seed) is not int or not 0 <= seed < 2**32:
        raise InputError(f"A seed is a whole number from 0 to {2**32 - 1}, not {seed!r}.")


def folder() -> Path:
    """Where runs are read and written: `$COLORIZER_RUNS`, else `runs` of the repository."""
    repository = Path(__file__).parents[2]
    home = repository if (repository / "pyproject.toml").exists() else Path.cwd()
    return Path(os.environ.get("COLORIZER_RUNS") or home / "runs")


def path(name: str, seed: int = 0, budget: Budget = FULL) -> Path:
    """Where the record of a run lies."""
    return folder() / name / budget.folder / f"seed-{seed}.json"


@dataclass(frozen=True)
class Run:
    """The record of a finished training.

    Attributes:
        experiment: name of the experiment.
        seed: of the weights at the start and of the order of the images.
        budget: how long it was trained and on how much.
        configuration: all settings of the network, the task and the training.
        history: metric name to its value after each epoch.
        best_epoch: epoch, counted from 1, whose weights are stored: the lowest validation loss.
        metrics: of the stored weights, as `metrics.evaluate` names them, on the test images; and
            `train_mse`, on the first of the training images (the history's training loss is
            something else: there, dropout is on and the weights change within an epoch);
            `small_weights`, the share of the kernels' entries below 0.001; `sepia_share`, as
            `metrics.sepia_share` says; `covered_ratio`, by what factor the error of the other
            pixels grows when a square of 8x8 in the middle is covered with gray; `dead_units`, the
            share of the feature maps behind a ReLU that are zero everywhere in 2,000 test images;
            `last_val_mse`, of the last epoch, on the validation images.
        provenance: device, versions, wall time, throughput, peak memory, hash of the source that
            trained it, and how many runs shared the device, if it was more than one.
        weights_sha256: of the weight file.
    """

    experiment: str
    seed: int
    budget: Budget
    configuration: dict
    history: dict[str, list[float]]
    best_epoch: int
    metrics: dict[str, float]
    provenance: dict
    weights_sha256: str

    @property
    def path(self) -> Path:
        """The record's file."""
        return path(self.experiment, self.seed, self.budget)

    @property
    def weights_path(self) -> Path:
        """The weights' file, in Keras's `.weights.h5` format, float16."""
        return weights_path(self.path)


def weights_path(record: Path) -> Path:
    """The file of the weights that belong to a record's file."""
    return record.with_name(f"{record.stem}.weights.h5")


def read(file: Path) -> Run:
    """The record in a file.

    Raises:
        InputError: it is not there, or is not a record of the run that its place names; the
            sentence says what is wrong with it.
    """
    try:
        record = json.loads(file.read_text())
    except FileNotFoundError:
        raise InputError(_not_recorded(file)) from None
    except (OSError, ValueError) as error:
        raise InputError(_bent(file, f"it cannot be read: {error}")) from error
    if fault := _fault(record):
        raise InputError(_bent(file, fault))
    run = Run(**record | {"budget": Budget(**record["budget"])})
    if run.path != file:
        raise InputError(
            _bent(file, f"it is of {run.experiment}, seed {run.seed}, {run.budget}, "
                        "which belongs elsewhere")
        )  # fmt: skip
    return run


def load(name: str, seed: int = 0, budget: Budget = FULL) -> Run:
    """The record of a run.

    Raises:
        InputError: there is no such run, or its record is bent.
    """
    _note(f"{name}/{budget.folder}/seed-{seed}.json")
    return read(path(name, seed, budget))


def of(name: str, budget: Budget = FULL) -> list[Run]:
    """The runs of an experiment at one budget, in the order of their seeds; perhaps none.

    Raises:
        InputError: a record is bent.
    """
    _note(f"{name}/{budget.folder}/seed-*.json")
    return [read(file) for file in _files(folder() / name / budget.folder)]


def several(names: Sequence[str], budget: Budget = FULL) -> dict[str, list[Run]]:
    """Runs of several experiments at one budget, so that their scores can be compared.

    Returns:
        Experiment to its runs, in the order of `names`.

    Raises:
        InputError: one of them is not recorded at that budget, or a record is bent.
    """
    found = {name: of(name, budget) for name in names}
    for name, runs in found.items():
        if not runs:
            raise InputError(_not_recorded(path(name, 0, budget)))
    return found


def recorded(name: str | None = None) -> list[Run]:
    """All runs of an experiment, or of all, by name, the largest budget first, then by seed.

    Raises:
        InputError: a record is bent.
    """
    _note(f"{name or '*'}/*/seed-*.json")
    runs = [read(file) for place in folder().glob(f"{name or '*'}/*") for file in _files(place)]
    runs.sort(key=lambda run: run.seed)
    runs.sort(key=lambda run: run.budget, reverse=True)
    return sorted(runs, key=lambda run: run.experiment)


def fullest(name: str, seed: int = 0) -> Run:
    """Of an experiment's runs with weights here, the one of the largest budget.

    Raises:
        InputError: there is none, or a record is bent.
    """
    found = [run for run in recorded(name) if run.seed == seed and run.weights_path.exists()]
    if not found:
        raise InputError(
            f"No run of {name!r}, seed {seed}, has weights here; `colorizer train {name}` makes it."
        )
    return found[0]


def failure_path(record: Path) -> Path:
    """The file that says why there is no record in the file `record`."""
    return record.with_name(f"{record.stem}.failed.json")


def write_failure(name: str, seed: int, budget: Budget, reason: str) -> None:
    """Note that a training ended without a result; a later one that succeeds removes the note."""
    failure = {"experiment": name, "seed": seed, "budget": asdict(budget), "reason": reason}
    with replacing(failure_path(path(name, seed, budget))) as file:
        file.write_text(json.dumps(failure, indent=2) + "\n")


def failures(name: str) -> list[tuple[int, Budget, str]]:
    """Of an experiment, seed, budget and reason of each training that ended without a result.

    Raises:
        InputError: a note of one is bent.
    """
    found = []
    for file in sorted((folder() / name).glob("*/seed-*.failed.json")):
        try:
            note = json.loads(file.read_text())
            found.append((note["seed"], Budget(**note["budget"]), note["reason"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"The note {file} of a failed training cannot be read.") from error
    return found


def strays() -> list[Path]:
    """Files beside the records that look like one and are not read, such as a conflict's copy."""
    return sorted(
        file
        for file in folder().glob("*/*/*.json*")
        if not (_NAME.fullmatch(file.name) or _FAILED.fullmatch(file.name))
        and not file.name.startswith(".")
    )


def values(runs: Sequence[Run], metric: str) -> list[float]:
    """A metric of each run.

    Raises:
        InputError: a record does not hold it.
    """
    for run in runs:
        if metric not in run.metrics:
            raise InputError(
                f"The record {run.path} has no {metric}; where its weights are kept, "
                "`colorizer evaluate --complete` adds it."
            )
    return [run.metrics[metric] for run in runs]


def mean(runs: Sequence[Run], metric: str) -> float:
    """The mean of a metric over runs."""
    return float(np.mean(values(runs, metric)))


def validation_loss(runs: Sequence[Run]) -> float:
    """The lowest validation loss of a run, that of the stored weights; the mean over runs."""
    return float(np.mean([min(run.history["val_loss"]) for run in runs]))


def describe(*runs: Run) -> str:
    """Where the numbers of some runs come from, in italics (Markdown), to stand under them.

    A paragraph for each group of runs that differ in nothing but their seed; and a last one, if
    they were trained on several devices or by several sources.
    """
    groups = {}
    for run in runs:
        p = run.provenance
        device = f"{p['device']}, {p['backend']} {p[p['backend']]}, Keras {p['keras']}, "
        device += f"NumPy {p['numpy']}, Python {p['python']}"
        key = (run.experiment, run.budget, device, p.get("runs_at_once", 1), p["source"])
        groups.setdefault(key, []).append(run)
    sentences = [_sentence(*key, group) for key, group in groups.items()]
    for what, key in (("devices", "device"), ("sources", "source")):
        different = dict.fromkeys(run.provenance[key] for run in runs)
        if len(different) > 1:
            sentences.append(f"These runs are of several {what}: {', '.join(different)}.")
    return "\n\n".join(f"*{sentence}*" for sentence in sentences)


def note(what: str) -> None:
    """Write down, in `$COLORIZER_READS`, that something was read on which an output depends."""
    if file := os.environ.get("COLORIZER_READS"):
        with open(file, "a") as notes:
            notes.write(f"{what}\n")


_NAME = re.compile(r"seed-\d+\.json")
_FAILED = re.compile(r"seed-\d+\.failed\.json")


def _note(pattern):
    note(f"runs {pattern}")


def _files(place):
    """The records in a folder, by seed; what is named otherwise is no record."""
    found = [file for file in place.glob("seed-*.json") if _NAME.fullmatch(file.name)]
    return sorted(found, key=lambda file: int(file.stem.removeprefix("seed-")))


def _fault(record):
    """What is wrong with the content of a record, in words, or nothing."""
    if not isinstance(record, dict):
        return "it is not a JSON object"
    names = [field.name for field in fields(Run)]
    if missing := [name for name in names if name not in record]:
        return f"it has no {', '.join(missing)}"
    if unknown := sorted(record.keys() - set(names)):
        return f"it has {', '.join(unknown)}, which no record has"
    kinds = {"experiment": str, "seed": int, "configuration": dict, "history": dict}
    kinds |= {"best_epoch": int, "metrics": dict, "provenance": dict, "weights_sha256": str}
    for name, kind in kinds.items():
        if type(record[name]) is not kind:
            return f"its {name} is {record[name]!r:.40}"
    try:
        budget = Budget(**record["budget"])
    except (TypeError, InputError):
        return f"its budget is {record['budget']!r:.60}"
    for name, value in record["metrics"].items():
        if type(value) is not float:
            return f"its metric {name} is {value!r:.40}"
    for name, losses in record["history"].items():
        if type(losses) is not list or len(losses) != budget.epochs:
            return f"its history of {name} is not that of {_count(budget.epochs, 'epoch')}"
    for name in ("network", "task"):
        if type(record["configuration"].get(name)) is not dict:
            return f"its configuration names no {name}"
    needed = ("device", "backend", "keras", "numpy", "python", "source", "date", "seconds")
    needed += ("images_per_second", "peak_memory_bytes", record["provenance"].get("backend"))
    if missing := [name for name in needed if name not in record["provenance"]]:
        return f"its provenance has no {missing[0]}"
    return None


def _bent(file, fault):
    return f"The record {file} is bent: {fault}."


def _not_recorded(file):
    name = file.parent.parent.name
    return f"The run {file} is not recorded; `colorizer train {name}` makes it."


def _sentence(experiment, budget, device, at_once, source, group):
    def reach(key, scale=1.0, form=".0f"):
        ends = sorted(run.provenance[key] for run in group)
        texts = [v if isinstance(v, str) else format(v / scale, form) for v in ends]
        return " to ".join(dict.fromkeys((texts[0], texts[-1])))

    seeds = ", ".join(str(run.seed) for run in group)
    hashes = ", ".join(run.weights_sha256[:16] for run in group)
    shared = f", shared by {at_once} runs at once" if at_once > 1 else ""
    return (
        f"{'Run' if len(group) == 1 else 'Runs'} `{experiment}`, "
        f"seed{'' if len(group) == 1 else 's'} {seeds}, {budget}: "
        f"{reach('date')}, {device}{shared}; {reach('seconds', 60)} minutes, "
        f"{reach('images_per_second')} images/s, "
        f"peak memory {reach('peak_memory_bytes', 1e9, '.2f')} GB; "
        f"source {source}; weights SHA-256 {hashes}, float16."
    )


def _count(number, noun):
    return f"{number} {noun}{'s' if number != 1 else ''}"
