"""The command line, as a user types it."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from test_photo import hostile

from colorizer import experiments, photo, runs, training
from colorizer.__main__ import main

TRIAL = ["train", "plain", "--epochs", "1", "--limit", "32"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))
    return tmp_path


def test_train_evaluate_list(cifar10, own_folder, capsys):
    assert main(TRIAL) == 0
    assert "peak memory" in capsys.readouterr().out
    assert main(TRIAL) == 0
    assert "recorded already" in capsys.readouterr().out
    assert main(["evaluate"]) == 0
    assert "borne out" in capsys.readouterr().out
    assert main(["list"]) == 0
    assert "seed-0-epochs-1-limit-32" in capsys.readouterr().out

    (path,) = own_folder.glob("plain/*.json")
    record = json.loads(path.read_text())
    record["metrics"]["mse"] *= 1.01
    path.write_text(json.dumps(record))
    assert main(["evaluate", "plain"]) == 1
    assert "DIFFERS in mse" in capsys.readouterr().out


def test_train_all_takes_what_is_missing_and_goes_on_after_a_divergence(
    cifar10, own_folder, capsys, monkeypatch
):
    two = [experiments.get("plain"), experiments.get("dropout")]
    monkeypatch.setattr(experiments, "matrix", lambda seeds: [(e, 0) for e in two][:seeds])
    trial = ["train", "--all", "--epochs", "1", "--limit", "32"]
    assert main([*trial, "--seeds", "1"]) == 0
    assert main([*trial, "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "1 of 2 recorded already" in printed
    assert printed.endswith("missing: dropout, seed 0\n")
    assert len(runs.recorded()) == 1

    fit = training.fit
    monkeypatch.setattr(training, "fit", diverge)
    assert main([*trial, "--replace"]) == 1
    printed = capsys.readouterr()
    assert "2 of 2, 0 min left: dropout, seed 0" in printed.out
    assert printed.err.count("diverged") == 2
    monkeypatch.setattr(training, "fit", fit)
    assert main(trial) == 0
    assert "1 of 2 recorded already" in capsys.readouterr().out
    assert [run.experiment for run in runs.recorded()] == ["dropout", "plain"]
    assert main([*trial, "--dry-run"]) == 0
    assert "missing" not in capsys.readouterr().out
    assert main(["train", "dropout", "--epochs", "2", "--limit", "32", "--dry-run"]) == 0
    smaller = "missing: dropout, seed 0 (recorded: 1 epoch on the first 32 training images)\n"
    assert capsys.readouterr().out == smaller


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
        (["train", "plain", "--epochs", "0"], "Epochs are a whole number"),
        (["train", "--all", "--seeds", "0"], "Seeds are a whole number"),
        (["colorize", "cat.png"], "No run of 'unet'"),
        (["playground", "--port", "0"], "A port is a number"),
    ],
)
def test_bad_input_is_one_sentence(cifar10, own_folder, capsys, arguments, sentence):
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


@pytest.mark.parametrize("words", [["--all", "--seed", "1"], ["plain", "--seeds", "2"]])
def test_a_seed_that_would_be_ignored_is_refused(capsys, words):
    assert main(["train", *words, "--dry-run"]) == 2
    assert capsys.readouterr().err.startswith("colorizer: --seed")


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
    checkpoint = own_folder / "plain" / "seed-0-epochs-500-limit-64.partial.npz"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the best weights so far" in errors
    assert "Traceback" not in errors
    assert len(list(own_folder.glob("plain/*.partial.weights.h5"))) == 1
    assert not runs.recorded()
