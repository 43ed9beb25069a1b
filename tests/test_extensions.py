"""What the book's Sphinx extensions make of a page, and what they refuse."""

import base64
import io
import re

import demo
import nbformat
import pytest
from fontTools.ttLib import TTFont
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_book import execute

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
ALT = "a gray square of one pixel"
QUIZ = "```{quiz}\nWhich?\n\n"

# a page's text to what the build says of it
REFUSED = {
    "image-silent": ("![](pixel.png)", "no alt text"),
    "image-few-words": ("![A plot](pixel.png)", "no alt text"),
    "image-html": ('<p><img src="pixel.png" alt=""></p>', "no alt text"),
    "image-svg": ('<div><svg viewBox="0 0 1 1"></svg></div>', "no alt text"),
    "tex": (r"$\undefinedcommand$", "MathJax rejects"),
    "tex-block": ("$$\n\\frac{1\n$$", "MathJax rejects"),
    "link": ("[here](absent.md)", "absent.md"),
    "term": ("{term}`a word that nobody explains`", "term not in glossary"),
    "quiz-none-right": (QUIZ + "- [ ] a\n  : b\n- [ ] c\n  : d\n```", "exactly one answer"),
    "quiz-unexplained": (QUIZ + "- [x] a\n- [ ] c\n  : d\n```", "no explanation"),
    "quiz-alone": (QUIZ + "- [x] a\n  : b\n```", "2 to 8 answers"),
    "quiz-blocks": ("```{quiz}\n# A\n\n- [x] a\n  : b\n- [ ] c\n  : d\n```", "single paragraph"),
}


def notebook(output):
    cells = [
        new_markdown_cell("# A notebook"),
        new_code_cell("1", execution_count=1, outputs=[output]),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": execute.KERNEL})


def picture():
    return new_output("display_data", data={"image/png": PIXEL, "text/plain": "a figure"})


def warnings(log, page):
    """What the build says of a page."""
    return [line for line in log.splitlines() if f"/{page}." in line]


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """What is said of a book in which each page has one thing wrong."""
    further = {"output-silent": notebook(picture())}
    return demo.refused(tmp_path_factory.mktemp("refused"), REFUSED, further)


@pytest.mark.parametrize(("page", "message"), [(p, message) for p, (_, message) in REFUSED.items()])
def test_each_defect_of_a_page_fails_the_build_and_is_named(refused, page, message):
    assert any(message in line for line in warnings(refused, page))


def test_an_output_without_alt_text_fails_the_build(refused):
    assert any("no alt text" in line for line in warnings(refused, "output-silent"))


def test_nothing_else_is_complained_of(refused):
    assert warnings(refused, "home") == []


def built(folder, **environment):
    """Build a book of one page of text and one notebook; the folder of its pages."""
    page = notebook(picture())
    page.cells[1].metadata = nbformat.from_dict({"mystnb": {"image": {"alt": ALT}}})
    code, log = demo.build(folder, {"home": "# Home\n\nText.", "chapter": page}, **environment)
    assert code == 0, log
    return folder / "_build/html"


FIGURE = """```{{figure}} pixel.png
:name: fig-{name}
:alt: {alt}

{caption}
```
"""
EQUATION = "$$\nx = 1\n$$ (eq-raw-label)"
# in the book's order, which is not the alphabet's
IN_ORDER = {
    "home": "# Home\n\n```{list-of-figures}\n```",
    "zebra": f'# Zebra\n\n{EQUATION}\n\nThus ($x$), and "$y$" too: $z$.'
    + "\n\n"
    + FIGURE.format(name="first", alt=ALT, caption="Turned by {eq}`eq-raw-label`."),
    "aardvark": "# Aardvark\n\n"
    + FIGURE.format(name="second", alt=ALT, caption="Of *some* `code` and $x$."),
}


@pytest.fixture(scope="module")
def in_order(tmp_path_factory):
    """The folder of the pages of such a book."""
    folder = tmp_path_factory.mktemp("order") / "x"
    (folder / "book").mkdir(parents=True)
    (folder / "book/pixel.png").write_bytes(base64.b64decode(PIXEL))
    code, log = demo.build(folder, IN_ORDER)
    assert code == 0, log
    return folder / "_build/html"


def plain(html):
    """What is read of a piece of a page."""
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


def test_the_list_of_figures_has_the_books_order_and_says_what_the_captions_say(in_order):
    text = (in_order / "book/home.html").read_text()
    assert re.findall(r'href="(\w+\.html#fig-\w+)"', text) == [
        "zebra.html#fig-first",
        "aardvark.html#fig-second",
    ]
    items = [plain(item) for item in re.findall(r"<li>(<p>.*?)</li>", text, re.DOTALL)]
    assert items[0] == "Fig. 1 Turned by (1)."
    assert items[1].startswith("Fig. 2 Of some code and ")
    assert "eq-raw-label" not in re.sub(r'href="[^"]*"', "", text)
    assert "zebra.html#equation-eq-raw-label" in text


def test_a_formula_keeps_the_punctuation_around_it(in_order):
    text = (in_order / "book/zebra.html").read_text()
    pieces = re.findall(r'<span class="together">(.*?)</span>(?= and| too|</p>)', text, re.DOTALL)
    around = [re.sub(r"<span.*</span>", "x", piece, flags=re.DOTALL) for piece in pieces]
    assert around == ["(x),", "“x”", "x."]


def test_the_typeface_is_in_the_book_with_its_licence_and_without_the_reserved_name(in_order):
    styles = in_order / "_static/styles"
    css = (styles / "typeface.css").read_text()
    script = (in_order / "_static/scripts/typeface.js").read_text()
    assert "Reserved Font Name 'Source'" in (styles / "typeface-license.txt").read_text()
    assert len(css) < 160_000
    faces = [base64.b64decode(data) for data in re.findall(r"base64,([^\"]+)", css)]
    assert len(faces) == 3
    assert faces == [base64.b64decode(data) for data in re.findall(r'"([\w+/=]{999,})"', script)]
    for face in faces:
        font = TTFont(io.BytesIO(face))
        assert font["name"].getDebugName(1) == "Course Sans"
        assert {ord(sign) for sign in "Az09é±÷→≤≈…√✓"} <= font.getBestCmap().keys()


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The pages of that book with the address of its repository and that of its site."""
    addresses = {
        "COURSE_REPOSITORY": "https://github.com/owner/name",
        "COURSE_SITE": "https://site.example/course",
    }
    return built(tmp_path_factory.mktemp("published") / "x", **addresses)


def test_without_an_address_no_page_offers_the_repository(tmp_path):
    out = built(tmp_path / "x")
    assert ALT in (out / "book/chapter.html").read_text()
    for page in (out / "book").glob("*.html"):
        assert not re.search(r"github\.com|mybinder|colab|unpkg|thebe", page.read_text())
    assert not (out / "sitemap.xml").exists()


def test_with_an_address_buttons_lead_to_files_of_the_repository(published):
    text = (published / "book/chapter.html").read_text()
    assert "https://github.com/owner/name/blob/main/book/chapter.ipynb" in text
    assert "colab.research.google.com/github/owner/name/blob/main/book/chapter.ipynb" in text
    assert "mybinder.org/v2/gh/owner/name/main?urlpath=lab/tree/book/chapter.ipynb" in text


def test_an_address_that_is_none_is_refused(tmp_path):
    code, log = demo.build(tmp_path / "x", {"home": "# Home"}, COURSE_REPOSITORY="owner/name")
    assert code != 0
    assert "give it as https://github.com/OWNER/NAME" in log


def test_with_a_site_there_are_a_map_and_a_preview(published):
    home, sitemap = published / "book/home.html", published / "sitemap.xml"
    assert "https://site.example/course/book/chapter.html" in sitemap.read_text()
    assert "https://site.example/course/_static/card.png" in home.read_text()
    assert (published / "_static/card.png").exists()
