import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver.client.varints import decode_varints
from salver.client.wire_reader import MalformedError, fields, read_varint, signed
from salver.client.wire_writer import span, varint, varint_field
from tests.support import wire


@given(st.integers(-(2**63), 2**64 - 1))
def test_varints_are_those_of_an_independent_codec(value):
    assert varint(value) == wire.varint(value)
    assert read_varint(memoryview(varint(value)), 0) == (value % 2**64, len(varint(value)))


@given(st.lists(st.integers(-(2**63), 2**64 - 1)))
def test_packed_varints_are_decoded_all_at_once(values):
    packed = b"".join(map(wire.varint, values))
    assert decode_varints(packed).tolist() == [value % 2**64 for value in values]


@pytest.mark.parametrize("data", [b"\x80", b"\x01\xff", b"\xff" * 11 + b"\x01", b"\x01" + b"\x80" * 10 + b"\x01"])
def test_packed_varints_that_do_not_end_are_refused(data):
    with pytest.raises(MalformedError):
        decode_varints(data)


def test_fields_of_all_kinds_are_given_in_order():
    message = varint_field(1, 300) + span(200, b"ab") + b"\x1d" + b"1234" + b"\x21" + b"12345678"
    found = [(n, bytes(v) if isinstance(v, memoryview) else v) for n, _, v in fields(memoryview(message))]
    assert found == [(1, 300), (200, b"ab"), (3, b"1234"), (4, b"12345678")]


def test_long_fields_have_long_lengths():
    data = b"x" * 300
    assert [bytes(value) for _, _, value in fields(memoryview(span(1, data)))] == [data]


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a",  # no length
        b"\x0a\x05abc",  # reaches beyond the end
        b"\x08",  # no number
        b"\x08\x80",
        b"\x0d\x01",  # four bytes are needed
        b"\x0b\x0c",  # a group
        b"\x80" * 11,
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    ],
)
def test_malformed_messages_are_refused(message):
    with pytest.raises(MalformedError):
        list(fields(memoryview(message)))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(MalformedError):
        list(fields(memoryview(data)))


def test_numbers_are_signed_where_they_are_meant_to_be():
    assert [signed(0), signed(2**64 - 1), signed(2**63)] == [0, -1, -(2**63)]
