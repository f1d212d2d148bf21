import threading

import pytest

from salver.core.ids import ServableId
from salver.core.servable_data import ServableData
from salver.core.source import connect
from salver.core.source_adapter import (
    ErrorInjectingSourceAdapter,
    IdentitySourceAdapter,
    PrefixSourceAdapter,
    SourceAdapter,
    UnarySourceAdapter,
)
from salver.errors import FailedPreconditionError, InternalError, InvalidArgumentError, UnknownError
from salver.testing.sources import FakeSource, FakeTarget

BROKEN = InvalidArgumentError("broken")


def item(version, data):
    return ServableData(ServableId("model", version), data)


def failed(version, error):
    return ServableData.failed(ServableId("model", version), error)


class LengthAdapter(UnarySourceAdapter[str, int]):
    """Turns strings into their lengths."""

    def convert(self, data: str) -> int:
        if data == "invalid":
            raise BROKEN
        if data == "bug":
            raise ValueError("bug")
        return len(data)


def chain(adapter):
    """Connect a fake source, the adapter and a fake target."""
    source, target = FakeSource(), FakeTarget()
    connect(adapter, target)
    connect(source, adapter)
    return source, target


def test_adapter_converts_what_comes_in():
    source, target = chain(LengthAdapter())
    source.emit("model", [item(1, "a"), item(2, "bcd")])
    assert target.calls == [("model", [item(1, 1), item(2, 3)])]


def test_empty_list_stays_an_empty_list():
    source, target = chain(LengthAdapter())
    source.emit("model", [])
    assert target.calls == [("model", [])]


def test_failed_items_pass_through_with_their_id():
    assert LengthAdapter().adapt("model", [failed(1, BROKEN)]) == [failed(1, BROKEN)]


def test_failing_conversion_becomes_an_error_item(caplog):
    adapted = LengthAdapter().adapt("model", [item(1, "invalid"), item(2, "bug"), item(3, "ok")])
    assert adapted == [failed(1, BROKEN), failed(2, UnknownError("ValueError: bug")), item(3, 2)]
    assert "{name: model version: 2}" in caplog.text


def test_one_version_can_be_adapted_alone():
    assert LengthAdapter().adapt_one_version(item(1, "abc")) == item(1, 3)
    assert LengthAdapter().adapt_one_version(item(1, "invalid")) == failed(1, BROKEN)


def test_adapting_one_version_to_several_is_an_error():
    class Doubling(SourceAdapter[str, str]):
        def adapt(self, name, versions):
            return [*versions, *versions]

    with pytest.raises(InternalError, match="gave 2 items"):
        Doubling().adapt_one_version(item(1, "a"))


def test_blocks_its_source_until_the_outgoing_side_is_connected():
    adapter, source, target = IdentitySourceAdapter(), FakeSource(), FakeTarget()
    connect(source, adapter)
    emitter = threading.Thread(target=source.emit, args=("model", [item(1, "a")]))
    emitter.start()
    assert not adapter.is_connected
    connect(adapter, target)
    emitter.join(10)
    assert not emitter.is_alive()
    assert target.calls == [("model", [item(1, "a")])]


def test_detaching_an_unconnected_adapter_sets_a_blocked_source_free_and_drops_its_list():
    has_begun = threading.Event()

    class Announcing(IdentitySourceAdapter):
        def wait_until_connected(self):
            has_begun.set()
            return super().wait_until_connected()

    adapter, source = Announcing(), FakeSource()
    connect(source, adapter)
    emitter = threading.Thread(target=source.emit, args=("model", [item(1, "a")]))
    emitter.start()
    assert has_begun.wait(10)
    adapter.detach()
    emitter.join(10)
    assert not emitter.is_alive()


def test_detached_adapter_drops_what_comes_in():
    adapter = IdentitySourceAdapter()
    source, target = chain(adapter)
    adapter.detach()
    source.emit("model", [item(1, "a")])
    assert target.calls == []


def test_outgoing_side_can_be_connected_only_once():
    adapter = IdentitySourceAdapter()
    chain(adapter)
    with pytest.raises(FailedPreconditionError, match="only once"):
        connect(adapter, FakeTarget())


def test_identity_adapter_passes_everything():
    source, target = chain(IdentitySourceAdapter())
    source.emit("model", [item(1, "a"), failed(2, BROKEN)])
    assert target.calls == [("model", [item(1, "a"), failed(2, BROKEN)])]


def test_error_injecting_adapter_keeps_errors_and_adds_its_own_to_the_rest(caplog):
    caplog.set_level("INFO", "salver.core")
    injected = InternalError("No platform found for model")
    source, target = chain(ErrorInjectingSourceAdapter(injected))
    source.emit("model", [item(1, "a"), failed(2, BROKEN)])
    assert target.calls == [("model", [failed(1, injected), failed(2, BROKEN)])]
    assert caplog.messages == [
        "Injecting error for servable {name: model version: 1}: No platform found for model",
    ]


def test_prefix_adapter_joins_prefix_and_path():
    adapter = PrefixSourceAdapter("/prefix")
    assert adapter.adapt_one_version(item(1, "/path/1")) == item(1, "/prefix/path/1")
    assert adapter.adapt_one_version(item(1, "path/1")) == item(1, "/prefix/path/1")
