"""What the warm-up tools ask a running server, on its admin listener."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from salver.admin.model import ModelDocument, TensorDocument, VersionDocument
from salver.admin.reading import read_document
from salver.admin.recording import RecordRequest
from salver.admin.replay import ReplayQuery, ReplayReport
from salver.boundary import Signature, TensorInfo
from salver.ctl.client import Address, AdminClient, Request
from salver.ctl.options import path_of
from salver.errors import NotFoundError
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
        self._client = AdminClient(address)

    def forms(self, model: str, version: int | None) -> dict[str, RequestForm]:
        """Return the forms of requests to a version, or to the highest that serves.

        Raises:
            NotFoundError: There is none.
            SalverError: The server cannot be asked.
        """
        if version is None:
            found = read_document(ModelDocument, self._client.get(path_of("models", model)))
            serving = [one.version for one in found.versions if one.state == "AVAILABLE"]
            if not serving:
                raise NotFoundError(f"no version of {model} serves")
            version = max(serving)
        document = read_document(VersionDocument, self._client.get(path_of("models", model, "versions", version)))
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
        path = path_of("models", model) + ":record"
        found = self._client.file(
            Request(method="POST", path=path, document=asdict(wanted), timeout_s=wanted.timeout_s + _SLACK_S)
        )
        return Recorded(
            content=found.content,
            num_records=int(found.headers.get("x-salver-records", 0)),
            num_dropped=int(found.headers.get("x-salver-dropped", 0)),
            end=found.headers.get("x-salver-end", ""),
        )

    def replay(self, model: str, version: int, content: bytes, how: ReplayQuery) -> ReplayReport:
        """Have a TFRecord file replayed on a version that is loaded; blocks until that is over.

        Raises:
            SalverError: The server cannot be asked, or refuses.
        """
        request = Request(
            method="POST",
            path=path_of("models", model, "versions", version) + ":replay",
            query={name: str(value) for name, value in asdict(how).items()},
            content=content,
            timeout_s=_REPLAY_S,
        )
        return read_document(ReplayReport, self._client.send(request))


def _infos(tensors: Mapping[str, TensorDocument]) -> tuple[TensorInfo, ...]:
    return tuple(TensorInfo(name, dtype_number(each.dtype), each.shape) for name, each in sorted(tensors.items()))
