"""Make of the built book what a reader takes along: one PDF to print, and a ZIP of all pages.

The PDF is the built pages, one after the other in the book's order, as Chromium prints them: live
figures as they open, and what is solved or explained at the end. The home page links to both.
"""

import argparse
import re
import shutil
import sys
import zipfile
from copy import copy
from functools import cache
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import yaml
from bs4 import BeautifulSoup

NAME = "colorization-with-autoencoders"
FROM_HOME = ("the-map", "four-ways-to-use-the-course")  # of no use on paper
ON_SCREEN_ONLY = {  # pages of no use on paper
    "book/playground",
    "book/workshop",
    "book/reference/figures",
    "book/reference/api",
    "book/reference/contributing",
}
DROPPED = (  # what is folded on the page, too, but for solutions
    ".headerlink, .copybtn, .quiz-tally, details.hide, script:not([type='application/json'])"
)
SOLVED = "div.solution, .quiz details"  # these go to the end
REFERENCES = ("id", "for", "aria-labelledby", "aria-describedby")
STYLE = """
@page { size: A4; margin: 15mm 17mm 18mm; }
html { font-size: 10.2pt; }
body { background: #fff; }
.bd-main, .bd-content { display: block !important; }
html .bd-main .bd-article { font-size: 1rem; line-height: 1.42; }
.bd-article { max-width: none !important; padding: 0 !important; width: 100%; }
h1, h2, h3, h4, .question, .admonition-title { break-after: avoid; break-inside: avoid; }
.bd-article :is(h2, h3, h4) { margin: 1.3rem 0 0.4rem; }
p, li, pre { orphans: 3; widows: 3; }
details > summary { list-style: none; }
details::details-content { display: contents; }
.print-page > section > h1, .print-part { break-before: page; }
.print-part { color: #333; font-weight: 600; margin: 0 0 0.5rem; }
.print-page h1 { display: block !important; font-size: 1.65rem; margin-top: 0; }
.print-part + .print-page > section > h1 { break-before: avoid; }
.print-solutions h2 { break-after: avoid; }
.print-solutions details { margin: 0.8rem 0; }
.print-solutions details:not(:has(ul, ol)) > :is(summary, p) { display: inline; }
.print-solutions ul { margin-bottom: 0; padding-left: 1.2rem; }
.bd-article :is(pre, .highlight) { font-size: 8.2pt; line-height: 1.32; }
.bd-article pre { overflow: visible; overflow-wrap: anywhere; }
.bd-article table { font-size: 8.6pt; max-width: 100%; width: auto; }
.bd-article :is(th, td) { min-width: 0 !important; padding: 0.2rem 0.4rem; }
.bd-article :is(th, td) { position: static !important; white-space: normal; }
.bd-article :is(figure, .cell, .cell_output, pre) { margin-bottom: 0.5rem; }
.bd-article :is(.cell_output, figure) img { max-height: 12cm; object-fit: contain; }
.bd-article :is(.cell_output, figure) img { object-position: left; width: auto; }
.bd-article svg.schematic { max-width: 11.5cm; }
.bd-article .live-place { max-height: none; min-height: 0; }
.bd-article :is(pre, .admonition, .highlight, div[class*=highlight-], table) {
  break-inside: auto; display: revert;
}
.bd-article .exercise.admonition { break-inside: avoid; }
mjx-container[display=true] { background: none !important; overflow: visible; }
.opening { display: grid; gap: 1rem; grid-template-columns: 2fr 1fr; }
.quiz { margin: 0.6rem 0; padding: 0.4rem 0.8rem; }
.quiz label { min-height: 0; padding: 0.05rem 0; }
section[id$="--quiz"] { columns: 2; }
section[id$="--quiz"] > h2 { column-span: all; }
.quiz fieldset { break-inside: avoid; }
.quiz[data-kind=number], .quiz input, .live .controls, .live .told, .quiz button,
.interactive .widget-hslider, .actions { display: none !important; }
.waiting { position: static !important; visibility: visible !important; }
.on-paper { color: #333; font-size: 8.6pt; font-style: italic; margin: 0 0 0.5rem; }
#introduction--the-course-in-one-minute {
  break-inside: avoid; display: grid; gap: 0.3rem 1rem; grid-template-columns: repeat(4, 1fr);
}
#introduction--the-course-in-one-minute > :is(h2, h2 + p) { grid-column: 1 / -1; }
#introduction--the-course-in-one-minute > .cell { grid-row: 3; }
#introduction--the-course-in-one-minute > .cell ~ p { font-size: 8.6pt; grid-row: 4; }
#introduction--the-course-in-one-minute > p > :is(strong, em) { display: block; }
"""
READY = """
[...document.querySelectorAll("[data-live]")].every((place) => place.values)
  && [...document.images].every((image) => image.complete)
"""
SHOWS_SOMETHING = "p, li, dl, img, svg, pre, table, form, [data-live]"
SAYS_WHY = re.compile(r"\s*\.\s*The solution says why\.")
ON_PAPER = "On screen this figure can be moved; on paper it is as it opens."
HANDLED = re.compile(r"(?<![^\s])(?:Drag|Move|Click|Tap|Press) [^.]*\.\s*")
WITHOUT_ORDERS = """  // "Drag to turn" is no title on paper, "Output: drag the input" is "Output"
for (const place of document.querySelectorAll("[data-live]")) {
  const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    text.data = text.data
      .replace(/^(Drag|Press|Pick|Move|Click|Tap|Choose) .*$/, "\\u00a0")
      .replace(/: (drag|press|pick|move|click|tap|choose) .*$/, "");
  }
}
"""
FOOTER = (
    '<div style="font-size: 8px; width: 100%; text-align: center; color: #555">'
    '<span class="pageNumber"></span></div>'
)


def main():
    """Write the PDF and the ZIP beside the pages, and link them from the home page."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("book", type=Path, help="the folder of the built pages")
    book = parser.parse_args().book.resolve()
    archive, pdf = (book / f"{NAME}.{kind}" for kind in ("zip", "pdf"))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(book.rglob("*")):
            if path.is_file() and path not in (archive, pdf):
                packed.write(path, f"{NAME}/{path.relative_to(book)}")
    links = [("all pages, to read without a network (ZIP", archive)]
    if chromium := shutil.which("chromium") or shutil.which("chromium-browser"):
        print_pages(book, pdf, chromium)
        links.insert(0, ("the whole course to print (PDF", pdf))
    else:
        print("No Chromium is found: no PDF is made.", file=sys.stderr)
    offer(book, links)
    print("To take along:", *(path for _, path in links))


def print_pages(book: Path, pdf: Path, chromium: str):
    """All pages that are of use on paper, as one PDF with an outline."""
    from playwright.sync_api import sync_playwright

    whole = book / "print.html"
    whole.write_text(composed(book), encoding="utf-8")
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=flags
        )
        page = browser.new_page(color_scheme="light")
        page.goto(whole.as_uri(), timeout=120_000)
        page.wait_for_function(READY, timeout=120_000)
        page.evaluate(WITHOUT_ORDERS)
        page.pdf(
            path=pdf,
            prefer_css_page_size=True,
            print_background=True,
            outline=True,
            tagged=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
        )
        browser.close()
    whole.unlink()


def composed(book: Path) -> str:
    """One page of all that is printed, with links among its parts where the parts are in it."""
    toc = yaml.safe_load(Path("_toc.yml").read_text())
    parts = [("", [toc["root"]])] + [
        (part["caption"], [chapter["file"] for chapter in part["chapters"]])
        for part in toc["parts"]
    ]
    printed = {
        page
        for _, pages in parts
        for page in pages
        if page not in ON_SCREEN_ONLY
    }
    body, solved, live = [], [], {}
    for caption, pages in parts:
        shown = [page for page in pages if page in printed]
        if caption and shown:
            body.append(f'<p class="print-part">{caption}</p>')
        for page in shown:
            article, apart = leaf(book, page, printed)
            live |= dict.fromkeys(
                place["data-live"] for place in article.select("[data-live]")
            )
            body.append(
                f'<div class="print-page">{article.decode_contents()}</div>'
            )
            if apart:
                title = next(article.h1.stripped_strings)
                solved.append(f"<h2>{title}</h2>" + "".join(map(str, apart)))
    solved = "".join(solved)
    body.append(
        '<div class="print-page print-solutions"><section><h1>Solutions and answers</h1>'
        f"{solved}</section></div>"
    )
    scripts = ["scripts/live.js", *(f"live/{name}.js" for name in live)]
    return (
        '<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>Colorization with autoencoders</title>{styles(book, printed)}"
        f"<style>{STYLE}</style>"
        + "".join(
            f'<script src="_static/{script}"></script>' for script in scripts
        )
        + f'</head><body><main class="bd-main"><div class="bd-content">'
        f'<article class="bd-article">{"".join(body)}</article></div></main></body></html>'
    )


def styles(book, printed):
    """The style sheets of all printed pages, each once."""
    found = {}
    for page in sorted(printed):
        soup = read(book, page)
        for link in soup.select("link[rel=stylesheet]"):
            found[link["href"].removeprefix("../" * page.count("/"))] = None
    return "".join(
        f'<link rel="stylesheet" href="{address}">' for address in found
    )


@cache
def read(book, page):
    """A built page, of which `leaf` takes the article apart."""
    return BeautifulSoup(
        (book / f"{page}.html").read_text(encoding="utf-8"), "html.parser"
    )


def leaf(book, page, printed):
    """The article of a page, its names made unique, and what of it goes to the end."""
    article = read(book, page).select_one("article.bd-article")
    for quiz in article.select(".quiz"):  # its answer will stand apart from it
        head, asks = quiz.summary, quiz.select_one("legend, .asks")
        if head and asks:
            question = copy(asks)
            question.name = "strong"
            head.clear()
            head.append(question)
        elif head:
            head.string = "In short: "
            for text in head.parent.find_all(string=SAYS_WHY):
                text.replace_with(SAYS_WHY.sub(".", text))
    for element in article.select(DROPPED):
        element.decompose()
    for section in article.select("section"):  # all of it was folded
        if not section.select_one(SHOWS_SOMETHING):
            section.decompose()
    if page.endswith("introduction"):
        for name in FROM_HOME:
            article.find(id=name).decompose()
    for element in article.find_all(True):
        rename(element, page, printed)
    for place in article.select("[data-live], .interactive"):
        note = read(book, page).new_tag("p", **{"class": "on-paper"})
        note.string = ON_PAPER
        place.insert_after(note)
    for words in article.select("figcaption .caption-text"):
        for text in words.find_all(string=HANDLED):
            text.replace_with(HANDLED.sub("", text))
    gather(article)
    solved = [element.extract() for element in article.select(SOLVED)]
    return article, [opened(element) for element in solved]


def gather(article):
    """Put the answer to an exercise's question under the title of its solution."""
    for details in article.select(".quiz details"):
        exercise = details.find_previous(class_="exercise")
        if exercise is None or details.parent["data-group"] != "exercise":
            continue
        title = article.select_one(
            f'div.solution .admonition-title:has(a[href="#{exercise["id"]}"])'
        )
        if title:
            title.insert_after(details.extract())
        elif details.summary:
            number = exercise.select_one(".caption-number").get_text()
            details.summary.insert(0, f"{number}. ")


def opened(element):
    """A solution or an explanation as plain text of the book, nothing folded."""
    for details in (element, *element.select("details")):
        if details.name == "details":
            details["open"] = ""
            del details["hidden"]
    element["class"] = [
        c for c in element.get("class", []) if c not in ("dropdown", "toggle")
    ]
    return element


def rename(element, page, printed):
    """Give the names of an element, and those that it refers to, their page's."""
    for attribute in REFERENCES:
        if attribute in element.attrs:
            names = element[attribute].split()
            element[attribute] = " ".join(
                f"{slug(page)}--{name}" for name in names
            )
    if element.name == "img" and not element["src"].startswith("data:"):
        element["src"] = urljoin(f"{page}.html", element["src"])
    for attribute in (
        "clip-path",
        "marker-end",
        "marker-start",
        "fill",
        "mask",
    ):
        if attribute in element.attrs:
            element[attribute] = re.sub(
                r"url\(#", f"url(#{slug(page)}--", element[attribute]
            )
    if "href" in element.attrs and ":" not in element["href"]:
        target, name = urldefrag(urljoin(f"{page}.html", element["href"]))
        target = target.removesuffix(".html") or page
        if target in printed:
            element["href"] = (
                f"#{slug(target)}--{name}" if name else f"#{slug(target)}"
            )
        elif element.name == "a":
            del element["href"]
    if element.name == "h1":
        element["id"] = slug(page)


def slug(page):
    """A page's name within the one page."""
    return page.rpartition("/")[2]


def offer(book, links):
    """Name the files on the home page, with their sizes."""
    text = ", ".join(
        f'<a href="../{path.name}" download>{what}, {path.stat().st_size / 1e6:.0f} MB)</a>'
        for what, path in links
    )
    home = book / "book/introduction.html"
    page = home.read_text(encoding="utf-8")
    marker = '<p class="take-along" hidden></p>'
    if marker not in page:
        sys.exit(f"{home} has no place for what can be taken along.")
    home.write_text(
        page.replace(
            marker, f'<p class="take-along">To take along: {text}.</p>'
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
