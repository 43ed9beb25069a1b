"""Records: read without Keras, found by what they say, and bent in one sentence."""

import dataclasses
import json
import subprocess
import sys

import pytest

from colorizer import records
from colorizer.errors import InputError
from colorizer.records import FULL, SMALL, Budget, Run

PROVENANCE = {
    "device": "a CPU",
    "backend": "tensorflow",
    "tensorflow": "2",
    "keras": "3",
    "numpy": "2",
    "python": "3.11",
    "source": "abc",
    "date": "2026-01-01",
    "seconds": 60.0,
    "images_per_second": 100,
    "peak_memory_bytes": 10**9,
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))
    return tmp_path


TINY = Budget(2, 20)


def write(name="plain", seed=0, budget=TINY, mse=0.5, **changes):
    """A record, and its file."""
    run = Run(
        experiment=name,
        seed=seed,
        budget=budget,
        configuration={"network": {"kind": "autoencoder"}, "task": {"kind": "regression"}},
        history={"val_loss": [0.5] * budget.epochs},
        best_epoch=1,
        metrics={"mse": mse},
        provenance=PROVENANCE,
        weights_sha256="0123456789abcdef0123",
    )
    run = dataclasses.replace(run, **changes)
    run.path.parent.mkdir(parents=True, exist_ok=True)
    run.path.write_text(json.dumps(dataclasses.asdict(run)))
    return run


def test_budgets_are_ordered_by_the_images_seen_and_say_themselves():
    assert sorted([FULL, SMALL, Budget(4, 30_000), Budget(1, 120)]) == [
        Budget(1, 120),
        Budget(4, 30_000),
        SMALL,
        FULL,
    ]
    assert Budget(2, 50) > Budget(1, 100)  # as many images, more epochs
    assert str(FULL) == "30 epochs on all 45,000 training images"
    assert str(Budget(1, 2000)) == "1 epoch on the first 2,000 training images"


@pytest.mark.parametrize("numbers", [(0,), (-1,), (1.5,), (True,), (1, 0), (1, 45_001), (1, "9")])
def test_a_budget_that_makes_no_sense(numbers):
    with pytest.raises(InputError, match=r"^(Epochs are|A limit is) a .*, not .*\.$"):
        Budget(*numbers)


def test_a_record_lies_where_it_says(own_folder):
    run = write("chroma", 3, FULL)
    assert run.path == own_folder / "chroma/30-epochs-45000-images/seed-3.json"
    assert run.weights_path == own_folder / "chroma/30-epochs-45000-images/seed-3.weights.h5"
    assert records.load("chroma", 3) == run
    assert records.path("chroma", 3) == run.path


def test_runs_of_one_budget_by_seed():
    later, first = write(seed=10), write(seed=2)
    write(budget=Budget(3, 20))
    assert records.of("plain", Budget(2, 20)) == [first, later]
    assert records.of("ridge") == []
    ridge = write("ridge")
    assert records.several(["ridge", "plain"], Budget(2, 20)) == {
        "ridge": [ridge],
        "plain": [first, later],
    }
    with pytest.raises(InputError, match="colorizer train lasso"):
        records.several(["plain", "lasso"], Budget(2, 20))


def test_recorded_and_the_fullest_with_weights(own_folder):
    with pytest.raises(InputError, match="No run of 'plain', seed 0, has weights here"):
        records.fullest("plain")
    small, large, twin = write(), write(budget=Budget(2, 30)), write(seed=1)
    other = write("lasso")
    assert records.recorded() == [other, large, small, twin]
    assert records.recorded("plain") == [large, small, twin]
    small.weights_path.touch()
    assert records.fullest("plain") == small
    large.weights_path.touch()
    assert records.fullest("plain") == large


def test_values_and_means():
    runs = [write(seed=seed, mse=seed / 4) for seed in (1, 2, 3)]
    assert records.values(runs, "mse") == [0.25, 0.5, 0.75]
    assert records.mean(runs, "mse") == 0.5
    with pytest.raises(InputError, match=r"has no contrast_ratio; .* --complete"):
        records.mean(runs, "contrast_ratio")
    runs = [write(history={"val_loss": losses}) for losses in ([0.5, 0.25], [0.5, 0.75])]
    assert records.validation_loss(runs) == 0.375


def test_a_missing_record_says_how_to_make_it():
    with pytest.raises(
        InputError, match=r"seed-0\.json is not recorded; `colorizer train dropout`"
    ):
        records.load("dropout")


BENT = {
    "": "it cannot be read",
    "{": "it cannot be read",
    "[]": "it is not a JSON object",
    "{}": "it has no experiment, seed, budget",
    "\0": "it cannot be read",
}


@pytest.mark.parametrize(("text", "fault"), BENT.items())
def test_a_record_that_is_none(text, fault):
    run = write()
    run.path.write_text(text)
    with pytest.raises(InputError, match=rf"seed-0\.json is bent: {fault}"):
        records.recorded()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"colour": "blue"}, "it has colour, which no record has"),
        ({"seed": "0"}, "its seed is '0'"),
        ({"budget": {"epochs": 2}, "seed": 1}, "which belongs elsewhere"),
        ({"budget": {"epochs": "2", "images": 20}}, "its budget is"),
        ({"budget": None}, "its budget is None"),
        ({"metrics": []}, r"its metrics is \[\]"),
        ({"metrics": {"mse": None}}, "its metric mse is None"),
        ({"history": {"val_loss": [0.5]}}, "its history of val_loss is not that of 2 epochs"),
        ({"configuration": {"task": {}}}, "its configuration names no network"),
        ({"provenance": {"backend": "jax"}}, "its provenance has no device"),
        ({"experiment": "ridge"}, "it is of ridge, seed 0, 2 epochs .* which belongs elsewhere"),
        ({"seed": 4}, "it is of plain, seed 4, .* which belongs elsewhere"),
    ],
)
def test_what_is_wrong_with_a_bent_record_is_named_and_nothing_is_advised(change, fault):
    run = write()
    run.path.write_text(json.dumps(dataclasses.asdict(run) | change))
    with pytest.raises(InputError, match=fault) as error:
        records.of("plain", Budget(2, 20))
    assert "delete" not in str(error.value)


def test_a_copy_with_a_conflicts_name_is_not_read_and_is_told(own_folder):
    run = write()
    copy = run.path.with_name("seed-0 (conflicted copy).json")
    copy.write_bytes(run.path.read_bytes())
    assert records.recorded() == [run]
    assert records.strays() == [copy]
    records.write_failure("plain", 1, run.budget, "It diverged.")
    assert records.strays() == [copy]
    assert records.failures("plain") == [(1, run.budget, "It diverged.")]


def test_describe_says_what_was_run_and_where():
    run = write()
    text = records.describe(run)
    assert text.startswith("*Run `plain`, seed 0, 2 epochs on the first 20 training images: 2026")
    assert "a CPU, tensorflow 2, Keras 3, NumPy 2, Python 3.11; 1 minutes, 100 images/s" in text
    assert text.endswith("source abc; weights SHA-256 0123456789abcdef, float16.*")


def test_describe_joins_runs_that_differ_in_their_seed_only():
    run = write()
    slow = dataclasses.replace(run, seed=4, provenance=PROVENANCE | {"seconds": 6000.0})
    shared = {"device": "a GPU", "runs_at_once": 10, "source": "def"}
    elsewhere = dataclasses.replace(run, seed=5, provenance=PROVENANCE | shared)
    first, second, devices, sources = records.describe(run, slow, elsewhere).split("\n\n")
    assert first.startswith("*Runs `plain`, seeds 0, 4, 2 epochs")
    assert "1 to 100 minutes" in first
    assert second == records.describe(elsewhere)
    assert "Python 3.11, shared by 10 runs at once; " in second
    assert devices == "*These runs are of several devices: a CPU, a GPU.*"
    assert sources == "*These runs are of several sources: abc, def.*"


def test_what_is_read_is_noted(own_folder, monkeypatch):
    write()
    notes = own_folder / "notes"
    monkeypatch.setenv("COLORIZER_READS", str(notes))
    records.of("plain", Budget(2, 20))
    records.load("plain", 0, Budget(2, 20))
    records.recorded("plain")
    records.recorded()
    assert notes.read_text().splitlines() == [
        "runs plain/2-epochs-20-images/seed-*.json",
        "runs plain/2-epochs-20-images/seed-0.json",
        "runs plain/*/seed-*.json",
        "runs */*/seed-*.json",
    ]


def test_neither_records_nor_experiments_need_keras():
    code = "import sys; from colorizer import experiments, jobs, records; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"keras", "tensorflow", "skimage", "matplotlib"} & set(done.stdout.split())


def test_the_records_of_the_book_are_whole(monkeypatch):
    monkeypatch.delenv("COLORIZER_RUNS")
    assert len(records.recorded()) >= 70
    assert records.strays() == []
    assert len(records.of("plain")) == 5
