"""What can be checked of a page by machine for those who see little, or not at all."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

_HERE = Path(__file__).parent


def accessibility_problems(page: Page) -> list[str]:
    """Names, roles, headings, landmarks and sizes of what is shown, or of the open dialog."""
    return list(page.evaluate((_HERE / "accessibility.js").read_text()))


def contrast_problems(page: Page, least: float = 4.5) -> list[str]:
    """Texts whose contrast to their ground is below `least`."""
    return list(page.evaluate((_HERE / "contrast.js").read_text(), least))
