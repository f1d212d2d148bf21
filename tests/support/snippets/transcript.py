"""What a `console` block shows: commands after `$ `, each with the output below it.

A command goes on in the next line where its line ends with a backslash. `# exits with N` behind it says that it fails
with this status, and `^C` as the last line of its output that the reader ends it when the rest has been seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.snippets.blocks import Block

_PROMPT = "$ "
_STATUS = re.compile(r"\s+# exits with (\d+)$")
_INTERRUPT = "^C"


@dataclass(frozen=True)
class Step:
    """One command and what it is to say."""

    place: str
    command: str
    output: str
    """Empty where the page shows none: then it may say anything."""
    status: int
    is_interrupted: bool


def steps(block: Block) -> Iterator[Step]:
    """The commands of a block, in its order.

    Raises:
        AssertionError: The block does not begin with a command.
    """
    assert block.text.startswith(_PROMPT), f"{block.place}: a console block begins with `$ `"
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(_PROMPT)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _step(lines[start:end], f"{block.page}:{block.line + start}")


def _step(lines: list[str], place: str) -> Step:
    length = 1
    while lines[length - 1].endswith("\\"):
        length += 1
    command = "\n".join(lines[:length]).removeprefix(_PROMPT)
    output = lines[length:]
    is_interrupted = bool(output) and output[-1] == _INTERRUPT
    found = _STATUS.search(command)
    return Step(
        place=place,
        command=_STATUS.sub("", command),
        output="\n".join(output[:-1] if is_interrupted else output).strip(),
        status=int(found[1]) if found else 0,
        is_interrupted=is_interrupted,
    )
