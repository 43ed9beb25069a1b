"""Training: what a batch holds, and that a killed training ends as one that was not."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from small import images
from small import network as tiny

from colorizer import training
from colorizer.backend import keras
from colorizer.data import normalize, to_gray
from colorizer.errors import InputError
from colorizer.models import Regularization, autoencoder

EPOCHS = 4
TRAIN, VALIDATION = images(40), images(8, seed=1)


def fit(checkpoint=None, epochs=EPOCHS, seed=0, build=tiny, optimizer="adam", schedule="plateau"):
    keras.utils.set_random_seed(seed)
    model = training.compile_model(build(), optimizer=optimizer)
    model.run_eagerly = build is tiny  # to trace it takes longer than its few steps
    trained = training.fit(
        model,
        TRAIN,
        VALIDATION,
        epochs=epochs,
        batch_size=16,
        seed=seed,
        schedule=schedule,
        checkpoint=checkpoint,
        progress=False,
    )
    return model, trained


def test_batches_hold_each_image_once_in_an_order_of_seed_and_epoch():
    batches = training.Batches(TRAIN, 16, seed=1)
    first = [batches[i] for i in range(len(batches))]
    assert [len(gray) for gray, _ in first] == [16, 16, 8]
    order = batches.order
    np.testing.assert_array_equal(np.sort(order), np.arange(40))
    np.testing.assert_array_equal(first[1][0], normalize(to_gray(TRAIN.rgb[order[16:32]])))
    np.testing.assert_array_equal(first[1][1], normalize(TRAIN.rgb[order[16:32]]))
    batches.on_epoch_end()
    assert not np.array_equal(batches.order, order)
    np.testing.assert_array_equal(training.Batches(TRAIN, 16, seed=1, epoch=1).order, batches.order)


def test_mirrored_batches_turn_half_of_the_pairs_both_alike():
    batches = training.Batches(TRAIN, 40, seed=1, mirror=True)
    straight = training.Batches(TRAIN, 40, seed=1)
    (gray, rgb), (straight_gray, straight_rgb) = batches[0], straight[0]
    turned = np.array([not np.array_equal(a, b) for a, b in zip(rgb, straight_rgb, strict=True)])
    assert 10 < turned.sum() < 30
    np.testing.assert_array_equal(rgb[turned], straight_rgb[turned, :, ::-1])
    np.testing.assert_array_equal(gray[turned], straight_gray[turned, :, ::-1])
    np.testing.assert_array_equal(gray[~turned], straight_gray[~turned])
    batches.on_epoch_end()
    again = training.Batches(TRAIN, 40, seed=1, epoch=1, mirror=True)
    np.testing.assert_array_equal(batches[0][1], again[0][1])  # a restart can repeat it
    np.testing.assert_array_equal(np.sort(batches.rgb, axis=None), np.sort(TRAIN.rgb, axis=None))


def test_batches_are_not_mirrored_without_a_seed():
    with pytest.raises(InputError, match="drawn by a seed"):
        training.Batches(TRAIN, 40, mirror=True)


def test_history_and_best_weights():
    model, trained = fit()
    assert {len(values) for values in trained.history.values()} == {EPOCHS}
    assert trained.best_epoch == 1 + np.argmin(trained.history["val_loss"])
    loss = model.evaluate(training.Batches(VALIDATION, 16), verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(min(trained.history["val_loss"]), rel=1e-5)


def test_same_seed_same_history():
    assert fit(epochs=2)[1].history == fit(epochs=2)[1].history
    assert fit(epochs=2)[1].history != fit(epochs=2, seed=1)[1].history


def the_papers():
    return autoencoder(Regularization(dropout=0.5, batch_norm=True), latent_size=8)


@pytest.mark.parametrize("build", [tiny, the_papers])
def test_resumed_is_as_uninterrupted(tmp_path, build):
    whole, trained = fit(build=build, epochs=3)
    fit(tmp_path / "state.npz", build=build, epochs=2)
    resumed, continued = fit(tmp_path / "state.npz", build=build, epochs=3)
    assert continued.history == trained.history
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_schedule_survives_a_restart(tmp_path, monkeypatch):
    # a threshold that no epoch reaches, so that every second one is a plateau
    monkeypatch.setitem(training.PLATEAU, "min_delta", 1.0)
    monkeypatch.setitem(training.PLATEAU, "patience", 2)
    _, trained = fit(epochs=5)
    for epochs in (1, 2, 3, 5):
        _, continued = fit(tmp_path / "state.npz", epochs=epochs)
    rates = continued.history["learning_rate"]
    assert rates == trained.history["learning_rate"]
    assert rates[-1] < rates[0]


def test_schedules():
    rates = {s: fit(schedule=s)[1].history["learning_rate"] for s in training.SCHEDULES}
    np.testing.assert_allclose(rates["constant"], 1e-3, rtol=1e-6)
    angle = np.pi * np.arange(EPOCHS) / EPOCHS
    np.testing.assert_allclose(rates["cosine"], 1e-3 * np.cos(angle / 2) ** 2, rtol=1e-6)
    with pytest.raises(InputError, match="schedule is one of plateau, constant, cosine"):
        fit(schedule="step")


def test_cosine_survives_a_restart(tmp_path):
    for epochs in (2, EPOCHS):  # the first half is planned for two epochs, its end is lost
        _, continued = fit(tmp_path / "state.npz", epochs=epochs, schedule="cosine")
    assert (
        continued.history["learning_rate"][2:]
        == fit(schedule="cosine")[1].history["learning_rate"][2:]
    )


@pytest.mark.parametrize("optimizer", training.OPTIMIZERS)
def test_each_optimizer_resumes(tmp_path, optimizer):
    _, trained = fit(epochs=2, optimizer=optimizer)
    for epochs in (1, 2):
        _, continued = fit(tmp_path / "state.npz", epochs=epochs, optimizer=optimizer)
    assert continued.history == trained.history


def test_momentum_is_not_kerass_default():
    model = training.compile_model(tiny(), optimizer="momentum")
    assert model.optimizer.momentum == 0.9
    with pytest.raises(InputError, match=r"optimizer is one of adam, .*, not 'adagrad'"):
        training.compile_model(model, optimizer="adagrad")


SHARED = """
import sys
sys.path.insert(0, {tests!r})
import test_training
from colorizer.backend import distribute, keras
assert len(keras.distribution.list_devices()) == {devices}
distribute()
model, trained = test_training.fit()
print(*trained.history["loss"], *trained.history["val_loss"])
"""


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="Keras shares batches on JAX.")
def test_two_devices_train_as_one():
    def losses(devices):
        flags = os.environ.get("XLA_FLAGS", "")
        flags += f" --xla_force_host_platform_device_count={devices}"
        code = SHARED.format(tests=os.path.dirname(__file__), devices=devices)
        printed = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"XLA_FLAGS": flags},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        return np.array(printed.split(), float)

    np.testing.assert_allclose(losses(2), losses(1), rtol=1e-4)


def test_interruption_keeps_the_best_weights(tmp_path, monkeypatch):
    def interrupt(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(training.Progress, "on_epoch_begin", interrupt)
    with pytest.raises(training.Interrupted, match="after epoch 2 of 4"):
        fit(tmp_path / "state.npz")
    monkeypatch.undo()
    assert fit(tmp_path / "state.npz")[1].history == fit()[1].history


def test_divergence_is_one_sentence(monkeypatch):
    model = training.compile_model(tiny())
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    with pytest.raises(training.DivergenceError, match="diverged in epoch 1"):
        training.fit(model, TRAIN, VALIDATION, epochs=1, batch_size=16, seed=0, progress=False)


class Impatient:
    """A watcher that stops a training in its third epoch."""

    heard = ()

    def told(self, epoch, epochs, loss):
        self.heard += ((epoch, epochs, loss),)

    def stopped(self):
        return len(self.heard) == 2


def test_a_watcher_hears_of_every_epoch_and_stops_as_ctrl_c_does(tmp_path):
    watcher = Impatient()
    keras.utils.set_random_seed(0)
    options = {"epochs": EPOCHS, "batch_size": 16, "seed": 0, "progress": False}
    options |= {"watcher": watcher, "checkpoint": tmp_path / "state.npz"}
    with pytest.raises(training.Interrupted, match="after epoch 2 of 4"):
        training.fit(training.compile_model(tiny()), TRAIN, VALIDATION, **options)
    _, trained = fit(tmp_path / "state.npz")
    assert trained.history == fit()[1].history
    losses = trained.history["val_loss"]
    assert watcher.heard == ((1, EPOCHS, losses[0]), (2, EPOCHS, losses[1]))


def test_damaged_or_foreign_checkpoint(tmp_path):
    path = tmp_path / "state.npz"
    fit(path, epochs=1)
    with pytest.raises(InputError, match="other settings"):
        fit(path, seed=1)
    with np.load(path) as file:
        whole = dict(file)
    state = json.loads(str(whole["state"]))
    bent = [
        whole | {"variable_0": np.zeros(7)},
        whole | {"state": json.dumps([])},
        whole | {"state": json.dumps(state | {"variables": state["variables"] - 1})},
        whole | {"state": json.dumps({k: v for k, v in state.items() if k != "history"})},
    ]
    contents = [b"", path.read_bytes()[:1000]]
    for arrays in bent:
        np.savez(path, **arrays)
        contents.append(path.read_bytes())
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(InputError, match="damaged"):
            fit(path)


KILLED = """
import sys
sys.path.insert(0, {tests!r})
import test_training
from pathlib import Path
_, trained = test_training.fit(Path({path!r}))
import json
Path({path!r}).with_suffix(".json").write_text(json.dumps(trained.history))
"""


def test_kill_nine_and_resume(tmp_path):
    """The process is killed at a random moment after its first epoch, and started again."""
    path = tmp_path / "state.npz"
    code = KILLED.format(tests=os.path.dirname(__file__), path=str(path))
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 120
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(np.random.default_rng().uniform(0, 0.2))
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run([sys.executable, "-c", code], check=True)
    assert json.loads(path.with_suffix(".json").read_text()) == fit()[1].history
    assert not list(tmp_path.glob(".*"))  # what was half-written when killed is gone
