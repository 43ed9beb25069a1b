"""Take the pictures that the README and the book show; `make screenshots`.

They are of the home page, of five live figures as they open, and of both playgrounds.
"""

import io
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "_build/html/book"
FIGURES = ("cube", "kernel", "valley", "answers", "schedule")
ASSETS = ROOT / "book/assets"
PORT = 8899
MINUTE = 60_000  # ms


def main():
    """Write the pictures; the book is to be built before."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    command = [sys.executable, "-m", "colorizer", "playground", "--no-browser"]
    server = subprocess.Popen([*command, f"--port={PORT}"])
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox"]
            )
            tab = browser.new_page(
                viewport={"width": 1280, "height": 800},
                reduced_motion="reduce",  # or the home page is still opening
            )
            tab.goto((BOOK / "introduction.html").as_uri())
            shoot(tab, "home.jpg")
            tab.set_viewport_size({"width": 1280, "height": 1100})
            for name in FIGURES:
                tab.goto(page_of(name).as_uri())
                figure = tab.locator(f"[data-live={name}]")
                figure.locator(".words").wait_for()
                shoot(figure, f"figure-{name}.jpg")
            tab.goto((BOOK / "playground.html").as_uri())
            tab.locator(".bundled button").nth(2).click()
            coloured = tab.locator(".playground figcaption", has_text="MSE")
            coloured.nth(0).wait_for(timeout=MINUTE)
            boxes = tab.locator(".playground fieldset input").all()
            for count, box in enumerate(boxes, start=1):
                box.check()
                coloured.nth(count).wait_for(timeout=MINUTE)
            shoot(tab.locator(".playground"), "playground.jpg")
            wait_for_server(tab)
            tab.set_viewport_size({"width": 1480, "height": 1400})
            tab.locator("figure img").nth(5).wait_for(timeout=MINUTE)
            metrics = tab.get_by_role("heading", name="Every metric")
            end = metrics.bounding_box()["y"]
            shoot(tab, "workshop.jpg", above=end)
            browser.close()
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def page_of(figure):
    """The built page that holds a live figure."""
    mark = f'data-live="{figure}"'
    return next(
        page for page in BOOK.rglob("*.html") if mark in page.read_text()
    )


def wait_for_server(tab):
    """Load the app as soon as it is served."""
    tab.wait_for_timeout(MINUTE // 3)
    tab.goto(f"http://127.0.0.1:{PORT}/", timeout=2 * MINUTE)


def shoot(part, name, above=None):
    """Save what is to be seen of a part of the page, or what is above a line."""
    picture = Image.open(io.BytesIO(part.screenshot())).convert("RGB")
    if above is not None:
        picture = picture.crop((0, 0, picture.width, int(above)))
    picture.save(ASSETS / name, quality=88, subsampling=0, optimize=True)


if __name__ == "__main__":
    main()
