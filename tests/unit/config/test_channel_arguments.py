from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from salver.boundary import GrpcOptions
from salver.config.channel_arguments import HONOURED, WITHOUT_EFFECT, parse_channel_arguments, reference_page

ROOT = Path(__file__).parents[3]


def test_nothing_given_is_the_default():
    assert parse_channel_arguments("").options == GrpcOptions()


def test_units_and_the_absence_of_limits():
    text = "grpc.max_connection_age_ms=1500, grpc.max_send_message_length=-1,grpc.so_reuseport=1"
    options = parse_channel_arguments(f"{text},grpc.keepalive_time_ms=2147483647").options
    assert options == GrpcOptions(max_age_s=1.5, reuse_port=True)


def test_the_last_value_of_a_name_wins():
    text = "grpc.max_concurrent_streams=5,grpc.max_concurrent_streams=6"
    assert parse_channel_arguments(text).options.max_concurrent_streams == 6


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("grpc.max_concurrent_streams", "expected name=value, got 'grpc.max_concurrent_streams'"),
        ("=5", "expected name=value, got '=5'"),
        ("grpc.max_concurrent_streams=many", "grpc.max_concurrent_streams: expected a whole number from 1"),
        ("grpc.max_concurrent_streams=0", "from 1 to 2147483647, got '0'"),
        ("grpc.http2.max_frame_size=100", "from 16384 to 16777215, got '100'"),
        ("grpc.max_metadata_size=99999999999", "got '99999999999'"),
        ("grpc.so_reuseport=2", "from 0 to 1"),
    ],
)
def test_a_bad_entry_is_a_problem(text, told):
    (problem,) = parse_channel_arguments(f"grpc.http2.bdp_probe=0,{text}").problems
    assert problem.startswith("--grpc_channel_arguments: ")
    assert told in problem


def test_one_warning_names_all_that_has_no_effect():
    (warning,) = parse_channel_arguments("grpc.http2.bdp_probe=0,my.own=text").warnings
    assert "grpc.http2.bdp_probe (windows are large from the start); my.own (not known to this server)" in warning


def test_every_field_has_an_argument_and_every_argument_sets_its_field():
    assert {argument.field for argument in HONOURED.values()} == {item.name for item in dataclasses.fields(GrpcOptions)}
    for name, argument in HONOURED.items():
        text = f"{name}={max(argument.minimum, 1)}"
        assert getattr(parse_channel_arguments(text).options, argument.field) is not None
        assert parse_channel_arguments(text).options != GrpcOptions(), name
    assert not set(HONOURED) & set(WITHOUT_EFFECT)


def test_the_page_is_current():
    assert (ROOT / "docs" / "grpc-channel-arguments.md").read_text() == reference_page(), "run `make docs`"
