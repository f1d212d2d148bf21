"""Documents of the admin API as a server sends them, for tests of those that read them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from salver.admin.change import Change, Difference
from salver.admin.model import ModelDocument, Reason, SignatureDocument, TensorDocument, VersionDocument

SINCE = "2026-11-28T17:00:00.000Z"
SINCE_S = 1795885200.0
"""The same in seconds since the epoch."""
SIGNATURES = {
    "serving_default": SignatureDocument(
        method="tensorflow/serving/predict",
        inputs={"x": TensorDocument(dtype="DT_FLOAT", shape=(-1, 3))},
        outputs={"y": TensorDocument(dtype="DT_STRING")},
    )
}
SERVING = VersionDocument(
    version=3, state="AVAILABLE", since=SINCE, labels=("stable",), memory_bytes=5 << 20, load_s=0.25, num_in_flight=2
)
FAILED = VersionDocument(
    version=4,
    state="END",
    since=SINCE,
    reason=Reason(code="NOT_FOUND", message="no saved_model.pb"),
    num_failed_loads=2,
    next_retry_at="2026-11-28T17:01:00.000Z",
)


def model(name: str = "ranker", **fields: Any) -> ModelDocument:
    """A model that serves version 3 and could not load version 4."""
    usual: dict[str, Any] = {
        "base_path": f"/m/{name}",
        "source": "config",
        "status": "AVAILABLE",
        "versions": (FAILED, SERVING),
        "version_labels": {"stable": 3},
        "memory_bytes": 5 << 20,
        "num_in_flight": 2,
    }
    return ModelDocument(name=name, **(usual | fields))


def change(**fields: Any) -> Change:
    """A label that moved from version 2 to 3."""
    difference = Difference(op="replace", path="/models/ranker/version_labels/stable", before=2, after=3)
    usual: dict[str, Any] = {
        "is_dry_run": False,
        "is_changed": True,
        "diff": (difference,),
        "etag": "2-b",
        "model": model(),
    }
    return Change(**(usual | fields))


def sent(document: Any) -> Any:
    """What is left of a document after its way through JSON."""
    return json.loads(json.dumps(asdict(document)))
