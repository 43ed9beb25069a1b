"""Tasks: a second one, trained, killed, resumed, recorded, evaluated and used; and an adversary."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import pytest
from small import DATA, images, network

from colorizer import models, photo, records, runs, tasks, training
from colorizer.backend import keras
from colorizer.data import normalize, to_gray
from colorizer.errors import InputError
from colorizer.experiments import Experiment
from colorizer.photo import Photo
from colorizer.records import Budget
from colorizer.tasks import Regression, Task

layers, ops = keras.layers, keras.ops
BUDGET = Budget(3, 24)


def bins(levels):
    """A grid of chroma (R - Y, B - Y), (levels squared, 2)."""
    steps = np.linspace(-0.4, 0.4, levels, dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


@dataclass(frozen=True)
class Bins(Task):
    """Predict in which of a few bins the chroma of each pixel lies, and colour by the mean."""

    levels: int = 3

    def pairs(self, gray, rgb):
        chroma = rgb[..., [0, 2]] - gray
        distance = ((chroma[..., np.newaxis, :] - bins(self.levels)) ** 2).sum(axis=-1)
        return gray, distance.argmin(axis=-1)

    def losses(self):
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def colorizer(self, network):
        share = layers.Softmax()(network.output)
        chroma = layers.Conv2D(2, 1, use_bias=False, trainable=False, name="bins")(share)
        rgb = models.KeepLuminance()(network.input, chroma)
        model = keras.Model(network.input, rgb)
        model.get_layer("bins").set_weights([bins(self.levels)[np.newaxis, np.newaxis]])
        return model


CLASSIFIER = Experiment(
    "classifier",
    "A test",
    network={"kind": "small", "channels": 9},
    task={"kind": "bins", "levels": 3},
    batch_size=8,
)


@pytest.fixture(autouse=True)
def registered(monkeypatch, tmp_path):
    """What a task costs: one class and one entry; and a network for the test."""
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))
    monkeypatch.setitem(tasks.TASKS, "bins", Bins)
    monkeypatch.setitem(models.NETWORKS, "small", network)
    return tmp_path


def train():
    return runs.train(CLASSIFIER, DATA, 0, BUDGET, progress=False)


KILLED = """
import sys
sys.path.insert(0, {tests!r})
import test_tasks as t
t.tasks.TASKS["bins"], t.models.NETWORKS["small"] = t.Bins, t.network
t.train()
"""


def test_a_second_task_is_trained_killed_resumed_and_evaluated(registered, monkeypatch):
    code = KILLED.format(tests=os.path.dirname(__file__))
    process = subprocess.Popen([sys.executable, "-c", code])
    checkpoint = records.path("classifier", 0, BUDGET).with_suffix(".partial.npz")
    deadline = time.monotonic() + 300
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    resumed = train()
    assert not checkpoint.exists()
    assert resumed.configuration["task"] == {"kind": "bins", "levels": 3}
    assert resumed.history.keys() == {"loss", "val_loss", "learning_rate"}
    with monkeypatch.context() as patch:
        patch.setenv("COLORIZER_RUNS", str(registered / "whole"))
        assert train().history == resumed.history
    assert runs.differences(resumed, runs.recompute(resumed, DATA)) == []

    model = runs.load_model(resumed)  # as the playground and the command line use it
    rgb = runs.predict(model, DATA.test)
    gray = normalize(to_gray(DATA.test.rgb))
    np.testing.assert_allclose(rgb @ [0.299, 0.587, 0.114], gray[..., 0], atol=1e-5)
    picture = Photo(images(1).rgb[0])
    coloured = photo.colorize(picture, photo.predictor(model))
    assert np.abs(coloured.gray.astype(int) - picture.gray).max() <= 1


def test_its_colours_are_the_mean_of_its_bins():
    bare = network(channels=9)
    logits = bare.predict(normalize(to_gray(DATA.test.rgb)), verbose=0)
    share = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    red, blue = np.moveaxis(share @ bins(3), -1, 0)
    rgb = runs.predict(Bins().colorizer(bare), DATA.test)
    inside = ((rgb > 0.01) & (rgb < 0.99)).all(axis=-1)  # there, nothing is shortened
    assert inside.mean() > 0.1
    gray = normalize(to_gray(DATA.test.rgb))[..., 0]
    np.testing.assert_allclose((rgb[..., 0] - gray)[inside], red[inside], atol=1e-5)
    np.testing.assert_allclose((rgb[..., 2] - gray)[inside], blue[inside], atol=1e-5)


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ({"kind": "regresion"}, "The kind of task is one of regression, bins, not 'regresion'"),
        ({"kind": "regression", "bins": 3}, "regression has no setting 'bins'; it has loss"),
        ({"kind": "regression", "loss": "l3"}, "The loss is one of"),
        ({}, "The kind of task is one of"),
    ],
)
def test_a_task_that_makes_no_sense(task, sentence):
    with pytest.raises(InputError, match=sentence):
        tasks.get(task)


def test_settings_are_whole():
    assert tasks.settings({"kind": "regression"}) == {"kind": "regression", "loss": "mse"}
    assert tasks.get({"kind": "regression", "loss": "mae"}) == Regression("mae")


class Reversal(layers.Layer):
    """The identity, whose gradient has the other sign (Ganin & Lempitsky 2015), on every backend.

    x - 2 x is -x, and what is added to make it x again has no gradient.
    """

    def call(self, x):
        return 2 * ops.stop_gradient(x) - x


@dataclass(frozen=True)
class Adversary(Regression):
    """Colours that a critic cannot tell from true ones; critic and network share one `fit`."""

    weight: float = 0.1

    @property
    def monitor(self):
        return "val_colours_loss"

    def trainer(self, network):
        true = layers.Input((32, 32, 3), name="true")
        critic = keras.Sequential(
            [layers.Conv2D(4, 3, strides=4, activation="relu"), layers.Flatten(), layers.Dense(1)],
            name="critic",
        )
        made = layers.Identity(name="colours")(network.output)
        doubted = layers.Identity(name="made")(critic(Reversal()(made)))
        trusted = layers.Identity(name="real")(critic(true))
        outputs = {"colours": made, "made": doubted, "real": trusted}
        return keras.Model([network.input, true], outputs)

    def pairs(self, gray, rgb):
        ones = np.ones((len(gray), 1), np.float32)
        return (gray, rgb), {"colours": rgb, "made": 0 * ones, "real": ones}

    def losses(self):
        judged = keras.losses.BinaryCrossentropy(from_logits=True)
        return {"colours": super().losses(), "made": judged, "real": judged}

    def watched(self):
        return None


def test_an_adversary_trains_in_keras_own_fit(monkeypatch):
    monkeypatch.setitem(tasks.TASKS, "adversary", Adversary)
    experiment = Experiment(
        "adversary", "A test", {"kind": "small"}, {"kind": "adversary"}, batch_size=8
    )
    run = runs.train(experiment, DATA, 0, Budget(2, 24), progress=False)
    assert run.best_epoch == 1 + np.argmin(run.history["val_colours_loss"])
    assert runs.load_model(run).count_params() == network().count_params()  # without the critic
    assert runs.differences(run, runs.recompute(run, DATA)) == []


def test_the_network_climbs_what_the_critic_descends():
    """One step of gradient descent, with the critic's answer as the only loss."""
    keras.utils.set_random_seed(0)
    bare, task = network(dropout=0.0), Adversary()
    trainer = task.trainer(bare)
    weights = {"colours": 0.0, "made": 1.0, "real": 0.0}
    x, y = task.pairs(normalize(to_gray(DATA.train.rgb)), normalize(DATA.train.rgb))
    critic = trainer.get_layer("critic")

    def doubt():
        return trainer.evaluate(x, y, verbose=0, return_dict=True)["made_loss"]

    def after_a_step(frozen):
        for part in (bare, critic):
            for layer in part.layers:
                layer.trainable = part is not frozen
        trainer.compile(keras.optimizers.SGD(1e-2), task.losses(), loss_weights=weights)
        before, kept = doubt(), trainer.get_weights()
        trainer.train_on_batch(x, y)
        change = doubt() - before
        trainer.set_weights(kept)
        return change

    assert after_a_step(frozen=bare) < 0  # the critic learns to see through it
    assert after_a_step(frozen=critic) > 0  # the network learns to deceive it


def test_compile_model_gives_the_trainer_of_the_task():
    bare = network()
    assert training.compile_model(bare) is bare
    assert training.compile_model(network(), Adversary()).name != bare.name
