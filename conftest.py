"""CIFAR-10 for the tests and the chapters: where it is not at hand, what needs it is skipped."""

import os

import platformdirs
import pytest

from colorizer.data import FOLDER, Cifar10, load_cifar10

ABSENT = "CIFAR-10 is not at hand: set CIFAR10_DIR, or run `make data`."


def _at_hand():
    cached = platformdirs.user_cache_path("colorizer") / FOLDER
    return bool(os.environ.get("CIFAR10_DIR")) or cached.exists()


@pytest.fixture(scope="session")
def cifar10() -> Cifar10:
    """The real images, never downloaded by a test."""
    if not _at_hand():
        pytest.skip(ABSENT)
    return load_cifar10()


def pytest_collection_modifyitems(items):
    """Every chapter shows real images."""
    if not _at_hand():
        for item in items:
            if item.path.suffix == ".ipynb":
                item.add_marker(pytest.mark.skip(reason=ABSENT))
