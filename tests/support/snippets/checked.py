"""Commands that are not run, as they set up a machine or need a service that tests lack; what they name is checked.

`salver serve` that ends with `...` is one of them: the page leaves out what does not matter there, and the flags that
it shows are read.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Mapping

from salver.config.reader import read_settings
from tests.support.models import ROOT

_IMAGE = "salver"


def checker(command: str) -> Callable[[str], None] | None:
    """What checks a command instead of running it; None where it is to be run."""
    if is_server(command) and flags_of(command)[-1:] == ["..."]:
        return _fragment
    return _CHECKERS.get(command.split(maxsplit=1)[0])


def is_server(command: str) -> bool:
    """Whether a command starts a server."""
    return re.match(r"(\S+=\S+ )*(\S*/)?(salver serve|tensorflow_model_server)\b", command) is not None


def flags_of(command: str) -> list[str]:
    """The arguments of a command that starts a server."""
    words = shlex.split(command.replace("\\\n", " "), comments=True)
    first = next(place for place, word in enumerate(words) if word.endswith(("serve", "tensorflow_model_server")))
    return words[first + 1 :]


def _fragment(command: str) -> None:
    read_settings(flags_of(command)[:-1], {})


def _make(command: str) -> None:
    targets = [word for word in shlex.split(command, comments=True)[1:] if "=" not in word]
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets, "no target"
    assert set(targets) <= known, f"no such target: {set(targets) - known}"


def _pip(command: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for word in shlex.split(command, comments=True):
        if found := re.fullmatch(r"salver\[(.*)\](.*)", word):
            assert set(found[1].split(",")) <= set(extras), f"no such extra: {word}"


def _docker(command: str) -> None:
    words = shlex.split(command.replace("\\\n", " "), comments=True)
    _paths(command)
    if words[1] == "run":
        assert _IMAGE in words, f"the image is called {_IMAGE}"
        read_settings(words[words.index(_IMAGE) + 1 :], {})


def _paths(command: str) -> None:
    """Each word that lies in the repository is there."""
    for word in shlex.split(command.replace("\\\n", " "), comments=True):
        if word.startswith(("deploy/", "examples/", "tests/")):
            assert (ROOT / word).exists(), f"no such file: {word}"


_CHECKERS: Mapping[str, Callable[[str], None]] = {
    "make": _make,
    "pip": _pip,
    "docker": _docker,
    "helm": _paths,
    "kubectl": _paths,
}
