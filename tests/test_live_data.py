"""The live figures of colours, codes and scores, dragged, and what they compute against NumPy."""

import base64
import importlib

import cv2
import numpy as np
import pytest
from docutils import nodes
from skimage import data as photographs
from skimage.color import deltaE_ciede2000, rgb2lab
from test_live import BOOK, PHONE, assert_it_fits, show  # noqa: F401 - a fixture
from test_page import ROOT, browser, needs_book, needs_chromium  # noqa: F401 - a fixture

from colorizer import baselines, color, live, metrics, records, runs
from colorizer.color import GRAY_WEIGHTS
from colorizer.data import normalize, to_gray
from colorizer.errors import InputError

pytestmark = needs_chromium


def some_colours(side=32):
    return photographs.astronaut()[::16, ::16][:side, :side].copy()


def cube():
    return live.figure(
        "cube",
        alt="A photograph and the cube of colours.",
        photograph=live.packed(some_colours()),
        side=32,
        at=[24, 12],
    )


def modes():
    gray = 0.3387
    chromas = ([0.46, -0.24], [-0.09, -0.29], [-0.2, 0.2])
    return live.figure(
        "modes",
        alt="Three colours and what losses make of them.",
        gray=gray,
        modes=[{"chroma": c, "weight": w} for c, w in zip(chromas, (6, 4, 0), strict=True)],
    )


def answers():
    images = np.stack([some_colours(), some_colours()[::-1], some_colours()[:, ::-1]])
    return live.figure(
        "answers",
        alt="Photographs with their colours changed, and bars of what metrics say.",
        photographs=live.packed(images),
        side=32,
    )


def latent():
    """The "decoder" squares what a cross-fade would be."""
    corner, right, below = (
        some_colours().astype(float) / 255,
        some_colours()[::-1] / 255,
        some_colours()[:, ::-1] / 255,
    )
    steps = np.linspace(0, 1, 5)
    grid = [
        (corner + x * (right - corner) + y * (below - corner)).clip(0, 1) ** 2
        for y in steps
        for x in steps
    ]
    return live.figure(
        "latent",
        alt="A plane of codes, and what the decoder draws.",
        pictures=live.packed(np.rint(255 * np.array(grid)).astype(np.uint8)),
        n=5,
        side=32,
        names=["the dog", "the horse", "the bird"],
        at=[0.5, 0.25],
    )


WIDTHS = [0, 1, 4, 16, 64, 256, 1024]


def width():
    truth = np.stack([some_colours(), some_colours()[:, ::-1]]).astype(float)
    mean = np.full((32, 32, 3), 120, np.uint8)
    shares = [0, 0.3, 0.5, 0.7, 0.9, 0.97, 1]
    restored = np.rint([[mean + s * (t - mean) for s in shares] for t in truth]).astype(np.uint8)
    return live.figure(
        "width",
        alt="What a linear code of some numbers keeps.",
        restored=live.packed(restored),
        truths=live.packed(truth.astype(np.uint8)),
        mean=live.packed(mean),
        names=["one", "other"],
        sizes=WIDTHS,
        kept=[shares, [0, 0, 0.01, 0.02, 0.03, 0.03, 0.04]],
        start=64,
        side=32,
    )


PLACES = list(range(0, 25, 4))


def reach():
    gray = some_colours()[..., 1]
    random = np.random.default_rng(0)
    whole = random.normal(128, 15, (1, 16, 16, 2))
    hidden = whole + random.normal(0, 5, (len(PLACES) ** 2, 16, 16, 2))
    return live.figure(
        "reach",
        alt="A gray picture with a square, and where colours change.",
        grays=live.packed(np.stack([gray, gray[:, ::-1]])),
        chroma=live.packed(np.rint(np.tile([*whole, *hidden], (2, 1, 1, 1))).astype(np.uint8)),
        names=["astronaut", "mirrored"],
        places=PLACES,
        at=[12, 8],
        side=32,
    )


FACTORS = [0, 0.5, 1, 1.5, 2, 3]
ERRORS = [0.0066, 0.0054, 0.005, 0.0055, 0.0068, 0.0112]


def vivid():
    images = np.stack([some_colours(), some_colours()[:, ::-1], some_colours()[::-1]] * 2) / 255
    chroma = np.rint(128 + 160 * color.chroma(images)).astype(np.uint8)
    return live.figure(
        "vivid",
        alt="Photographs with a factor on their chroma, and their error.",
        grays=live.packed(np.rint(255 * color.luminance(images)).astype(np.uint8)),
        chromas={"unet": live.packed(chroma // 2 + 64), "truth": live.packed(chroma)},
        factors=FACTORS,
        curves={
            "unet": {"mse": ERRORS, "colorfulness": [0, 0.25, 0.5, 0.75, 1, 1.4]},
            "truth": {"mse": [0.0066, 0.0017, 0, 0.0016, 0.006, 0.02], "colorfulness": FACTORS},
        },
        start=1.5,
        side=32,
    )


FIGURES = [cube, modes, answers, latent, width, reach, vivid]


def test_data_of_another_type_than_bytes():
    with pytest.raises(InputError, match="bytes, uint8, not float64"):
        live.packed(some_colours() / 255)


def test_a_page_keeps_the_room_of_a_figure_and_still_finds_it(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book/extensions")
    extension = importlib.import_module("live_figures")
    page = nodes.document("", "")
    page += nodes.raw("", cube().standing(), format="html")
    extension.make_room(None, page, "page")
    assert "--narrow: " in page[0].astext()
    assert extension.figures(page) == ["cube"]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.__name__)
@pytest.mark.parametrize(("width", "theme"), [(PHONE, "dark"), (PHONE, "light"), (BOOK, "light")])
def test_a_figure_fits_and_can_be_read(show, figure, width, theme):
    assert_it_fits(show(figure(), width=width, theme=theme), width)


def test_the_cube_is_cut_where_the_gray_is_that_of_the_pixel(show):
    shown = show(cube())
    areas = []
    for gray in (np.arange(200) + 0.5) / 200:
        corners = np.array(shown.call("slice", gray))
        np.testing.assert_allclose(corners @ GRAY_WEIGHTS, gray, atol=1e-12)
        assert corners.min() > -1e-12
        assert corners.max() < 1 + 1e-12
        areas.append(shown.call("area", corners.tolist()))
    volume = np.mean(areas) / np.linalg.norm(GRAY_WEIGHTS)
    assert volume == pytest.approx(1, abs=1e-3)  # slice upon slice they are the cube
    assert max(areas[:20] + areas[-20:]) < 0.6 * max(areas)  # near black and white they are small


def test_a_pixel_is_picked_and_the_cube_is_turned(show):
    shown = show(cube())
    marker = shown.tab.get_by_role("slider", name="Pixel of the photograph")
    before = shown.values
    shown.drag(marker, -60, 40)
    after = shown.values
    assert after["at"][0] < before["at"][0]
    assert after["at"][1] > before["at"][1]
    colour = some_colours()[after["at"][1], after["at"][0]]
    assert after["pixel"] == colour.tolist()
    assert after["gray"] == pytest.approx(color.luminance(colour / 255))
    marker.press("ArrowRight")
    assert shown.values["at"][0] == after["at"][0] + 1
    whole = shown.tab.get_by_role("slider", name="Turn the cube")
    shown.drag(whole, 50, 20)
    turned = shown.values
    assert turned["yaw"] != after["yaw"]
    assert turned["pitch"] > after["pitch"]
    whole.press("ArrowUp")
    assert shown.values["pitch"] < turned["pitch"]
    whole.press("Home")
    assert abs(shown.values["yaw"]) == pytest.approx(np.pi)
    shown.tab.get_by_role("button", name="Look straight at the cut").click()
    *_, towards = shown.call("eye", shown.values["yaw"], shown.values["pitch"])
    np.testing.assert_allclose(towards, GRAY_WEIGHTS / np.linalg.norm(GRAY_WEIGHTS), atol=1e-9)


def test_the_cut_has_the_colours_of_its_places(show):
    shown = show(cube())
    gray, view = 0.4, shown.call("eye", 0.3, 0.8)
    painted = np.array(shown.call("cut", gray, view)).reshape(300, 300, 4)
    inside = np.argwhere(painted[..., 3] == 255)
    assert len(inside) > 5000
    colours = painted[tuple(inside.T)][:, :3] / 255
    np.testing.assert_allclose(colours @ GRAY_WEIGHTS, gray, atol=0.5 / 255)
    right, up = 165 * np.array(view[:2]) @ (colours - 0.5).T
    np.testing.assert_allclose(150 + right, inside[:, 1] + 0.5, atol=1)
    np.testing.assert_allclose(150 - up, inside[:, 0] + 0.5, atol=1)


def test_modes_are_dragged_and_weighed(show):
    shown = show(modes())
    first = shown.tab.get_by_role("slider", name="Colour A")
    before = shown.values["colours"][0]
    shown.drag(first, -30, -40)
    dragged = shown.values["colours"][0]
    assert dragged[0] < before[0]
    assert dragged[2] > before[2]
    first.press("ArrowLeft")
    assert shown.values["colours"][0][0] < dragged[0]
    for weights in ((7, 3, 0), (5, 5, 0), (2, 3, 4), (1, 5, 3)):
        for letter, weight in zip("ABC", weights, strict=True):
            shown.slide(f"Weight of {letter}", weight)
        values = shown.values
        colours = np.array(values["colours"])
        np.testing.assert_allclose(colours @ GRAY_WEIGHTS, 0.3387, atol=1e-9)
        everyone = np.repeat(colours, weights, axis=0)
        np.testing.assert_allclose(values["mean"], everyone.mean(axis=0), atol=1e-12)
        np.testing.assert_allclose(values["median"], np.median(everyone, axis=0), atol=1e-12)
        if max(weights) > sorted(weights)[1]:
            assert values["mode"] == colours[np.argmax(weights)].tolist()
        lengths = np.linalg.norm(everyone - everyone.mean(axis=1, keepdims=True), axis=1)
        assert values["saturation"][1] == pytest.approx(lengths.mean())
        assert ("not one colour" in shown.words) == (weights == (5, 5, 0))


def damaged(images, factor, degrees, blur):
    """As the chapter does it: chroma scaled, hue turned about the gray axis, blurred."""
    gray = color.luminance(images)[..., None]
    images = np.clip(gray + factor * (images - gray), 0, 1)
    turn, _ = cv2.Rodrigues(np.radians(degrees) * np.ones(3) / np.sqrt(3))
    images = np.clip(images @ turn.T, 0, 1)
    return np.array([cv2.GaussianBlur(i, (0, 0), blur) if blur else i for i in images])


def test_all_metrics_answer_as_the_package(show):
    shown = show(answers())
    truth = np.stack([some_colours(), some_colours()[::-1], some_colours()[:, ::-1]]) / 255
    names = list(shown.values["scores"])
    copies = baselines.gray_copy(normalize(to_gray(np.rint(255 * truth).astype(np.uint8))))
    for name in names:
        expected = getattr(metrics, name)(copies, truth)
        assert shown.values["floor"][name] == pytest.approx(expected, rel=1e-5), name
    for factor, degrees, blur in ((0.02, 0, 0), (1, 75, 0), (1.6, -140, 0.7), (1, 0, 2)):
        shown.slide("Colour", factor)
        shown.slide("Hue turned by", degrees)
        shown.slide("Blur", blur)
        values = shown.values
        changed = damaged(truth, factor, degrees, blur)
        np.testing.assert_allclose(values["changed"], changed.ravel(), atol=1e-6)
        for name in names:
            expected = getattr(metrics, name)(changed.clip(0, 1), truth)
            # where a value is cut off at 1 a rounding decides which channel is the largest
            near = {"abs": 0.003} if name == "channel_argmax_accuracy" else {"rel": 1e-4}
            assert values["scores"][name] == pytest.approx(expected, **near), name


def test_colour_differences_as_in_scikit_image(show):
    shown = show(answers())
    random = np.random.default_rng(0)
    one, other = random.uniform(size=(2, 200, 3))
    one[:20] = one[:20, :1]  # grays
    lab = shown.call("lab", one.ravel().tolist())
    np.testing.assert_allclose(lab, rgb2lab(one).ravel(), atol=1e-3)
    p, q = rgb2lab(one), rgb2lab(other)
    ours = [shown.call("difference", *pair) for pair in zip(p.tolist(), q.tolist(), strict=True)]
    np.testing.assert_allclose(ours, deltaE_ciede2000(p, q), rtol=1e-6)


def test_a_code_is_dragged_between_pictures_of_a_grid(show):
    shown = show(latent())
    code = shown.tab.get_by_role("slider", name="Code")
    before = shown.values
    shown.drag(code, 60, 35)
    values = shown.values
    x, y = values["at"]
    assert x > before["at"][0]
    assert y > before["at"][1]
    corner, right, below = (
        some_colours() / 255,
        some_colours()[::-1] / 255,
        some_colours()[:, ::-1] / 255,
    )
    expected = (corner + x * (right - corner) + y * (below - corner)).clip(0, 1) ** 2
    drawn = np.reshape(values["drawn"], (32, 32, 3)) / 255
    assert np.abs(drawn - expected).mean() < 0.02  # the grid is coarse
    mixed = corner**2 + x * (right**2 - corner**2) + y * (below**2 - corner**2)
    np.testing.assert_allclose(
        np.reshape(values["mixed"], (32, 32, 3)) / 255, mixed.clip(0, 1), atol=2 / 255
    )
    wrong = np.subtract(values["drawn"], values["mixed"]) / 255
    share = np.linalg.norm(wrong) / np.linalg.norm(right**2 - below**2)
    assert values["share"] == pytest.approx(share, rel=0.01)
    code.press("ArrowLeft")
    assert shown.values["at"][0] < x


def test_what_a_code_keeps_of_luminance_and_chroma(show):
    shown = show(width())
    handle = shown.tab.get_by_role("slider", name="Numbers in the code")
    assert shown.values["size"] == 64
    shown.drag(handle, 40, 0)
    assert shown.values["size"] > 64
    shown.drag(handle, -120, 0)
    size = shown.values["size"]
    assert size < 64
    handle.press("ArrowRight")
    values = shown.values
    assert values["size"] == WIDTHS[WIDTHS.index(size) + 1]
    truth = some_colours() / 255
    mean, picked = np.full_like(truth, 120 / 255), np.reshape(values["picked"], truth.shape) / 255
    for part, own in zip((color.luminance, color.chroma), values["own"], strict=True):
        left, whole = (np.mean(part(p - truth) ** 2) for p in (picked, mean))
        assert own == pytest.approx(1 - left / whole)
    shown.choose("other")
    assert shown.values["picked"] != values["picked"]


def test_a_covered_square_changes_colours_made_beforehand(show):
    shown = show(reach())
    square = shown.tab.get_by_role("slider", name="Square that is covered")
    shown.drag(square, 30, 0)
    at = shown.values["at"]
    assert at[0] in PLACES
    assert at[0] > 12
    square.press("ArrowDown")
    values = shown.values
    assert values["at"] == [at[0], at[1] + 4]
    assert not values["live"]
    packed = np.frombuffer(base64.b64decode(reach().data["chroma"]), np.uint8)
    packed = (packed.reshape(2, -1, 16, 16, 2)[0] - 128.0) / 160
    column, row = (PLACES.index(x) for x in values["at"])
    whole, hidden = (
        packed[k].repeat(2, 0).repeat(2, 1) for k in (0, 1 + row * len(PLACES) + column)
    )
    np.testing.assert_allclose(values["hidden"], hidden.ravel())
    change = np.linalg.norm(hidden - whole, axis=-1)
    np.testing.assert_allclose(values["changes"], change.ravel())
    size = np.linalg.norm(whole)
    assert values["all"] == pytest.approx(np.linalg.norm(change) / size)
    column, row = values["at"]
    change[row : row + 8, column : column + 8] = 0
    assert values["outside"] == pytest.approx(np.linalg.norm(change) / size)
    shown.choose("mirrored")
    assert shown.values["at"] == values["at"]


@needs_book  # and with it what the network runs in
def test_the_network_is_fetched_at_a_touch_and_computes_every_place(show, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book/extensions")
    playground = importlib.import_module("playground")
    folder = tmp_path / "_static/playground"
    folder.mkdir(parents=True)
    for name, content in playground.parts(["unet"], ROOT).items():
        (folder / f"{name}.js").write_text(playground.as_script(content))
    shown = show(reach())
    shown.tab.evaluate("document.documentElement.dataset.content_root = './'")  # as Sphinx does
    square = shown.tab.get_by_role("slider", name="Square that is covered")
    square.press("ArrowRight")
    shown.tab.wait_for_function("document.querySelector('[data-live]').values.live", timeout=60_000)
    square.press("ArrowRight")
    shown.tab.wait_for_function("document.querySelector('[data-live]').values.at[0] === 17")
    values = shown.values
    gray = normalize(some_colours()[..., 1:2])
    hidden = gray.copy()
    column, row = values["at"]
    hidden[row : row + 8, column : column + 8] = gray.mean()
    model = runs.load_model(records.fullest("unet"))
    expected = color.chroma(model.predict(hidden[None], verbose=0))[0]
    np.testing.assert_allclose(np.reshape(values["hidden"], (32, 32, 2)), expected, atol=0.01)
    assert "computes it in this page" in shown.words


def test_a_factor_on_the_chroma_is_dragged_along_its_curve(show):
    shown = show(vivid())
    assert shown.values["mse"] == pytest.approx(ERRORS[3])
    assert "below the gray copy's" in shown.words
    factor = shown.tab.get_by_role("slider", name="Factor on the chroma")
    shown.drag(factor, 60, 0)
    dragged = shown.values
    assert dragged["q"] > 1.5
    assert dragged["mse"] == pytest.approx(np.interp(dragged["q"], FACTORS, ERRORS))
    factor.press("Home")
    assert shown.values["q"] == 0
    assert "equal to the gray copy's" in shown.words
    factor.press("End")
    assert shown.values["mse"] == pytest.approx(ERRORS[-1])
    assert "above the gray copy's" in shown.words
    shown.tab.get_by_label("the photographs").check()
    chosen = shown.values
    packed = np.frombuffer(base64.b64decode(vivid().data["chromas"]["truth"]), np.uint8)
    gray = np.frombuffer(base64.b64decode(vivid().data["grays"]), np.uint8) / 255
    red, blue = 3 * (packed.reshape(-1, 2) - 128.0).T / 160
    expected = 255 * np.stack(color.in_gamut(gray, red, blue), axis=-1)
    rows = expected.reshape(2, 3, 32, 32, 3).swapaxes(1, 2)  # of three photographs
    painted = np.reshape(chosen["painted"], (64, 96, 4))[..., :3]
    np.testing.assert_allclose(painted, rows.reshape(64, 96, 3), atol=0.6)
