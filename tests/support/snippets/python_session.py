"""An interpreter that runs the Python blocks of a page one after the other, in one namespace.

It is a process of its own: what a page does to the interpreter, such as opening channels, stays there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.snippets.blocks import Block

_PROGRAM = """
import contextlib, io, json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
namespace = {"__name__": "__main__"}
for line in sys.stdin:
    block = json.loads(line)
    said, problem = io.StringIO(), None
    with contextlib.redirect_stdout(said):
        try:
            code = "\\n" * (block["line"] - 1) + block["text"]
            exec(compile(code, block["page"], "exec"), namespace)
        except BaseException:
            problem = traceback.format_exc()
    print(json.dumps({"said": said.getvalue(), "problem": problem}), file=answers, flush=True)
"""


class PythonSession:
    """A running interpreter; `close` ends it."""

    def __init__(self, python: str, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [python, "-c", _PROGRAM],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, block: Block, text: str) -> str:
        """Run the text of a block and return what it printed.

        Raises:
            AssertionError: It raised, with the traceback; or it ended the interpreter.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"page": block.page, "line": block.line, "text": text}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"{block.place}: the interpreter ended"
        document = json.loads(answer)
        assert document["problem"] is None, f"{block.place}:\n{document['problem']}"
        return str(document["said"])

    def close(self) -> None:
        """End the interpreter, whatever it does."""
        self._process.kill()
        self._process.communicate()


def default_python() -> str:
    """The interpreter of the tests."""
    return sys.executable
