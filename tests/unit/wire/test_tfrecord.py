import io
import pathlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver.errors import DataLossError
from salver.wire.tfrecord import read_records, record_bytes, write_record
from tests.support.tfrecords import FILES

DATA = pathlib.Path(__file__).parents[2] / "data" / "tfrecords"
ONE_AND_TWO = record_bytes(b"one") + record_bytes(b"two")
HINT = "Please verify that the data is in TFRecord format"


class CountingStream(io.BytesIO):
    """Knows the largest read that was asked of it."""

    largest_read = 0

    def read(self, size=-1, /):
        self.largest_read = max(self.largest_read, size)
        return super().read(size)


def failure(content):
    """What reading this as a file fails with, and what was read before."""
    records = []
    with pytest.raises(DataLossError) as caught:
        records.extend(read_records(io.BytesIO(content)))
    assert HINT in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("name", FILES)
def test_reads_what_tensorflow_wrote(name):
    with open(DATA / f"{name}.tfrecord", "rb") as stream:
        assert list(read_records(stream)) == FILES[name]


@pytest.mark.parametrize("name", FILES)
def test_writes_the_bytes_that_tensorflow_writes(name):
    stream = io.BytesIO()
    sizes = [write_record(stream, record) for record in FILES[name]]
    assert stream.getvalue() == (DATA / f"{name}.tfrecord").read_bytes()
    assert sum(sizes) == len(stream.getvalue())


@given(st.lists(st.binary(max_size=300)))
def test_reads_back_what_it_wrote(records):
    stream = io.BytesIO()
    for record in records:
        write_record(stream, record)
    stream.seek(0)
    assert list(read_records(stream)) == records


def test_a_record_longer_than_one_read_comes_whole():
    data = bytes(3 << 20) + b"end"
    stream = CountingStream(record_bytes(data))
    assert list(read_records(stream)) == [data]
    assert stream.largest_read < len(data)


@given(st.integers(0, len(ONE_AND_TWO) * 8 - 1))
def test_a_single_wrong_bit_is_found(bit):
    content = bytearray(ONE_AND_TWO)
    content[bit // 8] ^= 1 << bit % 8
    index = 0 if bit // 8 < len(ONE_AND_TWO) // 2 else 1
    assert f"record {index}: " in failure(bytes(content))


@pytest.mark.parametrize("length", [length for length in range(1, len(ONE_AND_TWO)) if length * 2 != len(ONE_AND_TWO)])
def test_a_file_that_is_cut_short_is_found(length):
    index = 0 if length * 2 < len(ONE_AND_TWO) else 1
    assert f"record {index}: the file ends" in failure(ONE_AND_TWO[:length])


def test_records_before_the_damage_are_given():
    reader = read_records(io.BytesIO(ONE_AND_TWO[:-1]))
    assert next(reader) == b"one"
    with pytest.raises(DataLossError, match="record 1"):
        next(reader)


@pytest.mark.parametrize("length", [1 << 32, 1 << 62, (1 << 64) - 1])
def test_a_length_of_more_than_the_file_holds_takes_no_memory(length):
    # Head and checksum taken from a record that "contains" them, so that the length itself checks out.
    head = struct.pack("<Q", length)
    checksum = record_bytes(head)[-4:]
    stream = CountingStream(head + checksum + b"short")
    with pytest.raises(DataLossError, match="the file ends within"):
        list(read_records(stream))
    assert stream.largest_read <= 1 << 20


@pytest.mark.parametrize("content", [b"not a record", b"{}", b"some text that is longer than a head", bytes(100)])
def test_a_file_of_something_else_is_told(content):
    assert failure(content).startswith("record 0: ")


def test_a_compressed_file_is_called_that():
    assert "looks compressed" in failure((DATA / "gzip.tfrecord").read_bytes())
