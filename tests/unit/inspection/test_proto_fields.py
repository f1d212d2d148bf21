import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver import wire
from salver.errors import DataLossError
from salver.inspection.proto_fields import Span


def span(content):
    return Span(memoryview(content), 0, len(content))


def test_fields_are_found_in_order_and_with_their_kinds():
    content = (
        wire.ModelSpec(name="m", signature_name="s").SerializeToString()
        + b"\x28\x96\x01\x35\1\0\0\0\x39"
        + b"\2"
        + b"\0" * 7
    )
    found = [
        (number, value.content() if isinstance(value, Span) else value) for number, value in span(content).fields()
    ]
    assert found == [(1, b"m"), (3, b"s"), (5, 150), (6, 1), (7, 2)]


def test_messages_of_one_field_are_found_and_others_passed_over():
    config = wire.ModelServerConfig()
    for name in ("a", "b"):
        config.model_config_list.config.add(name=name, base_path="/" + name)
    (models,) = span(config.SerializeToString()).messages(1)
    assert [model.first(1).content() for model in models.messages(1)] == [b"a", b"b"]
    assert models.first(2) is None


@pytest.mark.parametrize("content", [b"\x0a\x05abc", b"\x08", b"\x08" + b"\xff" * 11, b"\x0b", b"\x0d\1", b"\x09\1"])
def test_what_is_no_message_is_told(content):
    with pytest.raises(DataLossError):
        list(span(content).fields())


@given(st.binary(max_size=100))
def test_no_bytes_give_any_other_error(content):
    with contextlib.suppress(DataLossError):
        for _, value in span(content).fields():
            if isinstance(value, Span):
                assert value.end <= len(content)
