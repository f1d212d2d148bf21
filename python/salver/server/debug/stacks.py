"""Where each Python thread is. Code alone is shown: no values of variables, which may be those of requests."""

from __future__ import annotations

import linecache
import sys
import threading
from collections.abc import Iterator, Mapping
from types import FrameType

_MAX_THREADS = 500
_MAX_FRAMES = 50


def stacks_text(frames: Mapping[int, FrameType] | None = None, names: Mapping[int, str] | None = None) -> str:
    """Return the stacks of all threads, innermost frame last, threads by their names.

    Args:
        frames: The innermost frame by thread; by default those of this process.
        names: Names of threads; by default those of this process. Threads that Python did not start may have none.
    """
    found = sys._current_frames() if frames is None else frames  # noqa: SLF001  # documented, and the only way
    named = {thread.ident: thread.name for thread in threading.enumerate()} if names is None else names
    threads = sorted((named.get(ident) or f"thread {ident}", frame) for ident, frame in found.items())
    parts = [f"{len(threads)} threads\n"]
    parts += [f"\n{name}\n{''.join(_lines(frame))}" for name, frame in threads[:_MAX_THREADS]]
    if len(threads) > _MAX_THREADS:
        parts.append(f"\nand {len(threads) - _MAX_THREADS} more threads\n")
    return "".join(parts)


def _lines(innermost: FrameType) -> Iterator[str]:
    frames, frame = [], innermost.f_back
    frames.append(innermost)
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    if len(frames) > _MAX_FRAMES:
        yield f"  {len(frames) - _MAX_FRAMES} outer frames are left out\n"
    for shown in reversed(frames[:_MAX_FRAMES]):
        code, module = shown.f_code, shown.f_globals.get("__name__", "?")
        yield f"  {module}:{shown.f_lineno} {code.co_qualname}\n"
        line = linecache.getline(code.co_filename, shown.f_lineno, shown.f_globals).strip()
        if line:
            yield f"      {line}\n"
