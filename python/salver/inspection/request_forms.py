"""From the signatures that an inspection found to the forms of requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from salver.boundary import Signature, TensorInfo
from salver.inspection.report import SignatureReport, TensorReport
from salver.records.request_form import RequestForm


def forms_of_reports(signatures: Mapping[str, SignatureReport]) -> dict[str, RequestForm]:
    """Return the forms of requests to these signatures, by name."""
    return {
        name: RequestForm(
            Signature(name, found.method, tuple(_infos(found.inputs)), tuple(_infos(found.outputs))),
            frozenset(key for key, tensor in found.inputs.items() if tensor.has_default),
        )
        for name, found in signatures.items()
    }


def dtype_number(name: str) -> int:
    """Return the wire number of a type by its name; 0 for one that the wire does not have."""
    from salver import wire

    kinds = wire.TensorInfo.DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_name
    return int(kinds[name].number) if name in kinds else 0


def _infos(tensors: Mapping[str, TensorReport]) -> Iterator[TensorInfo]:
    for name, tensor in sorted(tensors.items()):
        yield TensorInfo(name, dtype_number(tensor.dtype), tensor.shape)
