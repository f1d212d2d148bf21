"""Warm-up files of any kind, read and written; the kind follows from how the name ends."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterable, Mapping

from salver.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    SalverError,
    error_from_code,
)
from salver.records.json_requests import body_from_record, json_lines
from salver.records.npz_requests import npz_arrays
from salver.records.request_form import RequestForm
from salver.records.warmup_files import FileRecord, Forms, WarmupFile
from salver.wire.tfrecord import record_bytes


def read_file(path: str, forms: Forms | None, signature: str = "") -> list[FileRecord]:
    """Return the records of a file.

    Args:
        path: A TFRecord file, or one that ends with .json or .npz.
        forms: Those of the model that it is for, which only a TFRecord file does without; None where none was named.
        signature: Which one the arrays of an NPZ file are for; empty is the default one.

    Raises:
        NotFoundError: There is no such file.
        SalverError: It is damaged, or does not fit the model.
    """

    def no_forms() -> Mapping[str, RequestForm]:
        what = "what types its values have is known to the model alone"
        raise InvalidArgumentError(f"{path}: {what}; name it with --model")

    try:
        open(path, "rb").close()  # before a model is asked for, or is said to be missing
        return list(WarmupFile(path, signature).records(forms or no_forms))
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}") from None
    except OSError as error:
        raise FailedPreconditionError(f"{path} cannot be read: {error.strerror}") from None


def write_file(path: str, records: Iterable[FileRecord], *, may_replace: bool) -> int:
    """Write a file whole or not at all, and return how many records it has.

    Raises:
        AlreadyExistsError: It is there, and may not be replaced.
        FailedPreconditionError: It cannot be written.
        SalverError: A record has no form in such a file; names the record.
    """
    found = list(records)
    write_content(path, _content(os.path.splitext(path)[1], found), may_replace=may_replace)
    return len(found)


def write_content(path: str, content: bytes, *, may_replace: bool) -> None:
    """Write these bytes whole or not at all; raises as `write_file` does."""
    check_free(path, may_replace=may_replace)
    folder = os.path.dirname(path) or "."
    try:
        os.makedirs(folder, exist_ok=True)
        part = f"{path}.{os.getpid()}.partial"
        try:
            with open(part, "xb") as file:
                file.write(content)
            os.replace(part, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
    except OSError as error:
        raise FailedPreconditionError(f"{path} cannot be written: {error.strerror}") from None


def read_content(path: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        FailedPreconditionError: It cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise FailedPreconditionError(f"{path} cannot be read: {error.strerror}") from None


def check_free(path: str, *, may_replace: bool) -> None:
    """Refuse a path at which there is something already, or can be nothing, before any work is done for it.

    Raises:
        AlreadyExistsError: There is, and it may not be replaced.
        FailedPreconditionError: The folder that it, or the first of its folders, is to be made in takes nothing.
    """
    if os.path.exists(path) and not may_replace:
        raise AlreadyExistsError(f"{path} is there already; --force replaces it")
    folder = os.path.dirname(os.path.abspath(path))
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        raise FailedPreconditionError(f"{path} cannot be written: {folder} is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FailedPreconditionError(f"{path} cannot be written: {folder} may not be written to")


def _content(suffix: str, records: list[FileRecord]) -> bytes:
    if suffix == ".json":
        return "".join(json_lines(_bodies(records))).encode()
    if suffix == ".npz":
        import numpy as np

        stream = io.BytesIO()
        np.savez_compressed(stream, **npz_arrays(record.record for record in records)[1])
        return stream.getvalue()
    return b"".join(record_bytes(record.record) for record in records)


def _bodies(records: list[FileRecord]) -> Iterable[object]:
    for record in records:
        try:
            body = body_from_record(record.record)
        except SalverError as error:
            raise error_from_code(error.code, f"{record.where}{error.message}") from None
        if body is not None:
            yield body
