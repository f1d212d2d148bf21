"""Why a model does not serve, as its clients are told while the server loads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.errors import SalverError, UnavailableError
from salver.server.serving_table import DataPlaneServingTable


class ModelReasons:
    """Keeps the reasons in the serving table up to date. Thread-safe."""

    def __init__(
        self, monitor: ServableStateMonitor, table: DataPlaneServingTable, names: Callable[[], Collection[str]]
    ) -> None:
        """Tell nothing yet.

        Args:
            monitor: Knows the versions, and what their sources report.
            table: Where reasons go.
            names: All that should be served now.
        """
        self._monitor = monitor
        self._table = table
        self._names = names

    def is_available(self, name: str) -> bool:
        """Whether a version of this model serves."""
        return any(state.manager_state is ManagerState.AVAILABLE for state in self.states_of(name).values())

    def states_of(self, name: str) -> dict[int, ServableState]:
        """Return the last state of each known version of a model, highest first."""
        return {version: found.state for version, found in self._monitor.get_version_states(name).items()}

    def update(self, names: Iterable[str]) -> None:
        """Tell clients of those of these models that do not serve, and should, what is the matter."""
        wanted = self._names()
        self._table.set_reasons(
            {name: self._reason(name) if name in wanted and not self.is_available(name) else None for name in names}
        )

    def _reason(self, name: str) -> SalverError:
        states = self.states_of(name)
        if states:
            version, state = next(iter(states.items()))
            cause = f" ({state.error.message})" if state.error else ""
            return UnavailableError(
                f"Model {name} is not available: version {version} is in state {state.manager_state.name}{cause}"
            )
        error = self._monitor.get_source_error(name)
        return UnavailableError(f"Model {name} is not available: {error.message if error else 'not loaded yet'}")
