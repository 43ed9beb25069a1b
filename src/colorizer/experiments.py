"""Every training of the book, a row each: what is trained, on what, and why it is there.

Plain data: a network and a task are named with the settings that differ from their defaults, and
`models` and `tasks` build them. What a row scored stands in its records; `colorizer list` shows it.

Where the paper is silent (epochs, batch size, dropout rates, the plateau's patience and factor) the
values are the course's own.
"""

import difflib
from dataclasses import dataclass, field

from colorizer import records
from colorizer.errors import InputError
from colorizer.records import FULL, SMALL, Budget


@dataclass(frozen=True)
class Experiment:
    """A training that is described to the end, apart from its seed and its budget.

    Attributes:
        name: how the command line, the records and the chapters call it.
        why: the reason that it is there.
        network: its kind, a name in `models.NETWORKS`, and its settings.
        task: its kind, a name in `tasks.TASKS`, and its settings.
        optimizer: a name in `training.OPTIMIZERS`.
        learning_rate: where the schedule starts.
        schedule: what becomes of the learning rate, a name in `training.SCHEDULES`.
        batch_size: images in a step.
        mirror: whether training images are turned left to right at random.
        seeds: how many the book wants.
        budgets: at which it wants them.
        device: "CPU", where the question is about the device; else any will do.
    """

    name: str
    why: str
    network: dict = field(default_factory=lambda: {"kind": "autoencoder"})
    task: dict = field(default_factory=lambda: {"kind": "regression"})
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "plateau"
    batch_size: int = 128
    mirror: bool = False
    seeds: int = 5
    budgets: tuple[Budget, ...] = (FULL,)
    device: str | None = None

    def configuration(self) -> dict:
        """What decides about a training besides seed and budget, as JSON can hold it."""
        settings = ("network", "task", "optimizer", "learning_rate", "schedule", "batch_size")
        return {name: getattr(self, name) for name in (*settings, "mirror")}


# As many steps on fewer images: is a large set needed?
FEWER_IMAGES = (Budget(90, 15_000), Budget(270, 5_000))
# The rates of Keras's defaults, which the paper must have used if it set none.
DEFAULT_RATES = {"adam": 1e-3, "rmsprop": 1e-3, "nadam": 1e-3, "momentum": 1e-2, "sgd": 1e-2}
# Four rates each, so that none has more luck than another, in steps of about three for optimisers
# that divide by the gradient's size and of ten for those that do not.
GRID = {  # optimiser to learning rate to the experiment's name; Adam at its default is `plain`
    optimizer: {
        rate: "plain" if (optimizer, rate) == ("adam", 1e-3) else f"{optimizer}-{rate:g}"
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


def _autoencoder(**settings):
    return {"kind": "autoencoder"} | settings


def _regularized(**regularization):
    return _autoencoder(regularization=regularization)


def _unet(name, why, schedule="cosine", mirror=True, **settings):
    network = {"kind": "unet"} | settings
    return Experiment(name, why, network, schedule=schedule, mirror=mirror)


_DROPOUT = _regularized(dropout=0.5)
_BOTH = _regularized(dropout=0.25, batch_norm=True)
_DEVICE = "Does the device matter? The same as `{}` on a CPU"

# In the order of their worth. A penalty starts at about the size of the loss at its end.
_TABLE = (
    (  # the paper's three models
        Experiment(
            "plain",
            "The paper's final model, without regularisation (Figure 7)",
            budgets=(FULL, *FEWER_IMAGES, SMALL),
        ),
        Experiment("dropout", 'With a "high level of Dropouts" (Figure 6)', _DROPOUT),
        Experiment("batchnorm-dropout", "With batch norm and dropout (Figure 5)", _BOTH),
    ),
    (  # beyond the paper
        Experiment(
            "chroma",
            "The plain model, predicting chroma on the luminance that it was given",
            {"kind": "chroma_autoencoder"},
        ),
        _unet("unet", "A U-Net that keeps the luminance: nothing passes through a vector"),
    ),
    (  # the regularisers that the paper names, each alone
        *(
            Experiment(
                f"dropout-{rate:g}", "A lower rate than Figure 6's", _regularized(dropout=rate)
            )
            for rate in (0.1, 0.25)
        ),
        Experiment(
            "batchnorm", "Half of Figure 5: batch norm alone", _regularized(batch_norm=True)
        ),
        Experiment("lasso", "The L1 penalty that the paper names", _regularized(l1=1e-7)),
        Experiment("ridge", "The L2 penalty that the paper names", _regularized(l2=1e-6)),
        *(
            Experiment(f"{name}-{strength:g}", why, _regularized(**{penalty: strength}))
            for name, penalty, strengths in (
                ("lasso", "l1", (1e-8, 1e-6)),
                ("ridge", "l2", (1e-7, 1e-5)),
            )
            for strength, why in zip(
                strengths, ("A tenth of the penalty", "Ten times the penalty"), strict=True
            )
        ),
    ),
    tuple(  # the losses
        Experiment(loss.replace("_", "-"), why, task={"kind": "regression", "loss": loss})
        for loss, why in {
            "smooth_l1": "The paper's equation (1)",
            "binary_crossentropy": "The cross-entropy that the paper tries",
            "mae": "A loss whose best answer is a median",
        }.items()
    ),
    (  # the U-Net with one part left out or put otherwise
        _unet("unet-add", "Sums instead of concatenation", skips="add"),
        _unet("unet-none", "No skip connections", skips="none"),
        _unet("unet-levels-0", "No halving", levels=0),
        _unet("unet-levels-1", "One halving", levels=1),
        _unet("unet-levels-2", "Two halvings", levels=2),
        _unet("unet-unmirrored", "Without mirrored images", mirror=False),
        _unet("unet-plateau", "The earlier chapters' schedule", schedule="plateau"),
        *(
            _unet(
                f"unet-deep-{skips}",
                f"Three convolutions for one, {what}",
                skips=skips,
                convolutions=3,
            )
            for skips, what in (("add", "with sums"), ("none", "without skip connections"))
        ),
    ),
    tuple(  # the paper's five optimisers
        Experiment(
            name,
            f"The optimiser {optimizer} at a rate of {rate:g}",
            optimizer=optimizer,
            learning_rate=rate,
        )
        for optimizer, rates in GRID.items()
        for rate, name in rates.items()
        if name != "plain"
    ),
    (  # what else the paper leaves open
        Experiment("constant", "A learning rate that stays", schedule="constant"),
        Experiment("cosine", "A rate that follows half a cosine to zero", schedule="cosine"),
        Experiment(
            "glorot", "Keras's own initialisation", _autoencoder(initializer="glorot_uniform")
        ),
        *(
            Experiment(
                activation,
                f"{activation} for ReLU, with the initialisation made for it",
                _autoencoder(initializer="glorot_uniform", activation=activation),
            )
            for activation in ("tanh", "sigmoid")
        ),
        Experiment("undivided", "Inputs from 0 to 255", _autoencoder(input_scale=255.0)),
        *(
            Experiment(f"latent-{size}", f"A code of {size}", _autoencoder(latent_size=size))
            for size in (32, 64, 128, 512, 1024)
        ),
        Experiment(  # a decoder without padding does not give 32x32 pixels
            "no-padding", 'An encoder "without padding", as printed', _autoencoder(padding="valid")
        ),
    ),
    tuple(
        Experiment(f"{name}-on-cpu", _DEVICE.format(name), network, seeds=1, device="CPU")
        for name, network in {
            "plain": _autoencoder(),
            "dropout": _DROPOUT,
            "batchnorm-dropout": _BOTH,
        }.items()
    ),
)
EXPERIMENTS = {experiment.name: experiment for group in _TABLE for experiment in group}


def get(name: str) -> Experiment:
    """The experiment called `name`.

    Raises:
        InputError: there is none; the nearest names are offered, if any are near.
    """
    records.note(f"experiment {name}")
    if name not in EXPERIMENTS:
        near = difflib.get_close_matches(name, EXPERIMENTS, cutoff=0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else "`colorizer list` names them."
        raise InputError(f"There is no experiment {name!r}; {advice}")
    return EXPERIMENTS[name]


def matrix(seeds: int | None = None) -> list[tuple[Experiment, int, Budget]]:
    """Every training of the book that any device may do, in the order of its worth.

    Budgets on more images come before those on fewer. What there is time for goes first to the
    paper's three models, then to Part V's, the regularisers, the losses, the U-Net's parts, the
    optimisers and the rest; within each of these, to one seed of all before a second of any.

    Args:
        seeds: at most so many of each; None means as many as the book wants.

    Raises:
        InputError: fewer seeds than one.
    """
    if seeds is not None and seeds < 1:
        raise InputError(f"Seeds are a whole number, 1 or more, not {seeds}.")
    records.note("experiment *")
    budgets = {budget for e in EXPERIMENTS.values() for budget in e.budgets}
    return [
        (experiment, seed, budget)
        for budget in sorted(budgets, key=lambda budget: budget.images, reverse=True)
        for group in _TABLE
        for seed in range(max(e.seeds for e in group))
        for experiment in group
        if budget in experiment.budgets
        and seed < min(experiment.seeds, seeds or experiment.seeds)
        and experiment.device is None
    ]
