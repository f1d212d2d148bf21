"""Inputs from the warm-up data of a version: requests as real clients send them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from salver.boundary import Signature
from salver.core.storage_path import StoragePath
from salver.errors import SalverError
from salver.records.recorded_request import request_message
from salver.records.request_form import RequestForm
from salver.records.tensors import tensor_array
from salver.records.warmup_files import files_of_version
from salver.servables.servable import DEFAULT_SIGNATURE
from salver.sources.version_directory import list_versions

if TYPE_CHECKING:
    import numpy as np


def version_directory(base_path: str, version: int) -> StoragePath | None:
    """Return where a version lies; None where it no longer does, or not in a local folder."""
    try:
        entries = list_versions(base_path)
    except OSError:
        return None
    return next((os.path.join(base_path, entry.child) for entry in entries if entry.version == version), None)


def recorded_inputs(
    directory: StoragePath, signature: Signature, forms: Mapping[str, RequestForm]
) -> dict[str, np.ndarray[Any, Any]] | None:
    """Return the inputs of the first Predict request for this signature; None where there is none to be read."""
    try:
        for file in files_of_version(directory):
            for record in file.records(lambda: forms):
                found = _inputs_of(record.record, signature)
                if found:
                    return found
    except (SalverError, OSError, ValueError):
        return None  # what is wrong with the file was told when it was replayed
    return None


def _inputs_of(record: bytes, signature: Signature) -> dict[str, np.ndarray[Any, Any]] | None:
    found = request_message(record)
    if found is None or found[0] != "predict":
        return None
    _, request = found
    if (request.model_spec.signature_name or DEFAULT_SIGNATURE) != signature.name:
        return None
    arrays = {name: tensor_array(tensor) for name, tensor in request.inputs.items()}
    return {name: array for name, array in arrays.items() if array.ndim and len(array)}
