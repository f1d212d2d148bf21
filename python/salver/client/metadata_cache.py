"""The metadata that JSON answers are read with, for a while and for a bounded number of models."""

from __future__ import annotations

from salver.client.deadline import Clock
from salver.client.model_spec import ModelSpec
from salver.client.signatures import ModelMetadata

_MAX_AGE_S = 60.0
"""A model that is replaced by one with other outputs is noticed by then, and at once where the answer does not fit."""
_MAX_MODELS = 256


class MetadataCache:
    """Metadata by model, version and label; each operation is one step of a dict, so that threads may share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, int | None, str | None], tuple[float, ModelMetadata]] = {}

    def get(self, spec: ModelSpec) -> ModelMetadata | None:
        """Return what is known, unless it is too old."""
        at, metadata = self._kept.get(_key(spec), (0.0, None))
        return metadata if metadata is not None and self._clock() - at < _MAX_AGE_S else None

    def put(self, spec: ModelSpec, metadata: ModelMetadata) -> None:
        """Keep what a server said; all is forgotten where there is too much of it."""
        if len(self._kept) >= _MAX_MODELS:
            self._kept.clear()
        self._kept[_key(spec)] = (self._clock(), metadata)


def _key(spec: ModelSpec) -> tuple[str, int | None, str | None]:
    return spec.name, spec.version, spec.label
