"""Paths and methods of REST calls that Python answers: one line `METHOD path`."""

import sys
from dataclasses import dataclass, field

import atheris

with atheris.instrument_imports(include=["salver"]):
    from salver.errors import SalverError
    from salver.server.http_response import HttpResponse
    from salver.server.rest_routes import ModelRef, RestRoutes


@dataclass
class Call:
    """A control call as the data plane hands it over."""

    method: str
    path: str
    protocol: str = "http"
    query: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def _answer(model: ModelRef) -> HttpResponse:
    assert model.name
    assert model.version is None or 0 <= model.version < 2**63
    return HttpResponse(200, ())


ROUTES = RestRoutes(on_status=_answer, on_metadata=_answer)


def check(data: bytes) -> None:
    """Whatever comes is answered, or refused with a SalverError, which is an answer, too."""
    method, _, path = data.decode(errors="replace").partition(" ")
    try:
        response = ROUTES(Call(method, path))
    except SalverError as error:
        assert error.message
    else:
        assert 200 <= response.status < 600


if __name__ == "__main__":
    atheris.Setup([f"{sys.executable} {__file__}", *sys.argv[1:]], check)  # a merge starts itself anew by that
    atheris.Fuzz()
