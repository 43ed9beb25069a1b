"""What several test files need."""

import os

import platformdirs
import pytest

from colorizer.data import FOLDER, Cifar10, load_cifar10


@pytest.fixture(scope="session")
def cifar10() -> Cifar10:
    """The real images, from `$CIFAR10_DIR` or the user's cache; never downloaded here."""
    cached = platformdirs.user_cache_path("colorizer") / FOLDER
    if not os.environ.get("CIFAR10_DIR") and not cached.exists():
        pytest.skip("CIFAR-10 is not at hand: set CIFAR10_DIR, or run `make data`.")
    return load_cifar10()
