"""In which state the versions of a model are, over gRPC and REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from salver.core.servable_state import ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.errors import InvalidArgumentError, NotFoundError
from salver.server.http_response import HttpResponse, json_response
from salver.server.requests import parsed
from salver.server.rest_routes import ModelRef

if TYPE_CHECKING:
    from salver.wire.pool import Message

GET_MODEL_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"


class ModelStatus:
    """Answers status requests from what the monitor knows; versions that ended stay listed, as many as it keeps."""

    def __init__(self, monitor: ServableStateMonitor) -> None:
        self._monitor = monitor

    def grpc(self, body: bytes) -> bytes:
        """Answer GetModelStatus; a version label is ignored, as the protocol has it.

        Raises:
            InvalidArgumentError: No model spec.
            NotFoundError: Nothing is known of the version or the model.
        """
        request = parsed("GetModelStatusRequest", body)
        if not request.HasField("model_spec"):
            raise InvalidArgumentError("Missing ModelSpec")
        spec = request.model_spec
        version = spec.version.value if spec.WhichOneof("version_choice") == "version" else None
        return self._response(spec.name, version).SerializeToString()

    def rest(self, model: ModelRef) -> HttpResponse:
        """Answer a status URL; a version label is ignored, as the protocol has it.

        Raises:
            NotFoundError: Nothing is known of the version or the model.
        """
        from salver import wire

        return json_response(wire.status_json(self._response(model.name, model.version)))

    def _response(self, name: str, version: int | None) -> Message:
        from salver import wire

        states = self._states(name, version)
        return wire.GetModelStatusResponse(
            model_version_status=[_version_status(number, state) for number, state in states.items()]
        )

    def _states(self, name: str, version: int | None) -> Mapping[int, ServableState]:
        """Return the states asked for, highest version first."""
        known = {number: found.state for number, found in self._monitor.get_version_states(name).items()}
        if version is not None:
            if version not in known:
                raise NotFoundError(f"Could not find version {version} of model {name}")
            return {version: known[version]}
        if not known:
            raise NotFoundError(f"Could not find any versions of model {name}{self._source_reason(name)}")
        return known

    def _source_reason(self, name: str) -> str:
        error = self._monitor.get_source_error(name)
        return f": {error.message}" if error else ""


def _version_status(version: int, state: ServableState) -> Message:
    from salver import wire

    status = wire.ModelVersionStatus(version=version, state=int(state.manager_state))
    # Set also when it is OK: REST prints the field in any case.
    status.status.error_code = int(state.error.code) if state.error else 0
    status.status.error_message = state.error.message if state.error else ""
    return status
