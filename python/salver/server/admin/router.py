"""From a request on the admin port to its handler, by one table.

To add a route, give `admin_routes` one more line:

    Route(
        "POST",
        "/v1/models/{model}:weigh",
        weigh,                       # takes an AdminRequest, returns an HttpResponse or a StreamedResponse
        is_slow=True,                # it waits for something: it runs on a thread of its own
        about=About(
            summary="Weigh a model",
            tag="models",
            query=WaitQuery,         # dataclass of the query; left out, a query is refused; None lets it say anything
            body=json_of(WeighRequest),
            answer=json_of(Weight),  # or TEXT, or Content("application/octet-stream", text="what it is")
            codes=(Code.NOT_FOUND,),
            effect=Effect.ACT,       # it does something: it is audited
        ),
    )

The dataclasses live in `salver.admin`, where clients find them too. Their fields say everything: types and `Limits` are
checked here before the handler runs, which finds them read in `request.query` and `request.document`, and they become
the schemas of `/openapi.json`, with the text below each field as its description. An answer is written by
`document_response(Weight(...))`. Errors are raised as `SalverError`. The tests ask every route of the document with
made-up requests (tests/e2e/test_admin_schema.py) and fail where an answer is not as described here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from urllib.parse import unquote

from salver.admin.limits import MAX_VERSION
from salver.boundary import ControlCall
from salver.errors import Code, InvalidArgumentError, NotFoundError, SalverError
from salver.nearest import did_you_mean
from salver.server.admin.about import JSON, About, Effect
from salver.server.admin.audit import Asker, Attempt, AuditLog
from salver.server.admin.inputs import read_body, read_query
from salver.server.admin.lost_update import LostUpdateError
from salver.server.http_response import AnyResponse, json_error

OF_THE_DATA_PLANE = ("/livez", "/readyz")
"""Paths that never come here, and are known all the same."""
_OF_CLIENTS = re.compile(r"/v1/models/[^/]+(/(versions|labels)/[^/]+)?(/metadata|:(predict|classify|regress))")
"""Paths of the REST API that have no counterpart here."""
_MAX_SHOWN = 200
"""Characters of an unknown path that a message repeats."""


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """A request whose path has a handler."""

    call: ControlCall
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What stands in the path in place of each `{name}`, percent-decoded; never empty."""
    query: Any = None
    """The query, as the dataclass that `About.query` names."""
    document: Any = None
    """A JSON body, as the dataclass that `About.body` names."""
    attempt: Attempt = field(default_factory=Attempt)
    """What the audit is to say of it, where it is audited."""

    @property
    def model(self) -> str:
        """The model that the path names."""
        return self.parameters["model"]

    @property
    def version(self) -> int:
        """The version that the path names.

        Raises:
            InvalidArgumentError: It is no version.
        """
        text = self.parameters["version"]
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_VERSION):
            raise InvalidArgumentError(f"a version must be a whole number from 0 to {MAX_VERSION}, got {text[:80]}")
        return int(text)

    def header(self, name: str) -> str | None:
        """Return the value of this header, of several the first; `name` in lower case."""
        return _header(self.call, name)


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
    about: About | None = None
    """What goes in and out. Without it nothing is checked, and the route is not told of."""


class AdminRoutes:
    """Answers calls of the admin port; one object serves all control threads."""

    def __init__(
        self,
        routes: Iterable[Route],
        check: Callable[[ControlCall], None] = lambda _call: None,
        audit: AuditLog | None = None,
    ) -> None:
        """Make a table; of paths that both fit a request, one with a verb is taken, else the first.

        Args:
            routes: The lines of the table.
            check: Sees every call before it is answered, and raises a SalverError to refuse it.
            audit: Told of every request that may change something, and of all that the check refuses.
        """
        self._check = check
        self._audit = audit or AuditLog()
        self._by_path: dict[str, dict[str, Route]] = {}
        for route in sorted(routes, key=lambda route: "}:" not in route.path):
            self._by_path.setdefault(route.path, {})[route.method] = route

    def __call__(self, call: ControlCall) -> AnyResponse:
        """Answer the call.

        Raises:
            NotFoundError: There is no such path; names the nearest that there is, or where all stand.
            SalverError: What the check or the handler refuses with.
        """
        refusal = self._why_not(call)
        if refusal is not None:
            self._audit.refuse(_asker(call), refusal)
            raise refusal
        found = self._find(call.path)
        by_method, parameters = found or ({}, {})
        route = by_method.get(_verb(call))
        if found is None or (route is None and _OF_CLIENTS.fullmatch(call.path)):
            raise NotFoundError(f"There is no {call.path[:_MAX_SHOWN]} here; {self._hint(call.path)}")
        if route is None:
            allowed = ", ".join(sorted(by_method))
            message = f"{call.path} takes {allowed}, not {call.method}"
            return json_error(405, Code.UNIMPLEMENTED, message, (("allow", allowed),))
        try:
            return self._answer(route, AdminRequest(call, parameters))
        except LostUpdateError as error:
            return json_error(412, error.code, error.message)

    def _answer(self, route: Route, request: AdminRequest) -> AnyResponse:
        if not _is_audited(route):
            return route.handler(_checked(route, request))
        with self._audit.attempt(_asker(request.call)) as attempt:
            return route.handler(_checked(route, replace(request, attempt=attempt)))

    def note_refusal(self, call: ControlCall, error: SalverError) -> None:
        """Tell the audit of a call that was refused before it came here, if it might have changed something.

        What the check would have refused is told as that: a page of another site is never taken for an operator.
        """
        found = self._find(call.path)
        route = found and found[0].get(_verb(call))
        if route is not None and _is_audited(route):
            self._audit.refuse(_asker(call), self._why_not(call) or error)

    def _why_not(self, call: ControlCall) -> SalverError | None:
        """What the check refuses the call with, if it does."""
        try:
            self._check(call)
        except SalverError as error:
            return error
        return None

    def is_slow(self, call: ControlCall) -> bool:
        """Whether the answer to this call may take seconds."""
        found = self._find(call.path)
        route = found and found[0].get(_verb(call))
        return route is not None and route.is_slow

    def _find(self, sent: str) -> tuple[dict[str, Route], dict[str, str]] | None:
        for path, by_method in self._by_path.items():
            parameters = _match(path, sent)
            if parameters is not None:
                return by_method, parameters
        return None

    def _hint(self, path: str) -> str:
        if _OF_CLIENTS.fullmatch(path):
            return "the REST port has it"
        known = (_filled(one, path) for one in (*OF_THE_DATA_PLANE, *self._by_path))
        return did_you_mean(path, known if path.strip("/") else (), "GET /openapi.json says what there is")


def _header(call: ControlCall, name: str) -> str | None:
    return next((value for known, value in call.headers if known == name), None)


def _asker(call: ControlCall) -> Asker:
    return Asker(f"{call.method} {call.path}", _header(call, "x-salver-actor"), call.address)


def _is_audited(route: Route) -> bool:
    return route.about is not None and route.about.effect is not Effect.NONE


def _verb(call: ControlCall) -> str:
    return "GET" if call.method == "HEAD" else call.method


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


def _filled(path: str, sent: str) -> str:
    """The path with what `sent` has in the places of its parameters, to be compared with that."""
    names, parts = path.split("/"), sent.split("/")
    if len(names) != len(parts):
        return path
    return "/".join(_filled_segment(name, part) for name, part in zip(names, parts, strict=True))


def _filled_segment(name: str, part: str) -> str:
    parameter, verb = _parameter(name)
    value = part.rpartition(":")[0] if verb else part
    return f"{value}{verb}" if parameter and value else name


def _parameter(segment: str) -> tuple[str, str]:
    """Name and verb of `{name}` or `{name}:verb`; no name for a segment that stands for itself."""
    name, brace, verb = segment.partition("}")
    return (name.removeprefix("{"), verb) if brace else ("", "")


def _checked(route: Route, request: AdminRequest) -> AdminRequest:
    """Read what the request says, as far as its description says how."""
    call, about = request.call, route.about
    if about is None:
        return request
    query = None if about.query is None else read_query(about.query, call.query)
    kind = about.body.kind if about.body is not None and about.body.media_type == JSON else None
    document = None if kind is None else read_body(kind, bytes(call.body), "the body")
    return replace(request, query=query, document=document)
