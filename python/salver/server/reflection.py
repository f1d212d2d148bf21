"""gRPC server reflection: which services there are, and their descriptors.

Each message of a reflection stream arrives as a call of its own and gets one answer. Errors of a request are answers,
too: the stream goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from salver.errors import Code
from salver.server.control_router import GrpcHandler
from salver.server.requests import parsed

if TYPE_CHECKING:
    from salver.wire.pool import Message

SERVICES = (
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "tensorflow.serving.ModelService",
    "tensorflow.serving.PredictionService",
)
"""The services of a server."""
ADMIN_SERVICES = (*(name for name in SERVICES if name.startswith("grpc.")), "salver.admin.v1.Admin")
"""Those of its admin port."""

_PACKAGES = ("grpc.reflection.v1", "grpc.reflection.v1alpha")


def reflection_methods(services: Sequence[str] = SERVICES) -> dict[str, GrpcHandler]:
    """Return the handlers of both versions of the protocol, by method path; `services` are those that are listed."""
    return {
        f"/{package}.ServerReflection/ServerReflectionInfo": _Reflection(package, services).answer
        for package in _PACKAGES
    }


class _Reflection:
    """Answers the messages of one version of the protocol."""

    def __init__(self, package: str, services: Sequence[str]) -> None:
        self._package = package
        self._services = services

    def answer(self, body: bytes) -> bytes:
        from salver.wire.pool import message_class

        request = parsed("ServerReflectionRequest", body, self._package)
        response = message_class(f"{self._package}.ServerReflectionResponse")()
        response.valid_host = request.host
        response.original_request.CopyFrom(request)
        try:
            _answer(request, response, self._services)
        except (KeyError, TypeError) as error:
            response.error_response.error_code = int(Code.NOT_FOUND)
            response.error_response.error_message = str(error.args[0]) if error.args else "not found"
        return response.SerializeToString()


def _answer(request: Message, response: Message, services: Sequence[str]) -> None:
    from salver.wire.pool import pool

    kind = request.WhichOneof("message_request")
    if kind == "list_services":
        for name in services:
            response.list_services_response.service.add().name = name
    elif kind == "file_by_filename":
        _add_files(response, pool().FindFileByName(request.file_by_filename))
    elif kind == "file_containing_symbol":
        _add_files(response, pool().FindFileContainingSymbol(request.file_containing_symbol))
    elif kind == "all_extension_numbers_of_type":
        pool().FindMessageTypeByName(request.all_extension_numbers_of_type)
        response.all_extension_numbers_response.base_type_name = request.all_extension_numbers_of_type
    elif kind == "file_containing_extension":
        raise KeyError(f"{request.file_containing_extension.containing_type} has no extensions")
    else:
        response.error_response.error_code = int(Code.INVALID_ARGUMENT)
        response.error_response.error_message = "The request asks for nothing"


def _add_files(response: Message, file: Any) -> None:
    """Add a file and all that it imports, the file itself first."""
    found: dict[str, Any] = {}
    for each in _with_imports(file):
        found.setdefault(each.name, each)
    response.file_descriptor_response.file_descriptor_proto.extend(each.serialized_pb for each in found.values())


def _with_imports(file: Any) -> Iterator[Any]:
    yield file
    for imported in file.dependencies:
        yield from _with_imports(imported)
