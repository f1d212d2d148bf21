"""Runs all blocks of one page, from top to bottom."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.models import ROOT
from tests.support.snippets import readers
from tests.support.snippets.blocks import READ, RUN, SHOWN, Block
from tests.support.snippets.console import Console
from tests.support.snippets.expectation import pattern, plain
from tests.support.snippets.python_session import PythonSession, default_python
from tests.support.snippets.sandbox import Sandbox
from tests.support.snippets.transcript import steps

_CLIENTS = ROOT / ".venv-clients" / "bin" / "python"


class PageRunner:
    """A context manager: blocks share a sandbox, an interpreter and the server that they start."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._console = Console(sandbox)
        self._sessions: dict[str, PythonSession] = {}
        self._printed = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions.values():
            session.close()
        self._console.close()

    def run(self, block: Block) -> None:
        """Run, read or write one block, as its language and its marks say.

        Raises:
            AssertionError: It does not do what the page says.
        """
        if "not run" in block.marks:
            return
        if setup := block.marks.get("setup"):
            self._console.script(setup, block.place)
        if block.language in READ:
            readers.read(block)
        if file := block.marks.get("file"):
            self._sandbox.write(file, block.text)
        elif block.language in RUN:
            self._run(block)
        elif block.language == "text" and "output" in block.marks:
            self._compare(block)
        else:
            assert block.language in (*READ, *SHOWN), f"{block.place}: what language is {block.language!r}?"

    def _run(self, block: Block) -> None:
        if block.language == "python":
            self._printed = self._session(block).run(block, self._sandbox.inside(block.text))
        elif block.language == "sh":
            self._console.script(block.text, block.place)
        else:
            for step in steps(block):
                self._console.run(step, numbers_differ="numbers differ" in block.marks)

    def _compare(self, block: Block) -> None:
        said = plain(self._sandbox.outside(self._printed))
        expected = pattern(block.text, numbers_differ="numbers differ" in block.marks)
        assert expected.fullmatch(said), f"{block.place}: shown:\n{block.text}\n--- printed:\n{said}"

    def _session(self, block: Block) -> PythonSession:
        python = str(_CLIENTS) if block.marks.get("python") == "clients" else default_python()
        if python not in self._sessions:
            environment = dict(self._sandbox.environment)
            if python == str(_CLIENTS):  # its message classes must not meet those of the server
                environment["PYTHONPATH"] = str(Path(self._sandbox.folder))
            self._sessions[python] = PythonSession(python, self._sandbox.folder, environment)
        return self._sessions[python]
