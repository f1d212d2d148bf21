"""Whether a model can take requests, by what its server says of its versions."""

from __future__ import annotations

from collections.abc import Sequence

from salver.client.answers import VersionState, VersionStatus
from salver.client.deadline import Deadline
from salver.client.model_spec import ModelSpec
from salver.errors import DeadlineExceededError, NotFoundError, SalverError, UnavailableError

POLL_S = 0.2
"""Between one look and the next."""


class Readiness:
    """Remembers the last look at one model, to say what was missing."""

    def __init__(self, spec: ModelSpec, deadline: Deadline) -> None:
        self._model = f"model {spec.name!r}" + ("" if spec.version is None else f" version {spec.version}")
        self._deadline = deadline
        self._last = "the server was not reached"

    def is_reached(self, statuses: Sequence[VersionStatus]) -> bool:
        """Whether one of the versions serves."""
        if any(status.state is VersionState.AVAILABLE for status in statuses):
            return True
        self._last = "; ".join(map(_described, statuses)) or "it has no version"
        return False

    def take(self, error: SalverError) -> None:
        """Note why a look failed, and go on; raises what waiting does not help against."""
        if isinstance(error, DeadlineExceededError) and not self._deadline.allows(POLL_S):
            raise self._exceeded() from error
        if not isinstance(error, UnavailableError | NotFoundError | DeadlineExceededError):
            raise error
        self._last = error.message

    def check(self) -> None:
        """Raise DeadlineExceededError, with what was seen last, where there is no time for another look."""
        if not self._deadline.allows(POLL_S):
            raise self._exceeded()

    def _exceeded(self) -> DeadlineExceededError:
        return DeadlineExceededError(f"{self._model} is not ready within {self._deadline}: {self._last}")


def _described(status: VersionStatus) -> str:
    reason = f" ({status.error.message})" if status.error else ""
    return f"version {status.version} is {status.state}{reason}"
