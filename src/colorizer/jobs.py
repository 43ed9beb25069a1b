"""Many trainings, one after the other or several at once on one device.

Workers are processes that start Keras once and take one training after the other. They share the
device's memory, which is taken as it is needed, and JAX's compiled programs. What is worth most is
handed out first. A training that fails does not stop the others, and none is trained twice at the
same time, as each holds a lock on its record.
"""

import multiprocessing
import os
import queue
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import platformdirs
from tqdm import tqdm

from colorizer import records
from colorizer.errors import InputError
from colorizer.experiments import Experiment
from colorizer.records import Budget

LONGEST_SILENCE = 1.0  # seconds between two looks at whether all workers are alive


@dataclass(frozen=True)
class Job:
    """One training.

    Raises:
        InputError: a seed that makes no sense.
    """

    experiment: Experiment
    seed: int
    budget: Budget

    def __post_init__(self):
        records.check_seed(self.seed)

    def __str__(self):
        return f"{self.experiment.name}, seed {self.seed}, {self.budget}"


def train_all(wanted: Sequence[Job], jobs: int = 1, minutes: float | None = None) -> bool:
    """Train and record all that is wanted, in its order.

    Args:
        wanted: what to train.
        jobs: how many at once.
        minutes: after so long, what is running is stopped so that it can go on later; nothing is
            begun that would not be over by then, as far as finished trainings tell.

    Returns:
        Whether none of them failed.

    Raises:
        InputError: fewer jobs than one, or no time.
        KeyboardInterrupt: the user pressed Ctrl-C; what was running can go on later.
    """
    check(jobs, minutes)
    deadline = None if minutes is None else time.time() + 60 * minutes
    board = _Board(wanted, deadline, one_bar=jobs > 1)
    if jobs == 1:
        _one_by_one(board)
    else:
        _side_by_side(board, min(jobs, len(wanted)))
    if board.waiting:
        print(f"{len(board.waiting)} more are waiting; the same command goes on with them.")
    if board.stopped_by_user:
        raise KeyboardInterrupt("Stopped; the same command goes on from here.")
    return not board.failed


def check(jobs: int, minutes: float | None) -> None:
    """Refuse numbers that make no sense.

    Raises:
        InputError: fewer jobs than one, or no time.
    """
    if jobs < 1:
        raise InputError(f"Jobs are a whole number, 1 or more, not {jobs}.")
    if minutes is not None and not 0 < minutes < float("inf"):
        raise InputError(f"Minutes are a number above 0, not {minutes:g}.")


class _Board:
    """What is still to be trained, what is being trained, and what became of the rest."""

    def __init__(self, wanted, deadline, one_bar=False):
        self.waiting = list(wanted)
        self.deadline = deadline
        self.failed = False
        self.slowest = 0.0  # seconds that a training took here, per image seen
        self.stopped_by_user = False
        self.running = {}  # job, in words, to its epoch and loss
        epochs = sum(job.budget.epochs for job in wanted)
        self.bar = tqdm(total=epochs, unit="epoch", disable=not one_bar)

    def next(self):
        """The next training; None if there is none, or no time for it."""
        if not self.waiting or self.stopped_by_user:
            return None
        budget = self.waiting[0].budget
        needed = self.slowest * budget.epochs * budget.images
        if self.deadline is not None and time.time() + needed > self.deadline:
            return None
        job = self.waiting.pop(0)
        self.running[str(job)] = 0, ""
        return job

    def told(self, job, epoch, epochs, loss):
        """An epoch is over."""
        self.bar.update(epoch - self.running[str(job)][0])
        self.running[str(job)] = epoch, f"{job.experiment.name} {epoch}/{epochs} {loss:.5f}"
        self.bar.set_postfix_str("; ".join(words for _, words in self.running.values() if words))

    def over(self, job, outcome, words, seconds=None):
        """A training is over: "finished", "failed" or "stopped"."""
        del self.running[str(job)]
        if outcome == "finished":
            self.slowest = max(self.slowest, seconds / (job.budget.epochs * job.budget.images))
        self.failed |= outcome == "failed"
        to = sys.stdout if outcome == "finished" else sys.stderr
        self.bar.write(f"{job}: {words}" if to is sys.stdout else f"colorizer: {words}", file=to)
        to.flush()


class _Watcher:
    """Passes on what a training tells, and stops it in time."""

    def __init__(self, tell, deadline, stop=lambda: False):
        self.told = tell
        self.deadline = deadline
        self.stop = stop

    def stopped(self):
        return self.stop() or (self.deadline is not None and time.time() > self.deadline)


def _attempt(job, data, watcher, at_once, progress):
    """Train one; returns outcome, words, seconds."""
    from colorizer import runs, training
    from colorizer.backend import keras

    started = time.monotonic()
    keras.utils.clear_session()  # of what the training before it left in memory
    try:
        run = runs.train(
            job.experiment,
            data,
            job.seed,
            job.budget,
            progress=progress,
            watcher=watcher,
            at_once=at_once,
        )
    except training.Interrupted as stop:
        return "stopped", str(stop), None
    except InputError as error:
        return "failed", str(error), None
    except Exception as error:  # such as memory that ran out; the others need not suffer
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        records.write_failure(job.experiment.name, job.seed, job.budget, reason)
        return "failed", reason, None
    p = run.provenance
    words = (
        f"test MSE {run.metrics['mse']:.5f}, best epoch {run.best_epoch} of {run.budget.epochs}, "
        f"{p['seconds']:.0f} s, {p['images_per_second']} images/s, "
        f"peak memory {p['peak_memory_bytes'] / 1e9:.2f} GB"
    )
    return "finished", words, time.monotonic() - started


def _one_by_one(board):
    from colorizer.data import load_cifar10

    data = load_cifar10()
    started, many = time.monotonic(), len(board.waiting)
    while job := board.next():
        if many > 1:
            done = many - len(board.waiting) - 1
            each = (time.monotonic() - started) / max(done, 1)
            left = f", {each * (many - done) / 60:.0f} min left" if done else ""
            print(f"{done + 1} of {many}{left}: {job}", flush=True)
        watcher = _Watcher(lambda *at, job=job: board.told(job, *at), board.deadline)
        outcome, *said = _attempt(job, data, watcher, at_once=1, progress=True)
        board.over(job, outcome, *said)
        if outcome == "stopped" and not watcher.stopped():
            board.stopped_by_user = True


def _side_by_side(board, jobs):
    context = multiprocessing.get_context("spawn")  # a fork would share Keras's threads
    messages, stop = context.Queue(), context.Event()
    environment = {
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "JAX_COMPILATION_CACHE_DIR": str(platformdirs.user_cache_path("colorizer") / "jax"),
    }
    os.environ |= environment | {k: v for k, v in os.environ.items() if k in environment}
    workers = {}  # number to process, its queue, and what it trains

    def start(number):
        own = context.Queue()
        arguments = (number, own, messages, stop, board.deadline, jobs)
        process = context.Process(target=_work, args=arguments, daemon=True)
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which a worker inherits: the
        process.start()  # parent hears Ctrl-C, and decides for all
        signal.signal(signal.SIGINT, handler)
        workers[number] = [process, own, None]

    for number in range(jobs):
        start(number)
    while workers:
        try:
            _hear(board, workers, messages)
            for number in _dead(board, workers, messages):
                start(number)
        except KeyboardInterrupt:
            board.stopped_by_user = True
            stop.set()
    board.bar.close()


def _dead(board, workers, messages):
    """Take out workers that died; returns those that died of a training and are to be replaced."""
    died = []
    for number, (process, _, job) in list(workers.items()):
        if not process.is_alive() and messages.empty():
            del workers[number]
            board.failed = True
            if job is not None:  # else it could not even start, nor could another
                reason = f"{job} failed: its process ended with code {process.exitcode}."
                records.write_failure(job.experiment.name, job.seed, job.budget, reason)
                board.over(job, "failed", reason)
                died.append(number)
    return died


def _hear(board, workers, messages):
    """Take one message of a worker, if there is one, and answer it."""
    try:
        number, kind, *said = messages.get(timeout=LONGEST_SILENCE)
    except queue.Empty:
        return
    process, own, job = workers[number]
    if kind == "epoch":
        board.told(job, *said)
        return
    if kind == "over":
        board.over(job, *said)
    following = board.next()  # it is ready for the next
    workers[number][2] = following
    own.put(following)
    if following is None:
        process.join()
        del workers[number]


def _work(number, own, messages, stop, deadline, at_once):
    """A worker's life: start Keras and read CIFAR-10 once, then train what it is given."""
    parent = os.getppid()
    from colorizer.data import load_cifar10

    try:
        data = load_cifar10()
        messages.put((number, "ready"))
        watcher = _Watcher(
            lambda *at: messages.put((number, "epoch", *at)),
            deadline,
            lambda: stop.is_set() or os.getppid() != parent,
        )
        while (job := _given(own, parent)) is not None:
            outcome = _attempt(job, data, watcher, at_once, progress=False)
            messages.put((number, "over", *outcome))
    except InputError as error:
        print(f"colorizer: {error}", file=sys.stderr)


def _given(own, parent):
    """What the parent gives to train; None if nothing, or if there is no parent any more."""
    while os.getppid() == parent:
        try:
            return own.get(timeout=LONGEST_SILENCE)
        except queue.Empty:
            continue
    return None
