"""The data: the real images as published, and every way in which they may fail to be there."""

import errno
import gc
import hashlib
import io
import os
import pickle
import socket
import tarfile
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from colorizer import data
from colorizer.data import Images, load_cifar10, normalize, to_gray, to_uint8
from colorizer.errors import InputError

RNG = np.random.default_rng(0)


# The real images


def test_split(cifar10):
    assert [len(part) for part in (cifar10.train, cifar10.validation, cifar10.test)] == [
        45_000,
        5_000,
        10_000,
    ]
    for part, of_each in ((cifar10.train, 4500), (cifar10.validation, 500), (cifar10.test, 1000)):
        assert part.rgb.dtype == part.labels.dtype == np.uint8
        assert part.rgb.shape[1:] == (32, 32, 3)
        assert (np.bincount(part.labels) == of_each).all()


def test_split_is_that_of_the_official_training_images(cifar10):
    """Train and validation together are the five batches: none lost or twice, none relabelled."""
    folder = data._folder_of(data.Path(os.environ.get("CIFAR10_DIR") or data._cached()))
    batches = [data._read_batch(folder / name) for name in data.TRAIN_BATCHES]

    def fingerprints(parts):
        return [
            (hashlib.md5(image.tobytes()).digest(), label)
            for part in parts
            for image, label in zip(part.rgb, part.labels.tolist(), strict=True)
        ]

    official, train = fingerprints(batches), fingerprints([cifar10.train])
    assert sorted(train + fingerprints([cifar10.validation])) == sorted(official)
    rest = iter(official)
    assert all(image in rest for image in train)  # in the order of the files


def test_split_is_the_same_every_time(cifar10):
    """The recorded runs were trained and chosen on this split and no other."""
    digest = hashlib.sha256(cifar10.validation.rgb.tobytes()).hexdigest()
    assert digest.startswith("0440e94a8a074b21")


def test_classes(cifar10):
    """The first test images, as everybody knows them."""
    names = [data.CLASSES[label] for label in cifar10.test.labels[:4]]
    assert names == ["cat", "ship", "ship", "airplane"]


def test_gray_of_the_whole_array_is_that_of_each_image(cifar10):
    images = cifar10.test.rgb
    one_by_one = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images])
    gray = to_gray(images)
    assert gray.dtype == np.uint8
    np.testing.assert_array_equal(gray[..., 0], one_by_one)


# Gray and normalisation


def test_gray_is_one_call(monkeypatch):
    calls = []
    convert = cv2.cvtColor
    monkeypatch.setattr(cv2, "cvtColor", lambda *a: calls.append(1) or convert(*a))
    to_gray(RNG.integers(0, 256, (50, 32, 32, 3), dtype=np.uint8))
    assert len(calls) == 1


def test_gray_of_odd_shapes():
    images = RNG.integers(0, 256, (4, 6, 5, 7, 3), dtype=np.uint8)
    gray = to_gray(images[::2, :, ::-1])  # not contiguous
    assert gray.shape == (2, 6, 5, 7, 1)
    expected = cv2.cvtColor(np.ascontiguousarray(images[2, 3, ::-1]), cv2.COLOR_RGB2GRAY)
    np.testing.assert_array_equal(gray[1, 3, :, :, 0], expected)


def test_normalize_and_back():
    levels = np.arange(256, dtype=np.uint8)
    values = normalize(levels)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, levels.astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(to_uint8(values), levels)
    np.testing.assert_array_equal(to_uint8(np.array([-0.1, 0.0019, 0.002, 1.1])), [0, 0, 1, 255])


@pytest.mark.parametrize(
    "call",
    [
        lambda: to_gray(np.zeros((2, 2, 3))),
        lambda: to_gray(np.zeros((2, 2), np.uint8)),
        lambda: to_gray(np.zeros((2, 2, 4), np.uint8)),
        lambda: to_gray(np.zeros((0, 2, 2, 3), np.uint8)),
        lambda: normalize(np.zeros(3)),
        lambda: to_uint8(np.array([0.5, np.nan])),
        lambda: to_uint8(np.zeros(3, np.uint8)),
        lambda: Images(np.zeros((2, 2, 2, 3), np.uint8), np.zeros(3, np.uint8)),
        lambda: Images(np.zeros((2, 2, 2, 3), np.uint8), np.zeros(2)),
        lambda: Images(np.zeros((2, 2, 3), np.uint8), np.zeros(2, np.uint8)),
    ],
)
def test_bad_arrays(call):
    with pytest.raises(InputError, match=r"^[A-Z].*\.$"):
        call()


def test_images_are_sliced_and_chosen():
    images = Images(
        RNG.integers(0, 256, (5, 4, 4, 3), dtype=np.uint8), np.arange(5, dtype=np.uint8)
    )
    assert len(images[:2]) == 2
    assert len(images[:0]) == 0
    np.testing.assert_array_equal(images[np.array([4, 0])].labels, [4, 0])


# A CIFAR-10 of ten images a batch, for what can go wrong


class Counterfeit:
    def __reduce__(self):
        return os.mkdir, ("broken-in",)


def batch(content=None):
    labels = list(range(10))
    pixels = RNG.integers(0, 256, (10, 3072), dtype=np.uint8)
    # named as NumPy 1 wrote it, as in the official files
    text = pickle.dumps(content or {"labels": labels, "data": pixels}, protocol=3)
    return text.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def sentence(error):
    """The message, which must be one sentence."""
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


@pytest.fixture
def batches(monkeypatch):
    """Name to content of six small batches, which pass for official."""
    contents = {name: batch() for name in data.MD5}
    sums = {name: hashlib.md5(text).hexdigest() for name, text in contents.items()}
    monkeypatch.setattr(data, "MD5", sums)
    monkeypatch.setattr(data, "VALIDATION_PER_CLASS", 1)
    monkeypatch.delenv("CIFAR10_DIR", raising=False)
    return contents


@pytest.fixture
def folder(batches, tmp_path):
    """A folder of those batches."""
    folder = tmp_path / "images" / data.FOLDER
    folder.mkdir(parents=True)
    for name, text in batches.items():
        (folder / name).write_bytes(text)
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the user's."""
    monkeypatch.setattr(data.platformdirs, "user_cache_path", lambda _: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def archive(batches, cache, tmp_path, monkeypatch):
    """The archive of those batches, at an address of its own, which passes for official."""
    path = tmp_path / "archive.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, text in batches.items():
            member = tarfile.TarInfo(f"{data.FOLDER}/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    monkeypatch.setattr(data, "URL", path.as_uri())
    monkeypatch.setattr(data, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def nothing_is_left(cache):
    return not cache.exists() or not list(cache.iterdir())


@pytest.mark.parametrize("by", ["argument", "parent", "environment"])
def test_where_batches_are_looked_for(folder, monkeypatch, by):
    if by == "environment":
        monkeypatch.setenv("CIFAR10_DIR", str(folder))
    images = load_cifar10({"argument": folder, "parent": folder.parent, "environment": None}[by])
    assert [len(part) for part in (images.train, images.validation, images.test)] == [40, 10, 10]


def test_pixels_are_read_plane_by_plane(folder, batches):
    stored = pickle.loads(batches["test_batch"])["data"][3]
    expected = np.stack(np.split(stored, 3), axis=-1).reshape(32, 32, 3)
    np.testing.assert_array_equal(load_cifar10(folder).test.rgb[3], expected)


def test_download(archive, cache):
    load_cifar10()
    assert [path.name for path in cache.iterdir()] == [data.FOLDER]
    archive.unlink()
    load_cifar10()  # from the cache


def test_no_network(batches, cache, monkeypatch):
    monkeypatch.setattr(data, "URL", "http://127.0.0.1:9/cifar.tar.gz")
    with pytest.raises(InputError) as error:
        load_cifar10()
    assert data.URL in sentence(error)
    assert "CIFAR10_DIR" in sentence(error)
    assert nothing_is_left(cache)


def test_truncated_archive(archive, cache):
    archive.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(InputError) as error:
        load_cifar10()
    assert data.URL in sentence(error)
    assert nothing_is_left(cache)


@pytest.fixture
def serve():
    """Start a server that answers every request with the bytes given, and hangs up."""
    sockets = []

    def start(reply):
        server = socket.create_server(("127.0.0.1", 0))
        sockets.append(server)

        def answer():
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(reply)

        threading.Thread(target=answer, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/cifar.tar.gz"

    yield start
    for server in sockets:
        server.close()
    gc.collect()  # here, where the warning of urllib's forgotten socket is expected


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # urllib forgets the socket of no protocol
@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "Not Found"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nabc", "Incomplete"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nabc", "SHA-256"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<sign-in>", "SHA-256"),
        (b"no\r\nprotocol\r\n\r\n", "cannot be downloaded"),
        (b"", "closed"),
    ],
)
def test_bad_server(batches, cache, monkeypatch, serve, reply, says):
    monkeypatch.setattr(data, "URL", serve(reply))
    with pytest.raises(InputError, match=says) as error:
        load_cifar10()
    assert data.URL in sentence(error)
    assert "CIFAR10_DIR" in sentence(error)
    assert nothing_is_left(cache)


def test_another_archive(archive, cache, monkeypatch):
    """Whole and readable, but not the official one."""
    monkeypatch.setattr(data, "SHA256", "0" * 64)
    with pytest.raises(InputError, match="SHA-256") as error:
        load_cifar10()
    assert data.URL in sentence(error)
    assert nothing_is_left(cache)


def test_only_the_batches_are_extracted(batches, archive, cache, monkeypatch):
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in (*batches.items(), ("../../outside", b"x"), ("readme.html", b"x")):
            member = tarfile.TarInfo(f"{data.FOLDER}/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    monkeypatch.setattr(data, "SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
    load_cifar10()
    assert {path.name for path in (cache / data.FOLDER).iterdir()} == set(data.MD5)
    assert not list(cache.parent.rglob("outside"))


def test_two_processes_download_at_once(archive, cache, monkeypatch):
    """The slower of the two takes what the faster has put there."""
    extract = data._extract

    def overtaken(archive, folder):
        extract(archive, folder)
        extract(archive, cache / data.FOLDER)

    monkeypatch.setattr(data, "_extract", overtaken)
    assert len(load_cifar10().test) == 10
    assert [path.name for path in cache.iterdir()] == [data.FOLDER]


def test_cache_that_cannot_be_made(batches, cache):
    cache.write_text("a file")
    with pytest.raises(InputError) as error:
        load_cifar10()
    assert str(cache) in sentence(error)
    assert "CIFAR10_DIR" in sentence(error)
    assert cache.read_text() == "a file"


def test_too_little_disk_space_is_seen_before_the_download(archive, cache, monkeypatch):
    monkeypatch.setattr(data, "DISK_SPACE", 2**62)
    monkeypatch.setattr(data, "_download", lambda _: pytest.fail("downloaded"))
    with pytest.raises(InputError, match="free") as error:
        load_cifar10()
    assert str(cache) in sentence(error)
    assert nothing_is_left(cache)


def test_no_disk_space(archive, cache, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(data.shutil, "copyfileobj", full)
    with pytest.raises(InputError) as error:
        load_cifar10()
    assert str(cache) in sentence(error)
    assert "free" in sentence(error)
    assert nothing_is_left(cache)


def test_interrupted_download_leaves_nothing(archive, cache, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "_extract", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load_cifar10()
    assert nothing_is_left(cache)


def test_missing_batch(folder):
    (folder / "data_batch_3").unlink()
    with pytest.raises(InputError, match="missing") as error:
        load_cifar10(folder)
    assert str(folder / "data_batch_3") in sentence(error)


def test_wrong_md5(folder):
    text = bytearray((folder / "data_batch_2").read_bytes())
    text[-100] ^= 1
    (folder / "data_batch_2").write_bytes(text)
    with pytest.raises(InputError, match="MD5") as error:
        load_cifar10(folder)
    assert str(folder / "data_batch_2") in sentence(error)


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_text("x")])
def test_not_a_folder_of_batches(batches, tmp_path, make):
    make(tmp_path / "other")
    with pytest.raises(InputError, match="holds no CIFAR-10 batches") as error:
        load_cifar10(tmp_path / "other")
    assert str(tmp_path / "other") in sentence(error)


def test_folder_that_may_not_be_read(folder, monkeypatch):
    def denied(self, **_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "exists", denied)
    with pytest.raises(InputError, match="Permission denied") as error:
        load_cifar10(folder)
    assert str(folder) in sentence(error)


def test_batch_that_may_not_be_read(folder, monkeypatch):
    def denied(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(InputError, match="Permission denied") as error:
        load_cifar10(folder)
    assert str(folder / "test_batch") in sentence(error)


def test_batch_that_is_a_folder(folder):
    (folder / "test_batch").unlink()
    (folder / "test_batch").mkdir()
    with pytest.raises(InputError, match="cannot be read") as error:
        load_cifar10(folder)
    assert str(folder / "test_batch") in sentence(error)


def test_nothing_is_unpickled_before_its_md5_is_right(folder, monkeypatch):
    (folder / "data_batch_1").write_bytes(batch(Counterfeit()))
    monkeypatch.setattr(data, "_BatchUnpickler", lambda *_, **__: pytest.fail("unpickled"))
    with pytest.raises(InputError, match="MD5"):
        data._read_batch(folder / "data_batch_1")


def test_unpickler_admits_only_what_a_batch_holds(folder, tmp_path, monkeypatch):
    """Not even a file with the right MD5 can run code."""
    monkeypatch.chdir(tmp_path)
    text = batch(Counterfeit())
    (folder / "data_batch_1").write_bytes(text)
    monkeypatch.setitem(data.MD5, "data_batch_1", hashlib.md5(text).hexdigest())
    with pytest.raises(InputError, match="mkdir") as error:
        load_cifar10(folder)
    assert str(folder / "data_batch_1") in sentence(error)
    assert not (tmp_path / "broken-in").exists()
