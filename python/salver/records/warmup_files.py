"""Warm-up files: where they are looked for, and how each kind is read.

A version may have any of these in `assets.extra`, and all that it has are replayed, in this order:

- `tf_serving_warmup_requests`: a TFRecord file of PredictionLogs, as TensorFlow Serving reads it and request logs are;
- `warmup.json`: a list of bodies as REST calls have them;
- `warmup.npz` and `warmup_SIGNATURE.npz`: arrays, by input.

An operator may keep `MODEL.tfrecord`, `MODEL.json` and `MODEL.npz` in a folder of his own beside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from salver.core.storage_path import StoragePath
from salver.errors import InvalidArgumentError, SalverError, error_from_code
from salver.records.request_form import RequestForm, chosen_form

T = TypeVar("T")

MAX_RECORDS = 1000
"""A file with more fails the load; one more is replayed before that is noticed."""
MAX_JSON_BYTES = 64 << 20

_FOLDER = "assets.extra"
_TFRECORD = "tf_serving_warmup_requests"
_STEM = "warmup"

Forms = Callable[[], Mapping[str, RequestForm]]
"""Gives the forms of requests to a model; only asked where a file needs them."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One record of a file."""

    index: int
    """Its number in the file, from 0."""
    where: str
    """What to call it in errors."""
    record: bytes
    """A serialized PredictionLog, not looked at yet."""


@dataclass(frozen=True, slots=True)
class WarmupFile:
    """A file that is there."""

    path: str
    signature: str = ""
    """Which signature its arrays are for; empty is the default one."""

    @property
    def name(self) -> str:
        """What to call it in errors, which show no paths."""
        return os.path.basename(self.path)

    def records(self, forms: Forms) -> Iterator[FileRecord]:
        """Give the records, in order, reading as they are taken.

        Raises:
            DataLossError: The file is damaged, or of another kind than its name says.
            InvalidArgumentError: What it holds does not fit the model.
        """
        suffix = os.path.splitext(self.path)[1]
        if suffix == ".json":
            yield from self._json_records(forms)
        elif suffix == ".npz":
            yield from self._npz_records(forms)
        else:
            yield from self._tfrecords()

    def _tfrecords(self) -> Iterator[FileRecord]:
        # Errors name the file only where it is not the one that everybody knows.
        inside = "" if self.name == _TFRECORD else f" of {self.name}"
        for index, record in enumerate(read_tfrecords(self.path, "" if not inside else f"{self.name}: ")):
            yield FileRecord(index, f"record {index}{inside}: ", record)

    def _json_records(self, forms: Forms) -> Iterator[FileRecord]:
        from salver.records.json_requests import bodies_in, record_from_body

        known = forms()
        for index, body in enumerate(_told(f"{self.name}: ", lambda: bodies_in(_content(self.path)))):
            where = f"request {index} of {self.name}: "
            yield FileRecord(index, where, _told(where, partial(record_from_body, body, known)))

    def _npz_records(self, forms: Forms) -> Iterator[FileRecord]:
        from salver.records.npz_requests import records_in_npz

        form = _told(f"{self.name}: ", lambda: chosen_form(forms(), self.signature))
        with open(self.path, "rb") as stream:
            records, index = records_in_npz(stream, form), 0
            while (record := _told(f"request {index} of {self.name}: ", lambda: next(records, None))) is not None:
                yield FileRecord(index, f"request {index} of {self.name}: ", record)
                index += 1


def tfrecord_path(directory: StoragePath) -> str:
    """Return the path at which TensorFlow Serving looks for the warm-up data of a version."""
    return os.path.join(directory, _FOLDER, _TFRECORD)


def files_of_version(directory: StoragePath) -> list[WarmupFile]:
    """Return the warm-up files in a version directory, in the order in which they are replayed."""
    folder = os.path.join(directory, _FOLDER)
    found = [
        WarmupFile(path)
        for path in (tfrecord_path(directory), os.path.join(folder, f"{_STEM}.json"))
        if os.path.isfile(path)
    ]
    return [*found, *_npz_files(folder)]


def files_of_operator(folder: StoragePath, model: str) -> list[WarmupFile]:
    """Return the warm-up files for all versions of a model in a folder that holds them by name."""
    # The name of a model may be anything; that of a file may not.
    stem = os.path.join(folder, model.replace("%", "%25").replace("/", "%2F").replace("\0", "%00"))
    paths = [stem + suffix for suffix in (".tfrecord", ".json", ".npz")]
    return [WarmupFile(path) for path in paths if os.path.isfile(path)]


def read_tfrecords(path: str, told_as: str = "") -> Iterator[bytes]:
    """Give the records of a TFRecord file, in order.

    Raises:
        DataLossError: The file is damaged or no TFRecord file; the message begins with `told_as`.
    """
    from salver.wire.tfrecord import read_records  # not on the start path

    with open(path, "rb") as stream:
        records = read_records(stream)
        while (record := _told(told_as, lambda: next(records, None))) is not None:
            yield record


def _npz_files(folder: str) -> Iterator[WarmupFile]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        stem, suffix = os.path.splitext(name)
        first, _, signature = stem.partition("_")
        if suffix == ".npz" and first == _STEM and (signature or stem == _STEM):
            yield WarmupFile(os.path.join(folder, name), signature)


def _content(path: str) -> bytes:
    with open(path, "rb") as stream:
        content = stream.read(MAX_JSON_BYTES + 1)
    if len(content) > MAX_JSON_BYTES:
        raise InvalidArgumentError(f"the file has more than {MAX_JSON_BYTES} bytes; a TFRecord file may be any size")
    return content


def _told(where: str, act: Callable[[], T]) -> T:
    try:
        return act()
    except SalverError as error:
        raise error_from_code(error.code, f"{where}{error.message}") from error
