import pytest

from salver.bench.load_shape import LoadShape
from salver.errors import InvalidArgumentError
from tests.unit.bench.conftest import target_of


def spread(protocol="grpc", **fields):
    options = LoadShape(**fields).options(target_of(protocol), [b"x"])
    return options.num_connections, options.num_in_flight


@pytest.mark.parametrize(
    ("protocol", "fields", "expected"),
    [
        ("grpc", {}, (8, 8)),
        ("grpc", {"concurrency": 1}, (1, 1)),
        ("grpc", {"concurrency": 10}, (5, 2)),
        ("grpc", {"concurrency": 13}, (1, 13)),
        ("grpc", {"concurrency": 64, "connections": 64}, (64, 1)),
        ("grpc", {"rate": 100.0}, (8, 128)),
        ("rest", {}, (64, 1)),
        ("rest", {"concurrency": 5}, (5, 1)),
        ("rest", {"concurrency": 5, "connections": 5}, (5, 1)),
        ("rest", {"rate": 100.0}, (128, 1)),
    ],
)
def test_requests_in_flight_are_spread_over_connections(protocol, fields, expected):
    assert spread(protocol, **fields) == expected


@pytest.mark.parametrize(
    ("protocol", "fields", "message"),
    [
        ("grpc", {"concurrency": 10, "connections": 4}, "cannot be spread evenly"),
        ("grpc", {"concurrency": 1, "connections": 2}, "cannot be spread evenly"),
        ("rest", {"concurrency": 10, "connections": 4}, "leave --connections out"),
        ("rest", {"concurrency": 5000}, "at most 4,096 connections"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(protocol, fields, message):
    with pytest.raises(InvalidArgumentError, match=message):
        spread(protocol, **fields)


def test_a_run_has_no_more_threads_than_connections():
    assert LoadShape(concurrency=2, num_threads=4).options(target_of(), [b"x"]).num_threads == 2


def test_a_shape_in_words():
    assert str(LoadShape()) == "closed loop, 64 in flight"
    assert str(LoadShape(rate=1500.0)) == "open loop, 1,500 requests/s at random times"
    assert str(LoadShape(rate=0.5, spacing="constant")) == "open loop, 0.5 requests/s evenly spaced"
