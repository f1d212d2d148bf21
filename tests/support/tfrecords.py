"""What stands in the files of `tests/data/tfrecords`, which TensorFlow wrote."""

from __future__ import annotations

FILES: dict[str, list[bytes]] = {
    "empty": [],
    "one_empty_record": [b""],
    "short_records": [b"a", b"", b"123456789", bytes(range(256)), "żółw".encode()],
    "long_record": [bytes(index * index % 251 for index in range(70_000)), b"after it"],
}
