"""The files of the console, over HTTP.

What is served is a table of the files in `static/`, read once: a path is looked up there and never turned into the name
of a file. The page may load nothing but these files and ask nobody but this server, and no other page may frame it.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from salver.errors import NotFoundError
from salver.server.admin.router import AdminRequest
from salver.server.http_response import HttpResponse

CONSOLE_PATH = "/console/"
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
_HEADERS = (
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    # Asked for anew each time, and answered with 304: after an upgrade nobody sees the old page.
    ("cache-control", "no-cache"),
)


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    etag: str
    type: str


class ConsolePages:
    """Answers with the files of the console; thread-safe."""

    def __init__(self) -> None:
        """Make a handler; the files are read when the first of them is asked for."""
        self._lock = threading.Lock()
        self._files: Mapping[str, _File] | None = None

    def index(self, request: AdminRequest) -> HttpResponse:
        """Answer with the page itself."""
        return self._answer(request, "index.html")

    def file(self, request: AdminRequest) -> HttpResponse:
        """Answer with a file that the page loads.

        Raises:
            NotFoundError: It is none of them.
        """
        return self._answer(request, request.parameters["file"])

    def root(self, request: AdminRequest) -> HttpResponse:
        """Send browsers on to the console.

        Raises:
            NotFoundError: The client does not ask for a page.
        """
        if "text/html" not in request_header(request, "accept"):
            raise NotFoundError(f"There is nothing at {request.call.path}; {CONSOLE_PATH} is a page for browsers")
        return self.redirect(request)

    def redirect(self, request: AdminRequest) -> HttpResponse:
        """Send anyone on to the console, from any path whose last `/` is the first."""
        del request
        return HttpResponse(302, (("location", CONSOLE_PATH[1:]), *_HEADERS))

    def _answer(self, request: AdminRequest, name: str) -> HttpResponse:
        file = self._table().get(name)
        if file is None:
            raise NotFoundError(f"There is no {request.call.path} here; the console is at {CONSOLE_PATH}")
        headers = (*_HEADERS, ("etag", file.etag))
        if _is_known(file.etag, request_header(request, "if-none-match")):
            return HttpResponse(304, headers)
        return HttpResponse(200, (("content-type", file.type), *headers), file.body)

    def _table(self) -> Mapping[str, _File]:
        with self._lock:
            if self._files is None:
                self._files = _read()
            return self._files


def request_header(request: AdminRequest, name: str) -> str:
    """The values of a header, joined; empty without one."""
    return ", ".join(value for key, value in request.call.headers if key == name)


def _read() -> Mapping[str, _File]:
    folder = resources.files("salver.server.admin.console").joinpath("static")
    found = {}
    for entry in folder.iterdir():
        kind = _TYPES.get(entry.name.rpartition(".")[2])
        if kind is not None and entry.is_file():
            body = entry.read_bytes()
            found[entry.name] = _File(body, f'"{hashlib.sha256(body).hexdigest()[:24]}"', kind)
    return found


def _is_known(etag: str, sent: str) -> bool:
    """Whether one of the tags that a client has is this one; a body that was compressed on the way has a weak one."""
    return etag in {tag.strip().removeprefix("W/") for tag in sent.split(",")}
