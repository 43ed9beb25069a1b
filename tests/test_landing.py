"""The home page and the reading times: what the extensions refuse, and the page in a browser."""

import html
import importlib
import io
import re

import demo
import numpy as np
import pytest
import yaml
from docutils import nodes
from PIL import Image
from skimage import data
from test_page import (  # noqa: F401 - fixtures
    BOOK,
    ROOT,
    Visit,
    browser,
    failures,
    needs_book,
    needs_chromium,
    origin,
    unscripted,
    window,
)

from colorizer.data import to_gray

HOME = "book/introduction.html"
WIDTHS = [(1280, 900), (390, 844)]
ABOVE_THE_FOLD = (".sentence", ".pair", ".handle", "figcaption", ".primary", ".action + .action")
OPENING = "```{opening}\n"
TWO = "\n\nWhat it is.\n\nWhat the photograph is.\n```"

# a page's text to what the build says of it
REFUSED = {
    "play-missing": (OPENING + TWO, "names the playground's page"),
    "play-wrong": (OPENING + ":play: absent" + TWO, "no page book/absent to play in"),
    "opening-short": (OPENING + ":play: home\n\nWhat it is.\n```", "has two paragraphs"),
    "map-part": ("```{course-map}\n:without: Part X\n```", "no part 'Part X' to leave out"),
    "question-long": ("```{question}\nOne?\n\nTwo?\n```", "a single paragraph"),
    "hours": ("{reading-time}`days`", "takes the word hours, not 'days'"),
    "unasked": ("No colon in the title.", "no question for this page"),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """The log of a book whose every page but the first has one thing wrong."""
    pages = {"home": "# Home: what is here?\n\n```{course-map}\n```\n"}
    for name, (text, _) in REFUSED.items():
        title = name if name == "unasked" else f"{name}: what is wrong?"
        pages[name] = f"# {title}\n\n{text}"
    code, log = demo.build(tmp_path_factory.mktemp("refused") / "x", pages)
    assert code == 1
    return log


@pytest.mark.parametrize(("page", "message"), [(p, message) for p, (_, message) in REFUSED.items()])
def test_each_misuse_is_named(refused, page, message):
    told = [line for line in refused.splitlines() if page in line]
    assert any(message in line for line in told)


def test_nothing_else_is_complained_of(refused):
    assert not [line for line in refused.splitlines() if "/home." in line]


@pytest.fixture
def reading_time(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book/extensions")
    return importlib.import_module("reading_time")


def cell(hide_mode=None):
    """A cell of three lines that shows a picture."""
    code = nodes.literal_block("", "a\nb\nc")
    picture = nodes.container("", nodes.image(), nodes.literal_block("", "<Figure>"))
    caption = nodes.figure("", picture, nodes.caption("", "word " * 10))
    whole = nodes.container("", nodes.container("", code), nodes.container("", caption))
    whole[0]["nb_element"], whole[1]["nb_element"] = "cell_code_source", "cell_code_output"
    if hide_mode:
        whole["hide_mode"] = hide_mode
    return whole


def test_seconds_to_read(reading_time):
    from sphinx_exercise.nodes import exercise_node, solution_node

    words = nodes.paragraph("", "word " * 200)
    told = {
        60: words,
        20: nodes.math_block("", "x"),
        20 + 3 + 15: cell(),  # the picture, its caption and the code
        20 + 3: cell("input"),
        15: cell("output"),
        0: cell("all"),
        120 + 60: exercise_node("", words.deepcopy()),
    }
    for seconds, node in told.items():
        assert reading_time.seconds(node) == pytest.approx(seconds)
    assert reading_time.seconds(solution_node("", words.deepcopy())) == 0
    assert reading_time.seconds(nodes.section("", *told.values())) == pytest.approx(sum(told))


@pytest.mark.parametrize(
    ("minutes", "words"), [(1, "1 minute to read"), (12, "12 minutes to read")]
)
def test_minutes_in_words(reading_time, minutes, words):
    assert reading_time.in_words(minutes) == words


def chapters():
    """The pages of the map, in the order of the table of contents."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [
        (part["caption"], chapter["file"])
        for part in toc["parts"]
        if part["caption"] != "Reference"
        for chapter in part["chapters"]
    ]


@pytest.fixture
def home(window, origin):  # noqa: F811
    with Visit(window(), origin["file"] + HOME) as visit:
        yield visit.tab


@needs_book
@needs_chromium
@pytest.mark.parametrize(("width", "scheme"), [(768, "light"), (768, "dark"), (1280, "light")])
def test_all_is_well_in_the_settings_that_other_pages_are_not_tried_in(
    window,  # noqa: F811
    origin,  # noqa: F811
    width,
    scheme,
):
    with Visit(window(width, scheme), origin["file"] + HOME) as visit:
        assert failures(visit, origin["file"], HOME, BOOK) == {}


@needs_book
@needs_chromium
@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_what_counts_is_above_the_fold(home, width, height):
    home.set_viewport_size({"width": width, "height": height})
    for part in ABOVE_THE_FOLD:
        box = home.locator(f".opening {part}").bounding_box()
        assert box["y"] > 0
        assert box["y"] + box["height"] <= height
        assert 0 <= box["x"] < width
    assert home.locator(".opening .pair").bounding_box()["width"] >= 350


@needs_book
@needs_chromium
def test_the_buttons_lead_to_the_playground_and_the_first_chapter(home):
    first = next(page for part, page in chapters() if part != "Play")
    home.get_by_role("link", name="Colour your own photograph").click()
    assert home.url.endswith("book/playground.html")
    home.go_back()
    home.get_by_role("link", name="Start reading").click()
    assert home.url.endswith(f"{first}.html")


def gray_share(tab):
    """How much of the shown photograph has no colour, from the left, of 1."""
    pair = tab.locator(".opening .pair")
    tab.evaluate("document.activeElement.blur()")
    tab.wait_for_function("document.getAnimations().every((one) => one.playState === 'finished')")
    shown = Image.open(io.BytesIO(pair.screenshot())).convert("RGB")
    sky = np.asarray(shown, np.int16)[5 : shown.height // 10]
    coloured = (np.ptp(sky, axis=-1).mean(0) > 12).astype(int)
    return 1 - coloured.mean()


@needs_book
@needs_chromium
def test_the_divider_obeys_pointer_touch_and_keyboard(home, browser):  # noqa: F811
    slider, pair = home.locator(".opening").get_by_role("slider"), home.locator(".opening .pair")
    assert gray_share(home) == pytest.approx(0.4, abs=0.03)
    assert slider.get_attribute("aria-valuetext").startswith("40")

    box = pair.bounding_box()
    at = lambda share: (box["x"] + share * box["width"], box["y"] + 0.5 * box["height"])  # noqa: E731
    home.mouse.move(*at(0.4))
    home.mouse.down()
    home.mouse.move(*at(0.6), steps=3)
    home.mouse.move(*at(0.75), steps=3)
    home.mouse.up()
    assert gray_share(home) == pytest.approx(0.75, abs=0.03)
    assert slider.get_attribute("aria-valuetext") == "75 % gray on the left, the rest in colour"

    slider.focus()
    home.keyboard.press("ArrowLeft")
    assert float(slider.input_value()) < 75
    home.keyboard.press("Home")
    assert slider.get_attribute("aria-valuetext") == "all in colour"
    assert gray_share(home) < 0.03
    slider.focus()
    home.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "all in gray"
    assert gray_share(home) > 0.97


@needs_book
@needs_chromium
def test_the_divider_obeys_a_finger(browser, origin):  # noqa: F811
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    with Visit(context, origin["file"] + HOME) as visit:
        box = visit.tab.locator(".opening .pair").bounding_box()
        visit.tab.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
        assert gray_share(visit.tab) == pytest.approx(0.2, abs=0.03)
    context.close()


@needs_book
@needs_chromium
def test_the_handle_is_large_enough_for_a_finger(home):
    disc = home.locator(".opening .handle").evaluate(
        "(handle) => getComputedStyle(handle, '::after').width"
    )
    assert float(disc.removesuffix("px")) >= 32


@needs_book
@needs_chromium
def test_a_reader_who_wants_calm_sees_nothing_move(browser, origin):  # noqa: F811
    context = browser.new_context(reduced_motion="reduce")
    with Visit(context, origin["file"] + HOME) as visit:
        assert visit.tab.evaluate("document.getAnimations().length") == 0
    context.close()


@needs_book
@needs_chromium
def test_on_paper_half_of_the_photograph_is_gray(home):
    home.emulate_media(media="print")
    pair = home.locator(".opening .pair")
    assert pair.evaluate("(x) => getComputedStyle(x).getPropertyValue('--gray')") == "50%"
    assert home.get_by_role("link", name="Start reading").is_hidden()
    home.emulate_media(media="screen")


@needs_book
@needs_chromium
def test_without_javascript_both_photographs_stand_side_by_side(unscripted, origin):  # noqa: F811
    unscripted.goto(origin["file"] + HOME)
    gray, coloured = (
        unscripted.locator(f".opening .{name}").bounding_box() for name in ("gray", "coloured")
    )
    assert gray["y"] == coloured["y"]
    assert gray["x"] + gray["width"] <= coloured["x"]
    assert unscripted.locator(".opening input").is_hidden()


@needs_book
def test_the_photograph_keeps_its_gray_and_gets_a_blue_sky_and_a_green_lawn():
    folder = BOOK / "_static/opening"
    gray, coloured = (
        np.asarray(Image.open(folder / f"{name}.webp").convert("RGB"))
        for name in ("gray", "coloured")
    )
    given = data.camera()
    for shown in (gray, coloured):
        error = to_gray(shown)[..., 0].astype(float) - given
        assert np.sqrt((error**2).mean()) < 6  # what the format loses
    assert np.ptp(gray.astype(int), axis=-1).max() <= 4
    sky, lawn = (coloured[rows, 360:].mean((0, 1)) for rows in (slice(90), slice(420, None)))
    assert sky[2] > sky[1] > sky[0]
    assert lawn[1] > max(lawn[0], lawn[2])


@needs_book
def test_the_map_has_a_card_for_each_page_in_the_order_of_the_contents():
    cards = (BOOK / HOME).read_text().split('<li class="card">')[1:]
    assert len(cards) == len(chapters())
    for card, (part, page) in zip(cards, chapters(), strict=True):
        link = re.search(r'<a href="([^"]*)">([^<]+)</a>', card)
        assert f"book/{link[1]}" == f"{page}.html"
        assert f'<p class="part">{html.escape(part)}</p>' in card
        assert re.search(r"<p>[A-Z][^<]+\?</p>", card), link[2]
        assert re.search(r"<svg [^>]*>\s*<", card)


@needs_book
def test_a_card_and_its_chapter_tell_the_same_minutes_and_the_hours_are_their_sum():
    home = (BOOK / HOME).read_text()
    total = 0
    for _, page in chapters():
        if not (ROOT / f"{page}.ipynb").exists():
            continue
        under_title = (BOOK / f"{page}.html").read_text().split("</h1>")[-1][:400]
        line = re.search(r'<p class="reading-time">(\d+ minutes? to read)\b', under_title)
        assert line, page
        link = f'<p class="name"><a href="{page.removeprefix("book/")}.html">'
        card = home.split(link)[1].split("</li>")[0]
        assert f'<p class="minutes">{line[1]}</p>' in card
        total += int(line[1].split()[0])
    assert f"takes about {round(total / 60)} hours" in home
