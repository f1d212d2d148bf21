"""The console as a page: reconnecting, thousands of models, keyboards, screen readers, colours, other sites."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.console import Console
from tests.support.models import ModelEntry
from tests.support.page_checks import accessibility_problems, contrast_problems
from tests.support.server_process import ServerProcess, served

pytestmark = pytest.mark.timeout(120)
OpenConsole = Callable[..., Console]
PLACES = ("models", "models/ranker", "events", "audit")


BAD_PAGE = """
<html><head></head><body><main>
<h3>x</h3><button></button><img src="data:,"><svg></svg><table><tr><td>1</td></tr></table>
<p style="color: #999; background: #fff">pale</p><i id="a"></i><i id="a"></i><b tabindex="3">b</b></main></body></html>
"""


def test_the_checks_find_what_is_wrong(browser: Browser):
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content(BAD_PAGE)
        found = "\n".join(accessibility_problems(page))
        assert contrast_problems(page) == ["2.85 : pale"]
    for problem in (
        "no name: <button",
        "no banner",
        "not one h1",
        "a level is left out: <h3",
        "an image without words: <svg",
    ):
        assert problem in found
    for problem in (
        "an image without words: <img",
        "a table without",
        "twice: #a",
        "out of the order",
        "too small",
        "language",
    ):
        assert problem in found


def show(console: Console, place: str) -> Page:
    page = console.open(place)
    page.locator("main :is(table, ol.events)").first.wait_for()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_a_name_and_can_be_read(open_console: OpenConsole, server: ServerProcess, scheme: str):
    console = open_console(server, color_scheme=scheme)
    for place in PLACES:
        page = show(console, place)
        assert accessibility_problems(page) == [], place
        assert contrast_problems(page) == [], place
        console.take_screenshot(f"{place.replace('/', '-')}-{scheme}")


def test_a_phone_needs_no_scrolling_to_the_side(open_console: OpenConsole, server: ServerProcess):
    console = open_console(server, viewport={"width": 400, "height": 800})
    for place in PLACES:
        page = show(console, place)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, place
        console.take_screenshot(f"{place.replace('/', '-')}-phone")


def test_dialogs_can_be_read_too(console: Console):
    page = console.open("models/ranker")
    for button, title in (("Edit…", "Edit ranker"), ("Remove…", "Remove ranker")):
        page.get_by_role("button", name=button, exact=True).click()
        dialog = console.dialog(title)
        expect(dialog.get_by_role("button", name="Cancel")).to_be_visible()
        assert accessibility_problems(page) == []
        assert contrast_problems(page) == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_colours_are_chosen_and_kept(console: Console):
    page = console.open()
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_label("Colours").select_option("dark")
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate(ground) == dark


def focused(page: Page) -> str:
    return str(page.evaluate("(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText)"))


def test_all_is_reached_by_keyboard_and_the_focus_is_seen(console: Console):
    page = console.open()
    page.locator("table.models").wait_for()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    order = []
    while "embedder" not in order:
        assert len(order) < 40, order
        page.keyboard.press("Tab")
        order.append(focused(page))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", f"the focus on {order[-1]} is not seen"
    names = [name for name in order if name in {"Models", "Events", "Audit", "Add a model…", "embedder"}]
    assert names == ["Models", "Events", "Audit", "Add a model…", "embedder"]


def test_a_dialog_keeps_the_focus_and_gives_it_back(console: Console):
    page = console.open("models/ranker")
    page.get_by_role("button", name="Edit…").focus()
    page.keyboard.press("Enter")
    expect(console.dialog("Edit ranker")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(console.dialog("Edit ranker")).to_have_count(0)
    expect(page.get_by_role("button", name="Edit…")).to_be_focused()


def test_a_link_leads_to_the_heading_and_a_reload_stays_there(console: Console):
    page = console.open()
    page.get_by_role("link", name="ranker", exact=True).first.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("ranker")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("ranker")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")


def test_events_are_said_to_screen_readers(console: Console, server: ServerProcess):
    page = console.open()
    said = page.get_by_role("log", name="Events")
    expect(said).to_have_attribute("aria-live", "polite")
    server.ask_admin("/v1/models/embedder/versions/3:reload", "POST")
    expect(said).to_contain_text("embedder version 3")


def test_nothing_moves_for_those_who_want_no_motion(open_console: OpenConsole, server: ServerProcess):
    page = open_console(server, reduced_motion="reduce").open()
    moving = "document.getAnimations().length"
    assert page.evaluate(moving) == 0
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p class=\"badge busy\"><svg class=\"shape\"></svg></p>')"
    )
    assert page.evaluate(moving) == 0


def test_thousands_of_models_are_a_page_of_fifty(console: Console, server: ServerProcess):
    known = server.ask_admin("/v1/models").json()
    one = known["models"][0]
    known["models"] = [{**one, "name": f"tenant-{number:04d}"} for number in range(5000)]
    console.page.route("**/v1/models", lambda route: route.fulfill(json=known))
    page = console.open()
    expect(page.locator("table.models tbody tr")).to_have_count(50)
    expect(page.get_by_role("navigation", name="Pages of models")).to_contain_text("Page 1 of 100, 5,000 models")
    page.get_by_label("Filter by name, label or platform").fill("4321")
    expect(page.locator("table.models tbody tr")).to_have_count(1)
    assert "filter=4321" in page.url
    page.get_by_label("Filter by name, label or platform").fill("nothing like it")
    expect(page.get_by_text("No model is like that.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("link", name="tenant-0050")).to_be_visible()


def test_a_server_without_metrics_still_shows_its_models(console: Console):
    console.page.route(
        "**/v1/metrics", lambda route: route.fulfill(status=404, json={"error": "no", "code": "NOT_FOUND"})
    )
    console.page.route("**/v1/batching/**", lambda route: route.fulfill(json={"batching": []}))
    page = console.open("models/ranker")
    expect(page.get_by_role("table").first).to_contain_text("Available")
    expect(page.get_by_text("The line begins here").first).to_be_visible()


def test_it_finds_the_server_again_after_a_restart(open_console: OpenConsole, models: Path, tmp_path: Path):
    entries = {"embedder": ModelEntry(models / "embedder", platform="python")}
    with served(tmp_path, models=entries, has_admin_port=True) as server:
        page = open_console(server).open("models/embedder")
        expect(page.locator("main > .title .badge")).to_have_text("Available")
        server.kill()
        banner = page.get_by_role("alert")
        expect(banner).to_contain_text("The server does not answer.")
        expect(page.get_by_role("heading", level=1)).to_have_text("embedder")
        server.start()
        expect(banner).to_have_text("")
        expect(page.locator("main > .title .badge")).to_have_text("Available")
        expect(page.locator("header .badge")).to_have_text("Serving")


@pytest.fixture
def other_site() -> Iterator[str]:
    """The address of an empty page that is none of the server's."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()
        thread.join()


def test_a_page_of_another_site_changes_nothing(browser: Browser, server: ServerProcess, other_site: str):
    target = f"http://127.0.0.1:{server.admin_port}/v1/models/ranker/labels/stolen"
    context = browser.new_context()
    page = context.new_page()
    page.goto(other_site)
    # As a form would send it, which needs no leave of the server.
    sent = "url => fetch(url, {method: 'POST', mode: 'no-cors', body: '{\"version\": 1}'}).then(() => 'sent')"
    pin = f"http://127.0.0.1:{server.admin_port}/v1/models/ranker:pin"
    with page.expect_response(pin) as answer:
        assert page.evaluate(sent, pin) == "sent"
    assert answer.value.status == 403
    assert (
        page.evaluate("url => fetch(url, {method: 'PUT', body: '{}'}).then(() => 'read', () => 'refused')", target)
        == "refused"
    )
    assert page.evaluate("url => fetch(url).then(() => 'read', () => 'refused')", pin) == "refused"
    context.close()
    model = server.ask_admin("/v1/models/ranker").json()
    assert (model["is_pinned"], "stolen" in model["version_labels"]) == (False, False)
