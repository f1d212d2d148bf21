"""The page on every flag of TensorFlow Serving and what it does here, from the table of flags."""

from __future__ import annotations

import json
from pathlib import Path

from salver.config.flag import Effect, Flag
from salver.config.flags import FLAGS

REFERENCE = Path(__file__).parent.parent / "tests" / "data" / "reference_flags.json"

OTHERWISE = {
    "version": "One line, and status 0; nothing else is looked at.",
    "max_num_load_retries": "Tries for ever by default, with growing pauses; `5` gives up as there.",
    "load_retry_interval_micros": "The longest pause: the first ones are shorter.",
    "grpc_channel_arguments": "The arguments in [the list](grpc-channel-arguments.md); another is an error.",
    "enable_batching": "Without a parameters file sizes are learnt, instead of fixed defaults.",
    "batching_parameters_file": "The same fields, and [more](guides/batching.md#parameters); watched while serving.",
    "ssl_config_file": "New certificates are taken up without a restart.",
    "model_config_file": "`model_config_list` alone; every problem is said at once.",
    "model_config_file_poll_wait_seconds": "Applied when the content has changed, not at each look.",
    "monitoring_config_file": "Metrics are on without it.",
    "file_system_poll_wait_seconds": "A missing or broken base path holds up its own model alone.",
    "num_load_threads": "0 loads several at once, not one each.",
    "num_unload_threads": "0 unloads several at once, not one each.",
    "rest_api_timeout_in_ms": "The same; what the client gave up is not run.",
    "rest_api_port": "Opens once every model is available or has failed once, as there; see --serve_while_loading.",
    "allow_version_labels_for_unavailable_models": (
        "Seldom needed: labels of new models and of versions that are loading are accepted."
    ),
    "prefer_tflite_model": "Signatures of TensorFlow 2's converter are known by name, see [TFLite](guides/tflite.md).",
}
"""What differs for flags that have an effect; those without one say so in the table of flags."""


def reference_flags_page() -> str:
    """The text of docs/flags-of-tensorflow-serving.md."""
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    honoured = [name for name in reference if name not in FLAGS or FLAGS[name].effect is Effect.HONOURED]
    others = [name for name in reference if name not in honoured]
    rows = [_row(name, *reference[name]) for name in honoured]
    inert = [f"| `--{name}` | {_outcome(FLAGS[name])} | {FLAGS[name].help} |" for name in others]
    return "\n".join(
        [
            _INTRODUCTION.format(total=len(reference), honoured=len(honoured), others=len(others)),
            "## Those that work\n",
            "| Flag | Type | Default | What differs |\n| --- | --- | --- | --- |",
            *rows,
            "\n## Those without effect\n",
            "| Flag | Outcome | Why |\n| --- | --- | --- |",
            *inert,
            "",
        ]
    )


def _row(name: str, kind: str, default: object) -> str:
    shown = json.dumps(default) if isinstance(default, bool) else str(default)
    return f"| `--{name}` | {kind} | {f'`{shown}`' if shown else ''} | {OTHERWISE.get(name, '')} |"


def _outcome(flag: Flag) -> str:
    if flag.effect is Effect.REFUSED:
        return "the start is refused"
    value = str(flag.actual).lower() if isinstance(flag.actual, bool) else flag.actual
    return f"a warning, but for `{value}`" if value else "a warning, where it is set"


_INTRODUCTION = """\
# Flags of TensorFlow Serving

<!-- Written by `make docs` from python/salver/config/flags.py and tests/data/reference_flags.json; do not edit. -->

`tensorflow_model_server` has {total} flags. {honoured} of them do here what they do there, with the differences that
the table names; {others} have no effect, and a start that asks for one of those says so. Types and defaults are those
of TensorFlow Serving. Flags that only Salver has: [Flags](flags.md).
"""
