"""Servables that the program of a server brings: objects instead of directories."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.servable_data import ServableData
from salver.servables.ready_loader import ReadyLoader
from salver.server.warming_loader import WarmingLoader, WarmUp

READY_SERVABLE_VERSION = 1
"""Version of such servables."""


def aspire_servables(
    manager: AspiredVersionsManager, servables: Mapping[str, object], warm_up: WarmUp | None = None
) -> None:
    """Have the manager load these objects, by name, and warm them up where that is wanted."""
    aspire = manager.get_aspired_versions_callback()
    for name, servable in servables.items():
        id = ServableId(name, READY_SERVABLE_VERSION)
        loader: Loader = ReadyLoader(servable)
        if warm_up is not None:
            loader = WarmingLoader(id, None, partial(ReadyLoader, servable), warm_up)
        aspire(name, [ServableData(id, loader)])
