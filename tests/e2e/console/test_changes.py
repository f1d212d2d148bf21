"""What an operator does in the console, in a real browser and on a real server."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.console import Console
from tests.support.server_process import ServerProcess, exchange, wait_until

pytestmark = pytest.mark.timeout(120)


def row_of(page: Page, version: int):
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=str(version), exact=True))


def admin(server: ServerProcess, method: str, path: str, body=None):
    answer = exchange(server.admin_port, method, path, body, headers={"content-type": "application/json"})
    assert answer.status < 300, answer.body
    return answer.json()


def fill_form(console: Console, name: str, base_path: Path) -> None:
    page = console.page
    page.get_by_role("button", name="Add a model…").click()
    dialog = console.dialog("Add a model")
    expect(dialog.get_by_role("button", name="Next: what changes")).to_be_disabled()
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Base path").fill(str(base_path))
    dialog.get_by_label("Platform").fill("python")
    dialog.get_by_role("button", name="Next: what changes").click()
    expect(dialog.locator(".diff")).to_contain_text(f"/models/{name}")


def test_a_model_is_added_becomes_available_and_is_removed(console: Console, server: ServerProcess, models: Path):
    page = console.open()
    fill_form(console, "newcomer", models / "newcomer")
    assert "newcomer" not in server.ask_admin("/v1/models").body.decode(), "a look at what would change changes nothing"
    console.take_screenshot("add-model")
    console.dialog("Add a model").get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("newcomer")
    expect(row_of(page, 7)).to_contain_text("Available")
    expect(page.locator(".events")).to_contain_text("newcomer version 7 is available")
    assert page.url.endswith("#/models/newcomer")

    page.get_by_role("button", name="Remove…").click()
    dialog = console.dialog("Remove newcomer")
    expect(dialog.locator(".diff")).to_contain_text("/models/newcomer")
    dialog.get_by_role("button", name="Remove").click()
    expect(console.notice()).to_contain_text("newcomer was removed")
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    expect(page.locator("table.models")).not_to_contain_text("newcomer")
    assert server.ask_admin("/v1/models/newcomer").status == 404


def test_a_base_path_without_versions_shows_its_reason(console: Console, tmp_path: Path):
    page = console.open()
    fill_form(console, "nowhere", tmp_path / "nothing")
    console.dialog("Add a model").get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("nowhere")
    expect(page.locator("main p.problem")).to_be_visible()
    expect(page.locator("main > .title .badge")).to_have_text(re.compile("Failed|Empty"))
    page.get_by_role("button", name="Remove…").click()
    console.dialog("Remove nowhere").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")


def test_what_the_server_refuses_is_shown_in_its_words(console: Console, models: Path):
    page = console.open()
    page.get_by_role("button", name="Add a model…").click()
    dialog = console.dialog("Add a model")
    dialog.get_by_label("Name").fill("ranker")
    dialog.get_by_label("Base path").fill(str(models / "ranker"))
    dialog.get_by_role("button", name="Next: what changes").click()
    expect(dialog.get_by_role("alert")).to_contain_text("ALREADY_EXISTS: ")
    expect(dialog.get_by_role("button", name="Add", exact=True)).to_have_count(0)
    dialog.get_by_role("button", name="Back").click()
    expect(dialog.get_by_label("Name")).to_have_value("ranker")


def test_a_label_is_moved_and_given_back(console: Console, server: ServerProcess):
    page = console.open("models/ranker")
    for version in (2, 1):
        page.get_by_role("button", name=f"Move a label to version {version}").click()
        dialog = console.dialog("Move a label of ranker")
        dialog.get_by_label("Label").fill("stable")
        dialog.get_by_role("button", name="Next: what changes").click()
        expect(dialog.locator(".diff")).to_contain_text("/models/ranker/version_labels/stable")
        dialog.get_by_role("button", name="Move").click()
        expect(row_of(page, version)).to_contain_text("stable")
        assert admin(server, "GET", "/v1/models/ranker")["version_labels"]["stable"] == version


def test_a_model_is_pinned_and_unpinned(console: Console, server: ServerProcess):
    page = console.open("models/embedder")
    page.get_by_role("button", name="Pin version 2").click()
    console.dialog("Pin embedder to version 2").get_by_role("button", name="Pin").click()
    expect(page.locator("main > .title")).to_contain_text("pinned")
    expect(page.locator(".events")).to_contain_text("embedder version 3 is unloaded")
    page.get_by_role("button", name="Unpin…").click()
    console.dialog("Unpin embedder").get_by_role("button", name="Unpin").click()
    expect(row_of(page, 3)).to_contain_text("Available")
    assert admin(server, "GET", "/v1/models/embedder")["is_pinned"] is False


def test_who_was_slower_sees_what_changed_and_may_go_on(console: Console, server: ServerProcess):
    page = console.open("models/embedder")
    page.get_by_role("button", name="Move a label to version 3").click()
    dialog = console.dialog("Move a label of embedder")
    dialog.get_by_label("Label").fill("mine")
    dialog.get_by_role("button", name="Next: what changes").click()
    expect(dialog.locator(".diff")).to_contain_text("/models/embedder/version_labels/mine")
    admin(server, "PUT", "/v1/models/embedder/labels/theirs", {"version": 2})
    dialog.get_by_role("button", name="Move").click()
    expect(dialog).to_contain_text("Somebody else changed the configuration meanwhile")
    expect(dialog.locator(".problem .diff")).to_contain_text("/models/embedder/version_labels/theirs")
    console.take_screenshot("conflict")
    assert admin(server, "GET", "/v1/models/embedder")["version_labels"] == {"theirs": 2}
    dialog.get_by_role("button", name="Move all the same").click()
    expect(row_of(page, 3)).to_contain_text("mine")
    assert admin(server, "GET", "/v1/models/embedder")["version_labels"] == {"mine": 3, "theirs": 2}


def test_a_version_is_loaded_anew(console: Console):
    page = console.open("models/embedder")
    page.get_by_role("button", name="Reload version 2").click()
    expect(console.notice()).to_contain_text("Version 2 is loaded anew")
    expect(page.locator(".events")).to_contain_text("embedder version 2 is unloaded")
    expect(row_of(page, 2)).to_contain_text("Available")


def test_a_change_is_told_of_on_the_audit_page(console: Console, server: ServerProcess):
    admin(server, "PUT", "/v1/models/ranker/labels/audited", {"version": 2})
    page = console.open("audit")
    entry = page.get_by_role("row").filter(has_text="/v1/models/ranker/labels/audited").first
    expect(entry).to_contain_text("OK")
    expect(entry.locator(".diff")).to_contain_text("/models/ranker/version_labels/audited")


def test_traffic_is_seen_while_it_comes(console: Console, server: ServerProcess):
    is_over = threading.Event()
    problems = []

    def send():
        while not is_over.is_set():
            # Not all day long: other tests share the machine.
            is_over.wait(0.005)
            for path in ("ranker", "ranker/labels/stable", "embedder"):
                answer = server.post(f"/v1/models/{path}:predict", {"instances": [1.0, 2.0]})
                if answer.status != 200:
                    problems.append(answer.body)
                    return

    page = console.open("models/ranker")
    sender = threading.Thread(target=send)
    sender.start()
    try:
        traffic = page.get_by_role("img", name=re.compile(r"^Requests a second since .*: requests now [1-9]"))
        expect(traffic).to_be_visible()
        expect(page.get_by_role("img", name=re.compile(r"^Latency since .*p99 now \d"))).to_be_visible()
        phases = page.get_by_role("region", name="Latency by phase")
        expect(phases.get_by_role("rowheader", name="batch joining the inputs")).to_be_visible()
        expect(phases.get_by_role("rowheader", name="run in the model")).to_be_visible()
        expect(page.get_by_role("region", name="Batching")).to_contain_text("adaptive")
        expect(page.get_by_role("region", name="Signatures")).to_contain_text("float")
        wait_until(
            lambda: len(page.locator("[role=img] path.line.one").first.get_attribute("d") or "") > 40,
            30,
            "a longer line",
        )
        page.get_by_label("Colours").select_option("dark")
        console.take_screenshot("model-with-traffic")
        page.get_by_label("Colours").select_option("light")
        page.get_by_role("link", name="Models", exact=True).click()
        expect(page.get_by_role("row").filter(has_text="embedder")).to_contain_text(re.compile(r"[1-9]\d* ?[µm]s"))
        console.take_screenshot("models-with-traffic")
    finally:
        is_over.set()
        sender.join()
    assert problems == []
