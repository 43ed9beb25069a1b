"""The experiments: plain data, every row of which can be built and says why it is there."""

import json

import numpy as np
import pytest

from colorizer import experiments, losses, models, records, runs, tasks, training
from colorizer.backend import keras
from colorizer.errors import InputError
from colorizer.models import Regularization
from colorizer.records import FULL, SMALL

ROWS = experiments.EXPERIMENTS.values()


def regularization(name):
    settings = models.settings(experiments.get(name).network)
    return Regularization(**settings["regularization"])


def test_the_papers_three_models():
    assert regularization("plain") == Regularization()
    assert regularization("dropout") == Regularization(dropout=0.5)
    both = regularization("batchnorm-dropout")
    assert both.batch_norm
    assert both.dropout


@pytest.mark.parametrize("experiment", ROWS, ids=lambda e: e.name)
def test_a_row_names_what_there_is_and_why(experiment):
    models.settings(experiment.network)
    tasks.get(experiment.task)
    assert experiment.optimizer in training.OPTIMIZERS
    assert experiment.schedule in training.SCHEDULES
    assert len(experiment.why) > 3
    assert not experiment.why.endswith(".")
    assert json.loads(json.dumps(experiment.configuration())) == experiment.configuration()


def test_names_are_used_once():
    assert len(experiments.EXPERIMENTS) == sum(len(group) for group in experiments._TABLE)


def test_what_is_recorded_in_full_was_trained_as_its_row_says():
    for run in records.recorded():
        if run.budget == FULL and run.experiment in experiments.EXPERIMENTS:
            network = models.settings(run.configuration["network"])  # with what is new since then
            configuration = run.configuration | {"network": network}
            assert configuration == runs._resolved(experiments.get(run.experiment))


@pytest.mark.parametrize("name", ["plain", "batchnorm-dropout", "unet"])
def test_seed_decides_the_weights(name):
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return runs.build(experiments.get(name)).get_weights()

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


COMPILED = {(e.optimizer, e.learning_rate, e.task.get("loss")): e.name for e in ROWS}


@pytest.mark.parametrize("name", COMPILED.values())
def test_what_is_compiled_is_what_the_row_says(name, monkeypatch):
    small = models.unet(levels=0)
    monkeypatch.setattr(models, "build", lambda network: small)
    experiment = experiments.get(name)
    model = runs.compiled(experiment)
    optimizer = training.OPTIMIZERS[experiment.optimizer](learning_rate=experiment.learning_rate)
    told, said = (one.get_config() | {"name": ""} for one in (model.optimizer, optimizer))
    assert told == said
    assert type(model.loss) is losses.LOSSES[experiment.task.get("loss", "mse")]


def test_experiments_of_another_structure_build_another_model():
    def structure(name):
        model = runs.build(experiments.get(name))
        parts = [layer for layer in model.layers if hasattr(layer, "layers")] or [model]
        return [layer.get_config() for part in parts for layer in part.layers]

    names = ["plain", "dropout", "batchnorm-dropout", "lasso", "ridge", "glorot", "no-padding"]
    names += ["latent-32", "chroma", "unet", "unet-add", "unet-none", "unet-levels-1"]
    names += ["tanh", "sigmoid", "undivided", "unet-deep-add", "unet-deep-none"]
    found = {name: json.dumps(structure(name), default=str) for name in names}
    assert len(set(found.values())) == len(names)


def test_matrix_has_every_training_in_the_order_of_its_worth():
    matrix = experiments.matrix()
    names = [(experiment.name, seed, budget) for experiment, seed, budget in matrix]
    assert len(set(names)) == len(names)
    assert {name for name, _, budget in names if budget == FULL} == {
        experiment.name for experiment in ROWS if experiment.device is None
    }
    assert names[:4] == [
        ("plain", 0, FULL),
        ("dropout", 0, FULL),
        ("batchnorm-dropout", 0, FULL),
        ("plain", 1, FULL),
    ]
    assert sum(name == "plain" and budget == FULL for name, _, budget in names) == 5
    rest = [*experiments.FEWER_IMAGES[:1], SMALL, *experiments.FEWER_IMAGES[1:]]
    assert names[-15:] == [("plain", seed, budget) for budget in rest for seed in range(5)]
    assert sum(name == "ridge" for name, *_ in names) == 5
    assert {seed for _, seed, _ in experiments.matrix(seeds=1)} == {0}
    with pytest.raises(InputError, match="Seeds are a whole number"):
        experiments.matrix(seeds=0)


def test_unknown_name_offers_the_nearest():
    with pytest.raises(InputError, match=r"'drop-out'; did you mean dropout"):
        experiments.get("drop-out")
    with pytest.raises(InputError, match="`colorizer list` names them"):
        experiments.get("zzz")


def test_a_row_that_is_asked_for_is_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORIZER_READS", str(tmp_path / "notes"))
    experiments.get("plain")
    experiments.matrix()
    assert (tmp_path / "notes").read_text() == "experiment plain\nexperiment *\n"
