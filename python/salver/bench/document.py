"""What a run of `salver bench` keeps, and reads again to compare with."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from salver.bench.bodies import Bodies
from salver.bench.load_shape import LoadShape
from salver.bench.machine import machine
from salver.bench.result import Latency, Result
from salver.bench.target import Target
from salver.errors import InvalidArgumentError

FORMAT = 1


def document(
    arguments: Sequence[str],
    target: Target,
    bodies: Bodies,
    shape: LoadShape,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """Return what every kept result says of its load: command, time, machine, server and shape."""
    return {
        "format": FORMAT,
        "command": ["salver", "bench", *arguments],
        "at": now().isoformat(timespec="seconds"),
        "machine": machine(),
        "server": target_document(target),
        "load": {**asdict(shape), "bodies": bodies.origin, "rows": _mean(bodies.rows)},
    }


def target_document(target: Target) -> dict[str, Any]:
    """Return a server as JSON has it; headers and keys stay out of it, since they may be secrets."""
    return {
        "address": target.address,
        "protocol": target.protocol,
        "is_tls": target.tls is not None,
        "model": asdict(target.model),
    }


def _mean(rows: Sequence[int]) -> float:
    return sum(rows) / len(rows)


def text(kept: dict[str, Any]) -> str:
    """Return a document as it is printed and kept."""
    return json.dumps(kept, indent=2) + "\n"


def read_baseline(path: str) -> tuple[Result, dict[str, Any]]:
    """Return the result that was kept in a file, and all of the document.

    Raises:
        InvalidArgumentError: The file cannot be read, or holds no result of one load.
    """
    try:
        kept: Any = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InvalidArgumentError(f"{path} is no JSON: {error}") from None
    try:
        if kept["format"] != FORMAT:
            raise InvalidArgumentError(f"{path} has format {kept['format']}, expected {FORMAT}")
        return _result(kept["result"]), kept
    except (KeyError, TypeError, ValueError):
        raise InvalidArgumentError(f"{path} holds no result of a load, as --output keeps it") from None


def _result(kept: dict[str, Any]) -> Result:
    derived = {"requests_per_s", "rows_per_s", "warnings"}
    fields = {name: value for name, value in kept.items() if name not in derived}
    fields["latency"] = Latency(**fields["latency"])
    fields["buckets"] = tuple((seconds, count) for seconds, count in fields["buckets"])
    fields["failures"] = {kind: (count, message) for kind, (count, message) in fields["failures"].items()}
    return Result(**fields)


def differences(kept: dict[str, Any], now: dict[str, Any]) -> tuple[str, ...]:
    """Say what else differs between a kept result and one of now: then their ratio is not the server's alone."""
    pairs = (
        ("machine", "processor"), ("machine", "num_cpus"), ("machine", "system"), ("server", "protocol"),
        ("server", "is_tls"), ("server", "model"), *(("load", name) for name in now["load"]),
    )  # fmt: skip
    found = []
    for part, name in pairs:
        before, after = kept.get(part, {}).get(name), now[part][name]
        if before != after:
            found.append(f"{part}.{name} was {before}, is {after}")
    return tuple(found)
