"""CIFAR-10 from its official Python batches, checked before they are read; gray; normalisation.

Source of the images: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

import errno
import hashlib
import http.client
import io
import os
import pickle
import shutil
import ssl
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import platformdirs
from tqdm import tqdm

from colorizer.errors import InputError

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
FOLDER = "cifar-10-batches-py"  # as the archive names it
TRAIN_BATCHES = tuple(f"data_batch_{i}" for i in range(1, 6))
MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
DISK_SPACE = 400_000_000  # bytes, for the archive (170 MB) and the batches (186 MB) together
VALIDATION_PER_CLASS = 500
SPLIT_SEED = 0

_REMEDY = f"restore it from the official archive {URL}"
_ELSEWHERE = "set CIFAR10_DIR to a folder of the official batches"


@dataclass(frozen=True)
class Images:
    """Colour images and their classes.

    Attributes:
        rgb: (n, h, w, 3), uint8 (32 by 32 in CIFAR-10).
        labels: (n,), uint8, indices into `CLASSES`.

    Raises:
        InputError: an array has another shape or type, or the lengths differ.
    """

    rgb: np.ndarray
    labels: np.ndarray

    def __post_init__(self):
        _check_rgb(self.rgb)
        if self.rgb.ndim != 4 or self.labels.shape != self.rgb.shape[:1]:
            raise InputError(
                "Images are an array (n, h, w, 3) with n labels, "
                f"not {self.rgb.shape} with {self.labels.shape}."
            )
        if self.labels.dtype != np.uint8:
            raise InputError(f"Labels are uint8, not {self.labels.dtype}.")

    def __len__(self) -> int:
        return len(self.rgb)

    def __getitem__(self, chosen) -> "Images":
        """The images of a slice or of an array of indices."""
        return Images(self.rgb[chosen], self.labels[chosen])


@dataclass(frozen=True)
class Cifar10:
    """The course's split of CIFAR-10.

    Attributes:
        train: 45,000 images to learn from.
        validation: 5,000 images, 500 of each class, that schedules and checkpoints look at.
        test: the official 10,000 test images, looked at once, at the end.
    """

    train: Images
    validation: Images
    test: Images


def at_hand() -> bool:
    """Whether `load_cifar10` finds CIFAR-10 without a download, or is told where it should be."""
    cached = platformdirs.user_cache_path("colorizer") / FOLDER
    return bool(os.environ.get("CIFAR10_DIR")) or cached.exists()


def load_cifar10(directory: str | Path | None = None) -> Cifar10:
    """Read CIFAR-10, from a directory or the user's cache; where neither has it, download it.

    The split is the same every time: 500 training images of each class, drawn with a fixed seed,
    are the validation set; the others keep their order.

    Args:
        directory: the folder of the official Python batches, or the one that contains it; None
            takes `$CIFAR10_DIR`, else the user's cache, which is filled on first use.

    Raises:
        InputError: a batch is missing, damaged or not CIFAR-10's; or the download failed.
    """
    directory = directory or os.environ.get("CIFAR10_DIR")
    folder = _folder_of(Path(directory)) if directory else _cached()
    test = _read_batch(folder / "test_batch")
    official = _joined(_read_batch(folder / name) for name in TRAIN_BATCHES)
    held_out = _balanced_choice(official.labels)
    return Cifar10(train=official[~held_out], validation=official[held_out], test=test)


def to_gray(rgb: np.ndarray) -> np.ndarray:
    """Gray levels as OpenCV rounds them, Y = .299 R + .587 G + .114 B, in one call for all images.

    Args:
        rgb: (..., h, w, 3), uint8.

    Returns:
        (..., h, w, 1), uint8.

    Raises:
        InputError: another shape or type, or no image at all.
    """
    _check_rgb(rgb)
    if rgb.size == 0:
        raise InputError("There is no image to turn gray.")
    tall = np.ascontiguousarray(rgb).reshape(-1, rgb.shape[-2], 3)  # one image above the other
    return cv2.cvtColor(tall, cv2.COLOR_RGB2GRAY).reshape(*rgb.shape[:-1], 1)


def normalize(pixels: np.ndarray) -> np.ndarray:
    """Pixels divided by 255, as in the paper: float32 in [0, 1].

    Args:
        pixels: uint8, any shape.

    Raises:
        InputError: another type.
    """
    if pixels.dtype != np.uint8:
        raise InputError(f"Pixels to normalise are uint8, not {pixels.dtype}.")
    return np.divide(pixels, 255, dtype=np.float32)


def to_uint8(values: np.ndarray) -> np.ndarray:
    """The nearest of the 256 levels for values in [0, 1]; what lies outside is clipped.

    Args:
        values: floating point, any shape.

    Raises:
        InputError: another type, or a value is not a number.
    """
    if not np.issubdtype(values.dtype, np.floating):
        raise InputError(f"Values in [0, 1] are floating point, not {values.dtype}.")
    if np.isnan(values).any():
        raise InputError("The image holds values that are not numbers.")
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)


def _check_rgb(rgb):
    if rgb.ndim < 3 or rgb.shape[-1] != 3 or 0 in rgb.shape[-3:]:
        raise InputError(f"Colour images have the shape (..., h, w, 3), not {rgb.shape}.")
    if rgb.dtype != np.uint8:
        raise InputError(f"Colour images are uint8, not {rgb.dtype}.")


def _joined(parts: Iterable[Images]) -> Images:
    """One after the other; the parts are freed on return, which keeps the peak of memory low."""
    parts = list(parts)
    return Images(
        np.concatenate([part.rgb for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def _balanced_choice(labels):
    """A mask (n,) that is true for `VALIDATION_PER_CLASS` images of each class."""
    rng = np.random.default_rng(SPLIT_SEED)
    mask = np.zeros(len(labels), bool)
    for label in range(len(CLASSES)):
        members = np.flatnonzero(labels == label)
        mask[rng.choice(members, VALIDATION_PER_CLASS, replace=False)] = True
    return mask


def _folder_of(directory):
    """The folder of the batches: `directory` itself, or the one in it."""
    try:
        for folder in (directory, directory / FOLDER):
            if any((folder / name).exists() for name in MD5):
                return folder
    except OSError as error:
        raise InputError(
            f"{directory} cannot be read ({error.strerror}); {_ELSEWHERE} that you may read."
        ) from error
    raise InputError(
        f"{directory} holds no CIFAR-10 batches (data_batch_1 to 5 and test_batch); "
        "name the folder that does, or unset CIFAR10_DIR to download them."
    )


def _read_batch(path):
    """One official batch of 10,000 images; nothing is unpickled before its MD5 is right."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"The batch {path} is missing; {_REMEDY}.") from None
    except OSError as error:
        raise InputError(
            f"The batch {path} cannot be read ({error.strerror}); {_REMEDY}."
        ) from error
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != MD5[path.name]:
        raise InputError(f"The batch {path} is not the official one (its MD5 differs); {_REMEDY}.")
    try:
        batch = _BatchUnpickler(io.BytesIO(content), encoding="latin1").load()
    except pickle.UnpicklingError as error:
        raise InputError(f"The batch {path} {error}; {_REMEDY}.") from error
    rgb = batch["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)  # stored plane by plane
    return Images(np.ascontiguousarray(rgb), np.array(batch["labels"], np.uint8))


class _BatchUnpickler(pickle.Unpickler):
    """Admits only what a batch holds: lists, strings, numbers, and one NumPy array."""

    ADMITTED = {  # noqa: RUF012 (a constant)
        ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module, name):
        if (module, name) not in self.ADMITTED:
            raise pickle.UnpicklingError(f"holds {module}.{name}, as no CIFAR-10 batch does")
        return self.ADMITTED[module, name]


def _cached():
    """The folder of the batches in the user's cache, downloaded where it is not there yet."""
    cache = platformdirs.user_cache_path("colorizer")
    folder = cache / FOLDER
    try:
        if not folder.exists():
            cache.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(cache).free < DISK_SPACE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                archive = Path(scratch) / "archive.tar.gz"
                _download(archive)
                _extract(archive, Path(scratch) / FOLDER)
                _put(Path(scratch) / FOLDER, folder)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        raise InputError(
            f"{cache} cannot hold CIFAR-10 ({error.strerror or error}); "
            f"{f'free {DISK_SPACE // 10**6} MB' if full else 'mend that'}, or {_ELSEWHERE}."
        ) from error
    return folder


def _put(new, folder):
    """Rename `new` to `folder`, on one disk: whole or not at all."""
    try:
        new.rename(folder)
    except OSError:
        if not folder.exists():  # where it does, another process has just put the same one there
            raise


# Named, as any other OSError during a download is the disk's
_NETWORK_ERRORS = (
    urllib.error.URLError,
    http.client.HTTPException,
    ssl.SSLError,
    TimeoutError,
    ConnectionError,
)


def _download(path):
    """Fetch the official archive, with a progress bar, and check it."""
    try:
        with urllib.request.urlopen(URL, timeout=30) as response:
            size = int(response.headers.get("Content-Length", 0)) or None
            with (
                path.open("wb") as file,
                tqdm.wrapattr(response, "read", total=size, desc="CIFAR-10") as counted,
            ):
                shutil.copyfileobj(counted, file, 1 << 20)
    except _NETWORK_ERRORS as error:
        reason = " ".join(str(getattr(error, "reason", error)).split())  # a server's may have lines
        raise InputError(
            f"{URL} cannot be downloaded ({reason}); check the network, or {_ELSEWHERE}."
        ) from error
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise InputError(
            f"What came from {URL} is cut short or not the official archive (its "
            f"SHA-256 differs); try again later, or {_ELSEWHERE}."
        )


def _extract(archive, folder):
    """The batches of the checked archive, and nothing else, into a new folder."""
    folder.mkdir()
    with tarfile.open(archive) as tar:
        for name in MD5:
            member = tar.extractfile(f"{FOLDER}/{name}")
            with (folder / name).open("wb") as file:
                shutil.copyfileobj(member, file)
