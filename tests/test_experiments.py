"""The experiments: named, documented, and reproducible from their seed."""

import numpy as np
import pytest

from colorizer import experiments, runs
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
def test_docstring_states_command(experiment):
    assert f"Command: colorizer train {experiment.name}" in type(experiment).__doc__


@pytest.mark.parametrize("experiment", experiments.EXPERIMENTS.values(), ids=lambda e: e.name)
def test_docstring_states_time_and_score_of_the_record(experiment):
    """What the docstring tells the reader to expect is what the record says, rounded."""
    if not runs.exists(experiment):
        assert "Score:" not in type(experiment).__doc__
        return
    run = runs.load(experiment.name)
    assert f"Score: test MSE {run.metrics['mse']:.5f}" in type(experiment).__doc__
    assert f"Time: {run.provenance['seconds'] / 60:.0f} min on " in type(experiment).__doc__


@pytest.mark.parametrize("experiment", experiments.EXPERIMENTS.values(), ids=lambda e: e.name)
def test_seed_decides_the_weights(experiment):
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return experiment.compiled().get_weights()

    assert all(np.array_equal(a, b) for a, b in zip(weights(1), weights(1), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights(1), weights(2), strict=True))


def test_unknown_name_offers_the_nearest():
    with pytest.raises(InputError, match=r"'drop-out'; did you mean dropout"):
        experiments.get("drop-out")
    with pytest.raises(InputError, match="plain or dropout or batchnorm-dropout"):
        experiments.get("zzz")
