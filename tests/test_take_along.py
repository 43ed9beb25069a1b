"""What a reader takes along: the PDF and the ZIP that stand beside the built pages."""

import re
import zipfile
from collections import Counter

import pypdf
import pytest
import yaml
from test_page import BOOK, ROOT, needs_book, needs_chromium

NAME = "colorization-with-autoencoders"
NOT_PRINTED = ("playground", "workshop", "api", "figures", "contributing")

pytestmark = [needs_book, needs_chromium]


@pytest.fixture(scope="module")
def pdf():
    return pypdf.PdfReader(BOOK / f"{NAME}.pdf")


@pytest.fixture(scope="module")
def sample(pdf):
    """The text of every fifth page, and how much of it is set in each size, in points."""
    count = Counter()

    def note(text, matrix, within, font, size):
        count[round(abs(size * within[3] * matrix[3]), 1)] += len(text.strip())

    text = " ".join(page.extract_text(visitor_text=note) for page in pdf.pages[::5])
    return text, count


def printed():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    pages = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [page for page in pages if page.rpartition("/")[2] not in NOT_PRINTED]


def plain(text):
    return re.sub(r"\W+", " ", text).strip().lower()


def test_every_chapter_is_in_the_outline_and_then_the_solutions(pdf):
    outline = [plain(entry.title) for entry in pdf.outline if not isinstance(entry, list)]
    found = re.compile(r"<h1>(.*?)<", re.DOTALL)
    titles = [
        plain(found.search((BOOK / f"{page}.html").read_text(encoding="utf-8"))[1].strip())
        for page in printed()
    ]
    assert outline[1:-1] == titles
    assert outline[-1] == "solutions and answers"
    assert len(pdf.pages) > 8 * len(titles)


def test_the_body_can_be_read_on_paper(sample):
    assert sample[1].most_common(1)[0][0] >= 10


def test_it_can_be_printed_and_sent(pdf):
    assert len(pdf.pages) <= 400
    assert (BOOK / f"{NAME}.pdf").stat().st_size < 25e6  # what mail takes
    assert {tuple(round(x) for x in page.mediabox[2:]) for page in pdf.pages} == {(595, 842)}


def test_paper_has_no_controls(sample):
    text = plain(sample[0])
    for control in ("show the answer", "show the answers", "drag the window"):
        assert control not in text


def test_all_fonts_are_embedded(pdf):
    for page in pdf.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            within = font.get("/DescendantFonts", [font])[0].get_object()
            if within["/Subtype"] == "/Type3":  # drawn by the page itself
                continue
            descriptor = within["/FontDescriptor"].get_object()
            assert any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3")), font


def test_links_lead_into_the_document_or_to_the_net(pdf):
    names = set(pdf.named_destinations)
    inner = 0
    for page in pdf.pages:
        for link in page.get("/Annots", []):
            link = link.get_object()
            action = link.get("/A", {})
            if "/URI" in action:
                assert action["/URI"].startswith("http"), action["/URI"]
            else:
                inner += 1
                target = link.get("/Dest") or action["/D"]
                assert isinstance(target, pypdf.generic.ArrayObject) or target in names
    assert inner > 300


def test_the_archive_is_the_book():
    with zipfile.ZipFile(BOOK / f"{NAME}.zip") as packed:
        assert packed.testzip() is None
        names = set(packed.namelist())
    files = {
        f"{NAME}/{path.relative_to(BOOK)}"
        for path in BOOK.rglob("*")
        if path.is_file() and path.suffix not in (".pdf", ".zip")
    }
    assert names == files


def test_the_home_page_links_to_both():
    home = (BOOK / "book/introduction.html").read_text(encoding="utf-8")
    for kind in ("pdf", "zip"):
        assert re.search(rf'href="\.\./{NAME}\.{kind}" download>[^<]+ [1-9]\d* MB\)</a>', home)
