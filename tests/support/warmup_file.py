"""Warm-up files: TFRecords of PredictionLog messages, written byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

from tests.support.wire import chunk

NAME = "assets.extra/tf_serving_warmup_requests"
CLASSIFY, REGRESS, MULTI_INFERENCE, SESSION_RUN, PREDICT, PREDICT_STREAMED = range(2, 8)
"""Fields of PredictionLog."""


def crc32c(data: bytes) -> int:
    """CRC-32 with the polynomial of Castagnoli, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> bytes:
    """The checksum as TFRecord has it."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """One TFRecord."""
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def log(field: int, request: bytes) -> bytes:
    """A PredictionLog with one request."""
    return chunk(field, chunk(1, request))


def write(version: Path, records: Iterable[bytes]) -> None:
    """Give a version directory a warm-up file of these PredictionLogs."""
    file = version / NAME
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"".join(map(record, records)))
