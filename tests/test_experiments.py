"""The experiments: named, documented, and reproducible from their seed."""

import json
import math

import numpy as np
import pytest

from colorizer import experiments, losses, runs, training
from colorizer.backend import keras
from colorizer.errors import InputError
from colorizer.models import Regularization


def test_the_papers_three_models():
    assert experiments.get("plain").regularization == Regularization()
    assert experiments.get("dropout").regularization == Regularization(dropout=0.5)
    both = experiments.get("batchnorm-dropout").regularization
    assert both.batch_norm
    assert both.dropout


@pytest.mark.parametrize("experiment", experiments.EXPERIMENTS.values(), ids=lambda e: e.name)
def test_docstring_states_the_command_the_score_and_the_time_of_the_fullest_record(experiment):
    """What the docstring tells the reader to expect is what the record says, if there is one."""
    found = [r for r in runs.recorded() if (r.experiment, r.seed) == (experiment.name, 0)]
    if not found:
        assert f"- ``colorizer train {experiment.name}``." in type(experiment).__doc__
        return
    run = max(found, key=lambda run: (run.limit or math.inf, run.configuration["epochs"]))
    epochs, seconds = run.configuration["epochs"], run.provenance["seconds"]
    command = f"colorizer train {experiment.name}"
    command += f" --epochs {epochs}" if epochs != experiment.epochs else ""
    command += f" --limit {run.limit}" if run.limit else ""
    time = f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
    score = f"test MSE {run.metrics['mse']:.5f}"
    assert f"- ``{command}``: {score}, {time}." in type(experiment).__doc__


@pytest.mark.parametrize("experiment", experiments.EXPERIMENTS.values(), ids=lambda e: e.name)
def test_seed_decides_the_weights(experiment):
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return experiment.compiled().get_weights()

    assert all(np.array_equal(a, b) for a, b in zip(weights(1), weights(1), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights(1), weights(2), strict=True))


def test_optimizer_grid():
    assert {len(rates) for rates in experiments.GRID.values()} == {4}
    for optimizer, rates in experiments.GRID.items():
        assert experiments.DEFAULT_RATES[optimizer] in rates
        default = keras.optimizers.get({"class_name": "sgd", "config": {}})
        if optimizer not in ("momentum", "sgd"):
            default = keras.optimizers.get(optimizer)
        np.testing.assert_allclose(
            float(default.learning_rate), experiments.DEFAULT_RATES[optimizer]
        )
        for rate, name in rates.items():
            experiment = experiments.get(name)
            assert (experiment.optimizer, experiment.learning_rate) == (optimizer, rate)


COMPILED = {
    (e.optimizer, e.learning_rate, e.loss): e.name for e in experiments.EXPERIMENTS.values()
}


@pytest.mark.parametrize("name", COMPILED.values())
def test_what_is_compiled_is_what_the_experiment_says(name):
    experiment = experiments.get(name)
    model = experiment.compiled()
    optimizer = training.OPTIMIZERS[experiment.optimizer](learning_rate=experiment.learning_rate)
    told, said = (one.get_config() | {"name": ""} for one in (model.optimizer, optimizer))
    assert told == said
    assert type(model.loss) is losses.LOSSES[experiment.loss]


def test_experiments_of_another_structure_build_another_model():
    def structure(name):
        model = experiments.get(name).build()
        parts = [layer for layer in model.layers if hasattr(layer, "layers")] or [model]
        return [layer.get_config() for part in parts for layer in part.layers]

    names = ["plain", "dropout", "batchnorm-dropout", "lasso", "ridge", "glorot", "no-padding"]
    names += ["latent-32", "chroma", "unet", "unet-add", "unet-none", "unet-levels-1"]
    found = {name: json.dumps(structure(name), default=str) for name in names}
    assert len(set(found.values())) == len(names)


def test_matrix_has_every_experiment_in_the_order_of_worth():
    matrix = experiments.matrix()
    assert len(set(matrix)) == len(matrix)
    assert {experiment for experiment, _ in matrix} == set(experiments.EXPERIMENTS.values())
    names = [(experiment.name, seed) for experiment, seed in matrix]
    assert names[:4] == [("plain", 0), ("dropout", 0), ("batchnorm-dropout", 0), ("plain", 1)]
    assert sum(name == "plain" for name, _ in names) == 5
    assert sum(name == "ridge" for name, _ in names) == 3
    assert {seed for _, seed in experiments.matrix(seeds=1)} == {0}
    with pytest.raises(InputError, match="Seeds are a whole number"):
        experiments.matrix(seeds=0)


def test_unknown_name_offers_the_nearest():
    with pytest.raises(InputError, match=r"'drop-out'; did you mean dropout"):
        experiments.get("drop-out")
    with pytest.raises(InputError, match="`colorizer list` names them"):
        experiments.get("zzz")
