"""For tests and chapters: CIFAR-10, without which what needs it is skipped; and Ctrl-C."""

import signal

import pytest

from colorizer.data import Cifar10, at_hand, load_cifar10

ABSENT = "CIFAR-10 is not at hand: set CIFAR10_DIR, or run `make data`."


def pytest_configure():
    """Let Ctrl-C be heard, which a shell has its background, and all that starts there, ignore."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
