"""Files that are either whole or absent."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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
