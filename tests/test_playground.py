"""What the playground computes, and that its controls say what they do."""

import base64
import functools
import io
import re

import numpy as np
import pytest
from PIL import Image
from skimage import data as skimage_data
from test_photo import noise, stored

from colorizer import metrics, models, photo, playground, records, runs
from colorizer.backend import keras
from colorizer.color import chroma, luminance
from colorizer.data import normalize, to_gray
from colorizer.errors import InputError
from colorizer.photo import Photo
from colorizer.playground import Play, Playground, colour

MODELS = tuple(playground.MODELS)


@pytest.fixture(scope="module", autouse=True)
def quick(request):
    """What is shown is drawn small, few images say what is principal, and they are read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(playground, "PREVIEW", 48)
        patch.setattr(playground, "SAMPLE", 60)
        patch.setattr(playground, "load_cifar10", lambda: request.getfixturevalue("cifar10"))
        yield
    for kept in (playground._sample, playground.principal_directions):
        kept.cache_clear()


@pytest.fixture(scope="module")
def app(cifar10):
    return Playground(cifar10)


@pytest.fixture(scope="module")
def original(cifar10):
    return Photo(cifar10.test.rgb[7])


@functools.cache
def network(model):
    """The run's model, undivided."""
    return runs.load_model(records.fullest(model))


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def shown(app):
    """The pictures that the app shows: title to array."""
    found = re.findall(r'base64,([^"]+)".*?<figcaption>(.*?)</figcaption>', app.pictures.value)
    return {
        title: np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text, title in found
    }


@pytest.mark.parametrize("model", MODELS)
def test_untouched_it_is_the_photograph_coloured(original, model):
    any_size = photo.takes_any_size(network(model))
    expected = photo.colorize(original, photo.predictor(network(model)), any_size=any_size)
    np.testing.assert_array_equal(colour(original, model).rgb, expected.rgb)


def test_what_each_control_does(original):
    y = original.gray.astype(int)[..., None]
    plain = colour(original, "plain").rgb
    assert np.all(colour(original, "plain", Play(strength=0)).rgb == y)
    half = colour(original, "plain", Play(strength=0.5)).rgb
    assert np.abs(half - (plain.astype(int) + y) / 2).max() <= 1
    assert np.abs(colour(original, "plain", Play(saturation=0)).rgb - y).max() == 0
    own = metrics.colorfulness(normalize(plain)[None])
    more = colour(original, "plain", Play(saturation=2)).rgb
    assert metrics.colorfulness(normalize(more)[None]) > 1.3 * own

    raw = photo.predictor(network("plain"))(normalize(original.gray)[None, ..., None])[0]
    drawn = colour(original, "plain", Play(own_luminance=False)).rgb
    assert np.abs(drawn - 255 * raw).max() <= 1

    truth = normalize(original.rgb)
    hinted = normalize(colour(original, "plain", Play(hint=True, own_luminance=False)).rgb)
    np.testing.assert_allclose(
        chroma(hinted).mean(axis=(0, 1)), chroma(truth).mean(axis=(0, 1)), atol=0.01
    )


@pytest.mark.parametrize("model", ["plain", "chroma", "unet"])
def test_a_divided_model_is_still_the_model(model, cifar10):
    gray = normalize(to_gray(cifar10.test.rgb[:3]))
    expected = array(network(model)(gray, training=False))
    parts = playground.divided(network(model))
    np.testing.assert_allclose(array(parts.whole(gray)), expected, atol=1e-6)
    assert playground.has_latent(model) == (model != "unet")
    if parts.encoder:
        latent = array(parts.encoder(gray))
        assert latent.shape == (3, 256)
        np.testing.assert_allclose(array(parts.decoder([gray, latent])), expected, atol=1e-6)
    else:
        moved = playground.passes(model, gray, Play(direction=2, step=3, dropout=True))
        np.testing.assert_allclose(moved, expected[None], atol=1e-6)


def test_a_model_is_divided_at_its_shortest_vector_whatever_stands_around_it():
    inner = models.build(
        {"kind": "autoencoder", "latent_size": 8, "regularization": {"dropout": 0.5}}
    )
    gray = keras.Input((32, 32, 1))
    outer = keras.Model(gray, keras.layers.Rescaling(-1, 1)(inner(gray)))  # a negative, behind it
    parts = playground.divided(outer)
    assert len(parts.dropouts) == 6
    some = np.linspace(0, 1, 2048, dtype=np.float32).reshape(2, 32, 32, 1)
    latent = array(parts.encoder(some))
    assert latent.shape == (2, 8)
    np.testing.assert_allclose(latent, array(inner.get_layer("encoder_model")(some)), atol=1e-6)
    negative = array(parts.decoder([some, latent + 1]))
    expected = 1 - array(inner.get_layer("decoder_model")(latent + 1))
    np.testing.assert_allclose(negative, expected, atol=1e-6)
    wide = models.build({"kind": "autoencoder", "latent_size": 1024})
    assert playground.divided(wide).encoder.output_shape == (None, 1024)


def test_the_latent_vector_is_walked_along_principal_directions(original):
    directions = playground.principal_directions("plain")
    lengths = np.linalg.norm(directions, axis=1)
    assert np.all(np.diff(lengths) < 0)
    cosines = (directions @ directions.T) / np.outer(lengths, lengths)
    np.testing.assert_allclose(cosines, np.eye(len(directions)), atol=1e-4)

    gray = normalize(original.gray)[None, ..., None]
    latent = array(network("plain").get_layer("encoder_model")(gray))
    expected = array(network("plain").get_layer("decoder_model")(latent + 1.5 * directions[2]))
    walk = Play(direction=3, step=1.5)
    np.testing.assert_allclose(playground.passes("plain", gray, walk)[0], expected, atol=1e-5)

    stayed, walked = (playground.passes("chroma", gray, play)[0] for play in (Play(), walk))
    assert np.abs(walked - stayed).max() > 0.01  # another chroma
    np.testing.assert_allclose(luminance(walked), gray[..., 0], atol=1e-5)  # on the same gray
    with pytest.raises(InputError, match="from 1 to 8"):
        Play(direction=9)


def test_dropout_left_on_is_always_the_same_twenty_passes(original):
    gray = normalize(original.gray)[None, ..., None]
    first = playground.passes("dropout", gray, Play(dropout=True))
    assert first.shape == (20, 1, 32, 32, 3)
    assert np.std(first, axis=0).mean() > 0.005
    np.testing.assert_array_equal(first, playground.passes("dropout", gray, Play(dropout=True)))
    assert playground.uncertainty(original, "dropout").shape == (32, 32)
    assert playground.uncertainty(original, "dropout").mean() > 0.003
    assert playground.uncertainty(original, "plain").max() < 1e-6

    # batch norm does not see the batch: an image's answer is the same whatever stands beside it
    both = np.concatenate([gray, 1 - gray])
    alone = playground.passes("batchnorm-dropout", both, Play(dropout=False))[0, 0]
    one = playground.passes("batchnorm-dropout", gray, Play(dropout=False))[0, 0]
    np.testing.assert_allclose(alone, one, atol=1e-5)


def test_a_change_shows_and_the_code_makes_the_same(app):
    app.reset.click()
    app.source.value = "a photograph"
    app.bundled.value = "coffee"
    before = shown(app)
    assert list(before) == ["gray", *MODELS, "the truth"]
    app.play["saturation"].value = 2.0
    app.play["hint"].value = True
    after = shown(app)
    assert all(np.any(before[name] != after[name]) for name in MODELS)
    np.testing.assert_array_equal(before["the truth"], after["the truth"])

    app.models["dropout"].value = False
    assert list(shown(app)) == ["gray", "unet", "plain", "batchnorm-dropout", "the truth"]
    code = re.search(r"<pre[^>]*>(.*?)</pre>", app.code.value, re.DOTALL)[1].replace("&#x27;", "'")
    assert "hint=True" in code
    names = {}
    exec(code, names)  # the reader's paste
    app.save.click()
    links = re.findall(r'download="([^"]+)" href="data:image/png;base64,([^"]+)"', app.code.value)
    made = ("coffee-unet.png", "coffee-plain.png", "coffee-batchnorm-dropout.png")
    assert tuple(name for name, _ in links) == made
    made = photo.read(base64.b64decode(links[-1][1]))
    np.testing.assert_array_equal(made.rgb, names["coloured"].rgb)
    assert made.rgb.shape == skimage_data.coffee().shape
    app.models["dropout"].value = True


@pytest.mark.parametrize("view", ["chroma", "error", "doubt"])
def test_maps(app, view):
    app.reset.click()
    app.source.value = "CIFAR-10"
    app.shown.value = "colours"
    colours = shown(app)
    app.shown.value = view
    assert all(np.any(shown(app)[name] != colours[name]) for name in MODELS)
    if view == "error":
        assert np.ptp(shown(app)["the truth"], axis=(0, 1)).max() == 0  # no error anywhere
    app.shown.value = "colours"


def test_the_gray_is_divided_from_the_colours(app):
    app.source.value = "CIFAR-10"
    app.divide.value = 50
    pictures = shown(app)
    for picture in pictures.values():
        np.testing.assert_array_equal(picture[:, :16], pictures["gray"][:, :16])
    assert np.any(pictures["plain"][:, 16:] != pictures["gray"][:, 16:])
    app.divide.value = 0


def test_every_metric_stands_beside_its_floors(app, cifar10):
    app.source.value = "CIFAR-10"
    app.reset.click()
    rows = dict(re.findall(r"<th scope=row[^>]*>(.*?)</th>(.*?)</tr>", app.scores.value))
    assert list(rows)[:2] == ["MSE", "of it, in the luminance"]
    values = [float(v) for v in re.findall(r"<td[^>]*>(.*?)</td>", rows["MSE"])]
    assert len(values) == 2 + len(MODELS)
    pictures = {name: normalize(picture) for name, picture in shown(app).items()}
    truth = pictures["the truth"]
    expected = [np.mean((pictures[name] - truth) ** 2) for name in ("gray", *MODELS)]
    np.testing.assert_allclose(values[:-1], expected, atol=1e-5)


# of a picture of one pixel: that there are no blocks of 2 by 2, before SSIM refuses it
@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value encountered")
def test_an_upload_is_text_and_its_errors_are_told(app):
    app.source.value = "your own"

    def upload(name, content):
        app.upload.name, app.upload.content = name, content
        app.upload.number += 1

    before = app.pictures.value
    upload("<img src=x onerror=alert(1)>.png", b"not an image")
    assert "&lt;img src=x" in app.status.value
    assert "is not an image that can be read" in app.status.value
    assert app.pictures.value == before
    upload("<b>.png", stored(noise(60, 40, "RGB", 1)))
    assert app.status.value == ""
    assert "<b>" not in app.pictures.value + app.code.value
    assert "&lt;b&gt;.png" in app.code.value
    frames = [noise(20, 10, "RGB", seed) for seed in range(2)]
    upload("moving", stored(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    assert "moving has 2 frames; the first was taken." in app.status.value
    upload("gray.png", stored(noise(60, 40, "L", 1)))
    assert app.scores.value.startswith("There is nothing to compare with. The true images are all")
    upload("point.png", stored(noise(1, 1, "RGB", 1)))
    assert "7x7" in app.scores.value


def test_a_defect_of_the_app_is_told_in_it(app, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("<broken>")

    monkeypatch.setattr(playground, "colour", broken)
    app.source.value = "a photograph"
    app.play["saturation"].value = 1.5
    assert "Something is wrong" in app.status.value
    assert "&lt;broken&gt;" in app.status.value


def test_without_cifar10_it_still_plays():
    app = Playground()
    assert "CIFAR-10" not in app.source.options
    assert "step" not in app.play
    assert len(shown(app)) == 2 + len(MODELS)
