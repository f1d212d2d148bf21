"""From a request on the admin port to its handler, by one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import unquote

from salver.boundary import ControlCall
from salver.config.flag_parser import nearest
from salver.errors import Code, NotFoundError
from salver.server.http_response import AnyResponse, json_error

OF_THE_DATA_PLANE = ("/livez", "/readyz")
"""Paths that never come here, and are known all the same."""


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """A request whose path has a handler."""

    call: ControlCall
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What stands in the path in place of each `{name}`, percent-decoded; never empty."""


AdminHandler: TypeAlias = Callable[[AdminRequest], AnyResponse]
"""Answers a request; raises a SalverError to refuse, which is sent as `{"error": message, "code": NAME}`."""


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table."""

    method: str
    """The verb; HEAD is answered as GET."""
    path: str
    """A path in which `{name}` stands for one segment of any text, or, in `{name}:verb`, for what precedes the verb."""
    handler: AdminHandler
    is_slow: bool = False
    """Whether it may take seconds, and so has a thread of its own."""


class AdminRoutes:
    """Answers calls of the admin port; one object serves all control threads."""

    def __init__(self, routes: Iterable[Route], check: Callable[[ControlCall], None] = lambda _call: None) -> None:
        """Make a table; of paths that both fit a request, the first is taken.

        Args:
            routes: The lines of the table.
            check: Sees every call before it is answered, and raises a SalverError to refuse it.
        """
        self._check = check
        self._by_path: dict[str, dict[str, Route]] = {}
        for route in routes:
            self._by_path.setdefault(route.path, {})[route.method] = route

    def __call__(self, call: ControlCall) -> AnyResponse:
        """Answer the call.

        Raises:
            NotFoundError: There is no such path; names the nearest that there is.
            SalverError: What the check or the handler refuses with.
        """
        self._check(call)
        found = self._find(call.path)
        if found is None:
            raise NotFoundError(f"There is no {call.path} here; {self._hint(call.path)}")
        by_method, parameters = found
        return _answer(by_method, AdminRequest(call, parameters))

    def is_slow(self, call: ControlCall) -> bool:
        """Whether the answer to this call may take seconds."""
        found = self._find(call.path)
        route = found and found[0].get(call.method)
        return route is not None and route.is_slow

    def _find(self, sent: str) -> tuple[dict[str, Route], dict[str, str]] | None:
        for path, by_method in self._by_path.items():
            parameters = _match(path, sent)
            if parameters is not None:
                return by_method, parameters
        return None

    def _hint(self, path: str) -> str:
        known = (*OF_THE_DATA_PLANE, *self._by_path)
        guess = nearest(path, known)
        return f"did you mean {guess}?" if guess else f"known paths: {', '.join(sorted(known))}"


def _match(path: str, sent: str) -> dict[str, str] | None:
    """What `sent` has in the places of the parameters of `path`; None where it is another path."""
    names, parts = path.split("/"), sent.split("/")
    if len(names) != len(parts):
        return None
    found = {}
    for name, part in zip(names, parts, strict=True):
        parameter, verb = _parameter(name)
        value = part.removesuffix(verb)
        if parameter and value and part.endswith(verb):
            found[parameter] = unquote(value)
        elif name != part:
            return None
    return found


def _parameter(segment: str) -> tuple[str, str]:
    """Name and verb of `{name}` or `{name}:verb`; no name for a segment that stands for itself."""
    name, brace, verb = segment.partition("}")
    return (name.removeprefix("{"), verb) if brace else ("", "")


def _answer(by_method: Mapping[str, Route], request: AdminRequest) -> AnyResponse:
    method = "GET" if request.call.method == "HEAD" else request.call.method
    route = by_method.get(method)
    if route is not None:
        return route.handler(request)
    allowed = ", ".join(sorted(by_method))
    message = f"{request.call.path} takes {allowed}, not {request.call.method}"
    return json_error(405, Code.UNIMPLEMENTED, message, (("allow", allowed),))
