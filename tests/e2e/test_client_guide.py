"""The Python of the guide to the client, on a server of the bundled model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.models import HALF_PLUS_TWO, ROOT
from tests.support.server_process import served

pytestmark = pytest.mark.timeout(120)


def test_python_in_the_guide_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = ROOT / "docs" / "guides" / "client.md"
    code = "".join(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
    with served(tmp_path, models={"half_plus_two": HALF_PLUS_TWO}) as server:
        code = code.replace("localhost:8500", server.grpc_address)
        code = code.replace("localhost:8501", f"127.0.0.1:{server.rest_port}")
        exec(compile(code + "\nfor one in (client, patient, hasty):\n    one.close()\n", page.name, "exec"), {})
    assert capsys.readouterr().out.splitlines() == [
        "[2.5 3.  4.5] by version 1",
        "[2.5 3.  4.5]",
        "x float32 [?] float32",
        "[[Label(name='2.5', score=2.5)]]",
        "[(1, 'AVAILABLE')]",
        "[2.0, 2.5, 3.0]",
        "NOT_FOUND Servable not found for request: Latest(half_plus_tow)",
        "[3.5]",
    ]
