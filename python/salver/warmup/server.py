"""What the warm-up tools ask a running server, on its admin listener."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlencode

from salver.admin.model import ModelDocument, TensorDocument, VersionDocument
from salver.admin.reading import read_document
from salver.admin.recording import RecordRequest
from salver.admin.replay import ReplayReport
from salver.boundary import Signature, TensorInfo
from salver.ctl.client import Address, AdminClient
from salver.errors import Code, FailedPreconditionError, NotFoundError, SalverError, UnavailableError, error_from_code
from salver.inspection.request_forms import dtype_number
from salver.records.request_form import RequestForm

_SLACK_S = 30.0
"""Beyond the time that a request is meant to take."""
_REPLAY_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A recording as the server gives it."""

    content: bytes
    """A TFRecord file."""
    num_records: int
    num_dropped: int
    end: str
    """Why it ended: `records`, `bytes`, `time` or `stop`."""


class WarmupServer:
    """One running server."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._client = AdminClient(address)

    def forms(self, model: str, version: int | None) -> dict[str, RequestForm]:
        """Return the forms of requests to a version, or to the highest that serves.

        Raises:
            NotFoundError: There is none.
            SalverError: The server cannot be asked.
        """
        path = f"/v1/models/{quote(model, safe='')}"
        if version is None:
            found = read_document(ModelDocument, self._client.get(path))
            serving = [one.version for one in found.versions if one.state == "AVAILABLE"]
            if not serving:
                raise NotFoundError(f"no version of {model} serves")
            version = max(serving)
        document = read_document(VersionDocument, self._client.get(f"{path}/versions/{version}"))
        if document.signatures is None:
            raise NotFoundError(f"version {version} of {model} does not serve (it is in state {document.state})")
        return {
            name: RequestForm(Signature(name, each.method, _infos(each.inputs), _infos(each.outputs)))
            for name, each in sorted(document.signatures.items())
        }

    def record(self, model: str, wanted: RecordRequest) -> Recorded:
        """Have live requests recorded; blocks until that is over.

        Raises:
            SalverError: The server cannot be asked, or refuses.
        """
        path = f"/v1/models/{quote(model, safe='')}:record"
        body = json.dumps(asdict(wanted)).encode()
        content, headers = self._post(path, body, "application/json", wanted.timeout_s + _SLACK_S)
        return Recorded(
            content=content,
            num_records=int(headers.get("x-salver-records", 0)),
            num_dropped=int(headers.get("x-salver-dropped", 0)),
            end=headers.get("x-salver-end", ""),
        )

    def replay(self, model: str, version: int, content: bytes, concurrency: int) -> ReplayReport:
        """Have a TFRecord file replayed on a version that is loaded; blocks until that is over.

        Raises:
            SalverError: The server cannot be asked, or refuses.
        """
        query = urlencode({"concurrency": concurrency})
        path = f"/v1/models/{quote(model, safe='')}/versions/{version}:replay?{query}"
        answer, _ = self._post(path, content, "application/octet-stream", _REPLAY_S)
        return read_document(ReplayReport, self._json(answer))

    def _post(self, path: str, body: bytes, content_type: str, timeout_s: float) -> tuple[bytes, Mapping[str, str]]:
        connection = HTTPConnection(self._address.host, self._address.port, timeout=timeout_s)
        try:
            connection.request("POST", path, body, {"Content-Type": content_type})
            answer = connection.getresponse()
            content = answer.read()
            headers = {name.lower(): value for name, value in answer.getheaders()}
        except TimeoutError:
            raise UnavailableError(f"{self._address} does not answer within {timeout_s:.0f} s") from None
        except (HTTPException, ConnectionResetError, BrokenPipeError):
            raise UnavailableError(f"{self._address} broke the connection off: is it an admin listener?") from None
        except OSError as error:
            reason = error.strerror or error
            hint = "is the server running? Its flag --admin_port says where"
            raise UnavailableError(f"no admin listener at {self._address} ({reason}); {hint}") from None
        finally:
            connection.close()
        if answer.status != 200:
            raise self._refusal(self._json(content))
        return content, headers

    def _json(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except ValueError:
            raise self._not_understood() from None

    def _refusal(self, document: Any) -> SalverError:
        try:
            return error_from_code(Code[document["code"]], document["error"])
        except (KeyError, TypeError):
            return self._not_understood()

    def _not_understood(self) -> SalverError:
        return FailedPreconditionError(f"what answers at {self._address} is no admin listener that can do this")


def _infos(tensors: Mapping[str, TensorDocument]) -> tuple[TensorInfo, ...]:
    return tuple(TensorInfo(name, dtype_number(each.dtype), each.shape) for name, each in sorted(tensors.items()))
