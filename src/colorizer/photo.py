"""Any photograph in, the same photograph coloured: its own size, and its own light.

A model of the course has seen photographs of 32x32 pixels. So the photograph is made small, the
model colours that, and of its answer only the chroma is kept, what a colour is beyond its gray:
(R - Y, B - Y). It is brought up to the photograph's size, guided by the photograph's own luminance
Y, and added to it. As the gray map is linear and chroma's gray is zero, the photograph's gray stays
what it was.
"""

import dataclasses
import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps

from colorizer.backend import keras
from colorizer.baselines import Predictor
from colorizer.color import chroma, in_gamut
from colorizer.data import normalize, to_gray
from colorizer.errors import InputError
from colorizer.files import replacing
from colorizer.models import IMAGE_SIZE, UNET_FILTERS

MAX_PIXELS = 100_000_000
READABLE = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I", "I;16", "I;16B", "I;16L")
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif"}  # that are written
ENCODING = {  # as little loss as the format allows; PNG's default level takes three times as long
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {"compress_level": 3},
    "WEBP": {"lossless": True, "exact": True, "method": 1},  # exact: under alpha 0 too
    "TIFF": {"compression": "tiff_deflate"},
}
WORKING = 48  # shorter side of a small photograph for a model of any size; measured in Part V
LONGEST = 16  # longer side of a small photograph in shorter ones; what is longer is squeezed
STEP = IMAGE_SIZE // 2  # at most, from one window to the next
MULTIPLE = 2 ** (len(UNET_FILTERS) - 1)  # of height and width, which a U-Net halves so often
RADIUS, EPSILON = 1, 0.003  # of the guided filter; chosen on the photographs of scikit-image
STRIP = 1 << 19  # pixels painted at once, for the memory


@dataclasses.dataclass(frozen=True)
class Photo:
    """A photograph, upright.

    Attributes:
        rgb: (h, w, 3), uint8. A gray photograph has three equal channels.
        alpha: (h, w), uint8, the opacity; None where all is opaque.
        format: of the file that it came from and will be written as, a key of `SUFFIXES`.
        exif: what the camera noted, less the orientation, which the pixels have taken.
        icc: the colour profile that `rgb` is meant in; None means sRGB.
        note: a sentence on what was left out, or nothing.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None = None
    format: str = "PNG"
    exif: bytes | None = None
    icc: bytes | None = None
    note: str = ""

    @property
    def gray(self) -> np.ndarray:
        """The luminance Y, (h, w), uint8, as OpenCV rounds it."""
        return to_gray(self.rgb)[..., 0]


def read(file: str | Path | bytes, name: str | None = None) -> Photo:
    """Read a photograph: JPEG, PNG, WebP, TIFF, GIF or BMP, of any mode.

    Sixteen bits become eight. A palette, one bit, CMYK and the profile of anything but RGB become
    sRGB. What is turned by its EXIF orientation is turned. Of several frames the first is taken.

    Args:
        file: its path, or its content.
        name: what to call it in a sentence; default: the path.

    Raises:
        InputError: it cannot be read, is not an image, is cut short or damaged, or has over 100
            million pixels.
    """
    name = _printable(name or ("the image" if isinstance(file, bytes) else str(file)))
    try:
        content = file if isinstance(file, bytes) else Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror}).") from error
    if not content:
        raise InputError(f"{name} is empty.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, and of sizes below our limit
            return _decoded(content, name)
    except InputError:
        raise
    except Image.DecompressionBombError:  # Pillow's own limit, about twice ours
        raise InputError(_too_large(name)) from None
    except Exception as error:  # decoders of damaged files raise whatever they stumble over
        Image.init()  # else not all kinds are known
        if any(Image.OPEN[kind][1](content[:16]) is True for kind in READABLE):
            raise InputError(f"{name} is cut short or damaged.") from error
        raise InputError(
            f"{name} is not an image that can be read; JPEG, PNG, WebP, TIFF, GIF and BMP can."
        ) from None


def write(photo: Photo, path: Path, overwrite: bool = False) -> None:
    """Write a photograph in its format, whole or not at all.

    PNG, WebP and TIFF hold every pixel exactly; JPEG, at quality 95, about.

    Args:
        photo: what to write.
        path: the file; its folder is made where it is missing.
        overwrite: whether a file that is there may be replaced.

    Raises:
        InputError: the file is there and `overwrite` is not set, or it cannot be written.
    """
    if path.exists() and not overwrite:
        raise InputError(f"{_printable(path)} is there already; it is kept.")
    with replacing(path) as temporary:
        temporary.write_bytes(encoded(photo))


def encoded(photo: Photo) -> bytes:
    """The content of the photograph's file, in its format."""
    image = Image.fromarray(photo.rgb)
    if photo.alpha is not None:
        image.putalpha(Image.fromarray(photo.alpha))
    kept = {"exif": photo.exif, "icc_profile": photo.icc}
    buffer = io.BytesIO()
    image.save(
        buffer,
        photo.format,
        **{key: value for key, value in kept.items() if value},
        **ENCODING[photo.format],
    )
    return buffer.getvalue()


def predictor(model: keras.Model) -> Predictor:
    """A model as a function of arrays, quick for a few images at a time.

    `model.predict` prepares for many: it compiles itself again for each number of images.
    """
    return lambda gray: keras.ops.convert_to_numpy(model(gray, training=False))


def takes_any_size(model: keras.Model) -> bool:
    """Whether a model is fully convolutional, and not bound to 32x32 pixels."""
    return model.input_shape[1] is None


def colorize(
    photo: Photo, predict: Predictor, saturation: float = 1.0, any_size: bool = False
) -> Photo:
    """The photograph with a model's chroma and its own gray, size, opacity and metadata.

    Args:
        photo: the photograph; of its colours only the gray is used.
        predict: maps gray (n, 32, 32, 1) to RGB (n, 32, 32, 3), both in [0, 1].
        saturation: factor of the chroma; 0 gives the gray photograph.
        any_size: whether `predict` takes height and width of any multiples of 8.

    Returns:
        A photograph whose gray is that of `photo` to within one level of 255 in every pixel.
    """
    gray = photo.gray
    small = thumbnail(gray, any_size)
    rgb = paint(gray, small, chroma(small_rgb(small, predict, any_size)), saturation)
    return dataclasses.replace(photo, rgb=rgb)


def thumbnail(gray: np.ndarray, any_size: bool = False) -> np.ndarray:
    """The photograph as small as a model wants it.

    Its shorter side is 32 pixels; for a model of any size as many as it has, from 32 to 48.

    Args:
        gray: (h, w), uint8.
        any_size: whether the model takes any size.

    Returns:
        (s, m) or (m, s), s the shorter side, m at least s, float32 in [0, 1].
    """
    shorter = min(gray.shape)
    side = min(max(shorter, IMAGE_SIZE), WORKING) if any_size else IMAGE_SIZE
    size = [min(max(round(n * side / shorter), side), LONGEST * side) for n in gray.shape]
    return _up_or_down(normalize(gray), *size)


def small_rgb(small: np.ndarray, predict: Predictor, any_size: bool = False) -> np.ndarray:
    """The model's answer to a small photograph: in one pass, or from square windows that overlap.

    One pass where the model takes any size; height and width are filled up to a multiple of 8 with
    copies of the last row and column. Where windows overlap, their answers are averaged, each with
    a weight that falls from its middle to its rim, so that no seam shows.

    Args:
        small: (h, w), in [0, 1]; for windows, the shorter side is 32.
        predict: maps gray (n, 32, 32, 1) to RGB (n, 32, 32, 3), both in [0, 1].
        any_size: whether `predict` takes height and width of any multiples of 8.

    Returns:
        RGB (h, w, 3), float32.
    """
    if any_size:
        height, width = small.shape
        filled = np.pad(small, ((0, -height % MULTIPLE), (0, -width % MULTIPLE)), mode="edge")
        return np.asarray(predict(filled[None, ..., None])[0, :height, :width], np.float32)
    if small.shape[0] > small.shape[1]:
        return small_rgb(small.T, lambda g: _transposed(predict(_transposed(g)))).swapaxes(0, 1)
    free = small.shape[1] - IMAGE_SIZE
    starts = np.linspace(0, free, 1 + -(-free // STEP)).round().astype(int)
    answers = predict(np.stack([small[:, s : s + IMAGE_SIZE] for s in starts])[..., None])
    weight = 1 - np.abs(np.linspace(-1, 1, IMAGE_SIZE + 2, dtype=np.float32)[1:-1])
    total = np.zeros((*small.shape, 3), np.float32)
    weights = np.zeros((small.shape[1], 1), np.float32)
    for s, rgb in zip(starts, answers, strict=True):
        total[:, s : s + IMAGE_SIZE] += weight[:, None] * rgb
        weights[s : s + IMAGE_SIZE] += weight[:, None]
    return total / weights


def paint(
    gray: np.ndarray, small: np.ndarray, small_chroma: np.ndarray, saturation: float = 1.0
) -> np.ndarray:
    r"""Bring the chroma up to the photograph's size, and add it to the photograph's own gray.

    With ↑ for bicubic enlargement, chroma is ↑c + ↑a (Y - ↑y): what the small photograph y shows,
    and of what it does not show, the luminance's detail Y - ↑y, as much as chroma follows luminance
    around that place. a is the slope of a guided filter, cov(y, c) / (var(y) + ε) over 3x3 pixels
    of the small photograph, averaged over 3x3. Where the sum would leave the gamut it is shortened
    to end on its border: the hue and the gray stay.

    Args:
        gray: (h, w), uint8, the photograph.
        small: (m, n), in [0, 1], the same made small.
        small_chroma: (m, n, 2), R - Y and B - Y of the small photograph.
        saturation: factor of the chroma.

    Returns:
        RGB (h, w, 3), uint8; its gray is `gray` to within one level.

    Source: He, Sun & Tang 2010 (guided filter); He & Sun 2015 (its slopes from a small image).
    """
    plane = np.dstack((small, small_chroma, _slopes(small, small_chroma)))  # y, c, a: (m, n, 5)
    height, width = gray.shape
    up, across = _enlargement(height, small.shape[0]), _enlargement(width, small.shape[1])
    plane = np.tensordot(plane, across, (1, 1)).transpose(0, 2, 1)  # (m, w, 5)
    rgb = np.empty((height, width, 3), np.uint8)
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        strip = slice(top, top + rows)
        brought_up = np.tensordot(up[strip], np.ascontiguousarray(plane.transpose(2, 0, 1)), (1, 1))
        small_y, red, blue, red_slope, blue_slope = brought_up.swapaxes(0, 1)
        y = normalize(gray[strip])
        detail = y - small_y
        red = saturation * (red + red_slope * detail)
        blue = saturation * (blue + blue_slope * detail)
        for channel, level in enumerate(in_gamut(y, red, blue)):
            level *= 255
            rgb[strip, :, channel] = np.rint(level, out=level)
    return rgb


def _slopes(small, chroma):
    """By how much chroma rises with luminance, around each pixel: (m, n, 2)."""

    def mean(x):
        return cv2.blur(x, (2 * RADIUS + 1,) * 2, borderType=cv2.BORDER_REPLICATE)

    y, c = small[..., None], chroma
    variance = mean(small**2) - mean(small) ** 2
    covariance = mean(y * c) - mean(small)[..., None] * mean(c)
    return mean(covariance / (variance + EPSILON)[..., None])


def _enlargement(size, small):
    """The matrix (size, small) that resizes a column of `small` pixels to `size`."""
    return _up_or_down(np.eye(small, dtype=np.float32), size, small)


def _up_or_down(image, height, width):
    """Each axis by itself: bicubic where it grows, the mean of the area where it shrinks."""
    for axis, size in ((0, height), (1, width)):
        if image.shape[axis] != size:
            way = cv2.INTER_AREA if image.shape[axis] > size else cv2.INTER_CUBIC
            shape = (image.shape[1], size) if axis == 0 else (size, image.shape[0])
            image = cv2.resize(image, shape, interpolation=way)
    return image


def _transposed(images):
    return np.swapaxes(images, 1, 2)


def _decoded(content, name):
    image = Image.open(io.BytesIO(content), formats=READABLE)
    if image.width * image.height > MAX_PIXELS:
        raise InputError(_too_large(name))
    if image.mode not in MODES:
        raise InputError(f"{name} has pixels of the kind {image.mode}, which cannot be coloured.")
    camera = image.format == "MPO"  # a JPEG that previews of itself follow
    frames = 1 if camera else getattr(image, "n_frames", 1)
    kind = "JPEG" if camera else image.format
    image.load()
    image = ImageOps.exif_transpose(image)
    rgb, icc = _as_rgb(image)
    transparent = image.has_transparency_data and not image.mode.startswith("I")
    return Photo(
        rgb=np.asarray(rgb),
        alpha=np.asarray(image.convert("RGBA").getchannel("A")) if transparent else None,
        format=kind if kind in SUFFIXES else "PNG",
        exif=image.info.get("exif"),
        icc=icc,
        note=f"{name} has {frames} frames; the first was taken." if frames > 1 else "",
    )


def _as_rgb(image):
    """The image in RGB, and the profile that this RGB is meant in."""
    if image.mode.startswith("I"):  # sixteen bits
        levels = np.clip(np.asarray(image, np.float32) / 257, 0, 255)
        return Image.fromarray(np.rint(levels).astype(np.uint8)).convert("RGB"), None
    profile = _profile(image)
    space = profile.profile.xcolor_space.strip() if profile else None
    if (image.mode, space) in (("L", "GRAY"), ("CMYK", "CMYK")):
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB"), None
    return image.convert("RGB"), image.info["icc_profile"] if space == "RGB" else None


def _profile(image):
    """The image's colour profile; None where there is none, or a damaged one."""
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    except (KeyError, TypeError, OSError):
        return None


def _too_large(name):
    return f"{name} has over {MAX_PIXELS // 10**6} million pixels, more than can be coloured."


def _printable(name):
    """A file's name fit for one line of a terminal."""
    return "".join(c if c.isprintable() else "?" for c in str(name))
