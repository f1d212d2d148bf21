"""The static site of the documentation: pages of the repository, laid out as the site has them, and built.

The repository is written to be read as it is; the site has the same pages under shorter addresses. So each page is
copied with its links turned to where their targets are on the site. Files that pages link to, such as examples, become
pages that show them; docs/README.md becomes the front page, and its lists the navigation.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml

from scripts.api_pages import api_pages

ROOT = Path(__file__).parent.parent
FRONT_PAGE = "docs/README.md"
_NAMES = {
    FRONT_PAGE: "index.md",
    "README.md": "readme.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
_LANGUAGES = {".py": "python", ".sh": "sh", ".yaml": "yaml", ".cc": "cpp", ".pb": "text"}
_FENCE = re.compile(r"^( *)(`{3,}).*?^\1\2[ ]*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMENT = re.compile(r"^ *<!--.*?-->\n", re.MULTILINE | re.DOTALL)
_MAX_SHOWN_BYTES = 100_000


class Site:
    """The pages of a site, gathered in a folder before they are built.

    Call `add` for each page, then `finish`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pages: dict[str, str] = {}
        self._shown: set[str] = set()
        self._pictures: set[str] = set()

    def add(self, page: Path) -> None:
        """Add a Markdown page of the repository."""
        path = str(page.relative_to(ROOT))
        text = page.read_text(encoding="utf-8")
        self._pages[site_path(path)] = _outside_code(text, lambda part: self._turned(part, path))

    def finish(self, pages: Mapping[str, str]) -> Path:
        """Add pages that only the site has, by address; write everything, and return the configuration to build."""
        self._pages |= pages
        self._add_files()
        nav = [*navigation((ROOT / FRONT_PAGE).read_text(encoding="utf-8")), {"Python API": sorted(pages)}]
        listed = set(_addresses(nav))
        nav.append({"Project": [path for path in _PROJECT if path in self._pages and path not in listed]})
        rest = sorted(self._pages.keys() - set(_addresses(nav)))
        source = self._folder / "pages"
        for path, text in self._pages.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_text(text.replace("```textproto", "```protobuf"), encoding="utf-8")
        for path in self._pictures:
            (source / site_path(path)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, source / site_path(path))
        config = {"INHERIT": str(ROOT / "mkdocs.yml"), "docs_dir": "pages", "nav": nav, "not_in_nav": "\n".join(rest)}
        file = self._folder / "mkdocs.yml"
        file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        return file

    def _turned(self, text: str, page: str) -> str:
        """Text of a page without comments, its links turned."""
        return _LINK.sub(lambda found: f"]({self._target(found[1], page)})", _COMMENT.sub("", text))

    def _target(self, link: str, page: str) -> str:
        path, mark, fragment = link.partition("#")
        if not path or re.match(r"[a-z]+:", link):
            return link
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        if target.endswith(_PICTURE):
            self._pictures.add(target)
        elif not target.endswith(".md"):  # an example, a folder, the licence
            self._shown.add(target)
        address = posixpath.relpath(site_path(target), posixpath.dirname(site_path(page)) or ".")
        return f"{address}{mark}{fragment}"

    def _add_files(self) -> None:
        """Show the files that are linked, and those in linked folders."""
        waiting = sorted(self._shown)
        while waiting:
            path = waiting.pop()
            if (ROOT / path).is_dir():
                inside = sorted(f"{path}/{name}" for name in os.listdir(ROOT / path))
                readable = [each for each in inside if _is_readable(ROOT / each)]
                pages = [each for each in inside if site_path(each) in self._pages]
                self._pages[site_path(path)] = _folder_page(path, sorted([*readable, *pages]))
                waiting += readable
            else:
                self._pages[site_path(path)] = _file_page(path)


_PICTURE = ".png"
_PROJECT = ("readme.md", "architecture.md", "contributing.md", "changelog.md", "benches/README.md", "fuzz/README.md")


def site_path(path: str) -> str:
    """Where the site has a file or folder of the repository."""
    if path in _NAMES:
        return _NAMES[path]
    if path.endswith((".md", _PICTURE)):
        return path.removeprefix("docs/")
    return f"files/{path}.md"


def navigation(front_page: str) -> list[dict[str, list[dict[str, str]]]]:
    """Sections and pages as the lists of the front page have them.

    Links outside docs, to folders and with fragments are for readers of that page alone.
    """
    sections: dict[str, list[dict[str, str]]] = {}
    heading = ""
    for line in front_page.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif found := re.match(r"- \[([^\]]+)\]\(([^)#\s]+\.md)\)", line):
            path = posixpath.normpath(posixpath.join("docs", found[2]))
            sections.setdefault(heading, []).append({found[1].replace("`", ""): site_path(path)})
    return [{"Start": [{"Home": "index.md"}]}, *({name: pages} for name, pages in sections.items())]


def build_site(pages: list[Path], work: Path, site: Path) -> str:
    """Build the site of these pages.

    Args:
        pages: Markdown pages of the repository.
        work: A folder for what is built from; emptied first.
        site: The folder of the site; what was there goes.

    Returns:
        What the builder found wrong; empty if the site was built.
    """
    shutil.rmtree(work, ignore_errors=True)
    gathered = Site(work)
    for page in pages:
        gathered.add(page)
    config = gathered.finish(api_pages())
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", f"--config-file={config}", f"--site-dir={site}"],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    # `--quiet` would keep strictness from seeing warnings, so what is wrong is picked from all that was said.
    said = (done.stdout + done.stderr).splitlines()
    wrong = [line for line in said if not line.startswith("INFO")]
    return "\n".join(wrong) or f"mkdocs ended with {done.returncode}" if done.returncode else ""


def _outside_code(text: str, turn: Callable[[str], str]) -> str:
    """Apply `turn` to what stands between fenced blocks."""
    parts, end = [], 0
    for block in _FENCE.finditer(text):
        parts += [turn(text[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, turn(text[end:])])


def _addresses(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for value in nav.values():
            yield from _addresses(value)
    elif isinstance(nav, list):
        for value in nav:
            yield from _addresses(value)


def _is_readable(path: Path) -> bool:
    """Whether a file, or anything in a folder, can be shown as text."""
    if path.is_dir():
        return any(_is_readable(path / name) for name in os.listdir(path))
    if path.suffix == ".md" or path.stat().st_size > _MAX_SHOWN_BYTES:
        return False
    return b"\0" not in path.read_bytes()


def _folder_page(path: str, inside: list[str]) -> str:
    here = posixpath.dirname(site_path(path))
    lines = [f"- [{posixpath.basename(each)}]({posixpath.relpath(site_path(each), here)})" for each in inside]
    return "\n".join([f"# {path}", "", *lines, ""])


def _file_page(path: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    return f"# {path}\n\n````{_LANGUAGES.get(Path(path).suffix, 'text')}\n{text}\n````\n"
