"""Asking the admin listener of a server, and turning what can go wrong into errors that say what to do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

from salver.errors import Code, FailedPreconditionError, SalverError, UnavailableError, error_from_code

DEFAULT_PORT = 8502
_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Address:
    """Where an admin listener is."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class AdminClient:
    """Asks one admin listener, on a new connection each time."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def get(self, path: str) -> Any:
        """Return the JSON document at `path`.

        Raises:
            UnavailableError: Nobody answers.
            FailedPreconditionError: Who answers is no admin listener.
            SalverError: What the server refuses with.
        """
        return self._document(*self._exchange("GET", path))

    def post(self, path: str, document: Any, timeout_s: float) -> Any:
        """Send a JSON document and return the one that answers it, after up to `timeout_s`; raises as `get` does."""
        return self._document(*self._exchange("POST", path, json.dumps(document).encode(), timeout_s))

    def _document(self, status: int, body: bytes) -> Any:
        try:
            document = json.loads(body)
        except ValueError:
            raise self._is_something_else() from None
        if status == 200:
            return document
        raise self._refusal(document)

    def _exchange(
        self, method: str, path: str, body: bytes | None = None, timeout_s: float = _TIMEOUT_S
    ) -> tuple[int, bytes]:
        connection = HTTPConnection(self._address.host, self._address.port, timeout=timeout_s)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except TimeoutError:
            raise UnavailableError(f"{self._address} does not answer within {timeout_s:.0f} s") from None
        except (HTTPException, ConnectionResetError, BrokenPipeError):  # the gRPC port hangs up
            raise self._is_something_else() from None
        except OSError as error:
            reason = error.strerror or error
            hint = "is the server running? Its flag --admin_port says where"
            raise UnavailableError(f"no admin listener at {self._address} ({reason}); {hint}") from None
        finally:
            connection.close()

    def _refusal(self, document: Any) -> SalverError:
        try:
            return error_from_code(Code[document["code"]], document["error"])
        except (KeyError, TypeError):
            return self._is_something_else()

    def _is_something_else(self) -> SalverError:
        hint = f"the server's flag --admin_port says where it is, by default {DEFAULT_PORT}"
        return FailedPreconditionError(f"what answers at {self._address} is no admin listener; {hint}")
