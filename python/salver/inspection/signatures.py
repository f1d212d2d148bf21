"""Signatures as an inspection tells them, of whatever format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from salver.boundary import Signature, TensorInfo
from salver.inspection.report import SignatureReport, TensorReport
from salver.servables.servable import DEFAULT_SIGNATURE

if TYPE_CHECKING:
    from salver.wire import Message


def signature_reports(signature_defs: Mapping[str, Message]) -> dict[str, SignatureReport]:
    """Return what SignatureDefs say, by name, the default one first."""
    names = sorted(signature_defs, key=_order)
    return {name: _signature_report(signature_defs[name]) for name in names}


def reports_of(signatures: Mapping[str, Signature]) -> dict[str, SignatureReport]:
    """Return what the signatures of a Python servable say, by name, the default one first."""
    return {
        name: SignatureReport(
            method=signatures[name].method,
            inputs={info.name: _of_info(info) for info in signatures[name].inputs},
            outputs={info.name: _of_info(info) for info in signatures[name].outputs},
        )
        for name in sorted(signatures, key=_order)
    }


def dtype_name(number: int) -> str:
    """Return the name of an element type by its wire number."""
    from salver import wire

    kinds = wire.TensorInfo.DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_number
    return kinds[number].name if number in kinds else f"DT_{number}"


def _order(name: str) -> tuple[bool, bool, str]:
    # Names with two underscores are TensorFlow's own: what runs when the model is loaded.
    return name != DEFAULT_SIGNATURE, name.startswith("__"), name


def _signature_report(found: Message) -> SignatureReport:
    defaults = frozenset(found.defaults)
    return SignatureReport(
        method=found.method_name,
        inputs={name: _tensor(found.inputs[name], has_default=name in defaults) for name in sorted(found.inputs)},
        outputs={name: _tensor(found.outputs[name]) for name in sorted(found.outputs)},
    )


def _tensor(info: Message, *, has_default: bool = False) -> TensorReport:
    shape = info.tensor_shape
    sizes = None if shape.unknown_rank else tuple(dim.size for dim in shape.dim)
    encoding = info.WhichOneof("encoding")
    name = info.name if encoding == "name" else f"({encoding or 'no tensor'})"
    return TensorReport(tensor=name, dtype=dtype_name(info.dtype), shape=sizes, has_default=has_default)


def _of_info(info: TensorInfo) -> TensorReport:
    return TensorReport(tensor=info.name, dtype=dtype_name(info.dtype), shape=info.shape)
