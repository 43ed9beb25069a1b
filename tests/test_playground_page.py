"""The playground in the built page, driven as a reader would."""

import base64
import gzip
import io
import shutil
import time

import cv2
import numpy as np
import onnxruntime
import pytest
from PIL import Image
from skimage import data
from test_page import BOOK, axe, browser, is_error, needs_book, needs_chromium, origin  # noqa: F401
from test_photo import hostile, noise, png_of, stored

from colorizer import photo, records, runs
from colorizer.data import normalize, to_gray
from colorizer.playground import MODELS

FIRST, *FURTHER = MODELS
PAGE = "book/playground.html"
PARTS = BOOK / "_static/playground"

# with the playground app, one after the other: both hold the time against what it may take
pytestmark = [needs_book, needs_chromium, pytest.mark.xdist_group("playground")]

# A file as the browser has it when it comes by drop or by paste
TRANSFER = """
([content, name]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name));
  return transfer;
}
"""
# a model's RGB of gray images, both as bytes in base64
PREDICT = """
async ([name, content, height, width]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const playground = document.querySelector(".playground");
  const rgb = await playground.predict(name, new Float32Array(bytes.buffer), height, width);
  const parts = Array.from(new Uint8Array(rgb.buffer), (byte) => String.fromCharCode(byte));
  return btoa(parts.join(""));
}
"""
FROZEN = """
() => {
  window.longest = 0;
  let last = performance.now();
  (function frame(now) {
    window.longest = Math.max(window.longest, now - last);
    last = now;
    requestAnimationFrame(frame);
  })(last);
}
"""


@pytest.fixture(scope="module")
def models():
    return {name: runs.load_model(records.fullest(name)) for name in MODELS}


@pytest.fixture(scope="module")
def predictors(models):
    return {name: photo.predictor(model) for name, model in models.items()}


@pytest.fixture(scope="module")
def colorize(models, predictors):
    """What the package makes of a photograph by a model."""

    def colorize(original, name, saturation=1.0):
        any_size = photo.takes_any_size(models[name])
        return photo.colorize(original, predictors[name], saturation, any_size)

    return colorize


def level(name):
    """How far, in levels of 255, a model in the page may be from Keras."""
    return 1 if name == "unet" else 0.01  # batch norm in its kernels, rounded anew; rounding alone


@pytest.fixture(scope="module")
def shared(browser, origin):
    """A playground from an origin, by kind, for all tests that do not need a fresh one."""
    opened = {}

    def playground(kind, fresh=False):
        if fresh or kind not in opened:
            opened[kind] = Playground(browser, origin[kind], width=390)
        return opened[kind]

    return playground


class Playground:
    """The page in a tab, and all that went wrong or out in it."""

    def __init__(self, browser, base, width=1280):
        self.base = base
        self.tab = browser.new_page(viewport={"width": width, "height": 900})
        self.requests, self.console = [], []
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("pageerror", lambda error: self.console.append(str(error)))
        self.tab.on("console", lambda m: self.console.append(m.text) if is_error(m) else None)
        self.tab.goto(base + PAGE)
        self.status = self.tab.locator(".playground [role=status]")

    def fetched(self):
        """Names of the parts in the order of their coming."""
        part = "/_static/playground/"
        return [url.rpartition("/")[2][:-3] for url in self.requests if part in url]

    def box(self, model):
        return self.tab.get_by_role("checkbox", name=MODELS[model])

    def shown(self):
        """The models whose pictures stand there, in their order."""
        buttons = self.tab.get_by_role("button", name="Download what").all()
        return [button.get_attribute("aria-label").split()[2] for button in buttons]

    def predict(self, name, gray):
        """RGB by a model in the page of gray (n, h, w, 1)."""
        content = base64.b64encode(np.float32(gray).tobytes()).decode()  # numbers go one by one
        seen = self.tab.evaluate(PREDICT, [name, content, *gray.shape[1:3]])
        return np.frombuffer(base64.b64decode(seen), np.float32).reshape(*gray.shape[:3], 3)

    def choose(self, content, name):
        chosen = {"name": name, "mimeType": "image/png", "buffer": content}
        self.tab.locator(".playground input[type=file]").set_input_files(chosen)

    def wait_for(self, beginning):
        """Until the status begins so, and is the last word on it."""
        self.tab.wait_for_function(
            "([text, status]) => status.textContent.startsWith(text) && status.textContent",
            arg=[beginning, self.status.element_handle()],
            timeout=60_000,
        )
        return self.status.text_content()

    def transfer(self, content, name):
        return self.tab.evaluate_handle(TRANSFER, [base64.b64encode(content).decode(), name])

    def downloaded(self, model):
        with self.tab.expect_download() as download:
            self.tab.get_by_role("button", name=f"Download what {model} made").click()
        path = download.value.path()
        return download.value.suggested_filename, photo.read(path.read_bytes())

    def check(self):
        """Nothing went wrong or out."""
        own = (self.base, "data:", "blob:")
        assert self.console == []
        assert [url for url in self.requests if not url.startswith(own)] == []

    def close(self):
        self.tab.close()
        self.check()


def test_the_first_model_is_small_and_takes_any_size(predictors, cifar10):
    text = (PARTS / f"{FIRST}.js").read_text()
    content = gzip.decompress(base64.b64decode(text.split('"')[1]))
    assert len(content) < 2_000_000
    session = onnxruntime.InferenceSession(content)
    (taken,) = session.get_inputs()
    for gray in (
        normalize(to_gray(cifar10.test.rgb[:20])),
        normalize(to_gray(data.coffee()[None, :256:4, :416:4])),
    ):
        (rgb,) = session.run(None, {taken.name: gray})
        assert 255 * np.abs(rgb - predictors[FIRST](gray)).max() < level(FIRST)


@pytest.mark.parametrize("kind", ["file", "http"])
def test_a_reader_plays(shared, kind, colorize):
    playground = shared(kind, fresh=True)
    tab = playground.tab
    assert playground.fetched() == []

    tab.locator(".bundled button").nth(1).press("Enter")
    assert "451" in playground.wait_for("chelsea.jpg, ")
    scores = tab.locator(".playground figcaption", has_text="gray copy 0.0")
    assert scores.count() == 1
    needed = ["runtime", FIRST, "wasm", "worker"]
    assert sorted(playground.fetched()) == sorted(needed)
    size = sum((PARTS / f"{part}.js").stat().st_size for part in needed) / 1e6
    assert f"fetches a model and what runs it, {size:.0f} MB" in tab.inner_html(".cost")
    for model in reversed(FURTHER):
        box = tab.get_by_role("group", name="Compare with").get_by_label(MODELS[model])
        size = (PARTS / f"{model}.js").stat().st_size / 1e6
        assert box.evaluate("box => box.labels[0].innerText").endswith(f", {size:.0f} MB")
        assert not box.is_checked()
        box.press("Space")
        playground.wait_for("chelsea.jpg, ")
        assert playground.fetched()[len(needed) :][-1] == model
        ticked = FURTHER[FURTHER.index(model) :]
        assert playground.shown() == [FIRST, *ticked]
        assert scores.count() == 1 + len(ticked)
    playground.box("plain").press("Space")
    assert playground.shown() == [FIRST, *FURTHER[1:]]
    playground.box("plain").press("Space")
    playground.wait_for("chelsea.jpg, ")
    assert playground.shown() == list(MODELS)
    assert len(playground.fetched()) == 3 + len(MODELS)  # each once
    assert "MB" not in tab.locator(".playground").inner_text()  # there is no more to fetch

    image = noise(90, 61, "RGB", 4)
    content = stored(image)
    playground.choose(content, "chosen.png")
    playground.wait_for("chosen.png, 90 × 61.")
    tab.locator(".playground").dispatch_event(
        "drop", {"dataTransfer": playground.transfer(stored(image, orientation=6), "turned.png")}
    )
    playground.wait_for("turned.png, 61 × 90.")
    tab.evaluate(
        "(data) => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data}))",
        playground.transfer(content, "pasted <b>one</b>.png"),
    )
    playground.wait_for("pasted <b>one</b>.png, 90 × 61.")

    original = photo.read(content)
    for model in MODELS:
        name, made = playground.downloaded(model)
        assert name.endswith(f"-{model}.png")
        assert_same(made, colorize(original, model))
    slider = tab.get_by_label("Saturation")
    assert slider.input_value() == "1"
    for _ in range(10):
        slider.press("ArrowRight")
    tab.wait_for_function("document.querySelector('.saturation + output').textContent === '2.0'")
    for model in MODELS:
        soon_the_same(playground, model, colorize(original, model, 2.0))

    coloured = tab.locator(".playground .coloured").first
    clip = "(canvas) => getComputedStyle(canvas).clipPath"
    assert coloured.evaluate(clip) == "inset(0px 0px 0px 50%)"
    tab.get_by_label("Gray up to here").press("ArrowRight")
    assert coloured.evaluate(clip) == "inset(0px 0px 0px 51%)"
    coloured.scroll_into_view_if_needed()
    box = coloured.bounding_box()
    tab.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 5)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 5)
    tab.mouse.up()
    assert tab.get_by_label("Gray up to here").input_value() == "25"
    assert axe(tab, ".playground") == []
    playground.check()

    slider.fill("1")  # for the tests that share it
    for model in FURTHER:
        playground.box(model).uncheck()


@pytest.mark.parametrize("kind", ["file", "http"])
def test_the_page_predicts_what_keras_does(shared, kind, predictors, cifar10):
    gray = normalize(to_gray(cifar10.test.rgb[:20]))
    playground = shared(kind)
    for name, predict in predictors.items():
        difference = np.abs(playground.predict(name, gray) - predict(gray))
        assert 255 * difference.max() < level(name)
    assert len(playground.fetched()) == 3 + len(MODELS)  # each once
    other = normalize(to_gray(data.coffee()[None, :256:4, :416:4]))  # 64x104
    difference = np.abs(playground.predict(FIRST, other) - predictors[FIRST](other))
    assert 255 * difference.max() < level(FIRST)
    playground.check()


def assert_same(made, expected):
    np.testing.assert_allclose(made.rgb.astype(int), expected.rgb, atol=1)
    assert np.mean(made.rgb != expected.rgb) < 0.01  # at the edge of rounding


def soon_the_same(playground, model, expected, seconds=10):
    """A picture that is being painted again is what is expected before long."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return assert_same(playground.downloaded(model)[1], expected)
        except AssertionError:
            if time.monotonic() > deadline:
                raise


# in the last two a small photograph's side falls between two numbers of pixels
SIZES = [(1, 1), (7, 300), (400, 20), (33, 32), (203, 149), (65, 64), (257, 256)]


@pytest.mark.parametrize("size", SIZES)
def test_any_size_is_coloured_as_the_package_does(shared, colorize, size):
    playground = shared("file")
    content = stored(noise(*size, "RGB", 6))
    playground.choose(content, "a.png")
    playground.wait_for(f"a.png, {size[0]} × {size[1]}.")
    playground.box("plain").check()
    playground.wait_for(f"a.png, {size[0]} × {size[1]}.")
    for model in (FIRST, "plain"):
        _, made = playground.downloaded(model)
        assert_same(made, colorize(photo.read(content), model))
    playground.box("plain").uncheck()
    playground.check()


@pytest.mark.timed
def test_a_megapixel_in_time_and_the_page_never_freezes(browser, origin):
    large = cv2.resize(data.coffee(), (1200, 834), interpolation=cv2.INTER_CUBIC)
    content = stored(Image.fromarray(large), "JPEG")
    playground = Playground(browser, origin["file"])
    playground.choose(stored(noise(9, 9, "RGB", 0)), "small.png")
    playground.wait_for("small.png, ")
    playground.tab.evaluate(FROZEN)
    assert seconds(playground, content, "large.jpg") < 2
    for model in FURTHER:
        playground.box(model).check()
        playground.wait_for("large.jpg, ")
    assert seconds(playground, content, "again.jpg") < 2
    assert playground.tab.evaluate("longest") < 500  # ms from frame to frame
    playground.close()


def seconds(playground, content, name):
    started = playground.tab.evaluate("performance.now()")
    playground.choose(content, name)
    playground.wait_for(f"{name}, 1200 × 834.")
    return (playground.tab.evaluate("performance.now()") - started) / 1000


def test_bad_files_are_one_sentence_each_and_the_page_goes_on(shared):
    playground = shared("file")
    good = stored(noise(20, 10, "RGB", 0))
    for name, content in hostile():
        playground.choose(content, name)
        sentence = playground.wait_for(name.split("\n")[0])
        beyond = name.endswith((".tif", ".tiff"))  # formats that browsers do not read
        try:
            photo.read(content, name)
        except photo.InputError as error:
            wanted = str(error).replace("PNG, WebP, TIFF, GIF", "PNG, WebP, GIF")
            end = wanted.rpartition(photo._printable(name))[2]
            assert sentence.endswith(end) or beyond, (sentence, wanted)
        assert sentence.endswith(".")
    frames = [noise(20, 10, "RGB", seed) for seed in range(3)]
    for format in ("GIF", "PNG", "WEBP"):
        content = stored(frames[0], format, save_all=True, append_images=frames[1:])
        playground.choose(content, format)
        assert playground.wait_for(f"{format}, 20").endswith("has 3 frames; the first was taken.")
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP"):
        playground.choose(stored(frames[0], format), f"a {format}")
        assert playground.wait_for(f"a {format}, 20") == f"a {format}, 20 × 10. "
    playground.choose(good, "good.png")
    playground.wait_for("good.png, 20 × 10.")
    playground.check()


def test_a_promise_of_pixels_costs_nothing(shared):
    playground = shared("file")
    playground.choose(png_of(60_000, 60_000), "bomb.png")
    assert "over 100 million pixels" in playground.wait_for("bomb.png")
    playground.check()


def test_a_part_that_is_missing_is_told_and_fetched_when_it_is_there(browser, tmp_path):
    book = shutil.copytree(BOOK, tmp_path / "book")
    first, plain = (book / f"_static/playground/{name}.js" for name in (FIRST, "plain"))
    for part in (first, plain):
        part.rename(part.with_suffix(".gone"))
    playground = Playground(browser, book.as_uri() + "/")
    content = stored(noise(20, 10, "RGB", 0))
    playground.choose(content, "a.png")
    assert f"{FIRST}, cannot be fetched" in playground.wait_for("A part of the playground")
    first.with_suffix(".gone").rename(first)
    playground.choose(content, "a.png")
    playground.wait_for("a.png, 20 × 10.")
    playground.box("plain").press("Space")
    assert "plain, cannot be fetched" in playground.wait_for("A part of the playground")
    assert not playground.box("plain").is_checked()
    assert playground.shown() == [FIRST]
    plain.with_suffix(".gone").rename(plain)
    playground.box("plain").press("Space")
    playground.wait_for("a.png, 20 × 10.")
    assert playground.shown() == [FIRST, "plain"]
    playground.tab.close()


def test_while_a_model_is_on_its_way(browser, origin, colorize):
    playground = Playground(browser, origin["http"])
    tab, held = playground.tab, []
    for model in FURTHER:
        tab.route(f"**/{model}.js", lambda route: held.append(route))
    playground.choose(stored(noise(20, 10, "RGB", 0)), "a.png")
    playground.wait_for("a.png, 20 × 10.")
    assert tab.locator(".playground progress").is_hidden()
    for model in FURTHER:
        playground.box(model).press("Space")
    assert playground.wait_for("") == "Adding a model."
    assert tab.get_by_label("Fetched").is_visible()
    assert playground.shown() == [FIRST]
    playground.box("dropout").press("Space")  # not wanted after all
    content = stored(noise(50, 40, "RGB", 1))
    playground.choose(content, "b.png")
    playground.wait_for("b.png, 50 × 40.")
    for route in held:
        route.continue_()
    tab.locator(".playground progress").wait_for(state="hidden")
    wanted = [FIRST, "plain", "batchnorm-dropout"]
    tab.wait_for_function("document.querySelectorAll('.playground .coloured').length === 3")
    tab.locator(".playground figcaption", has_text="MSE").nth(2).wait_for()
    assert playground.shown() == wanted
    assert playground.wait_for("") == "b.png, 50 × 40. "
    for model in wanted:
        assert_same(playground.downloaded(model)[1], colorize(photo.read(content), model))
    playground.close()


def test_bundled_photographs_are_images():
    page = (BOOK / PAGE).read_text()
    found = page.split("data:image/jpeg;base64,")[1:]
    images = [Image.open(io.BytesIO(base64.b64decode(text.split('"')[0]))) for text in found]
    assert [max(image.size) for image in images] == [480, 451, 480, 480]
