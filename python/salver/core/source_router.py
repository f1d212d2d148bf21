"""Source routers: one incoming stream of lists, several outgoing ports.

A router looks at the servable name and sends each list, whole, to one port. Ports are numbered from 0. Nothing leaves
before all ports are connected. All lists of one servable must go to the same port; a dynamic router that changes a
route does not take back what the old port was told.
"""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TypeVar

from salver.core.servable_data import ServableData
from salver.core.source import TargetBase
from salver.core.source_adapter import IdentitySourceAdapter
from salver.errors import InvalidArgumentError

logger = logging.getLogger(__name__)

T = TypeVar("T")


class SourceRouter(TargetBase[T]):
    """Splits a source by servable name; subclasses write `route`.

    Like an adapter it blocks its source until every port is connected, and `detach()` sets a blocked source free.
    """

    def __init__(self, num_output_ports: int) -> None:
        """Make a router with this many ports, at least one.

        Raises:
            InvalidArgumentError: Fewer than one port.
        """
        super().__init__()
        if num_output_ports < 1:
            raise InvalidArgumentError(f"A router needs at least 1 output port, got {num_output_ports}")
        self._ports: tuple[IdentitySourceAdapter[T], ...] = tuple(
            IdentitySourceAdapter() for _ in range(num_output_ports)
        )

    @abstractmethod
    def route(self, name: str, versions: Sequence[ServableData[T]]) -> int | None:
        """Return the port for this list, or None to drop it silently."""

    @property
    def num_output_ports(self) -> int:
        """Number of ports."""
        return len(self._ports)

    def get_output_ports(self) -> Sequence[IdentitySourceAdapter[T]]:
        """Return the ports; connect each of them as a source."""
        return self._ports

    def detach(self) -> None:
        """Stop taking notifications, at the ports too; idempotent."""
        for port in self._ports:
            port.detach()
        super().detach()

    def _set_aspired_versions(self, name: str, versions: Sequence[ServableData[T]]) -> None:
        if not all(port.wait_until_connected() for port in self._ports):
            return
        number = self.route(name, versions)
        if number is None:
            return
        if not 0 <= number < len(self._ports):
            logger.error("Servable %s was routed to port %d of %d; its list is dropped", name, number, len(self._ports))
            return
        self._ports[number].get_aspired_versions_callback()(name, versions)


class StaticSourceRouter(SourceRouter[T]):
    """Routes by substrings of the servable name, the first that matches wins; other names go to the last port."""

    def __init__(self, substrings: Sequence[str]) -> None:
        """Make a router with one port for each substring and a last one for the rest."""
        super().__init__(len(substrings) + 1)
        self._substrings = tuple(substrings)

    def route(self, name: str, versions: Sequence[ServableData[T]]) -> int:
        """Return the first port whose substring occurs in `name`."""
        del versions
        for port, substring in enumerate(self._substrings):
            if substring in name:
                return port
        return len(self._substrings)


class DynamicSourceRouter(SourceRouter[T]):
    """Routes by exact servable name, in a map that can be replaced; other names go to the last port."""

    def __init__(self, num_output_ports: int, routes: Mapping[str, int]) -> None:
        """Make a router.

        Args:
            num_output_ports: At least 1.
            routes: Port by servable name; the last port is reserved for names that are not in the map.

        Raises:
            InvalidArgumentError: A port number that may not be used.
        """
        super().__init__(num_output_ports)
        self._lock = threading.Lock()  # guards _routes
        self._routes: dict[str, int] = {}
        self.update_routes(routes)

    def update_routes(self, routes: Mapping[str, int]) -> None:
        """Replace the whole map, for lists that come from now on.

        Raises:
            InvalidArgumentError: A port number that may not be used; the old map stays.
        """
        for port in routes.values():
            self._check_port(port)
        with self._lock:
            self._routes = dict(routes)

    def get_routes(self) -> dict[str, int]:
        """Return a copy of the map."""
        with self._lock:
            return dict(self._routes)

    def route(self, name: str, versions: Sequence[ServableData[T]]) -> int:
        """Return the mapped port of `name`, or the last."""
        del versions
        with self._lock:
            port = self._routes.get(name)
        if port is not None:
            return port
        logger.info("Routing servable %s to the default port", name)
        return self.num_output_ports - 1

    def _check_port(self, port: int) -> None:
        if not 0 <= port < self.num_output_ports:
            raise InvalidArgumentError(f"Port number out of range: {port}")
        if port == self.num_output_ports - 1:
            raise InvalidArgumentError(
                "Last port cannot be used in route map, since it's reserved for the default route"
            )
