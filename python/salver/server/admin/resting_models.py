"""Documents of models at rest: made and written once, and told again until something about them changes.

A server may have thousands of models, of which few do anything between two looks at all of them. A model is at rest
while all that is told of its versions is that they serve: then nothing about it changes but by what `Look` sees. What
requests change, and only that, is put in anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from salver.admin.model import ModelDocument
from salver.boundary import BatchingPolicy
from salver.config.server_config import ModelConfig
from salver.core.servable_state import ManagerState
from salver.core.servable_state_table import ServableStateAndTime
from salver.errors import SalverError


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """All that a document is made of that may change while a model is at rest; what is compared is cheap to get."""

    config: ModelConfig | None
    states: tuple[ServableStateAndTime, ...]
    """Of the versions that are told of, highest first."""
    source_error: SalverError | None
    labels: Mapping[str, int]
    policy: BatchingPolicy

    @property
    def is_of_rest(self) -> bool:
        """Whether every version serves."""
        return bool(self.states) and all(one.state.manager_state is ManagerState.AVAILABLE for one in self.states)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What requests change."""

    in_flight: tuple[int | None, ...]
    """By version, highest first."""
    requests: tuple[int | None, ...]


@dataclass(slots=True)
class _Resting:
    look: Look
    traffic: Traffic
    document: ModelDocument
    text: str | None = field(default=None)
    """As it is written; None until somebody asked."""


class RestingModels:
    """Thread-safe without a lock: each entry is replaced whole, and one that is lost is made again."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_name: dict[str, _Resting] = {}

    def document(self, name: str, look: Look, traffic: Traffic, make: Callable[[], ModelDocument]) -> ModelDocument:
        """Return the document of a model; `make` makes one where it is not known, or no longer true."""
        known = self._by_name.get(name)
        if known is None or known.look != look:
            document = make()
        elif known.traffic == traffic:
            return known.document
        else:
            document = _with_traffic(known.document, traffic)
        if look.is_of_rest:
            self._by_name[name] = _Resting(look, traffic, document)
        else:
            self._by_name.pop(name, None)
        return document

    def text(self, document: ModelDocument, write: Callable[[ModelDocument], str]) -> str:
        """Return a document as it is written; `write` writes it where that was not done yet."""
        known = self._by_name.get(document.name)
        if known is None or known.document is not document:
            return write(document)
        if known.text is None:
            known.text = write(document)
        return known.text

    def keep_only(self, names: Collection[str]) -> None:
        """Forget all models but these."""
        for name in self._by_name.keys() - names:
            self._by_name.pop(name, None)


def _with_traffic(document: ModelDocument, traffic: Traffic) -> ModelDocument:
    counts = zip(document.versions, traffic.in_flight, traffic.requests, strict=True)
    versions = tuple(
        version
        if (version.num_in_flight, version.num_requests) == (in_flight, requests)
        else replace(version, num_in_flight=in_flight, num_requests=requests)
        for version, in_flight, requests in counts
    )
    return replace(document, versions=versions, num_in_flight=total(traffic.in_flight))


def total(numbers: Collection[int | None]) -> int | None:
    """Return the sum of those that are known; None where none is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
