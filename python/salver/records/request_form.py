"""What requests to the signatures of a model look like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from salver.boundary import Signature, TensorInfo
from salver.errors import InvalidArgumentError
from salver.servables.servable import CLASSIFY_METHOD, DEFAULT_SIGNATURE, REGRESS_METHOD

_EXAMPLE_APIS = {CLASSIFY_METHOD: "classify", REGRESS_METHOD: "regress"}


@dataclass(frozen=True)
class RequestForm:
    """What a request to one signature looks like."""

    signature: Signature
    optional: frozenset[str] = frozenset()
    """Inputs that have a default value."""

    @property
    def example_api(self) -> str | None:
        """The API that requests with examples use, `classify` or `regress`; None where the signature takes none."""
        return _EXAMPLE_APIS.get(self.signature.method)

    @property
    def inputs(self) -> dict[str, TensorInfo]:
        """All inputs by name."""
        return {info.name: info for info in self.signature.inputs}

    @property
    def required(self) -> Signature:
        """The signature without the inputs that have a default value."""
        inputs = tuple(info for info in self.signature.inputs if info.name not in self.optional)
        return Signature(self.signature.name, self.signature.method, inputs, self.signature.outputs)

    def check_names(self, given: Iterable[str]) -> None:
        """Refuse what is no input, and what lacks one.

        Raises:
            InvalidArgumentError: Names all that is unknown or missing, and what there is.
        """
        names, known = set(given), self.inputs
        unknown, missing = sorted(names - known.keys()), sorted(known.keys() - names - self.optional)
        name, has = self.signature.name, f"it has {', '.join(known) or 'none'}"
        if unknown:
            raise InvalidArgumentError(f"signature {name} has no input {', '.join(unknown)}; {has}")
        if missing:
            raise InvalidArgumentError(f"input {', '.join(missing)} of signature {name} is missing; {has}")


def request_forms(packed: bytes) -> dict[str, RequestForm]:
    """Return the forms for all signatures of a serialized SignatureDefMap, by name."""
    from salver import wire

    return forms_of(wire.SignatureDefMap.FromString(packed).signature_def)


def forms_of(signature_defs: Mapping[str, Any]) -> dict[str, RequestForm]:
    """Return the forms for SignatureDefs by name."""
    forms = {}
    for name in sorted(signature_defs):
        found = signature_defs[name]
        signature = Signature(name, found.method_name, tuple(_infos(found.inputs)), tuple(_infos(found.outputs)))
        forms[name] = RequestForm(signature, frozenset(found.defaults))
    return forms


def chosen_form(forms: Mapping[str, RequestForm], name: str) -> RequestForm:
    """Return the form that a request means by this name; empty is the default signature.

    Raises:
        InvalidArgumentError: There is no such signature; names those that there are.
    """
    form = forms.get(name or DEFAULT_SIGNATURE)
    if form is None:
        known = ", ".join(forms) or "none"
        raise InvalidArgumentError(f"there is no signature {name or DEFAULT_SIGNATURE}; the model has {known}")
    return form


def _infos(tensors: Any) -> Iterable[TensorInfo]:
    for name in sorted(tensors):
        shape = tensors[name].tensor_shape
        sizes = None if shape.unknown_rank else tuple(dim.size for dim in shape.dim)
        yield TensorInfo(name, tensors[name].dtype, sizes)
