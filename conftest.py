"""CIFAR-10 for the tests and the chapters: where it is not at hand, what needs it is skipped."""

import pytest

from colorizer.data import Cifar10, at_hand, load_cifar10

ABSENT = "CIFAR-10 is not at hand: set CIFAR10_DIR, or run `make data`."


@pytest.fixture(scope="session")
def cifar10() -> Cifar10:
    """The real images, never downloaded by a test."""
    if not at_hand():
        pytest.skip(ABSENT)
    return load_cifar10()


def pytest_collection_modifyitems(items):
    """Every chapter shows real images."""
    if not at_hand():
        for item in items:
            if item.path.suffix == ".ipynb":
                item.add_marker(pytest.mark.skip(reason=ABSENT))
