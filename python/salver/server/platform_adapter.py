"""From the places where versions lie to loaders, by the platform of each model."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.servable_data import ServableData
from salver.core.source_adapter import SourceAdapter
from salver.core.storage_path import StoragePath
from salver.errors import InternalError, SalverError, as_salver_error, without_traceback
from salver.servables.loaders import LoaderFactory

logger = logging.getLogger(__name__)


class PlatformAdapter(SourceAdapter[StoragePath, Loader]):
    """Routes each model to the loader factory of its platform.

    One adapter for all platforms: the lists of a model pass through one place whatever its platform, so there is no
    order to keep between several.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()  # guards _routes
        self._routes: Mapping[str, LoaderFactory] = {}

    @property
    def routes(self) -> Mapping[str, LoaderFactory]:
        """The factory of each model."""
        with self._lock:
            return self._routes

    def set_routes(self, routes: Mapping[str, LoaderFactory]) -> None:
        """Replace the factory of every model, for lists that come from now on."""
        with self._lock:
            self._routes = dict(routes)

    def adapt(self, name: str, versions: Sequence[ServableData[StoragePath]]) -> Sequence[ServableData[Loader]]:
        """Make a loader for each item; error items pass through, and what a factory raises becomes one."""
        factory = self.routes.get(name, _no_platform)
        return [_adapt_item(version, factory) for version in versions]


def _no_platform(id: ServableId, path: StoragePath) -> Loader:
    del path
    raise InternalError(f"No platform found for model {id.name}")


def _adapt_item(version: ServableData[StoragePath], factory: LoaderFactory) -> ServableData[Loader]:
    if version.error is not None:
        return ServableData.failed(version.id, version.error)
    try:
        return ServableData(version.id, factory(version.id, version.data))
    except SalverError as error:
        return ServableData.failed(version.id, without_traceback(error))
    except Exception as error:
        logger.exception("Making the loader of servable %s failed", version.id)
        return ServableData.failed(version.id, without_traceback(as_salver_error(error)))
