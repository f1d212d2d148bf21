"""A client of model servers: numpy in, numpy out, over gRPC and REST, for threads and for asyncio.

It speaks to Salver and to TensorFlow Serving and needs neither the server's extension nor TensorFlow; grpcio (the extra
`client`) is for gRPC addresses alone. Names are imported when they are first used.

Files: `tensor_writer`, `tensor_reader`, `predict_message` are the codec of the hot path; an `Operation` is one call in
both protocols' words, free of sockets; transports carry operations; the two clients add deadlines and retries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salver.client.answers import Classification, Label, Prediction, Regression, VersionState, VersionStatus
    from salver.client.async_client import AsyncClient
    from salver.client.call_options import CallOptions, ModelOptions
    from salver.client.client import Client
    from salver.client.client_options import ClientOptions
    from salver.client.inference import InferenceTask
    from salver.client.retry import RetryPolicy
    from salver.client.signatures import ModelMetadata, Signature, TensorInfo
    from salver.client.tls import Tls

__all__ = [
    "AsyncClient",
    "CallOptions",
    "Classification",
    "Client",
    "ClientOptions",
    "InferenceTask",
    "Label",
    "ModelMetadata",
    "ModelOptions",
    "Prediction",
    "Regression",
    "RetryPolicy",
    "Signature",
    "TensorInfo",
    "Tls",
    "VersionState",
    "VersionStatus",
]

_HOMES = {
    "answers": ("Classification", "Label", "Prediction", "Regression", "VersionState", "VersionStatus"),
    "async_client": ("AsyncClient",),
    "call_options": ("CallOptions", "ModelOptions"),
    "client": ("Client",),
    "client_options": ("ClientOptions",),
    "inference": ("InferenceTask",),
    "retry": ("RetryPolicy",),
    "signatures": ("ModelMetadata", "Signature", "TensorInfo"),
    "tls": ("Tls",),
}
_HOME_OF = {name: f"salver.client.{module}" for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name."""
    import importlib

    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(module), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})
