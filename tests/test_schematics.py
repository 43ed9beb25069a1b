"""The drawings of the book: that they can be read, keep to one style and say what is true."""

import itertools
import re
import shutil
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import demo
import matplotlib.font_manager
import nbformat
import numpy as np
import pytest
from font_source_sans_pro import font_directory
from fontTools.ttLib import TTFont
from PIL import ImageFont
from playwright.sync_api import sync_playwright
from test_book import CHAPTERS, ROOT, load

from colorizer import color, models, training
from colorizer.backend import keras

DRAWINGS = {path.stem: path for path in sorted((ROOT / "book/assets/schematics").glob("*.svg"))}
STYLE = (ROOT / "book/assets/schematics.css").read_text()
COLOURS = (ROOT / "book/assets/book.css").read_text()
SVG = "{http://www.w3.org/2000/svg}"
WIDTH = 400  # of every drawing, in its own units
PHONE, READABLE = 350, 11  # pixels: the width of a drawing on a phone, the smallest text there
TIMES, MINUS = " \N{MULTIPLICATION SIGN} ", "\N{MINUS SIGN}"
NUMBER = r"-?\d+(?:\.\d+)?"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DIRECTIVE = re.compile(r"^```\{schematic\} (\S+)$", re.MULTILINE)


def root(name):
    return ElementTree.fromstring(DRAWINGS[name].read_text())


def walk(element, classes=()):
    """Every element with the classes that it and its ancestors have."""
    classes = (*classes, *element.get("class", "").split())
    yield element, classes
    for child in element:
        yield from walk(child, classes)


def words(name):
    """What a drawing says, a string for each text."""
    return ["".join(text.itertext()) for text in root(name).iter(f"{SVG}text")]


def numbers(text):
    return [float(x) for x in re.findall(NUMBER, text)]


def found(name, tag, *classes):
    """The elements of a kind that have all the classes, their ancestors' among them."""
    return [e for e, own in walk(root(name)) if e.tag == SVG + tag and set(classes) <= set(own)]


def centre(circle):
    return np.array([float(circle.get("cx")), float(circle.get("cy"))])


def points(element):
    return np.reshape(numbers(element.get("points")), (-1, 2))


def sizes():
    """Font sizes of the style: class to pixels, None for what has no class."""
    rules = re.findall(r"\.schematic(?: \.(\w+))? \{([^}]*)\}", STYLE)
    pattern = r"font-size: (\d+)px"
    return {name or None: int(m[1]) for name, rule in rules if (m := re.search(pattern, rule))}


def size(classes):
    """The font size of a text, as the style gives it: that of the innermost class that has one."""
    return next((sizes()[name] for name in reversed(classes) if name in sizes()), sizes()[None])


def test_there_are_drawings():
    assert len(DRAWINGS) == 15


# The style


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_leaves_its_look_to_the_style(name):
    drawing = root(name)
    assert drawing.tag == SVG + "svg"
    assert drawing.get("class") == "schematic"
    assert re.fullmatch(rf"0 0 {WIDTH} \d+", drawing.get("viewBox"))
    known = {"schematic", *re.findall(r"\.schematic \.(\w+)", STYLE)}
    for element, classes in walk(drawing):
        assert not {"style", "fill", "stroke", "font-size", "onclick"} & set(element.keys())
        assert element.tag.removeprefix(SVG) not in {"style", "script", "image", "foreignObject"}
        assert set(classes) <= known, classes


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_uses_the_ids_that_it_has(name):
    ids = [e.get("id") for e in root(name).iter() if e.get("id")]
    used = re.findall(r"url\(#([\w-]+)\)", DRAWINGS[name].read_text())
    assert sorted(ids) == sorted(set(used))


def test_the_style_takes_its_colours_from_the_book():
    fallbacks = re.findall(r"var\((--course-[\w-]+), (#\w+)\)", STYLE)
    light = dict(re.findall(r"(--course-[\w-]+): (#\w+);", COLOURS[: COLOURS.index("data-theme")]))
    assert fallbacks
    for name, colour in fallbacks:
        assert light[name] == colour
    assert len(re.findall(r"#[0-9a-f]{3,8}\b", STYLE)) == len(fallbacks)
    for value in re.findall(r"(?:fill|stroke|color): ([^;]+);", STYLE):
        assert value == "none" or value.startswith("var(--") or value == "currentColor"


FACES = {"title": "Semibold", "symbol": "It", "power": "It", "greek": "Regular"}


@pytest.mark.parametrize("name", DRAWINGS)
def test_all_text_is_in_the_typeface_of_the_book(name):
    signs = {
        face: TTFont(Path(font_directory) / f"SourceSansPro-{face}.ttf").getBestCmap()
        for face in set(FACES.values())
    }

    def check(element, face):
        for own in element.get("class", "").split():
            face = FACES.get(own, face)
        within = element.text or ""
        within += "".join(child.tail or "" for child in element)
        assert [x for x in within if not x.isspace() and ord(x) not in signs[face]] == []
        for child in element:
            check(child, face)

    check(root(name), "Regular")


def test_text_is_readable_on_a_phone():
    assert min(sizes().values()) * PHONE / WIDTH >= READABLE


def extent(element, classes):
    """Where a text reaches, (left, top, right, bottom), if it is set in a rather wide typeface."""
    file = matplotlib.font_manager.findfont("DejaVu Sans")
    font = {s: ImageFont.truetype(file, s * 10) for s in set(sizes().values())}
    parts = [(element.text, size(classes))]
    for part in element:
        parts.append((part.text, size((*classes, *part.get("class", "").split()))))
        parts.append((part.tail, size(classes)))
    long = sum(font[s].getlength(text or "") / 10 for text, s in parts)
    high = size(classes)
    share = 0.5 if "middle" in classes else 1 if "end" in classes else 0
    corners = np.array(list(itertools.product((-share * long, (1 - share) * long), (-high, 4))))
    if turned := element.get("transform"):
        x, y, degrees = numbers(turned)
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        corners = corners @ [[c, s], [-s, c]]
    else:
        x, y = float(element.get("x")), float(element.get("y"))
    corners += np.array((x, y))
    return (*corners.min(axis=0), *corners.max(axis=0))


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_text_leaves_the_drawing(name):
    height = float(root(name).get("viewBox").split()[-1])
    for element, classes in walk(root(name)):
        if element.tag == SVG + "text":
            left, top, right, bottom = extent(element, classes)
            told = "".join(element.itertext())
            assert left >= 0, told
            assert top >= 0, told
            assert right <= WIDTH, told
            assert bottom <= height, told


OVERLAPS = """
(drawing) => {
  const texts = [...drawing.querySelectorAll("text")];
  const boxes = texts.map((text) => text.getBoundingClientRect());
  const all = drawing.getBoundingClientRect();
  const found = [];
  boxes.forEach((a, i) => {
    if (a.left < all.left || a.right > all.right) found.push(texts[i].textContent);
    boxes.slice(i + 1).forEach((b, j) => {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const both = texts[i].textContent + " | " + texts[i + 1 + j].textContent;
      if (across > 0.5 && down > 3) found.push(both);  // a line's own space is above and below it
    });
  });
  return found;
}
"""


@pytest.mark.skipif(not CHROMIUM, reason="No Chromium is found.")
def test_no_text_lies_on_another(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book/extensions")
    pasted = load(ROOT / "book/extensions/schematic.py").pasted
    drawn = "".join(pasted(path.read_text(), name, name) for name, path in DRAWINGS.items())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": PHONE, "height": 800})
        tab.set_content(f"<style>body {{margin: 0}} {STYLE}</style>{drawn}")
        found = {
            drawing.get_attribute("aria-label"): drawing.evaluate(OVERLAPS)
            for drawing in tab.query_selector_all("svg")
        }
        browser.close()
    assert found == {name: [] for name in DRAWINGS}


# The book


def test_each_drawing_has_its_place_in_a_chapter():
    cells = [cell for path in CHAPTERS for cell in nbformat.read(path, as_version=4).cells]
    texts = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert set(DIRECTIVE.findall(texts)) == set(DRAWINGS)
    labels = re.findall(r"\{schematic\} \S+\n:name: (\S+)", texts)
    assert [label for label in labels if f"{{numref}}`{label}`" not in texts] == []


FIGURE = """```{schematic} modes
:name: fig-NAME
:alt: Two humps of a curve, and three dots below them.

What each loss answers.
```
"""
REFUSED = {
    "unknown": ("```{schematic} nothing\n```", "there is no schematic 'nothing'; there are adam,"),
    "nameless": ("```{schematic} modes\n\nA caption.\n```", "has no name; add ':name: fig-...'"),
    "silent": (re.sub(r":alt:.*\n", "", FIGURE), "has no alt text; add ':alt:'"),
    "few-words": (re.sub(r":alt:.*", ":alt: Two humps", FIGURE), "has no alt text"),
    "captionless": (FIGURE.replace("What each loss answers.\n", ""), "a caption of one paragraph"),
}


def test_a_drawing_in_the_page_is_a_numbered_figure_with_ids_of_its_own(tmp_path):
    twice = "".join(FIGURE.replace("modes", "adam").replace("NAME", x) for x in ("one", "two"))
    text = f"# Home\n\n{{numref}}`fig-two` repeats {{numref}}`fig-one`.\n\n{twice}"
    code, log = demo.build(tmp_path / "x", {"home": text})
    assert code == 0, log
    page = (tmp_path / "x/_build/html/book/home.html").read_text()
    drawings = re.findall(r"<svg [^>]*class=\"schematic\".*?</svg>", page, re.DOTALL)
    assert len(drawings) == 2
    for drawing in drawings:
        assert 'role="img"' in drawing
        assert 'aria-label="Two humps of a curve, and three dots below them."' in drawing
        ids = re.findall(r' id="([^"]+)"', drawing)
        assert ids
        assert set(re.findall(r"url\(#([^)]+)\)", drawing)) == set(ids)
    assert re.search(r'href="#fig-two"><span[^>]*>Fig. 2</span></a> repeats', page)
    assert "styles/schematics.css" in page
    every = re.findall(r' id="(schematic-[^"]+)"', page)
    assert len(every) == len(set(every))


def test_bad_use_fails_the_build_and_is_named(tmp_path):
    pages = {"home": "# Home\n\nAll is well here."}
    pages |= {name: f"# {name}\n\n{text}" for name, (text, _) in REFUSED.items()}
    code, log = demo.build(tmp_path / "x", pages)
    assert code == 1
    for name, (_, message) in REFUSED.items():
        assert any(f"/{name}." in line and message in line for line in log.splitlines()), name
    assert "schematics.css" not in (tmp_path / "x/_build/html/book/home.html").read_text()


# What the drawings claim


def shape(tensor):
    return TIMES.join(str(n) for n in tensor.shape[1:])


def test_the_autoencoder_has_the_sizes_of_the_model():
    encoder, decoder = models.encoder(), models.decoder()
    through = [layer.output for layer in (*encoder.layers, *decoder.layers)]
    pictures = [shape(x) for x in through if len(x.shape) == 4]
    told = [text for text in words("autoencoder") if TIMES in text]
    assert told == pictures
    assert f"{encoder.output.shape[1]} numbers" in words("autoencoder")
    bars = [float(bar.get("width")) for bar in found("autoencoder", "rect")]
    sides = [float(text.split()[0]) for text in told]
    np.testing.assert_allclose(np.divide(bars, sides), bars[0] / sides[0])


def test_the_unet_has_the_sizes_and_strides_of_the_model():
    model = models.unet()
    down = ["top", "down_1", "encoder_1", "down_2", "encoder_2", "down_3", "encoder_3"]
    up = [f"{kind}_{level}" for level in (2, 1, 0) for kind in ("skip", "decoder")]
    names = [*down, *up, "chroma", "keep_luminance"]
    layers = keras.Model(model.input, [model.get_layer(name).output for name in names])
    made = [shape(x) for x in layers(np.zeros((1, 32, 32, 1)))]
    told = [text for text in words("unet") if text.count(TIMES) == 2]
    assert told == [f"32{TIMES}32{TIMES}1", *made]
    strides = [text for text in words("unet") if "stride " in text]
    through = [*down, *(name.replace("skip", "up") for name in up), "chroma"]
    expected = [model.get_layer(name) for name in through]
    transposed = [isinstance(layer, keras.layers.Conv2DTranspose) for layer in expected]
    assert strides == [
        f"{'transposed, ' * kind}stride {layer.strides[0]}"
        for layer, kind in zip(expected, transposed, strict=True)
    ]
    assert sum("skip" in text for text in words("unet")) == len(models.UNET_FILTERS) - 1
    kernels = {kind: set() for kind in transposed}
    for layer, kind in zip(expected, transposed, strict=True):
        kernels[kind].add(TIMES.join(map(str, layer.kernel_size)))
    assert f"convolutions: {kernels[False].pop()}" in words("unet")
    assert f"transposed: {kernels[True].pop()}" in words("unet")
    assert not any(kernels.values())


def test_the_unet_adds_the_luminance_to_the_chroma():
    middle = centre(found("unet", "circle", "box")[0])
    ends = {
        colour: np.reshape(numbers(found("unet", "path", colour)[-1].get("d")), (-1, 2))[-1]
        for colour in ("blue", "violet")
    }
    ends["blue"] = np.reshape(numbers(found("unet", "path", "dashed")[0].get("d")), (-1, 2))[-1]
    for end in ends.values():  # both arrows stop at the circle's edge
        assert 11 <= np.linalg.norm(end - middle) <= 14
    gray = np.full((1, 8, 8, 1), 0.5)
    chroma = np.full((1, 8, 8, 2), 0.1)
    rgb = np.array(models.KeepLuminance()(gray, chroma))
    np.testing.assert_allclose(rgb[..., ::2] - gray, chroma, atol=1e-6)


def test_gather_and_scatter_have_keras_sizes():
    small = keras.layers.Conv2D(1, 3, strides=2)(np.zeros((1, 5, 5, 1))).shape[1]
    large = keras.layers.Conv2DTranspose(1, 3, strides=2)(np.zeros((1, small, small, 1))).shape[1]
    assert (small, large) == (2, 5)
    sides = [f"{side}{TIMES}{side}" for side in (large, small)]
    assert " becomes ".join(sides) in words("gather_scatter")
    assert " becomes ".join(reversed(sides)) in words("gather_scatter")


def seen(padding, stride):
    """For each result of a row of eight pixels, counted from 1, those it sees; 0 is padding."""
    row = np.arange(1.0, 9).reshape(1, 8, 1)
    taps = np.eye(3).reshape(3, 3, 1, 1)
    results = [keras.ops.conv(row, tap, strides=stride, padding=padding) for tap in taps]
    return np.stack([np.ravel(x) for x in results], axis=1).astype(int).tolist()


def test_padding_and_stride_join_what_keras_joins():
    groups = [g for g in root("padding_stride") if g.tag == SVG + "g"]
    strips = [("valid", 1), ("same", 1), ("valid", 2), ("same", 2)]
    for group, (padding, stride) in zip(groups, strips, strict=True):
        told = ["".join(text.itertext()) for text in group.iter(f"{SVG}text")]
        assert told[:2] == [padding, f"stride {stride}"]
        expected = seen(padding, stride)
        assert told[2] == f"8 → {len(expected)}"
        assert told[3:] == ["0"] * sum(x.count(0) for x in expected)
        boxes = group.findall(f"{SVG}rect[@class='box blue']")
        middles = [float(x.get("x")) + float(x.get("width")) / 2 for x in boxes]
        fans = [numbers(g.find(f"{SVG}path").get("d"))[2::4] for g in group.findall(f"{SVG}g")]
        places = [[middles.index(x) + 1 if x in middles else 0 for x in fan] for fan in fans]
        assert places == expected


def test_the_plateau_waits_as_the_course_does():
    waiting = [text for text in words("plateau") if text.isdecimal()]
    assert waiting == [str(i) for i in range(training.PLATEAU["patience"])]
    assert f"η{TIMES}{training.PLATEAU['factor']:.3f}" in words("plateau")


def test_adam_has_keras_averages():
    adam, told = keras.optimizers.Adam(), words("adam")
    for letter, beta, of in (("m", adam.beta_1, "g"), ("s", adam.beta_2, "g²")):
        keep = Fraction(str(beta))
        assert f"{letter} ← {beta} {letter} + {float(1 - keep)} {of}" in told
        assert f"÷ (1 {MINUS} {beta}t)" in told
        assert f"memory ≈ {int(1 / (1 - keep)):,} steps" in told


def test_each_ball_is_touched_where_the_loss_is_least():
    balls = [found("balls", "circle", "box")[0], found("balls", "polygon", "box")[0]]
    ellipses = found("balls", "ellipse")
    touching = [found("balls", "circle", "solid", c)[0] for c in ("blue", "orange")]
    middle, radius = centre(balls[0]), float(balls[0].get("r"))
    corners = points(balls[1]) - points(balls[1]).mean(axis=0)
    around = np.linspace(0, 2 * np.pi, 20_000)
    edges = {
        "ridge": np.stack([np.cos(around), np.sin(around)], axis=1) * radius + middle,
        "lasso": np.concatenate(
            [
                a + np.linspace(0, 1, 5000)[:, None] * (b - a)
                for a, b in zip(corners, np.roll(corners, 1, axis=0), strict=True)
            ]
        )
        + points(balls[1]).mean(axis=0),
    }
    assert np.allclose(np.abs(corners).sum(axis=1), radius)
    for i, edge in enumerate(edges.values()):
        level = ellipses[3 * i]  # the outermost of three
        x, y, degrees = numbers(level.get("transform"))
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        turned = (edge - (x, y)) @ [[c, -s], [s, c]]
        loss = np.square(turned / [float(level.get("rx")), float(level.get("ry"))]).sum(axis=1)
        assert loss.min() == pytest.approx(1, abs=0.01)  # the curve touches the ball
        assert np.abs(edge[loss.argmin()] - centre(touching[i])).max() < 0.3


def lines(name, *classes):
    """The straight lines of a drawing with these classes, each as two points or more."""
    paths = [numbers(path.get("d").replace("M", "")) for path in found(name, "path", *classes)]
    return [np.reshape(path, (-1, 2)) for path in paths]


def test_the_two_parts_of_an_error_are_at_right_angles():
    (foot, shadow), (start, tip) = (
        lines("split", "line", "blue")[0],
        lines("split", "line", "orange")[0],
    )
    assert np.array_equal(shadow, start)
    seen, unseen = shadow - foot, tip - start
    assert abs(seen @ unseen) < 0.01 * np.linalg.norm(seen) * np.linalg.norm(unseen)


def test_a_kernel_of_twice_the_length_turns_a_quarter_as_far():
    kernels, steps = lines("turn", "line", "blue"), lines("turn", "line", "orange")
    lengths, turns = [], []
    for (start, tip), (foot, end) in zip(kernels, steps, strict=True):
        kernel, step = tip - start, end - foot
        assert np.array_equal(tip, foot)
        assert abs(kernel @ step) < 0.01 * np.linalg.norm(kernel) * np.linalg.norm(step)
        lengths.append(np.linalg.norm(kernel))
        turns.append(np.linalg.norm(step) / lengths[-1])  # the tangent of the angle
    assert lengths[1] / lengths[0] == pytest.approx(2, abs=0.01)
    assert turns[1] / turns[0] == pytest.approx(0.25, abs=0.01)


def in_space(part):
    """The pictures of a part of the drawing, in space, in the order in which they are drawn."""
    told = [x.get("data-at") for x in part.iter(f"{SVG}circle") if x.get("data-at")]
    return np.array([numbers(x) for x in told])


def errors(part):
    """The thin lines from pictures to copies, each two points."""
    lines = [x for x in part.iter(f"{SVG}path") if x.get("class") == "line thin"]
    return np.array([np.reshape(numbers(x.get("d")), (2, 2)) for x in lines])


def test_the_plane_of_the_codes_is_the_best_one():
    camera = np.array([[64, 0], [34, -36], [0, -80]])
    flat, curved = list(root("codes").iter(f"{SVG}g"))[:4:2]
    space = in_space(flat)
    mean = space.mean(axis=0)
    axes = np.linalg.svd(space - mean)[2][:2]
    best = mean + (space - mean) @ axes.T @ axes
    np.testing.assert_allclose(errors(flat)[:, 0], space @ camera + (98, 144), atol=0.1)
    np.testing.assert_allclose(errors(flat)[:, 1], best @ camera + (98, 144), atol=0.15)
    corners = points(flat.find(f".//{SVG}polygon")) - (98, 144)
    middle = corners.mean(axis=0)
    np.testing.assert_allclose(middle, mean @ camera, atol=0.1)  # the plane goes through the mean
    sides = np.linalg.lstsq((axes @ camera).T, (corners - middle).T, rcond=None)
    assert np.abs(corners - middle - sides[0].T @ axes @ camera).max() < 0.1
    same = np.sort(in_space(curved), axis=0)
    np.testing.assert_array_equal(same, np.sort(space, axis=0))
    long = [np.linalg.norm(np.diff(errors(x), axis=1), axis=-1).sum() for x in (flat, curved)]
    assert long[1] < long[0]


def test_each_loss_answers_with_its_own_middle_of_the_humps():
    curve = points(found("modes", "polyline")[0])
    x = np.linspace(curve[0, 0], curve[-1, 0], 10_000)
    height = np.interp(x, curve[:, 0], curve[:, 1].max() - curve[:, 1])
    share = np.cumsum(height) / height.sum()
    expected = {
        "blue": (x * height).sum() / height.sum(),  # the mean
        "violet": x[np.searchsorted(share, 0.5)],  # the median
        "orange": x[height.argmax()],  # the mode
    }
    for colour, place in expected.items():
        assert centre(found("modes", "circle", colour)[0])[0] == pytest.approx(place, abs=1.5)
    valley = share[np.searchsorted(x, 20 + 360 * 0.52)]
    assert "green apples, 40 %" in words("modes")
    assert valley == pytest.approx(0.4, abs=0.01)


def test_the_plane_of_one_luminance_cuts_the_cube_where_it_should():
    plane, front = (points(x) for x in found("luminance", "polygon", "violet"))
    origin, axes = (30, 212), 112 * np.array([[1, 0], [0, -1], [0.46, -0.36]])
    gray = 0.5
    back = np.linalg.lstsq(axes.T, (plane - origin).T, rcond=None)[0]  # one colour of many ...
    along = np.linalg.svd(axes.T)[2][2]  # ... that are drawn at one place, along this direction
    shift = (gray - color.GRAY_WEIGHTS @ back) / (color.GRAY_WEIGHTS @ along)
    corners = (back + np.outer(along, shift)).T
    assert corners.min() > -0.01
    assert corners.max() < 1.01
    assert (np.isclose(corners, 0, atol=0.01) | np.isclose(corners, 1, atol=0.01)).sum() == 8
    middle = centre(found("luminance", "circle", "blue")[-1])
    side = np.ptp(front[:, 0])
    chroma = np.stack([corners[:, 2], -corners[:, 0]], axis=1) - (gray, -gray)
    np.testing.assert_allclose(front, middle + side * chroma, atol=1.5)
