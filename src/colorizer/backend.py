"""Keras on whatever backend `KERAS_BACKEND` names, imported without TensorFlow's start-up remarks.

TensorFlow writes about its build and absent GPUs straight to file descriptor 2, before its log
level counts; there they would stand in the first output of every chapter. Import Keras from here.

Raises:
    InputError: when it is imported, if there is no such backend, or it is not installed.
"""

import os
import sys
from contextlib import contextmanager

from colorizer.errors import InputError


@contextmanager
def _silent_stderr():
    if sys.stderr is None:  # closed by who called the program
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
try:
    with _silent_stderr():
        import keras
except (ImportError, ValueError) as error:
    raise InputError(
        f"Keras cannot start on the backend {os.environ.get('KERAS_BACKEND', 'tensorflow')!r} "
        f"({str(error).splitlines()[0]}); unset KERAS_BACKEND, or set it to tensorflow, jax or "
        "torch."
    ) from error
keras.config.set_image_data_format("channels_last")  # as all arrays of the course are

__all__ = ["distribute", "keras"]


def distribute() -> None:
    """From here on, share every batch among the devices, where there are several.

    Keras does this on JAX. On TensorFlow and PyTorch a model stays on one device.
    """
    devices = keras.distribution.list_devices()
    if keras.backend.backend() == "jax" and len(devices) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
