"""The built book in a real browser that can reach nothing but this machine."""

import contextlib
import functools
import gzip
import json
import os
import random
import re
import shutil
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

import demo
import pytest
import servers
from playwright.sync_api import TimeoutError as BrowserTimeoutError
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "_build/html"
AXE = ROOT / "node_modules/axe-core/axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def pages_of(folder):
    """The pages under a folder; the theme leaves pieces of pages among its files."""
    return sorted(path for path in folder.rglob("*.html") if "_static" not in path.parts)


PAGES = [str(p.relative_to(BOOK)) for p in pages_of(BOOK) if p != BOOK / "index.html"]
CHAPTERS = [page for page in PAGES if page.startswith("book/")]
SETTINGS = [
    ("file", 390, "dark"),
    ("http", 1280, "light"),
    ("file", 390, "light"),
    ("http", 1280, "dark"),
]
TURN = os.environ.get("TURN")  # a commit, where a page is tried in one setting only
TRIED = [
    (page, *setting)
    for i, page in enumerate(PAGES)
    for j, setting in enumerate(SETTINGS)
    if not TURN or (i + j + int(TURN, 16)) % len(SETTINGS) == 0
]
KINDS = ["file", "http"] if not TURN else [["file", "http"][int(TURN, 16) % 2]]
HOME, CHAPTER, INTERACTIVE = 1_000_000, 2_000_000, 3_000_000  # bytes, gzipped
SHIFT = 0.05  # cumulative layout shift
SETTLE = 0.3  # seconds in which a page that is drawn may still move

needs_book = pytest.mark.skipif(not PAGES, reason="No book is built; `make book` builds it.")
needs_chromium = pytest.mark.skipif(
    not CHROMIUM, reason="No Chromium is found; Debian's package `chromium` has it."
)

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifts.push(entry.value);
}).observe({type: "layout-shift", buffered: true});
"""
VIEWS = "script[type='application/vnd.jupyter.widget-view+json']"
DRAWN = f"""
(() => {{
  const views = document.querySelectorAll("{VIEWS}").length;
  const live = [...document.querySelectorAll("[data-live]")];
  return document.querySelectorAll(".widget-subarea > *").length >= views
    && live.every((place) => place.values);
}})()
"""
# where a figure's slider stands, in words, and the picture that it brought up
SHOWN = """
(figure) => [
  figure.querySelector("[role=slider]").getAttribute("aria-valuetext"),
  figure.querySelector(".widget-subarea img")?.getAttribute("src"),
]
"""
LIVE = "[data-live]"
# the numbers behind a live figure, and what its controls say
PLAYED = """
(place) => JSON.stringify([
  place.values,
  [...place.querySelectorAll("[aria-valuetext]")].map((x) => x.getAttribute("aria-valuetext")),
])
"""
CHANGED = f"([figure, before]) => ({SHOWN})(figure).every((part, i) => part !== before[i])"
MARKED = """
(quiz) => {
  const told = quiz.querySelector("[role=status]");
  return {
    chosen: [...quiz.querySelectorAll("[type=radio]")].findIndex((choice) => choice.checked),
    told: told.textContent,
    read: told.innerText,
    verdict: told.querySelector(".verdict")?.innerText ?? null,
  };
}
"""
# what reaches beyond its place although it does not scroll, and what hides that it does
BEYOND = """
() => [...document.querySelectorAll(".bd-article :is(table, div.math > mjx-container)")]
  .filter((element) => element.checkVisibility())
  .filter((element) => {
    const region = element.closest(".pst-scrollable-table-container, mjx-container");
    const box = (region ?? element).getBoundingClientRect();
    const column = document.querySelector(".bd-article").getBoundingClientRect();
    if (box.right > column.right + 1) return true;
    if (!region || region.scrollWidth <= region.clientWidth) return false;
    const {overflowX, backgroundImage} = getComputedStyle(region);
    return overflowX !== "auto" || !backgroundImage.includes("gradient") || region.tabIndex;
  })
  .map((element) => element.textContent.trim().slice(0, 60))
"""
# formulas that a desktop's page is too narrow for
SCROLLED = """
() => [...document.querySelectorAll(".bd-article mjx-container[display=true]")]
  .filter((formula) => formula.checkVisibility() && formula.scrollWidth > formula.clientWidth + 1)
  .map((formula) => formula.closest("div.math").id || formula.textContent.slice(0, 60))
"""
# what stands before the first cell of a chapter, apart from its head
OPENING = """
() => {
  const cell = document.querySelector(".bd-article .cell");
  const prose = ".bd-article p:not(.question, .reading-time, .admonition *)";
  return [...document.querySelectorAll(prose)]
    .some((p) => p.compareDocumentPosition(cell) & Node.DOCUMENT_POSITION_FOLLOWING);
}
"""
LOOK = f"""
() => ({{
  equations: [...document.querySelectorAll("span.math, div.math")]
    .filter((math) => !math.querySelector("mjx-container") || math.querySelector("mjx-merror")
                      || (math.checkVisibility() && !math.querySelector("mjx-math").clientWidth))
    .map((math) => math.textContent),
  fonts: [...document.fonts].filter((font) => font.status === "error").map((font) => font.family),
  views: document.querySelectorAll("{VIEWS}").length,
  widgets: document.querySelectorAll(".widget-subarea > *").length,
  shift: shifts.reduce((a, b) => a + b, 0),
  tables: [...document.querySelectorAll("article p")]
    .map((p) => p.textContent.trim()).filter((text) => /^\\|[^]*\\|$/.test(text)),
  width: [document.documentElement.scrollWidth, window.innerWidth],
}})
"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def window(browser):
    """A window of the browser, by its width and scheme; all pages that need such a one share it."""

    @functools.cache
    def opened(width=1280, scheme="light"):
        viewport = {"width": width, "height": 900}
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        context.add_init_script(WATCH_SHIFTS)
        context.new_page()  # so that it stays open, with what it knows, when a page is closed
        return context

    return opened


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """The address of the book for "file" and for "http", there under a sub-path."""
    root = tmp_path_factory.mktemp("server")
    (root / "some").mkdir()
    (root / "some/path").symlink_to(BOOK)
    with servers.files(root) as address:
        yield {"file": BOOK.as_uri() + "/", "http": f"{address}some/path/"}


class Visit:
    """A page in a tab of its own, drawn; what it asked for, and what went wrong in it."""

    def __init__(self, window, address):
        self.requests, self.missing, self.console = [], [], []
        self.tab = window.new_page()
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("requestfailed", lambda request: self.missing.append(request.url))
        self.tab.on("response", self._answered)
        self.tab.on("pageerror", lambda error: self.console.append(str(error)))
        self.tab.on("console", self._told)
        self.tab.goto(address)
        with contextlib.suppress(BrowserTimeoutError):  # `failures` tells it
            self.tab.wait_for_function(DRAWN, timeout=15_000)
        self.drawn = time.monotonic()

    def _answered(self, response):
        if response.status > 399:
            self.missing.append(response.url)

    def _told(self, message):
        if is_error(message):
            self.console.append(message.text)

    def settle(self):
        """Wait until the page has had its time to move."""
        self.tab.wait_for_timeout(1000 * max(0, self.drawn + SETTLE - time.monotonic()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tab.close()


def failures(visit, base, page, folder):
    """Name what is wrong with a page that is visited: check to details, empty if all is well.

    Args:
        visit: the page in the browser.
        base: where the book stands, as an address.
        page: the page's path in it.
        folder: where the book stands, as a folder.
    """
    violations = axe(visit.tab)  # meanwhile the page may move
    visit.settle()
    seen = visit.tab.evaluate(LOOK)

    own = [url for url in visit.requests if url.startswith(base)]
    outside = [url for url in visit.requests if not url.startswith((base, "data:", "blob:"))]
    weight = sum(gzipped(folder / url2pathname(urlsplit(url[len(base) :]).path)) for url in own)
    home = (folder / "index.html").exists() and page in (folder / "index.html").read_text()
    budget = HOME if home else INTERACTIVE if seen["views"] else CHAPTER
    found = {
        "outside request": outside,
        "missing file": [url for url in visit.missing if url not in outside],
        "console": visit.console,
        "equation": seen["equations"] + seen["fonts"],
        "table": seen["tables"],
        "widget": [] if seen["views"] == seen["widgets"] else [seen["views"], seen["widgets"]],
        "layout shift": [seen["shift"]] if seen["shift"] >= SHIFT else [],
        "too wide": seen["width"] if seen["width"][0] > seen["width"][1] else [],
        "too heavy": [weight] if weight > budget else [],
        "accessibility": violations,
    }
    return {check: details for check, details in found.items() if details}


def is_error(message):
    """Whether a message on the console is one; what cannot be loaded is told elsewhere."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def axe(tab, part="html", **options):
    """The rules of axe-core that the page, or a part of it, breaks, with the elements."""
    tab.add_script_tag(content=AXE.read_text())
    run = "([part, options]) => axe.run(part, options)"
    result = tab.evaluate(run, [part, {"preload": False, "resultTypes": ["violations"], **options}])
    return [(rule["id"], [n["html"][:120] for n in rule["nodes"]]) for rule in result["violations"]]


@functools.cache
def gzipped(path):
    """Bytes that a file takes on the way."""
    return len(gzip.compress(path.read_bytes(), 6)) if path.is_file() else 0


@needs_book
@needs_chromium
@pytest.mark.parametrize(("page", "kind", "width", "scheme"), TRIED)
def test_page(window, origin, page, kind, width, scheme):
    """All is well as the page comes; what is wide scrolls; figures and quizzes obey the keys."""
    base = origin[kind]
    with Visit(window(width, scheme), base + page) as visit:
        assert failures(visit, base, page, BOOK) == {}
        if page in CHAPTERS:
            text = (BOOK / page).read_text()
            assert visit.tab.evaluate(BEYOND) == []
            if width == 1280:
                assert visit.tab.evaluate(SCROLLED) == []
            if 'class="reading-time"' in text:
                opens_with_one_line_of_times_and_with_prose(visit.tab)
            views = text.count("application/vnd.jupyter.widget-view+json")
            assert move_sliders(visit.tab) == views
            assert move_live_figures(visit.tab) == text.count("data-live=")
            if width < 1280:
                assert answer_quizzes(visit.tab) == text.count('class="quiz"')
        assert visit.console == []


def opens_with_one_line_of_times_and_with_prose(tab):
    line = tab.locator("p.reading-time").inner_text()
    assert re.match(r"\d+ minutes? to read · runs in [^·]+ · read before: \w", line)
    assert tab.locator(".admonition em", has_text=re.compile("^(Before|Time):$")).count() == 0
    assert tab.evaluate(OPENING)


def move_sliders(tab):
    """Move every slider by keyboard; each step is to bring up another picture. Their number."""
    figures = tab.locator(".interactive", has=tab.locator(VIEWS)).all()
    for figure in figures:
        slider, picture = figure.get_by_role("slider"), figure.locator(".widget-subarea img")
        figure.locator(".waiting").wait_for(state="detached")
        slider.focus()
        for _ in range(2):
            before = figure.evaluate(SHOWN)
            now, last = (slider.get_attribute(f"aria-value{end}") for end in ("now", "max"))
            tab.keyboard.press("ArrowLeft" if now == last else "ArrowRight")
            tab.wait_for_function(CHANGED, arg=[figure.element_handle(), before], timeout=5_000)
        assert slider.get_attribute("aria-label")
        assert picture.get_attribute("alt")
    return len(figures)


def move_live_figures(tab):
    """Move a slider or a handle of every live figure by keyboard; it answers. Their number."""
    places = tab.locator(LIVE).all()
    for place in places:
        before = place.evaluate(PLAYED)
        control = place.get_by_role("slider").first
        assert control.get_attribute("aria-label")
        for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"):  # it may be at an end
            control.press(key)
            tab.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            if place.evaluate(PLAYED) != before:
                break
        assert place.evaluate(PLAYED) != before, place.get_attribute("data-live")
    return len(places)


def answer_quizzes(tab):
    """Answer every question by keyboard, wrong and right; each is marked. Their number."""
    forms = tab.locator("form.quiz").all()
    if forms:
        again, tally = tab.get_by_role("button", name="Start again"), tab.locator(".quiz-tally p")
        again.press("Enter")  # whatever an earlier visit left
        for form in forms:
            ways = {"choice": choose, "number": type_numbers, "order": arrange}
            ways[form.get_attribute("data-kind")](tab, form)
        counts = re.findall(r"(\d+) of (\d+) right", tally.text_content())
        assert all(right == number for right, number in counts)
        assert sum(int(number) for _, number in counts) == len(forms)
        again.press("Enter")
        assert tally.text_content().count(" 0 of ") == len(counts)
    return len(forms)


def choose(tab, form):
    """Give every answer of a quiz, and at last the right one."""
    told, press = form.get_by_role("status"), tab.keyboard.press
    form.get_by_role("button").focus()
    press("Enter")
    assert told.text_content() == "Choose an answer first."
    rights = form.get_by_role("radio").evaluate_all("(all) => all.map((x) => x.dataset.right)")
    assert rights.count("true") == 1
    form.get_by_role("radio").first.focus()
    press("Space")
    for number, right in enumerate(rights):
        unmarked = {"chosen": number, "told": "", "read": "", "verdict": None}
        assert form.evaluate(MARKED) == unmarked
        press("Enter")
        marked = form.evaluate(MARKED)
        assert marked["verdict"] == ("✓ Right." if right == "true" else "✗ Not yet.")
        assert len(marked["read"].split()) > 5
        press("ArrowDown")
    form.get_by_role("radio").nth(rights.index("true")).press("Space")
    press("Enter")


def type_numbers(tab, form):
    """Type numbers that are wrong, and the right ones."""
    told, fields = form.get_by_role("status"), form.get_by_role("textbox").all()
    numbers = json.loads(form.get_attribute("data-numbers"))
    assert len(numbers) == len(fields) > 0
    for verdict, add in (("✗ Not yet.", 1e6), ("✓ Right.", 0)):
        for field, number in zip(fields, numbers, strict=True):
            field.fill(str(number["right"] + add))
        fields[-1].press("Enter")
        assert told.text_content().startswith(verdict)


def arrange(tab, form):
    """Check an order as it comes, then bring every item to its place."""
    told, items = form.get_by_role("status"), form.locator("ol.order > li")
    form.get_by_role("button", name="Check").press("Enter")
    assert told.text_content().startswith("✗ Not yet.")
    for place in range(items.count()):
        up = form.locator(f"ol.order > li[data-place='{place}'] button").first
        up.focus()
        for _ in range(items.count()):
            if items.nth(place).get_attribute("data-place") != str(place):
                tab.keyboard.press("ArrowUp")
    form.get_by_role("button", name="Check").press("Enter")
    assert told.text_content().startswith("✓ Right.")


@pytest.fixture(scope="module")
def demo_book(tmp_path_factory):
    """A book of one chapter that has all that the pages offer."""
    folder = tmp_path_factory.mktemp("demo") / "book"
    code, log = demo.build(folder, {"home": "# Home", "chapter": demo.chapter()})
    assert code == 0, log
    return folder / "_build/html"


@needs_chromium
def test_the_demo(window, unscripted, demo_book):
    base, page = demo_book.as_uri() + "/", "book/chapter.html"
    for width, scheme in [(390, "light"), (1280, "dark")]:
        with Visit(window(width, scheme), base + page) as visit:
            assert failures(visit, base, page, demo_book) == {}
            tab = visit.tab
            assert (move_sliders(tab), answer_quizzes(tab)) == (1, 1)
            assert tab.locator("a[href='#fig-moving']", has_text="Fig. 1").count() == 2
            solution = tab.locator(".solution")
            solution.get_by_role("button").press("Enter")
            assert solution.get_by_text("One, by").is_visible()
    read_without_javascript(unscripted, base + page)


@pytest.fixture(scope="module")
def unscripted(browser):
    """A tab in which no JavaScript runs."""
    return browser.new_context(java_script_enabled=False).new_page()


def read_without_javascript(tab, address):
    """The answers to questions and the first picture of interactive figures are to be there."""
    tab.goto(address)
    for answers in tab.locator("form.quiz details").all():
        answers.locator("summary").click()
        assert answers.locator("summary ~ *").first.is_visible()
    for figure in tab.locator(".interactive").all():
        assert figure.locator("img").is_visible()
    assert tab.locator("article.bd-article").is_visible()


@needs_book
@needs_chromium
@pytest.mark.parametrize("page", CHAPTERS)
def test_without_javascript_all_is_there(unscripted, origin, page):
    read_without_javascript(unscripted, origin["file"] + page)


@needs_book
@needs_chromium
@pytest.mark.parametrize("kind", KINDS)
def test_search_finds_a_word_of_each_chapter(window, origin, kind):
    tab = window().new_page()
    for page in CHAPTERS:
        title = re.search(r"<h1>(.*?)<", (BOOK / page).read_text(), re.DOTALL)[1]
        word = max(re.findall(r"[A-Za-z]+", title), key=len)
        tab.goto(f"{origin[kind]}search.html?q={word}")
        tab.locator(f"#search-results a[href^='{page}']").first.wait_for()
    tab.close()


@needs_book
@needs_chromium
@pytest.mark.parametrize("kind", ["file", "http"])
@pytest.mark.parametrize(
    ("word", "page"),
    [
        ("latent", "model/autoencoder"),
        ("chroma", "beyond/luminance"),
        ("dropout", "regularisation"),
    ],
)
def test_search_finds_the_glossary_then_the_chapter_on_a_word(window, origin, kind, word, page):
    tab = window().new_page()
    tab.goto(f"{origin[kind]}search.html?q={word}")
    found = tab.locator("#search-results ul.search > li")
    found.nth(1).wait_for()
    places = [link.get_attribute("href") for link in found.locator("> a").all()]
    if f'id="term-{word}"' in (BOOK / "book/reference/glossary.html").read_text():
        assert places.pop(0) == f"book/reference/glossary.html#term-{word}"
        assert found.first.locator("a").inner_text() == f"Glossary: {word}"
    assert page in places[0]
    for hit in found.all()[:5]:
        assert len(hit.locator("p.context").inner_text().split()) > 5
    tab.close()


@needs_book
@needs_chromium
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_lies_over_what_is_searched_for(window, origin, width):
    tab = window(width).new_page()
    tab.goto(origin["file"] + "search.html?q=latent")
    form = tab.locator(".bd-search-container form.bd-search")
    icon = form.locator("i").bounding_box()
    inset = form.locator("input").evaluate(
        "(x) => x.getBoundingClientRect().x + parseFloat(getComputedStyle(x).paddingLeft)"
    )
    assert icon["x"] + icon["width"] <= inset
    tab.close()


HEADINGS = """
() => ["h1", "h2", "h3", "h4"].map((name) => {
  const heading = document.createElement(name);
  document.querySelector("article section").append(heading);
  const {fontSize, fontWeight} = getComputedStyle(heading);
  return [parseFloat(fontSize), Number(fontWeight)];
})
"""


# characters in a line of text, on average
LINE = """
(p) => {
  p.textContent = "A gray photograph goes in, and one in colour comes out of it. ".repeat(9);
  const height = parseFloat(getComputedStyle(p).lineHeight);
  return p.textContent.length / Math.round(p.clientHeight / height);
}
"""


@needs_book
@needs_chromium
@pytest.mark.parametrize("width", [390, 1280])
def test_headings_descend_and_lines_are_short(window, origin, width):
    tab = window(width).new_page()
    tab.goto(origin["file"] + next(page for page in CHAPTERS if "learning/loss" in page))
    looks = tab.evaluate(HEADINGS)
    assert [size for size, _ in looks] == sorted({size for size, _ in looks}, reverse=True)
    assert [weight for _, weight in looks] == sorted((w for _, w in looks), reverse=True)
    assert tab.locator("article section section > p").first.evaluate(LINE) <= 75
    tab.close()


class Page(HTMLParser):
    """What a page links to, and what can be linked to in it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], {""}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.anchors |= {attributes.get("id"), attributes.get("name")}
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]


def dead_links(folder):
    """Links inside of a folder of pages that lead nowhere, with their pages."""
    pages = {path: Page(path) for path in pages_of(folder)}
    dead = []
    for path, page in pages.items():
        for link in page.links:
            target = urlsplit(urljoin(path.as_uri(), link))
            if target.scheme != "file" or (path.name == "search.html" and link == "#"):
                continue
            file = Path(url2pathname(target.path))
            anchor = unquote(target.fragment)
            if not file.exists() or (file in pages and anchor not in pages[file].anchors):
                dead.append((path.name, link))
    return dead


@needs_book
def test_a_number_and_its_per_cent_sign_stay_on_one_line():
    texts = [page.read_text() for page in pages_of(BOOK)]
    parted = re.compile(r"\d %")
    found = [text[: match.end()][-24:] for text in texts for match in parted.finditer(text)]
    assert found == []


@needs_book
def test_links():
    assert dead_links(BOOK) == []


GOOD = """<!doctype html><html lang="en"><head><title>A page</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>A page</h1><p>Text.</p>{}</main></body></html>"""
VIEW = '<script type="application/vnd.jupyter.widget-view+json">{}</script>'
BROKEN = {
    "outside request": '<script src="https://cdn.example/mathjax.js"></script>',
    "missing file": '<script src="absent.js"></script>',
    "console": "<script>console.error('no')</script>",
    "equation": '<div class="math">\\[x\\]</div>',
    "table": "<article><p>| a | b | | --- | --- |</p></article>",
    "widget": 2 * '<div class="widget-subarea"><p>1</p></div>' + VIEW,
    "layout shift": "<p id=p></p><p>" + 30 * "Moved.<br>" + "</p>"
    "<script>setTimeout(() => {p.style.height = '300px'}, 200)</script>",
    "too wide": '<p style="width: 3000px">Wide.</p>',
    "too heavy": '<script src="heavy.js"></script>',
    "accessibility": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">',
}


@pytest.fixture
def site(tmp_path):
    (tmp_path / "heavy.js").write_bytes(b"//" + random.Random(0).randbytes(999).hex().encode())

    def page(body):
        (tmp_path / "page.html").write_text(GOOD.format(body))
        return tmp_path

    return page


def failures_of(window, folder):
    """What is wrong with the site's page."""
    base = folder.as_uri() + "/"
    with Visit(window(), base + "page.html") as visit:
        return failures(visit, base, "page.html", folder)


@needs_chromium
def test_a_good_page_passes(window, site):
    assert failures_of(window, site("")) == {}


@needs_chromium
@pytest.mark.parametrize(("check", "body"), BROKEN.items())
def test_each_defect_is_found_by_its_check_alone(window, site, check, body, monkeypatch):
    monkeypatch.setitem(globals(), "CHAPTER", 500)
    assert failures_of(window, site(body)).keys() == {check}


def test_dead_links_are_found(tmp_path, site):
    folder = site('<a href="page.html#here">1</a><a href="absent.html">2</a><p id="here">3</p>')
    assert dead_links(folder) == [("page.html", "absent.html")]
    folder = site('<a href="#nowhere">1</a>')
    assert dead_links(folder) == [("page.html", "#nowhere")]
