"""The site: it is built, nothing leads nowhere, and it needs no other host."""

from __future__ import annotations

import json
import re

import pytest

import salver
from scripts import docs, docs_site
from scripts.docs_site import FRONT_PAGE, ROOT, build_site, navigation, site_path


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    assert build_site(docs.pages(), folder / "work", folder / "site") == ""
    return folder / "site"


def test_pages_of_the_repository_are_there(site):
    for name in ("index", "readme", "architecture", "contributing", "guides/tls", "flags", "benches/index"):
        assert (site / f"{name}.html").is_file(), name


def test_linked_examples_are_shown(site):
    page = (site / "files" / "examples" / "batched_lookups.py.html").read_text()
    assert "handle_request" in page
    assert 'href="examples/batched_lookups.py.html"' in (site / "files" / "examples.html").read_text()


def test_search_knows_words_of_guides_and_of_the_python_api(site):
    index = json.loads((site / "search" / "search_index.json").read_text())
    found = {entry["location"].split("#")[0] for entry in index["docs"] if "batch_timeout_micros" in entry["text"]}
    assert "guides/batching.html" in found
    assert {f"api/salver.html#{name.lower()}" for name in salver.__all__} <= {
        each["location"] for each in index["docs"]
    }


def test_no_page_loads_anything_from_elsewhere(site):
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert re.findall(r'<(?:script|img|iframe|source)[^>]+src="?(?:https?:)?//[^"> ]+', text) == [], page
        assert re.findall(r'<link[^>]+rel="?(?:stylesheet|preconnect)[^>]+href="?https?:[^"> ]+', text) == [], page


def test_marks_of_the_snippets_are_not_on_the_pages(site):
    assert "not run" not in (site / "guides" / "tuning.html").read_text()


def test_every_page_of_the_documentation_is_in_the_lists_of_the_front_page_once():
    sections = [pages for entry in navigation((ROOT / FRONT_PAGE).read_text()) for pages in entry.values()]
    listed = [path for pages in sections for page in pages for path in page.values()]
    pages = {site_path(str(page.relative_to(ROOT))) for page in (ROOT / "docs").rglob("*.md")}
    assert pages - set(listed) == set()
    assert sorted(set(listed)) == sorted(listed)


@pytest.mark.parametrize("link", ["nowhere.md", "../python/none.py", "page.md#none"])
def test_link_that_leads_nowhere_is_told(link, tmp_path, monkeypatch):
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text(f"# Page\n\n[there]({link})\n")
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    assert list(docs.broken_links(page)) != []


def test_link_that_leads_nowhere_on_the_site_fails_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(docs_site, "api_pages", lambda: {"api/page.md": "# Page\n\n[there](nowhere.md)\n"})
    monkeypatch.setattr(docs_site, "navigation", lambda _: [])
    said = build_site([ROOT / "CHANGELOG.md"], tmp_path / "work", tmp_path / "site")
    assert "nowhere.md" in said
