"""Many trainings at once: none is lost, none is done twice, and all end when they are told to."""

import os
import signal
import subprocess
import sys
import time

import pytest

from colorizer import jobs, records
from colorizer.errors import InputError
from colorizer.experiments import Experiment
from colorizer.jobs import Job
from colorizer.records import Budget

BUDGET = Budget(1, 32)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORIZER_RUNS", str(tmp_path))
    return tmp_path


def job(name, seed=0, budget=BUDGET, **changes):
    changes = {"network": {"kind": "unet", "levels": 0}, "batch_size": 8} | changes
    return Job(Experiment(name, "A test", **changes), seed, budget)


def test_two_at_once_train_everything_and_a_failure_stops_nobody(cifar10, own_folder, capsys):
    damaged = records.path("damaged", 0, BUDGET).with_suffix(".partial.npz")
    damaged.parent.mkdir(parents=True)
    damaged.write_text("garbage")
    unbounded = {"kind": "unet", "levels": 0, "channels": 3}
    wanted = [job("a"), job("damaged"), job("b"), job("a", seed=1)]
    wanted.insert(2, job("wild", network=unbounded, learning_rate=1e30, optimizer="sgd"))
    assert not jobs.train_all(wanted, jobs=2)
    done = {(run.experiment, run.seed): run for run in records.recorded()}
    assert set(done) == {("a", 0), ("a", 1), ("b", 0)}
    assert all(run.provenance["runs_at_once"] == 2 for run in done.values())
    ((_, _, reason),) = records.failures("wild")
    assert "diverged in epoch 1" in reason
    printed = capsys.readouterr()
    assert printed.out.count("test MSE 0.") == 3
    assert f"The checkpoint {damaged} is damaged" in printed.err
    assert "diverged" in printed.err


def test_when_the_time_is_over_a_training_stops_and_can_go_on(cifar10, monkeypatch, capsys):
    class Clock:
        """An hour goes by when the first epoch is over."""

        monotonic = time.monotonic

        @staticmethod
        def time():
            return time.time() + 3600 * long_checkpoint().exists()

    monkeypatch.setattr(jobs, "time", Clock)
    long = job("long", budget=Budget(2000, 32))
    assert jobs.train_all([long, job("never")], minutes=30)
    assert records.recorded() == []
    assert long_checkpoint().exists()
    printed = capsys.readouterr()
    assert "the same command goes on from here" in printed.err
    assert "1 more are waiting" in printed.out


def long_checkpoint():
    return records.path("long", 0, Budget(2000, 32)).with_suffix(".partial.npz")


def test_nothing_is_begun_that_would_not_be_over_in_time():
    board = jobs._Board([job("a"), job("b")], deadline=time.time() + 60)
    first = board.next()
    board.over(first, "finished", "done", seconds=90)
    assert board.next() is None
    assert len(board.waiting) == 1


CODE = """
import sys
sys.path.insert(0, {tests!r})
from test_jobs import Budget, job, jobs

if __name__ == "__main__":
    long = [job("long", seed=seed, budget=Budget(2000, 32)) for seed in (0, 1)]
    try:
        jobs.train_all(long, jobs=2)
    except KeyboardInterrupt as stop:
        sys.exit(str(stop))
"""


def test_ctrl_c_ends_all_workers_and_keeps_their_checkpoints(cifar10, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CODE.format(tests=os.path.dirname(__file__)))
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 300
    while not long_checkpoint().exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors.strip().endswith("Stopped; the same command goes on from here.")
    assert "Traceback" not in errors
    assert errors.count("the best weights so far") >= 1
    assert long_checkpoint().exists()


@pytest.mark.parametrize(("numbers", "sentence"), [((0, None), "Jobs are"), ((1, 0), "Minutes")])
def test_numbers_that_make_no_sense(numbers, sentence):
    with pytest.raises(InputError, match=sentence):
        jobs.train_all([], *numbers)
