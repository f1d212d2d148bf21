"""The test's side of `tests/conformance/spec/stub_client.py`: calls with TensorFlow Serving's own stubs."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.models import ROOT
from tests.support.spec_tables import Rpc

SCRIPT = ROOT / "tests" / "conformance" / "spec" / "stub_client.py"


@dataclass(frozen=True)
class Answer:
    """What a call ended with."""

    code: str
    details: str
    text: str
    """The answer's message, in one line."""
    expected: str | None
    """The expected message in the same form."""


class StubClient:
    """A client process that makes one call per line; a context manager that always ends it."""

    def __init__(self, python: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._process = subprocess.Popen(
            [python, SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**environment, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    def __enter__(self) -> Self:
        try:
            assert self._read() == {"ready": True}
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the client ended"
        return json.loads(line)

    def call(
        self, address: str, method: str, request: str, *, expected: str | None = None, timeout_s: float = 30.0
    ) -> Answer:
        """Make one call; both messages are protobuf text."""
        assert self._process.stdin is not None
        asked = {"address": address, "method": method, "request": request, "timeout_s": timeout_s}
        self._process.stdin.write(json.dumps({**asked, "expected": expected}) + "\n")
        self._process.stdin.flush()
        said = self._read()
        return Answer(said.get("code", "OK"), said.get("details") or "", said.get("answer", ""), said.get("expected"))

    def check(self, address: str, case: Rpc) -> None:
        """Make the call of a case and compare; a failure shows what was sent, expected and got."""
        got = self.call(address, case.method, case.request, expected=case.answer, timeout_s=case.timeout_s)
        sent = f"\nrow: {case.what}\nsent: {case.method} {case.request}\ngot: {got.code} {got.details}{got.text}"
        assert got.code == case.code, f"expected code {case.code}{sent}"
        if case.answer is not None:
            assert got.text == got.expected, f"expected: {got.expected}{sent}"
        for piece in case.has:
            assert piece in got.text, f"expected in the answer: {piece}{sent}"
        for piece in case.says:
            assert piece.lower() in got.details.lower(), f"expected in the message: {piece}{sent}"
        for piece in case.unsaid:
            assert piece.lower() not in got.details.lower(), f"not expected in the message: {piece}{sent}"
