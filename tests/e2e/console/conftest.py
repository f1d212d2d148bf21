"""A server with the models that the console is shown with, and a browser, for all tests of a file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.console import Console, open_browser
from tests.support.models import HALF_PLUS_TWO, ModelEntry
from tests.support.server_process import ServerProcess, exchange, served

OpenConsole = Callable[..., Console]
SERVABLE = """
import numpy as np
import salver

def load(directory):
    vector = {"x": salver.TensorSpec(np.float32, [None])}
    return salver.CallableServable(lambda inputs: {"y": inputs["x"] / 2 + 2}, inputs=vector, outputs={"y": vector["x"]})
"""


def python_model(base: Path, *versions: int) -> Path:
    """A base path with these versions of a servable in Python."""
    for version in versions:
        folder = base / str(version)
        folder.mkdir(parents=True)
        (folder / "servable.py").write_text(SERVABLE)
    return base


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of base paths."""
    folder = tmp_path_factory.mktemp("models")
    for version in (1, 2):
        shutil.copytree(HALF_PLUS_TWO / "1", folder / "ranker" / str(version))
    python_model(folder / "embedder", 1, 2, 3)
    python_model(folder / "newcomer", 7)
    return folder


@pytest.fixture(scope="module")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of `ranker`, a SavedModel with two versions and a label, and `embedder`, in Python."""
    two = "model_version_policy { latest { num_versions: 2 } }"
    entries = {
        "ranker": ModelEntry(models / "ranker", f'{two} version_labels {{ key: "stable" value: 1 }}'),
        "embedder": ModelEntry(models / "embedder", two, platform="python"),
    }
    folder = tmp_path_factory.mktemp("server")
    with served(folder, "--enable_batching", models=entries, has_admin_port=True) as process:
        # So that there is a change to be told of.
        exchange(process.admin_port, "PUT", "/v1/models/ranker/labels/canary", {"version": 2})
        yield process
        process.assert_alive()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser, in which each page has cookies and storage of its own."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def console(browser: Browser, server: ServerProcess) -> Iterator[Console]:
    """A page of the console of `server`, not yet opened."""
    opened = Console(browser, server.admin_port)
    yield opened
    opened.close()


@pytest.fixture
def open_console(browser: Browser) -> Iterator[OpenConsole]:
    """Opens pages of the consoles of other servers, or with other settings of the browser."""
    opened: list[Console] = []

    def open_one(process: ServerProcess, **context: Any) -> Console:
        opened.append(Console(browser, process.admin_port, **context))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
