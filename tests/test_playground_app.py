"""The playground under Voilà, driven as a player would, with nothing but this machine in reach."""

import base64
import time

import numpy as np
import pytest
import servers
from test_page import axe, browser, is_error, needs_chromium  # noqa: F401
from test_photo import noise, stored
from test_playground_page import TRANSFER

from colorizer import photo
from colorizer.playground import MODELS, Play, colour

pytestmark = [needs_chromium, pytest.mark.xdist_group("playground")]  # see the page's tests


@pytest.fixture(scope="module")
def address(cifar10):
    """Of the playground, served as `colorizer playground` serves it."""
    with servers.module("colorizer", "playground") as address:
        yield address


@pytest.fixture(scope="module")
def visit(browser, address):
    """The page in a tab, what it asked for, and what went wrong; each would start a kernel."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    requests, wrong = [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda m: wrong.append(m.text) if is_error(m) else None)
    tab.goto(address, timeout=120_000)
    tab.locator("figure img").first.wait_for(timeout=120_000)
    yield tab, requests, wrong
    tab.close()


@pytest.fixture
def tab(visit, address):
    tab, requests, wrong = visit
    yield tab
    own = (address, address.replace("http", "ws"), "data:", "blob:")
    assert [url for url in requests if not url.startswith(own)] == []
    assert wrong == []


def changed(tab, act):
    """Do something that changes the pictures; the seconds until they did."""
    last = "document.querySelectorAll('figure img')[1].src"
    before = tab.evaluate(last)
    started = time.monotonic()
    act()
    tab.wait_for_function(f"(before) => {last} !== before", arg=before)
    return time.monotonic() - started


def upload(tab, content, name):
    tab.get_by_role("button", name="your own").click()
    field = tab.locator("input[type=file]")
    field.set_input_files({"name": name, "mimeType": "image/png", "buffer": content})


def test_every_control_is_labelled(tab):
    tab.get_by_role("button", name="your own").click()
    assert axe(tab, "#rendered_cells") == []
    for source in ("a photograph", "CIFAR-10"):  # as it was
        changed(tab, tab.get_by_role("button", name=source, exact=True).click)


@pytest.mark.timed
def test_a_player_plays(tab):
    assert tab.locator("figure").count() == 2 + len(MODELS)
    seconds = changed(tab, lambda: tab.get_by_role("button", name="Another one").click())
    assert seconds < 0.3 * 4  # 300 ms on two quiet cores of this year; older ones are slower
    changed(tab, lambda: tab.get_by_role("button", name="a photograph").click())
    changed(tab, lambda: tab.get_by_label("Photograph", exact=True).select_option("rocket"))

    content = stored(noise(50, 70, "RGB", 3))
    changed(tab, lambda: upload(tab, content, "mine <b>.png"))
    assert tab.locator("figure img[alt='gray: mine <b>.png']").count() == 1
    saturation = tab.get_by_role("slider").nth(1)
    changed(tab, lambda: saturation.press("ArrowRight"))
    assert saturation.get_attribute("aria-valuenow") == "1.1"
    changed(tab, lambda: tab.get_by_label("Its own luminance").press("Space"))
    tab.get_by_label("With dropout", exact=True).uncheck()
    tab.locator("figcaption", has_text="dropout").first.wait_for()
    tab.wait_for_function("document.querySelectorAll('figure').length === 5")

    tab.get_by_role("button", name="Make files").click()
    link = tab.get_by_role("link", name="mine <b>-plain.png")
    with tab.expect_download() as download:
        link.click()
    made = photo.read(download.value.path().read_bytes())
    play = Play(saturation=1.1, own_luminance=False)
    expected = colour(photo.read(content), "plain", play)
    np.testing.assert_allclose(made.rgb.astype(int), expected.rgb, atol=1)
    assert "Play(saturation=1.1, own_luminance=False)" in tab.locator("pre").last.inner_text()


def test_a_bad_file_is_told_and_a_dropped_or_pasted_one_taken(tab):
    upload(tab, b"no image", "no.png")
    alert = tab.get_by_role("alert")
    assert alert.inner_text().startswith("no.png is not an image that can be read")
    field = tab.locator("label", has_text="drop one here")
    for i, event in enumerate(("drop", "paste")):
        content = base64.b64encode(stored(noise(40, 40, "RGB", i))).decode()
        transfer = tab.evaluate_handle(TRANSFER, [content, f"{event}.png"])
        if event == "drop":
            field.dispatch_event("drop", {"dataTransfer": transfer})
        else:
            tab.evaluate(
                "(data) => document.dispatchEvent("
                "new ClipboardEvent('paste', {clipboardData: data}))",
                transfer,
            )
        tab.locator(f"figure img[alt='gray: {event}.png']").wait_for()
    assert alert.count() == 0
