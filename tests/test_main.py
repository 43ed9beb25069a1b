"""The command line, as a user types it."""

import inspect
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from small import network
from test_photo import hostile

from colorizer import experiments, models, photo, records, training
from colorizer.__main__ import main
from colorizer.records import FULL

TRIAL = ["train", "plain", "--epochs", "1", "--limit", "32"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def small_models(monkeypatch):
    """Every autoencoder is a small one."""
    monkeypatch.setitem(models.NETWORKS, "autoencoder", autoencoder)


def autoencoder(**settings):
    return network(filters=2)


autoencoder.__signature__ = inspect.signature(models.autoencoder)


def test_train_evaluate_list(cifar10, own_folder, capsys, small_models):
    assert main(TRIAL) == 0
    printed = capsys.readouterr().out
    assert "peak memory" in printed
    assert "channel_argmax_accuracy" in printed
    assert main(TRIAL) == 0
    assert "recorded already" in capsys.readouterr().out
    assert main(["evaluate"]) == 0
    assert "borne out" in capsys.readouterr().out
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert "1 epoch on the first 32 training images: test MSE 0." in listed
    assert listed.count("nothing recorded") == len(experiments.EXPERIMENTS) - 1

    (path,) = own_folder.glob("plain/*/seed-0.json")
    record = json.loads(path.read_text())
    del record["metrics"]["contrast_ratio"]
    path.write_text(json.dumps(record))
    assert main(["evaluate", "plain", "--complete"]) == 0
    assert "borne out; 1 metrics added" in capsys.readouterr().out
    assert "contrast_ratio" in json.loads(path.read_text())["metrics"]
    record["metrics"]["mse"] *= 1.01
    path.write_text(json.dumps(record))
    assert main(["evaluate", "plain", "--complete"]) == 1
    assert "DIFFERS in mse" in capsys.readouterr().out
    assert json.loads(path.read_text()) == record


def test_a_bent_record_and_a_stray_one_do_not_hide_the_others(own_folder, capsys):
    place = own_folder / "plain/1-epochs-32-images"
    place.mkdir(parents=True)
    (place / "seed-0.json").write_text("{}")
    (place / "seed-0 (1).json").write_text("{}")
    assert main(["list"]) == 1
    printed = capsys.readouterr()
    first, second = printed.err.splitlines()
    assert first.startswith(f"colorizer: The record {place / 'seed-0.json'} is bent: it has no ")
    assert second.endswith("seed-0 (1).json is not named as a record is, and is not read.")
    assert "unet-plateau" in printed.out


def test_train_all_takes_what_is_missing_and_goes_on_after_a_divergence(
    cifar10, own_folder, capsys, monkeypatch, small_models
):
    two = [experiments.get("plain"), experiments.get("dropout")]
    monkeypatch.setattr(experiments, "matrix", lambda seeds: [(e, 0, FULL) for e in two][:seeds])
    trial = ["train", "--all", "--epochs", "1", "--limit", "32"]
    assert main([*trial, "--seeds", "1"]) == 0
    assert main([*trial, "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "1 of 2 recorded already" in printed
    assert printed.endswith("missing: dropout, seed 0, 1 epoch on the first 32 training images\n")
    assert len(records.recorded()) == 1

    fit = training.fit
    monkeypatch.setattr(training, "fit", diverge)
    assert main([*trial, "--replace"]) == 1
    printed = capsys.readouterr()
    assert "2 of 2, 0 min left: dropout, seed 0" in printed.out
    assert printed.err.count("diverged") == 2
    monkeypatch.setattr(training, "fit", fit)
    assert main(trial) == 0
    printed = capsys.readouterr().out
    assert "1 of 2 recorded already" in printed
    assert "failed before: dropout, seed 0" in printed
    assert len(records.recorded()) == 1
    assert main([*trial, "--replace"]) == 0
    assert [run.experiment for run in records.recorded()] == ["dropout", "plain"]
    assert main([*trial, "--dry-run"]) == 0
    assert "missing" not in capsys.readouterr().out
    assert main(["train", "dropout", "--epochs", "2", "--limit", "32", "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "missing: dropout, seed 0, 2 epochs on the first 32 training images "
        "(recorded: 1 epoch on the first 32 training images)\n"
    )


def test_a_damaged_checkpoint_does_not_stop_the_others(
    cifar10, own_folder, capsys, monkeypatch, small_models
):
    two = [experiments.get("plain"), experiments.get("dropout")]
    monkeypatch.setattr(experiments, "matrix", lambda seeds: [(e, 0, FULL) for e in two])
    damaged = own_folder / "plain/1-epochs-32-images/seed-0.partial.npz"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("garbage")
    assert main(["train", "--all", "--epochs", "1", "--limit", "32"]) == 1
    assert f"The checkpoint {damaged} is damaged" in capsys.readouterr().err
    assert [run.experiment for run in records.recorded()] == ["dropout"]
    assert damaged.read_text() == "garbage"


def diverge(*arguments, **options):
    raise training.DivergenceError("The training diverged.")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "plian"], "There is no experiment 'plian'; did you mean plain?"),
        (["evaluate", "xyz"], "There is no experiment 'xyz'"),
        (["evaluate"], "No run with weights is recorded"),
        (["train", "plain", "--seed", "-1"], "A seed is a whole number"),
        (["train", "plain", "--limit", "0"], "A limit is a number of images"),
        (["train", "plain", "--limit", "45001"], "A limit is a number of images"),
        (["train", "plain", "--seed", "-1", "--dry-run"], "A seed is a whole number"),
        (["train", "--all", "--limit", "0", "--dry-run"], "A limit is a number of images"),
        (["train", "--all", "--jobs", "0"], "Jobs are a whole number"),
        (["train", "--all", "--minutes", "-1"], "Minutes are a number above 0"),
        (["train", "--all", "--minutes", "nan", "--dry-run"], "Minutes are a number above 0"),
        (["train", "plain", "--epochs", "0"], "Epochs are a whole number"),
        (["train", "--all", "--seeds", "0"], "Seeds are a whole number"),
        (["colorize", "cat.png"], "No run of 'unet'"),
        (["playground", "--port", "0"], "A port is a number"),
    ],
)
def test_bad_input_is_one_sentence(own_folder, capsys, monkeypatch, arguments, sentence):
    monkeypatch.setenv("CIFAR10_DIR", str(own_folder / "not looked at"))
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"colorizer: {sentence}")
    assert output.err.count("\n") == 1
    assert not list(own_folder.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "plain", "--seed", "one"],
        ["train"],
        ["train", "plain", "--all"],
        ["colorize"],
        ["paint"],
        [],
    ],
)
def test_bad_words(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["--all", "--seed", "1"], ["plain", "--seeds", "2"], ["plain", "--jobs", "2"]],
)
def test_an_option_that_would_be_ignored_is_refused(capsys, words):
    assert main(["train", *words, "--dry-run"]) == 2
    assert capsys.readouterr().err.startswith(f"colorizer: {words[1]} is for")


def colorizer(*words, shell="{}", **environment):
    """The program in a process of its own: exit code, standard output, standard error."""
    command = shell.format(f"{sys.executable} -m colorizer {' '.join(words)}")
    done = subprocess.run(
        ["bash", "-c", command],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_an_unknown_backend_is_one_sentence():
    code, _, errors = colorizer("evaluate", KERAS_BACKEND="foo", COLORIZER_RUNS="")
    assert code == 2
    assert errors.startswith("colorizer: Keras cannot start on the backend 'foo' (")
    assert errors.count("\n") == 1
    assert colorizer("list", KERAS_BACKEND="foo")[0] == 0  # which needs none


def test_another_format_of_images_in_keras_own_settings_does_not_matter(tmp_path):
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_first"}')
    code = "from colorizer.models import unet; print(unet(levels=0).output_shape)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "(None, None, None, 3)\n"


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-"])
def test_closed_streams(closed):
    code, output, _ = colorizer("list", shell=f"{{}} {closed}")
    assert code == 0
    assert output.startswith("plain ")
    code, _, _ = colorizer("train", "plian", shell=f"{{}} {closed}")
    assert code == 2


def test_list_answers_at_once(monkeypatch):
    """It imports neither Keras nor what reads pictures."""
    monkeypatch.delenv("COLORIZER_RUNS")
    code = "import sys; from colorizer.__main__ import main; main(['list']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = done.stdout.splitlines()[-1].split()
    assert not {"keras", "tensorflow", "skimage", "cv2", "matplotlib"} & set(modules)
    assert "test MSE" in done.stdout


def test_a_reader_that_goes_away_is_no_error():
    """`true` is gone long before there is anything to read."""
    command = f"{sys.executable} -m colorizer list | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("141\n", "")


def picture(path, format, seed=0, size=(60, 40)):
    random = np.random.default_rng(seed)
    Image.fromarray(random.integers(0, 256, (*size[::-1], 3), np.uint8)).save(path, format)
    return path


def test_colorize(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("COLORIZER_RUNS")  # the book's own weights
    first, second = picture(tmp_path / "a.png", "PNG"), picture(tmp_path / "b.jpg", "JPEG")
    (tmp_path / "broken.png").write_bytes(first.read_bytes()[:100])
    photos = [str(first), str(tmp_path / "broken.png"), str(second)]
    assert main(["colorize", *photos, "-o", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert printed.err == f"colorizer: {tmp_path / 'broken.png'} is cut short or damaged.\n"
    made = sorted((tmp_path / "out").iterdir())
    assert printed.out.splitlines() == [str(path) for path in made]
    assert [path.name for path in made] == ["a-unet.png", "b-unet.jpg"]
    original, coloured = photo.read(first), photo.read(made[0])
    assert np.abs(original.gray.astype(int) - coloured.gray).max() <= 1
    assert np.ptp(coloured.rgb.astype(int), axis=-1).max() > 5  # coloured it is

    made[0].write_bytes(b"mine")
    again = ["colorize", str(first), "-o", str(tmp_path / "out")]
    assert main(again) == 1
    assert "is there already; it is kept" in capsys.readouterr().err
    assert made[0].read_bytes() == b"mine"
    assert main([*again, "--overwrite"]) == 0
    (tmp_path / "more").mkdir()
    twin = picture(tmp_path / "more" / "a.png", "PNG", seed=1)
    assert main(["colorize", str(first), str(twin), "-o", str(tmp_path / "twins")]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1] == str(tmp_path / "twins" / "a-unet.png")
    assert "another would both be" in printed.err
    assert main(["colorize", str(first), "--model", "dropout"]) == 0
    assert (tmp_path / "a-dropout.png").exists()
    assert main(["colorize", str(first), "--model", "latent-33"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_of_hostile_files_and_one_photograph(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("COLORIZER_RUNS")
    for name, content in hostile():
        (tmp_path / name).write_bytes(content)
    picture(tmp_path / "good.png", "PNG")
    files = sorted(tmp_path.iterdir())
    assert main(["colorize", *map(str, files), "-o", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == len(files) - 1 >= 30
    assert "Traceback" not in printed.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good-unet.png"]


def test_missing_data(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path / "nowhere"))
    assert main(TRIAL) == 2
    assert str(tmp_path / "nowhere") in capsys.readouterr().err


def test_ctrl_c_leaves_the_best_weights(cifar10, own_folder):
    """As a user would: the process gets SIGINT once its first epoch is over."""
    command = [sys.executable, "-m", "colorizer", "train", "plain", "--epochs", "500"]
    process = subprocess.Popen(
        [*command, "--limit", "64"], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    checkpoint = own_folder / "plain/500-epochs-64-images/seed-0.partial.npz"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the best weights so far" in errors
    assert "Traceback" not in errors
    assert len(list(own_folder.glob("plain/*/*.partial.weights.h5"))) == 1
    assert not records.recorded()
