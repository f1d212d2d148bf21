"""TFRecord files. The first byte chooses how an input becomes a file: as it is, or with checksums made right."""

import io
import sys

import atheris

with atheris.instrument_imports(include=["salver"]):
    from salver.errors import DataLossError
    from salver.wire.tfrecord import read_records, record_bytes


def check(data: bytes) -> None:
    """Whatever comes, there are records that fit into the file, or a DataLossError; written records are read back."""
    form, content = data[:1], data[1:]
    if form == b"\x01":
        records = content.split(b"\x00")
        file = b"".join(map(record_bytes, records))
        assert list(read_records(io.BytesIO(file))) == records
        return
    # A right head before each piece takes the fuzzer past the checksum of the length, to wrong data.
    file = _with_heads(content) if form == b"\x02" else content
    try:
        records = list(read_records(io.BytesIO(file)))
    except DataLossError as error:
        assert error.message
    else:
        assert b"".join(map(record_bytes, records)) == file


def _with_heads(content: bytes) -> bytes:
    heads = {size: record_bytes(bytes(size))[:12] for size in (0, 1, 4, 300)}
    parts = content.split(b"\xff")
    return b"".join(heads[(0, 1, 4, 300)[sum(part[:1]) % 4]] + part[1:] for part in parts)


if __name__ == "__main__":
    atheris.Setup([f"{sys.executable} {__file__}", *sys.argv[1:]], check)  # a merge starts itself anew by that
    atheris.Fuzz()
