"""Help text and the reference page, both written from the table of flags."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from salver.config.flag import Effect, Flag
from salver.config.flags import FLAGS

_WIDTH = 100


def usage(program: str) -> str:
    """The help text of the server program."""
    lines = [f"Usage: {program} [--flag=value ...]", ""]
    for group, flags in _groups():
        lines += [f"{group}:", *(line for flag in flags for line in _entry(flag)), ""]
    inert = ", ".join(flag.name for flag in FLAGS.values() if flag.effect is Effect.INERT)
    refused = ", ".join(flag.name for flag in FLAGS.values() if flag.effect is Effect.REFUSED)
    lines += ["Accepted with a warning, for start scripts written for another server; they have no effect (yet):"]
    lines += [*textwrap.wrap(inert, _WIDTH, initial_indent="  ", subsequent_indent="  "), ""]
    lines += ["Refused, because going on without them would be unsafe:", f"  {refused}", ""]
    lines += ["--help shows this text, --version the version. Each flag can also be set by the environment variable"]
    lines += ["SALVER_ and its name in capitals; the command line wins. Switches take =true or =false."]
    return "\n".join(lines) + "\n"


def _groups() -> Iterator[tuple[str, list[Flag]]]:
    honoured = [flag for flag in FLAGS.values() if flag.effect is Effect.HONOURED]
    for group in dict.fromkeys(flag.group for flag in honoured):
        yield group, [flag for flag in honoured if flag.group == group]


def _entry(flag: Flag) -> list[str]:
    text = f"{flag.help} Default: {_shown(flag) or 'none'}."
    return [f"  --{flag.name}", *textwrap.wrap(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)]


def _shown(flag: Flag) -> str:
    """The default as it would be typed."""
    return str(flag.default).lower() if flag.kind is bool else str(flag.default)


def reference_page() -> str:
    """The text of docs/flags.md."""
    parts = [_INTRODUCTION]
    for group, flags in _groups():
        rows = [f"| `--{flag.name}` | {flag.kind.__name__} | {_code(_shown(flag))} | {flag.help} |" for flag in flags]
        parts += [f"## {group}\n", "| Flag | Type | Default | Meaning |\n| --- | --- | --- | --- |", *rows, ""]
    parts += [_NOT_HONOURED]
    rest = [flag for flag in FLAGS.values() if flag.effect is not Effect.HONOURED]
    parts += [f"| `--{flag.name}` | {_outcome(flag)} | {flag.help} |" for flag in rest]
    return "\n".join(parts) + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _outcome(flag: Flag) -> str:
    return "refused" if flag.effect is Effect.REFUSED else "warning"


_INTRODUCTION = """\
# Flags of `salver serve`

<!-- Written by `make docs` from python/salver/config/flags.py; do not edit. -->

`tensorflow_model_server` is the same program with `serve` implied.

- `--name=value` and `--name value` are the same, and so are hyphens and underscores in names. Switches (type bool) take
  `--name`, `--name=true` and `--name=false`. The last of several wins.
- Each flag can be set by the environment variable `SALVER_` and its name in capitals (`SALVER_REST_API_PORT=8501`), and
  in a TOML file named by `--config_file` (`rest_api_port = 8501`). The order is default < file < environment < command
  line.
- An unknown flag stops the start and names the nearest known one. Everything that is wrong is said at once.
- A start that fails prints `Failed to start server. Error: CODE: message` on stdout and ends with status 255.
"""

_NOT_HONOURED = """\
## Accepted for compatibility

Start scripts written for TensorFlow Serving may set these. Where a value asks for something that Salver does not do,
the server says so: with one warning at start, or, where going on would be unsafe, by refusing to start.

| Flag | Outcome | Why |
| --- | --- | --- |"""
