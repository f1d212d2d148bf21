"""Salver, a model server: what a program that embeds or extends it needs.

Everything here is imported when it is first used, so that `import salver` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salver.config.server_config import ModelConfig, ServerConfig
    from salver.core.ids import ServableId
    from salver.core.loader import Loader
    from salver.core.servable_request import ServableRequest
    from salver.core.servable_state import ManagerState, ServableState
    from salver.errors import Code, SalverError
    from salver.servables.loaders import LoaderFactory, Platform, PlatformContext
    from salver.servables.servable import CallableServable, Servable, SignatureSpec, TensorSpec
    from salver.server.server import Server
    from salver.sources.version_policy import All, Latest, Specific

__all__ = [
    "All",
    "CallableServable",
    "Code",
    "Latest",
    "Loader",
    "LoaderFactory",
    "ManagerState",
    "ModelConfig",
    "Platform",
    "PlatformContext",
    "SalverError",
    "Servable",
    "ServableId",
    "ServableRequest",
    "ServableState",
    "Server",
    "ServerConfig",
    "SignatureSpec",
    "Specific",
    "TensorSpec",
]

_HOMES = {
    "salver.config.server_config": ("ModelConfig", "ServerConfig"),
    "salver.core.ids": ("ServableId",),
    "salver.core.loader": ("Loader",),
    "salver.core.servable_request": ("ServableRequest",),
    "salver.core.servable_state": ("ManagerState", "ServableState"),
    "salver.errors": ("Code", "SalverError"),
    "salver.servables.loaders": ("LoaderFactory", "Platform", "PlatformContext"),
    "salver.servables.servable": ("CallableServable", "Servable", "SignatureSpec", "TensorSpec"),
    "salver.server.server": ("Server",),
    "salver.sources.version_policy": ("All", "Latest", "Specific"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


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
