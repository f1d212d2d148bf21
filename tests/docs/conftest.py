"""One server for the pages that start none of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.snippets.console import Console
from tests.support.snippets.sandbox import Ports, Sandbox
from tests.support.snippets.transcript import Step

_COMMAND = "salver serve --rest_api_port=8501 --model_config_file=/srv/models.config --enable_batching"


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """The ports of a server with the models of every sandbox."""
    sandbox = Sandbox(tmp_path_factory.mktemp("shared"), Ports(0, 0, 0))
    console = Console(sandbox)
    try:
        console.run(Step("the shared server", _COMMAND, "", 0, is_interrupted=False))
        yield sandbox.ports
    finally:
        console.close()
