import io
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms
from skimage import data

from colorizer import color, photo
from colorizer.color import GRAY_WEIGHTS
from colorizer.data import to_gray
from colorizer.errors import InputError
from colorizer.photo import Photo

MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "TIFF": ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
}
UPRIGHT = {  # EXIF orientation to what puts the stored pixels upright
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}
RNG = np.random.default_rng(0)


def vivid(gray):
    """Colours of every hue, many of them outside the gamut of their place."""
    return np.concatenate([1 - gray, gray**2, np.roll(gray, 5, axis=2)], axis=-1)


def constant(colour):
    return lambda gray: np.broadcast_to(np.float32(colour), (*gray.shape[:3], 3))


def noise(width, height, mode, seed):
    """An image of any mode, smooth in part and noisy in part."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (2, 2, 3), dtype=np.uint8)
    rgb = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    rgb = np.where(random.random((height, width, 1)) < 0.2, 255 - rgb, rgb).astype(np.uint8)
    if mode == "I;16":
        return Image.fromarray(rgb[..., 0].astype(np.uint16) * 257)
    image = Image.fromarray(rgb)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.fromarray(random.integers(0, 256, (height, width), dtype=np.uint8)))
    return image.convert(mode)


def stored(image, format="PNG", orientation=None, **options):
    buffer = io.BytesIO()
    exif = Image.Exif()
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
        exif[ExifTags.Base.Make] = "a camera"
        options["exif"] = exif
    if format == "WEBP":
        options["lossless"] = True
    image.save(buffer, format, **options)
    return buffer.getvalue()


@settings(deadline=None, max_examples=150, derandomize=True, database=None)
@given(
    st.integers(1, 400),
    st.integers(1, 300),
    st.sampled_from([(f, mode) for f, modes in MODES.items() for mode in modes]),
    st.integers(1, 8),
    st.integers(0, 2**32 - 1),
    st.floats(0, 5),
    st.booleans(),
)
def test_any_photograph_keeps_its_size_gray_and_alpha(
    width, height, kind, orientation, seed, saturation, any_size
):
    format, mode = kind
    image = noise(width, height, mode, seed)
    original = photo.read(stored(image, format, orientation))
    coloured = photo.colorize(original, vivid, saturation, any_size)
    turned = orientation >= 5
    assert coloured.rgb.shape == ((width, height, 3) if turned else (height, width, 3))
    difference = coloured.gray.astype(int) - original.gray
    assert np.abs(difference).max() <= 1
    if "A" in mode:
        alpha = UPRIGHT[orientation](np.asarray(image.getchannel("A")))
        np.testing.assert_array_equal(coloured.alpha, alpha)
    again = photo.read(photo.encoded(coloured))
    assert again.format == coloured.format == format
    assert again.rgb.shape == coloured.rgb.shape  # not turned twice
    if format == "JPEG":
        assert np.abs(again.gray.astype(int) - original.gray).mean() < 4
    else:
        np.testing.assert_array_equal(again.rgb, coloured.rgb)
        np.testing.assert_array_equal(again.alpha, coloured.alpha)


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_orientation_is_honoured_and_the_rest_of_exif_kept(orientation):
    image = noise(7, 5, "RGB", 1)
    read = photo.read(stored(image, "PNG", orientation))
    np.testing.assert_array_equal(read.rgb, UPRIGHT[orientation](np.asarray(image)))
    kept = Image.open(io.BytesIO(photo.encoded(read))).getexif()
    assert kept[ExifTags.Base.Make] == "a camera"
    assert kept.get(ExifTags.Base.Orientation, 1) == 1


@pytest.mark.parametrize(
    ("mode", "level"),
    [("1", 255), ("L", 77), ("P", 51), ("RGB", 77), ("I;16", 77), ("CMYK", 77)],
)
def test_a_gray_level_is_read_alike_in_every_mode(mode, level):
    if mode == "I;16":
        image = Image.fromarray(np.full((4, 4), 257 * level, np.uint16))
    else:
        image = Image.new("L", (4, 4), level).convert("RGB").convert(mode)
    read = photo.read(stored(image, "TIFF" if mode == "CMYK" else "PNG"))
    assert np.all(read.rgb == level)
    assert np.all(read.gray == level)


def gray_profile():
    """The smallest colour profile of linear gray (ICC.1:2001-04)."""
    d50 = struct.pack(">3i", 63190, 65536, 54061)
    tags = {b"wtpt": b"XYZ \0\0\0\0" + d50, b"kTRC": b"curv\0\0\0\0" + struct.pack(">I", 0)}
    head = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, head + len(body), len(content))
        body += content
    header = bytearray(128)
    struct.pack_into(
        ">I4sI4s4s4s", header, 0, head + len(body), b"", 0x02100000, b"mntr", b"GRAY", b"XYZ "
    )
    header[36:40], header[68:80] = b"acsp", d50
    return bytes(header) + table + body


def test_profiles():
    rgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = noise(40, 30, "RGB", 0)
    coloured = photo.colorize(photo.read(stored(image, "JPEG", icc_profile=rgb)), vivid)
    assert Image.open(io.BytesIO(photo.encoded(coloured))).info["icc_profile"] == rgb
    damaged = photo.read(stored(image, icc_profile=b"no profile"))
    assert damaged.icc is None
    np.testing.assert_array_equal(damaged.rgb, np.asarray(image))

    linear = photo.read(stored(Image.new("L", (2, 2), 128), icc_profile=gray_profile()))
    srgb = 1.055 * (128 / 255) ** (1 / 2.4) - 0.055  # IEC 61966-2-1
    assert linear.icc is None
    assert np.abs(linear.rgb - 255 * srgb).max() <= 1


def test_of_frames_the_first_is_taken_and_said():
    frames = [noise(20, 10, "RGB", seed) for seed in range(3)]
    for format in ("GIF", "PNG", "WEBP", "TIFF"):
        content = stored(frames[0], format, save_all=True, append_images=frames[1:])
        read = photo.read(content, "a cat")
        assert read.note == "a cat has 3 frames; the first was taken."
        if format != "GIF":
            np.testing.assert_array_equal(read.rgb, np.asarray(frames[0]))
        assert read.format == ("PNG" if format == "GIF" else format)
    camera = stored(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert photo.read(camera).note == ""
    assert photo.read(camera).format == "JPEG"


def test_the_chroma_is_the_models():
    gray = Photo(np.full((50, 90, 3), 128, np.uint8))
    colour = np.array([0.55, 0.5, 0.4])
    chroma = colour - colour @ GRAY_WEIGHTS
    for saturation in (0, 1, 2):
        expected = np.rint(128 + 255 * saturation * chroma)
        rgb = photo.colorize(gray, constant(colour), saturation).rgb
        assert np.abs(rgb - expected).max() <= 1

    rgb = cv2.resize(np.asarray(noise(32, 32, "RGB", 3)), (32, 32))
    told = photo.colorize(Photo(rgb), lambda _: rgb[None] / np.float32(255))
    assert np.abs(told.rgb.astype(int) - rgb).max() <= 1


def test_outside_the_gamut_the_hue_stays():
    levels = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
    colour = np.array([0.9, 0.2, 0.1])
    chroma = (colour - colour @ GRAY_WEIGHTS)[[0, 2]]
    y = levels[..., 0] / np.float32(255)
    rgb = photo.paint(
        levels[..., 0], np.full((32, 32), 0.5, np.float32), np.full((32, 32, 2), chroma, np.float32)
    )
    difference = (rgb - 255 * y[..., None])[:, 0]
    strength = difference[:, 0]
    assert strength.min() >= 0
    assert strength[0] == strength[-1] == 0
    assert strength.max() == pytest.approx(255 * chroma[0], abs=1)
    np.testing.assert_allclose(difference[:, 2], strength * chroma[1] / chroma[0], atol=1.5)


def test_bringing_up_is_a_bicubic_enlargement_where_nothing_guides():
    chroma = RNG.uniform(-0.1, 0.1, (32, 43, 2)).astype(np.float32)
    flat = np.full((32, 43), 0.5, np.float32)
    gray = np.full((240, 320), 128, np.uint8)
    rgb = photo.paint(gray, flat, chroma)
    expected = 128 + 255 * cv2.resize(chroma, (320, 240), interpolation=cv2.INTER_CUBIC)
    assert np.abs(rgb[..., [0, 2]] - expected).max() <= 1


def test_slopes_are_those_of_a_guided_filter():
    small = RNG.random((32, 40), np.float32)
    chroma = RNG.uniform(-0.5, 0.5, (32, 40, 2)).astype(np.float32)

    def slope(i, j):
        y = small[i - 1 : i + 2, j - 1 : j + 2].ravel()
        c = chroma[i - 1 : i + 2, j - 1 : j + 2].reshape(-1, 2)
        return ((y - y.mean()) @ (c - c.mean(0)) / 9) / (y.var() + photo.EPSILON)

    near = [slope(10 + i, 20 + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    np.testing.assert_allclose(photo._slopes(small, chroma)[10, 20], np.mean(near, 0), atol=1e-5)


def test_guidance_brings_true_chroma_up_better_than_enlargement_alone():
    guided, alone = [], []
    for rgb in (data.astronaut(), data.chelsea(), data.coffee(), data.rocket()):
        true = rgb.astype(np.float32)[..., [0, 2]] - to_gray(rgb)
        gray = to_gray(rgb)[..., 0]
        small = photo.thumbnail(gray)
        chroma = cv2.resize(true, small.shape[::-1], interpolation=cv2.INTER_AREA)
        brought_up = photo.paint(gray, small, chroma / 255).astype(np.float32)[..., [0, 2]]
        flat = np.full_like(small, 0.5)  # a guide without detail
        plain = photo.paint(gray, flat, chroma / 255).astype(np.float32)[..., [0, 2]]
        guided.append(np.sqrt(np.mean((brought_up - gray[..., None] - true) ** 2)))
        alone.append(np.sqrt(np.mean((plain - gray[..., None] - true) ** 2)))
    assert all(g < a for g, a in zip(guided, alone, strict=True))
    assert np.mean(guided) < 0.95 * np.mean(alone)


@pytest.mark.parametrize("shape", [(32, 32), (32, 33), (32, 64), (47, 32), (32, 512)])
def test_windows_agree_on_what_does_not_depend_on_their_place(shape):
    small = RNG.random(shape, np.float32)
    whole = vivid_everywhere(small[None, ..., None])[0]
    expected = (whole - whole @ GRAY_WEIGHTS[:, None])[..., [0, 2]]
    rgb = photo.small_rgb(small, vivid_everywhere)
    np.testing.assert_allclose(rgb, whole, atol=1e-5)
    np.testing.assert_allclose(color.chroma(rgb), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(32, 32), (47, 64), (64, 83)])
def test_one_pass_where_the_model_takes_any_size(shape):
    small = RNG.random(shape, np.float32)
    seen = []

    def predict(gray):
        seen.append(gray)
        return vivid_everywhere(gray)

    rgb = photo.small_rgb(small, predict, any_size=True)
    np.testing.assert_array_equal(rgb, vivid_everywhere(small[..., None]))
    (filled,) = seen
    assert all(n % 8 == 0 for n in filled.shape[1:3])
    assert np.all(filled[0, shape[0] :, : shape[1], 0] == small[-1])


def test_the_small_photograph_of_a_model_of_any_size():
    for shape, expected in (
        ((32, 32), (32, 32)),  # an image of CIFAR-10 is what it is
        ((1, 1), (32, 32)),
        ((40, 60), (40, 60)),
        ((600, 400), (round(1.5 * photo.WORKING), photo.WORKING)),
        ((100, 90_000), (photo.WORKING, 16 * photo.WORKING)),
    ):
        assert photo.thumbnail(np.zeros(shape, np.uint8), any_size=True).shape == expected


def vivid_everywhere(gray):
    return np.concatenate([1 - gray, gray**2, gray], axis=-1)


def chunk(name, content):
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def png_of(width, height):
    """A header that promises so many pixels, and nearly nothing after it."""
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )


def hostile():
    """File names and contents that no photograph has."""
    good = {f: stored(noise(90, 60, "RGB", 5), f) for f in (*photo.READABLE,)}
    for format, content in good.items():
        yield f"half.{format.lower()}", content[: len(content) // 2]
        yield f"head.{format.lower()}", content[:20]
    yield "empty.png", b""
    yield "letter.jpg", b"a"
    yield "text.png", b"This is not an image.\n" * 50
    yield "page.jpg", b"<html><script>alert(1)</script></html>"
    yield "drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    yield "archive.webp", b"PK\x03\x04" + bytes(200)
    yield "paper.tif", b"%PDF-1.7\n" + bytes(200)
    yield "phone.jpg", b"\0\0\0\x18ftypheic" + bytes(200)
    yield "nothing-wide.png", png_of(0, 10)
    yield "nothing-high.png", png_of(10, 0)
    yield "just-over.png", png_of(10_001, 10_000)
    yield "bomb.png", png_of(60_000, 60_000)
    yield "promise.png", png_of(3_000, 3_000)
    yield "noise.jpg", np.random.default_rng(1).bytes(5_000)
    yield "noise-after-head.jpg", good["JPEG"][:300] + np.random.default_rng(2).bytes(5_000)
    yield "damaged.png", good["PNG"][:60] + bytes(40) + good["PNG"][100:]
    yield (
        "circle.tif",
        b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 256, 4, 1, 0) + struct.pack("<I", 8),
    )
    yield "float.tif", stored(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF")
    yield "two\nlines\x1b[31m.png", b"red"


def test_hostile_files_are_one_sentence_each(tmp_path):
    files = dict(hostile())
    assert len(files) >= 30
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.png").mkdir()
    for path in [*tmp_path.iterdir(), tmp_path / "absent.png"]:
        with pytest.raises(InputError) as error:
            photo.read(path)
        sentence = str(error.value)
        assert sentence.isprintable()
        assert sentence.endswith(".")
        assert path.name.split("\n")[0] in sentence
    for name in ("just-over.png", "bomb.png"):
        with pytest.raises(InputError, match="over 100 million pixels"):
            photo.read(files[name], name)


def test_write_is_whole_or_not_at_all(tmp_path, monkeypatch):
    first = Photo(np.asarray(noise(20, 10, "RGB", 1)))
    second = Photo(np.asarray(noise(20, 10, "RGB", 2)))
    path = tmp_path / "new" / "cat.png"
    photo.write(first, path)
    with pytest.raises(InputError, match="is there already; it is kept"):
        photo.write(second, path)
    np.testing.assert_array_equal(photo.read(path).rgb, first.rgb)
    photo.write(second, path, overwrite=True)
    np.testing.assert_array_equal(photo.read(path).rgb, second.rgb)
    with pytest.raises(InputError, match="cannot be written"):
        photo.write(first, path / "inside.png")
    assert [p.name for p in path.parent.iterdir()] == ["cat.png"]


TWELVE_MEGAPIXELS = """
import sys, time
from colorizer import photo, records, runs
from colorizer.provenance import peak_memory
predict = photo.predictor(runs.load_model(records.load("plain")))
started = time.monotonic()
original = photo.read(sys.argv[1])
content = photo.encoded(photo.colorize(original, predict))
print(original.rgb.shape[1], time.monotonic() - started, peak_memory())
"""


@pytest.mark.timed
def test_twelve_megapixels_in_time_and_memory(tmp_path):
    path = tmp_path / "large.jpg"
    cv2.imwrite(str(path), cv2.resize(data.coffee(), (4000, 3000), interpolation=cv2.INTER_CUBIC))
    process = subprocess.run(
        [sys.executable, "-c", TWELVE_MEGAPIXELS, path], capture_output=True, text=True, check=True
    )
    width, seconds, peak = map(float, process.stdout.split())
    assert width == 4000
    assert peak < 1.5e9
    assert seconds < 2 * 3  # 3 s on two quiet cores of this year; older ones are slower
