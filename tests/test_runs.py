"""Runs: a record that its weights bear out, and one sentence for each that they do not."""

import dataclasses
import json
import shutil

import filelock
import h5py
import numpy as np
import pytest
from small import DATA, network

from colorizer import experiments, files, metrics, models, records, runs, training
from colorizer.backend import keras
from colorizer.data import normalize, to_gray
from colorizer.errors import InputError
from colorizer.experiments import Experiment
from colorizer.records import Budget

BUDGET = Budget(2, 24)
TINY = Experiment("tiny", "A test", network={"kind": "small"}, batch_size=8)


@pytest.fixture(scope="module", autouse=True)
def small_networks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(models.NETWORKS, "small", network)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with one run."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLORIZER_RUNS", str(folder))
        runs.train(TINY, DATA, 3, BUDGET, progress=False)
    return folder


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """That run, in a folder of its own."""
    shutil.copytree(trained, tmp_path / "runs")
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path / "runs"))
    return records.load("tiny", 3, BUDGET)


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))
    return tmp_path


def train(experiment=TINY, seed=3, **options):
    return runs.train(experiment, DATA, seed, BUDGET, progress=False, **options)


def test_record_says_what_was_run(run):
    assert run.path.name == "seed-3.json"
    assert run.path.parent.name == "2-epochs-24-images"
    assert len(run.history["val_loss"]) == 2
    assert run.best_epoch == 1 + np.argmin(run.history["val_loss"])
    assert run.metrics["last_val_mse"] == run.history["val_mse"][-1]
    assert {"device", "backend", "keras", "date", "seconds", "source"} <= run.provenance.keys()
    assert "runs_at_once" not in run.provenance
    assert records.recorded() == [run]
    assert not list(run.path.parent.glob("*partial*"))


def test_the_record_holds_every_setting_also_those_left_at_their_defaults(run):
    network = {"kind": "small", "filters": 4, "channels": 3, "dropout": 0.5}
    assert run.configuration == {
        "network": network,
        "task": {"kind": "regression", "loss": "mse"},
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "schedule": "plateau",
        "batch_size": 8,
        "mirror": False,
    }


def test_another_default_neither_hides_nor_harms_an_old_record(run, monkeypatch):
    monkeypatch.setitem(
        models.NETWORKS, "small", lambda filters=9, channels=3, dropout=0.1: network(filters)
    )
    assert records.load("tiny", 3, BUDGET) == run
    assert runs.differences(run, runs.recompute(run, DATA)) == []


def test_weights_are_half_precision_and_bear_the_record_out(run):
    with h5py.File(run.weights_path) as file:
        kinds = set()
        file.visititems(lambda _, item: kinds.add(getattr(item, "dtype", None)))
    assert kinds == {None, np.dtype(np.float16)}
    computed = runs.recompute(run, DATA)
    assert runs.differences(run, computed) == []
    model, seen = runs.load_model(run), DATA.train[: BUDGET.images]
    truth = normalize(DATA.test.rgb)
    expected = metrics.evaluate(runs.predict(model, DATA.test), truth, DATA.test.labels)
    expected["train_mse"] = metrics.mse(runs.predict(model, seen), normalize(seen.rgb))
    weights = np.concatenate([w.ravel() for w in model.get_weights() if w.ndim > 1])
    expected["small_weights"] = np.mean(np.abs(weights) < 1e-3)
    expected["last_val_mse"] = run.history["val_mse"][-1]
    expected["sepia_share"] = metrics.sepia_share(runs.predict(model, DATA.test))
    gray = normalize(to_gray(DATA.test.rgb))
    maps = keras.Model(model.input, model.get_layer("in").output).predict(gray, verbose=0)
    expected["dead_units"] = np.mean(maps.max(axis=(0, 1, 2)) == 0)
    assert computed.pop("covered_ratio") > 0
    assert computed == expected


def test_a_covered_square_costs_what_lies_outside_of_it():
    """A model that paints the mean gray of the image everywhere."""
    gray = keras.layers.Input((32, 32, 1))
    mean = keras.ops.mean(gray, axis=(1, 2), keepdims=True)
    model = keras.Model(gray, keras.ops.broadcast_to(mean, (12, 32, 32, 3)))
    truth, pictures = normalize(DATA.test.rgb), runs.predict(model, DATA.test)
    x = normalize(to_gray(DATA.test.rgb))
    x[:, 12:20, 12:20] = 0.5
    outside = np.ones((32, 32), bool)
    outside[12:20, 12:20] = False
    errors = [
        np.mean((means.mean(axis=(1, 2), keepdims=True) - truth)[:, outside] ** 2)
        for means in (x, normalize(to_gray(DATA.test.rgb)))
    ]
    found = runs._covered_ratio(model, DATA.test, pictures)
    assert found == pytest.approx(errors[0] / errors[1], rel=1e-4)
    assert found != 1


def test_dead_units_are_those_that_no_image_wakes():
    """Of the encoder and the decoder both."""
    network = models.autoencoder(latent_size=4)
    for part, layer, dead in (("encoder", "conv2d_2", 16), ("decoder", "conv2d_transpose_3", 8)):
        kernel, bias = network.get_layer(f"{part}_model").get_layer(layer).get_weights()
        bias[:dead] = -1e6
        network.get_layer(f"{part}_model").get_layer(layer).set_weights([kernel, bias])
    layers_of = runs._rectified(network, DATA.test)
    assert [len(units) for units in layers_of] == [64, 128, 256, 256, 128, 64]
    assert sum((units == 0).sum() for units in layers_of) >= 24
    assert (layers_of[1][:16] == 0).all()
    assert (layers_of[5][:8] == 0).all()
    assert runs._rectified(models.autoencoder(latent_size=4, activation="tanh"), DATA.test) == []


def test_the_weight_file_is_kerass_own(run):
    """A bare Keras model of the same layers loads it."""
    model = network()
    model.load_weights(run.weights_path)
    for a, b in zip(model.get_weights(), runs.load_model(run).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_weights_do_not_bear_the_record_out(run):
    computed = runs.recompute(run, DATA)
    assert runs.differences(run, computed | {"mse": computed["mse"] * 1.001}) == ["mse"]
    assert runs.differences(run, {k: v for k, v in computed.items() if k != "mae"}) == ["mae"]


def test_a_new_metric_is_no_difference_and_can_be_added(run):
    computed = runs.recompute(run, DATA)
    old = dataclasses.replace(run, metrics={"mse": run.metrics["mse"]})
    assert runs.differences(old, computed) == []
    runs.complete(old, computed)
    assert records.load("tiny", 3, BUDGET) == run


def test_same_seed_same_run(run, tmp_path, monkeypatch):
    before = runs.load_model(run).get_weights()
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path / "again"))
    again = train()
    assert again.history == run.history
    for a, b in zip(runs.load_model(again).get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_interruption_leaves_the_best_weights(own_folder, monkeypatch):
    def interrupt(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.Progress, "on_epoch_begin", interrupt)
        with pytest.raises(training.Interrupted, match=r"partial\.weights\.h5; the same command"):
            train()
    (left,) = own_folder.glob("tiny/*/*.partial.weights.h5")
    network().load_weights(left)
    assert len(train().history["loss"]) == 2
    assert not left.exists()


def test_a_divergence_is_recorded_until_a_training_succeeds(own_folder, monkeypatch):
    def diverge(*arguments, **options):
        raise training.DivergenceError("The training diverged in epoch 2.")

    with monkeypatch.context() as patch:
        patch.setattr(training, "fit", diverge)
        with pytest.raises(training.DivergenceError):
            train()
    assert records.failures("tiny") == [(3, BUDGET, "The training diverged in epoch 2.")]
    assert records.recorded() == []
    train()
    assert records.failures("tiny") == []


def test_the_model_is_built_by_its_own_experiment(own_folder):
    trained = train(experiments.get("unet-levels-1"))
    assert runs.load_model(trained).count_params() == models.unet(levels=1).count_params()
    assert runs.differences(trained, runs.recompute(trained, DATA)) == []


def test_a_run_that_fails_at_its_end_leaves_the_record_before_it(run, monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, "_metrics", stop)
        with pytest.raises(KeyboardInterrupt):
            train()
    assert records.recorded() == [run]
    assert runs.differences(run, runs.recompute(run, DATA)) == []


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_a_run_is_trained_as_its_experiment_says(name, own_folder, monkeypatch):
    def fit(*arguments, **options):
        told.update(options)
        raise training.DivergenceError("Enough.")

    told, experiment = {}, experiments.get(name)
    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(models, "build", lambda network: model)
    model = network()
    with pytest.raises(training.DivergenceError):
        runs.train(experiment, DATA, 5, BUDGET)
    for option in ("batch_size", "schedule", "mirror"):
        assert told[option] == getattr(experiment, option)
    assert (told["seed"], told["epochs"]) == (5, 2)
    assert told["settings"]["network"] == models.settings(experiment.network)
    assert told["settings"]["learning_rate"] == experiment.learning_rate


def stopped_after_an_epoch(monkeypatch):
    def stop(self, *arguments):
        write(self, *arguments)
        raise KeyboardInterrupt

    write = training.Checkpoint._write
    with monkeypatch.context() as patch:
        patch.setattr(training.Checkpoint, "_write", stop)
        with pytest.raises(training.Interrupted):
            train()


def test_a_checkpoint_of_other_source_is_not_gone_on_with(own_folder, monkeypatch):
    stopped_after_an_epoch(monkeypatch)
    monkeypatch.setattr(runs.provenance, "source_hash", lambda roots: "changed")
    with pytest.raises(InputError, match="other settings or source"):
        train()


def test_the_source_of_a_training_is_only_what_trains(monkeypatch):
    """What a chapter, the evaluation or another network is made of does not count."""
    asked = []
    monkeypatch.setattr(runs.provenance, "source_hash", asked.append)
    runs._source(experiments.get("unet"))
    assert asked == [["training.fit", "training.compile_model", "models.unet", "tasks.Regression"]]


def test_two_trainings_of_one_run_at_once(own_folder):
    path = records.path("tiny", 3, BUDGET)
    path.parent.mkdir(parents=True)
    with filelock.FileLock(path.with_suffix(".partial.lock")):
        with pytest.raises(InputError, match=r"Another process is at work on .*seed-3"):
            train()
        train(seed=4)
    train()


def test_a_folder_that_may_not_be_written_and_a_full_disk_are_told_at_once(own_folder, monkeypatch):
    def fit(*arguments, **options):
        raise AssertionError("It began all the same.")

    monkeypatch.setattr(training, "fit", fit)
    with monkeypatch.context() as patch:
        usage = shutil.disk_usage(own_folder)
        patch.setattr(files.shutil, "disk_usage", lambda path: usage._replace(free=9))
        with pytest.raises(InputError, match="has room for 0 MB, and"):
            train()
    (own_folder / "tiny").rename(own_folder / "other")
    (own_folder / "tiny").write_text("no folder")
    with pytest.raises(InputError, match="cannot be written to"):
        train()


def test_weights_of_another_file(run):
    run.weights_path.write_bytes(b"not weights")
    with pytest.raises(InputError, match="not those of the record"):
        runs.load_model(run)
    run.weights_path.unlink()
    with pytest.raises(InputError, match="missing"):
        runs.load_model(run)


def test_weights_that_do_not_fit(run):
    other = {"network": run.configuration["network"] | {"filters": 5}}
    with pytest.raises(InputError, match="do not fit"):
        runs.load_model(dataclasses.replace(run, configuration=run.configuration | other))


@pytest.mark.parametrize(
    ("experiment", "seed", "budget", "sentence"),
    [
        (TINY, -1, BUDGET, "A seed is a whole number"),
        (TINY, 2**32, BUDGET, "A seed is a whole number"),
        (TINY, 0, Budget(1, 41), "A limit is a number of images from 1 to 40, not 41"),
        (
            dataclasses.replace(TINY, network={"kind": "unet", "dropout": 0.5}),
            0,
            BUDGET,
            "The network unet has no setting 'dropout'; it has levels, skips, channels",
        ),
        (
            dataclasses.replace(TINY, network={"kind": "autoencoder", "regularization": {"l3": 1}}),
            0,
            BUDGET,
            "cannot be regularised so",
        ),
        (dataclasses.replace(TINY, network={}), 0, BUDGET, "The kind of network is one of"),
        (dataclasses.replace(TINY, device="GPU"), 0, BUDGET, "tiny is for a GPU"),
    ],
)
def test_what_makes_no_sense_is_refused(own_folder, experiment, seed, budget, sentence):
    with pytest.raises(InputError, match=sentence):
        runs.train(experiment, DATA, seed, budget)
    assert not list(own_folder.iterdir())


def test_record_is_readable_json(run):
    text = run.path.read_text()
    assert json.loads(text)["seed"] == 3
    assert max(len(line) for line in text.splitlines()) < 100


def test_a_run_that_shared_its_device_says_so(own_folder):
    assert "shared by 4 runs at once" in records.describe(train(at_once=4))
