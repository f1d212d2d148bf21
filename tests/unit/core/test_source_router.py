import threading

import pytest

from salver.core.ids import ServableId
from salver.core.servable_data import ServableData
from salver.core.source import connect
from salver.core.source_router import DynamicSourceRouter, SourceRouter, StaticSourceRouter
from salver.errors import InvalidArgumentError
from salver.testing.sources import FakeSource, FakeTarget

DEFAULT_TAKEN = "Last port cannot be used in route map, since it's reserved for the default route"


def emission(name):
    return name, [ServableData(ServableId(name, 7), f"/{name}/7")]


def connected(router):
    """Connect a fake source and one fake target for each port."""
    source, targets = FakeSource(), [FakeTarget() for _ in range(router.num_output_ports)]
    for port, target in zip(router.get_output_ports(), targets, strict=True):
        connect(port, target)
    connect(source, router)
    return source, targets


class ByLength(SourceRouter):
    """Routes to the port whose number is the length of the name; None for the empty name."""

    def route(self, name, versions):
        return len(name) if name else None


def test_has_as_many_ports_as_asked_for():
    assert len(ByLength(3).get_output_ports()) == 3
    assert StaticSourceRouter(["a", "b"]).num_output_ports == 3


def test_needs_at_least_one_port():
    with pytest.raises(InvalidArgumentError, match="at least 1 output port"):
        ByLength(0)


def test_whole_list_goes_to_its_port_alone():
    source, targets = connected(ByLength(3))
    source.emit(*emission("a"))
    source.emit(*emission("bb"))
    assert [target.calls for target in targets] == [[], [emission("a")], [emission("bb")]]


def test_no_route_discards_silently(caplog):
    source, targets = connected(ByLength(2))
    source.emit("", [])
    assert [target.calls for target in targets] == [[], []]
    assert caplog.messages == []


def test_port_out_of_range_is_logged_and_dropped(caplog):
    source, targets = connected(ByLength(2))
    source.emit(*emission("too long"))
    assert [target.calls for target in targets] == [[], []]
    assert "routed to port 8 of 2" in caplog.text


def test_blocks_until_every_port_is_connected():
    router, source, targets = ByLength(2), FakeSource(), [FakeTarget(), FakeTarget()]
    connect(source, router)
    emitter = threading.Thread(target=source.emit, args=emission("a"))
    emitter.start()
    ports = router.get_output_ports()
    connect(ports[1], targets[1])
    assert targets[1].calls == []
    connect(ports[0], targets[0])
    emitter.join(10)
    assert targets[1].calls == [emission("a")]


def test_detaching_sets_a_blocked_source_free():
    router, source = ByLength(2), FakeSource()
    connect(source, router)
    emitter = threading.Thread(target=source.emit, args=emission("a"))
    emitter.start()
    router.detach()
    emitter.join(10)
    assert not emitter.is_alive()


@pytest.mark.parametrize(("name", "port"), [("has-first", 0), ("second-first", 0), ("a second", 1), ("other", 2)])
def test_static_router_takes_the_first_substring_that_occurs(name, port):
    source, targets = connected(StaticSourceRouter(["first", "second"]))
    source.emit(*emission(name))
    assert [len(target.calls) for target in targets] == [int(number == port) for number in range(3)]


@pytest.mark.parametrize(
    ("port", "message"),
    [(3, "Port number out of range: 3"), (-1, "Port number out of range: -1"), (2, DEFAULT_TAKEN)],
)
def test_dynamic_router_rejects_bad_ports_at_the_start_and_later(port, message):
    with pytest.raises(InvalidArgumentError) as at_start:
        DynamicSourceRouter(3, {"model": port})
    assert at_start.value.message == message
    router = DynamicSourceRouter(3, {"model": 1})
    with pytest.raises(InvalidArgumentError) as at_update:
        router.update_routes({"other": 0, "model": port})
    assert at_update.value.message == message
    assert router.get_routes() == {"model": 1}


def test_dynamic_router_sends_mapped_names_to_their_port_and_others_to_the_last():
    source, targets = connected(DynamicSourceRouter(3, {"zero": 0, "one": 1}))
    for name in ("zero", "one", "other"):
        source.emit(*emission(name))
    assert [target.calls for target in targets] == [[emission("zero")], [emission("one")], [emission("other")]]


def test_dynamic_router_follows_new_routes():
    router = DynamicSourceRouter(3, {"model": 0})
    source, targets = connected(router)
    source.emit(*emission("model"))
    router.update_routes({"model": 1})
    source.emit(*emission("model"))
    router.update_routes({})
    source.emit(*emission("model"))
    assert [len(target.calls) for target in targets] == [1, 1, 1]
    assert router.get_routes() == {}
