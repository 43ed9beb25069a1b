"""Files that are either whole or absent, and places that one process at a time may write to."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from colorizer.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; it becomes `path` if the block succeeds.

    A program killed inside the block leaves `path` as it was. The temporary name keeps the suffix
    that libraries go by (`.weights.h5`, `.npz`).

    Raises:
        InputError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}")  # always the same: a killed one is written over
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}); "
            "free some space, or choose another folder."
        ) from error
    finally:
        with suppress(OSError):  # that it is not there, or could not be
            temporary.unlink()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock file `path` inside the block; it is freed whenever the process ends.

    Raises:
        InputError: another process holds it, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(
            f"Another process is at work on {path.parent / path.name.split('.')[0]}; "
            "wait for it, or choose another run."
        ) from None
    except OSError as error:
        raise InputError(
            f"{path.parent} cannot be written to ({error.strerror}); choose another folder."
        ) from error
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # before it is freed: whoever waits would be given a file that is gone
        lock.release()


def check_room(folder: Path, needed: int) -> None:
    """Find out before a long work whether its result can be written.

    Args:
        folder: where it will be written; it is made.
        needed: bytes.

    Raises:
        InputError: the folder cannot be written to, or its disk is too full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
            probe.flush()
            os.fsync(probe.fileno())
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written to ({error.strerror}); choose another folder."
        ) from error
    if free < needed:
        raise InputError(
            f"{folder} has room for {free / 1e6:.0f} MB, and {needed / 1e6:.0f} MB are needed; "
            "free some space, or choose another folder."
        )
