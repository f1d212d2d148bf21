"""What calls return."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from salver.errors import SalverError

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Prediction(Mapping[str, Array]):
    """The outputs of a model by their names, as arrays of their own memory; text is object arrays of bytes."""

    outputs: dict[str, Array]
    model: str = ""
    version: int | None = None
    """The version that answered; None over REST, which does not say."""
    signature: str = ""

    def __getitem__(self, name: str) -> Array:
        """Return an output; raises KeyError with the names there are."""
        try:
            return self.outputs[name]
        except KeyError:
            raise KeyError(f"no output {name!r}; there are {', '.join(sorted(self.outputs))}") from None

    def __contains__(self, name: object) -> bool:
        return name in self.outputs

    def __iter__(self) -> Iterator[str]:
        return iter(self.outputs)

    def __len__(self) -> int:
        return len(self.outputs)


@dataclass(frozen=True)
class Label:
    """A class of a classified example."""

    name: str
    score: float


@dataclass(frozen=True)
class Classification:
    """The classes of each example, in the order of the examples."""

    results: Sequence[Sequence[Label]]
    model: str = ""
    version: int | None = None
    """As in `Prediction`."""


@dataclass(frozen=True, eq=False)
class Regression:
    """The value of each example, float32, in the order of the examples."""

    values: np.ndarray[Any, np.dtype[np.float32]]
    model: str = ""
    version: int | None = None
    """As in `Prediction`."""


class VersionState(enum.StrEnum):
    """Where a version stands in its life."""

    UNKNOWN = "UNKNOWN"
    START = "START"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    END = "END"


@dataclass(frozen=True)
class VersionStatus:
    """One version of a model."""

    version: int
    state: VersionState
    error: SalverError | None = None
    """Why it failed; None where it did not."""
