"""Blocks that are configuration, read by what reads such text when it is a file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from salver.config.batching_parameters_file import Scope, parse_batching_parameters
from salver.config.model_config_file import parse_models
from salver.config.reader import read_settings
from salver.wire import parse_text
from tests.support.snippets.blocks import Block


def read(block: Block) -> None:
    """Read a block of one of the languages in `blocks.READ`; raises what its reader raises."""
    _READERS[block.language](block.text, block.place)


def _toml(text: str, _place: str) -> None:
    """TOML; without any table it sets flags, as the file of --config_file does."""
    document = tomllib.loads(text)
    if any(isinstance(value, dict) for value in document.values()):
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / "salver.toml"
        file.write_text(text)
        read_settings([f"--config_file={file}"], {})


def _yaml(text: str, _place: str) -> None:
    assert list(yaml.safe_load_all(text))


def _json(text: str, _place: str) -> None:
    json.loads(text)


def _textproto(text: str, place: str) -> None:
    """A message in text format; its first field says which."""
    first = text.split(maxsplit=1)[0].rstrip("{:")
    if first == "config":  # one entry of the list alone
        first, text = "model_config_list", f"model_config_list {{ {text} }}"
    if first == "model_config_list":
        assert parse_models(text, place) is not None
    elif first in _MESSAGES:
        parse_text(text, f"tensorflow.serving.{_MESSAGES[first]}", source=place)
    else:
        parse_batching_parameters(text, place, Scope.SERVER)


_MESSAGES = {
    "platform_configs": "PlatformConfigMap",
    "prometheus_config": "MonitoringConfig",
    "server_key": "SSLConfig",
    "server_cert": "SSLConfig",
}
_READERS: Mapping[str, Callable[[str, str], None]] = {
    "toml": _toml,
    "yaml": _yaml,
    "json": _json,
    "textproto": _textproto,
}
