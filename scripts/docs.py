"""Write the generated pages, check that links between Markdown files resolve, and build the site: `make docs`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from salver.config import channel_arguments
from salver.config.flag_help import reference_page
from salver.core.harness_state import states_page
from salver.server.admin import reference_page as admin_api
from scripts.conformance_page import conformance_page
from scripts.dashboard import dashboard_json
from scripts.docs_site import build_site
from scripts.reference_flags_page import reference_flags_page

ROOT = Path(__file__).parent.parent


GENERATED = {
    ROOT / "docs" / "admin-api.md": admin_api.reference_page,
    ROOT / "docs" / "flags.md": reference_page,
    ROOT / "docs" / "flags-of-tensorflow-serving.md": reference_flags_page,
    ROOT / "docs" / "grpc-channel-arguments.md": channel_arguments.reference_page,
    ROOT / "docs" / "concepts" / "states.md": states_page,
    ROOT / "docs" / "conformance.md": conformance_page,
    ROOT / "deploy" / "grafana" / "salver.json": dashboard_json,
}
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The fragments that headings of a page can be linked by."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in words}


def broken_links(page: Path) -> Iterator[str]:
    """Every relative link of a page that leads nowhere, as one line."""
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{page.relative_to(ROOT)}: no such file: {link}"
        elif fragment and target.suffix == ".md" and fragment not in anchors(target.read_text(encoding="utf-8")):
            yield f"{page.relative_to(ROOT)}: no such heading: {link}"


def pages() -> list[Path]:
    """All Markdown pages of the repository."""
    return sorted(
        [
            *ROOT.glob("*.md"),
            *(ROOT / "docs").rglob("*.md"),
            *(ROOT / "benches").rglob("*.md"),
            *(ROOT / "fuzz").glob("*.md"),
        ]
    )


def main() -> int:
    """Write, check, build."""
    for path, text in GENERATED.items():
        path.write_text(text(), encoding="utf-8")
    broken = [line for page in pages() for line in broken_links(page)]
    for line in broken:
        print(line, file=sys.stderr)
    if broken:
        return 1
    wrong = build_site(pages(), ROOT / ".cache" / "docs", ROOT / "site")
    if wrong:
        print(wrong, file=sys.stderr)
        return 1
    print("The site is in site/: open site/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
