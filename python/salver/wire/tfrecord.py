"""TFRecord files: byte strings one after the other, each with its length and two checksums. Uncompressed only.

A record is its length (8 bytes, little-endian), a checksum of these 8 bytes, the data, and a checksum of the data.
A checksum is a CRC-32C, rotated and offset ("masked"), so that records within records do not check themselves.

The module is imported where it is needed alone: most servers have neither warm-up data nor request logs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import google_crc32c

from salver.errors import DataLossError

__all__ = ["read_records", "record_bytes", "write_record"]

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_HEAD_BYTES = _LENGTH.size + _CHECKSUM.size
_MASK_DELTA = 0xA282EAD8
_UINT32 = 0xFFFFFFFF
_CHUNK_BYTES = 1 << 20
"""Read at a time: a length that claims more than the file holds costs no memory."""
_GZIP_MAGIC = b"\x1f\x8b"


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """Give the data of each record, in order; an empty stream has none.

    Args:
        stream: Read from where it stands to its end; may be any length. The caller closes it.

    Raises:
        DataLossError: No TFRecord file, a record that is cut short, or a checksum that does not match; it names the
            record by its index, from 0.
    """
    index = 0
    while head := _read(stream, _HEAD_BYTES):
        yield _read_data(stream, head, index)
        index += 1


def write_record(stream: BinaryIO, data: bytes) -> int:
    """Append one record and return how many bytes it takes."""
    return stream.write(record_bytes(data))


def record_bytes(data: bytes) -> bytes:
    """Return the record that holds `data`."""
    length = _LENGTH.pack(len(data))
    return b"".join((length, _masked_checksum(length), data, _masked_checksum(data)))


def _read_data(stream: BinaryIO, head: bytes, index: int) -> bytes:
    if head.startswith(_GZIP_MAGIC) and index == 0:
        raise _damage(index, "the file looks compressed, expected an uncompressed one")
    if len(head) < _HEAD_BYTES:
        raise _damage(index, f"the file ends after {len(head)} of the {_HEAD_BYTES} bytes before its data")
    if _masked_checksum(head[: _LENGTH.size]) != head[_LENGTH.size :]:
        raise _damage(index, "the checksum of its length does not match")
    (length,) = _LENGTH.unpack_from(head)
    data = _read(stream, length)
    checksum = _read(stream, _CHECKSUM.size)
    if len(data) < length or len(checksum) < _CHECKSUM.size:
        raise _damage(index, f"the file ends within its {length} bytes of data or their checksum")
    if _masked_checksum(data) != checksum:
        raise _damage(index, "the checksum of its data does not match")
    return data


def _read(stream: BinaryIO, num_bytes: int) -> bytes:
    """Read so many bytes, or fewer where the stream ends."""
    parts = []
    while num_bytes and (part := stream.read(min(num_bytes, _CHUNK_BYTES))):
        parts.append(part)
        num_bytes -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _masked_checksum(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return _CHECKSUM.pack(((crc >> 15 | crc << 17) + _MASK_DELTA) & _UINT32)


def _damage(index: int, what: str) -> DataLossError:
    return DataLossError(f"record {index}: {what}. Please verify that the data is in TFRecord format.")
