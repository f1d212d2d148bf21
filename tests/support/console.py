"""The console of a server in a real browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.support.models import ROOT

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SCREENSHOTS = ROOT / "target" / "screenshots"
"""Where the tests leave what they saw; not part of the repository."""
WAIT_S = 20.0
"""How long a page may take on a busy machine before a test gives up."""
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

expect.set_options(timeout=WAIT_S * 1000)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A Chromium with a profile of its own, which ends with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Console:
    """One page of the console, which notes what went wrong in it and whom it asked."""

    def __init__(self, browser: Browser, port: int, **context: Any) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WAIT_S * 1000)
        self.problems: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        # Chromium itself says so where a request fails; the rest is of the page or of its policy.
        is_network = re.compile("Failed to load resource|net::ERR")
        self.page.on("console", lambda said: None if is_network.search(said.text) else self.problems.append(said.text))

    def open(self, place: str = "") -> Page:
        """Show `#/place`, or the first page."""
        self.page.goto(f"{self.address}/console/{f'#/{place}' if place else ''}")
        self.page.locator("header .badge").wait_for()  # not before the server has answered
        return self.page

    def dialog(self, title: str) -> Locator:
        """The dialog that is open."""
        return self.page.get_by_role("dialog", name=title)

    def notice(self) -> Locator:
        """What came of what was done last."""
        return self.page.get_by_role("status")

    def take_screenshot(self, name: str) -> Path:
        """Keep what is seen, from top to bottom."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path, full_page=True)
        return path

    def close(self) -> None:
        """Close the page; fails where something went wrong in it."""
        self.context.close()
        assert self.problems == []
        assert all(url.startswith(self.address) for url in self.asked), self.asked
