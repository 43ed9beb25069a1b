"""Runs: a record that its weights bear out, and one sentence for each that they do not."""

import dataclasses
import json
import shutil

import h5py
import numpy as np
import pytest

from colorizer import experiments, metrics, runs, training
from colorizer.backend import keras
from colorizer.data import Cifar10, Images, normalize
from colorizer.errors import InputError

LIMIT = 24
TINY = dataclasses.replace(experiments.get("plain"), epochs=2, latent_size=8, batch_size=8)


def images(n, seed):
    rng = np.random.default_rng(seed)
    return Images(
        rgb=rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8), labels=np.zeros(n, np.uint8)
    )


DATA = Cifar10(train=images(40, 0), validation=images(8, 1), test=images(12, 2))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with one run."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLORIZER_RUNS", str(folder))
        runs.train(TINY, DATA, seed=3, limit=LIMIT, progress=False)
    return folder


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """That run, in a folder of its own."""
    shutil.copytree(trained, tmp_path / "runs")
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path / "runs"))
    return runs.load("plain", seed=3, epochs=2, limit=LIMIT)


def test_record_says_what_was_run(run):
    assert run.path.name == "seed-3-epochs-2-limit-24.json"
    assert run.configuration["latent_size"] == 8
    assert len(run.history["val_loss"]) == 2
    assert run.best_epoch == 1 + np.argmin(run.history["val_loss"])
    assert {"device", "backend", "keras", "date", "seconds", "source"} <= run.provenance.keys()
    assert runs.recorded() == [run]
    assert not list(run.path.parent.glob("*partial*"))


def test_weights_are_half_precision_and_bear_the_record_out(run):
    with h5py.File(run.weights_path) as file:
        kinds = set()
        file.visititems(lambda _, item: kinds.add(getattr(item, "dtype", None)))
    assert kinds == {None, np.dtype(np.float16)}
    computed = runs.recompute(run, DATA)
    assert runs.differences(run, computed) == []
    model, seen = runs.load_model(run), DATA.train[:LIMIT]
    expected = metrics.evaluate(runs.predict(model, DATA.test), normalize(DATA.test.rgb))
    expected["train_mse"] = metrics.mse(runs.predict(model, seen), normalize(seen.rgb))
    weights = np.concatenate([w.ravel() for w in model.get_weights() if w.ndim > 1])
    expected["small_weights"] = np.mean(np.abs(weights) < 1e-3)
    assert computed == expected


def test_other_weights_do_not_bear_the_record_out(run):
    computed = runs.recompute(run, DATA)
    assert runs.differences(run, computed | {"mse": computed["mse"] * 1.001}) == ["mse"]
    assert runs.differences(run, {k: v for k, v in computed.items() if k != "mae"}) == ["mae"]


def test_same_seed_same_run(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path / "again"))
    again = runs.train(TINY, DATA, seed=3, limit=LIMIT, progress=False)
    assert again.history == run.history
    assert again.weights_sha256 == run.weights_sha256


def test_interruption_leaves_the_best_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))

    def interrupt(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(training.Progress, "on_epoch_begin", interrupt)
    with pytest.raises(training.Interrupted, match=r"partial\.weights\.h5; the same command"):
        runs.train(TINY, DATA, limit=LIMIT, progress=False)
    (left,) = tmp_path.glob("plain/*.partial.weights.h5")
    TINY.build().load_weights(left)
    monkeypatch.undo()
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))
    finished = runs.train(TINY, DATA, limit=LIMIT, progress=False)
    assert len(finished.history["loss"]) == 2
    assert not left.exists()


def test_the_fullest_run_is_of_most_images_then_of_most_epochs(run, monkeypatch):
    assert runs.fullest("plain", seed=3) == run
    longer = dataclasses.replace(TINY, epochs=3)
    more = [
        runs.train(experiment, DATA, seed=3, limit=limit, progress=False)
        for experiment, limit in ((longer, LIMIT), (TINY, None))
    ]
    assert runs.fullest("plain", seed=3) == more[1]
    more[1].weights_path.unlink()
    assert runs.fullest("plain", seed=3) == more[0]
    with pytest.raises(InputError, match="No run of 'plain', seed 0, has weights here"):
        runs.fullest("plain")


def test_the_model_is_built_by_its_own_experiment(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))
    tiny = dataclasses.replace(experiments.get("unet-levels-1"), epochs=1)
    trained = runs.train(tiny, DATA, limit=LIMIT, progress=False)
    assert runs.load_model(trained).count_params() == tiny.build().count_params()
    assert runs.differences(trained, runs.recompute(trained, DATA)) == []


def test_no_such_run(run):
    with pytest.raises(InputError, match="colorizer train dropout"):
        runs.load("dropout")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"experiment": "plain"}', "\0"])
def test_unreadable_record(run, text):
    run.path.write_text(text)
    with pytest.raises(InputError, match="cannot be read"):
        runs.recorded()


@pytest.mark.parametrize(
    ("part", "bent"),
    [
        ("configuration", {"epochs": 2}),
        ("configuration", {"epochs": 2, "regularization": {"x": 1}}),
        ("configuration", {"epochs": "2", "regularization": {}}),
        ("configuration", {"epochs": 2, "regularization": {}, "colour": "blue"}),
        ("metrics", []),
        ("metrics", {"mse": None}),
    ],
)
def test_record_of_bent_parts(run, part, bent):
    record = json.loads(run.path.read_text()) | {part: bent}
    run.path.write_text(json.dumps(record))
    with pytest.raises(InputError, match="cannot be read; delete it"):
        runs.recorded()


def test_a_record_of_an_experiment_that_is_no_more_is_passed_over(run):
    run.path.parent.rename(run.path.parent.with_name("old-name"))
    assert runs.recorded() == []


def test_a_run_that_fails_at_its_end_leaves_the_record_before_it(run, monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs, "_metrics", stop)
        with pytest.raises(KeyboardInterrupt):
            runs.train(TINY, DATA, seed=3, limit=LIMIT, progress=False)
    assert runs.recorded() == [run]
    assert runs.differences(run, runs.recompute(run, DATA)) == []


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_a_run_is_trained_as_its_experiment_says(name, tmp_path, monkeypatch):
    def fit(*arguments, **options):
        told.update(options)
        raise training.DivergenceError("Enough.")

    told = {}
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))
    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(type(experiments.get(name)), "compiled", lambda self: None)
    with pytest.raises(training.DivergenceError):
        runs.train(experiments.get(name), DATA, seed=5)
    for option in ("epochs", "batch_size", "schedule", "mirror"):
        assert told[option] == getattr(experiments.get(name), option)
    assert told["seed"] == 5
    assert told["settings"].items() >= {"name": name, "loss": experiments.get(name).loss}.items()


def test_a_checkpoint_of_other_source_is_not_gone_on_with(tmp_path, monkeypatch):
    def stop(self, *arguments):
        write(self, *arguments)
        raise KeyboardInterrupt

    write = training.Checkpoint._write
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(training.Checkpoint, "_write", stop)
        with pytest.raises(training.Interrupted):
            runs.train(TINY, DATA, limit=LIMIT, progress=False)
    monkeypatch.setattr(runs.provenance, "source_hash", lambda modules: "changed")
    with pytest.raises(InputError, match="other settings or source"):
        runs.train(TINY, DATA, limit=LIMIT, progress=False)


def test_record_under_another_name(run):
    run.path.rename(run.path.with_name("seed-4.json"))
    with pytest.raises(InputError, match="cannot be read"):
        runs.load("plain", seed=4)


def test_weights_of_another_file(run):
    run.weights_path.write_bytes(b"not weights")
    with pytest.raises(InputError, match="not those of the record"):
        runs.load_model(run)
    run.weights_path.unlink()
    with pytest.raises(InputError, match="missing"):
        runs.load_model(run)


def test_weights_that_do_not_fit(run):
    configuration = run.configuration | {"latent_size": 9}
    with pytest.raises(InputError, match="do not fit"):
        runs.load_model(dataclasses.replace(run, configuration=configuration))


@pytest.mark.parametrize("arguments", [{"seed": -1}, {"seed": 2**32}, {"limit": 0}, {"limit": 41}])
def test_bad_seed_or_limit(run, arguments):
    with pytest.raises(InputError, match=r"^A (seed|limit) is .*\.$"):
        runs.train(TINY, DATA, **arguments)


def test_record_is_readable_json(run):
    text = run.path.read_text()
    assert json.loads(text)["seed"] == 3
    assert max(len(line) for line in text.splitlines()) < 100


def test_keras_default_format(run):
    """The weight file is Keras's own: a bare Keras model of the same layers loads it."""
    model = TINY.build()
    model.load_weights(run.weights_path)
    for a, b in zip(model.get_weights(), runs.load_model(run).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert keras.backend.floatx() == "float32"


def test_describe_says_what_was_run_and_where(run):
    text = runs.describe(run)
    assert "`plain`, seed 3, 2 epochs on the first 24 training images: " in text
    assert run.provenance["device"] in text
    assert run.weights_sha256.startswith(text.split("SHA-256 ")[1].split(",")[0])
    assert "all training images" in runs.describe(dataclasses.replace(run, limit=None))


def test_describe_joins_runs_that_differ_in_their_seed_only(run):
    slow = dataclasses.replace(run, seed=4, provenance=run.provenance | {"seconds": 6000.0})
    elsewhere = dataclasses.replace(run, seed=5, provenance=run.provenance | {"device": "a GPU"})
    first, second = runs.describe(run, slow, elsewhere).split("\n\n")
    assert first.startswith("*Runs `plain`, seeds 3, 4, 2 epochs")
    assert "0 to 100 minutes" in first
    assert second == runs.describe(elsewhere)
    assert second.startswith("*Run `plain`, seed 5, ")
    assert ": " + run.provenance["date"] + ", a GPU, " in second


@pytest.fixture
def record(run):
    """Writes a record like that of a run, but for what it is given."""
    run.path.unlink()

    def write(name, epochs, limit, seed=0):
        configuration = run.configuration | {"name": name, "epochs": epochs}
        other = dataclasses.replace(
            run, experiment=name, limit=limit, configuration=configuration, seed=seed
        )
        other.path.parent.mkdir(exist_ok=True)
        other.path.write_text(json.dumps(dataclasses.asdict(other)))
        return other

    return write


def test_a_budget_in_words(record):
    assert runs.budget(record("dropout", 1, None)) == "1 epoch on all training images"
    assert runs.budget(record("dropout", 3, 2000)) == "3 epochs on the first 2,000 training images"


def test_alike_are_all_seeds_at_the_budget_of_a_run(record):
    first, second = record("dropout", 3, 20), record("dropout", 3, 20, seed=1)
    record("dropout", 4, 20)
    record("dropout", 3, None)
    other = record("ridge", 3, 20)
    assert runs.alike(second, "dropout") == runs.alike(other, "dropout") == [first, second]
    assert runs.alike(first, "ridge") == [other]
    assert runs.alike(first, "lasso") == []
    with pytest.raises(InputError, match="no experiment 'rigde'"):
        runs.alike(first, "rigde")


def test_validation_loss_is_the_mean_over_runs_of_the_lowest(run):
    epochs = [run.history["val_loss"], [0.5, 0.25], [0.5, 0.75]]
    found = [dataclasses.replace(run, history={"val_loss": losses}) for losses in epochs]
    assert runs.validation_loss(found[:1]) == run.history["val_loss"][run.best_epoch - 1]
    assert runs.validation_loss(found[1:]) == 0.375


def test_comparable_takes_the_largest_budget_at_which_most_are_recorded(record):
    names = ["ridge", "dropout"]
    with pytest.raises(InputError, match="ridge, dropout: none is recorded with 1 or more seeds"):
        runs.comparable(names)
    lone = record("dropout", 2, None)
    assert runs.comparable(names) == {"dropout": [lone]}
    for budget in ((3, 20), (4, 20), (2, 99), (2, None)):
        both = {name: [record(name, *budget)] for name in names}
        assert runs.comparable(names) == both
    assert list(runs.comparable(names)) == names
    seeds = [record("dropout", 3, 20), record("dropout", 3, 20, seed=1)]
    assert runs.comparable(names, seeds=2) == {"dropout": seeds}
    assert runs.comparable(names) == both
    with pytest.raises(InputError, match="no experiment 'rigde'"):
        runs.comparable(["rigde"])
