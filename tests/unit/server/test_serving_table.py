import threading
import weakref

import numpy as np
import pytest

from salver.boundary import UNBATCHED, BatchingPolicy
from salver.core.ids import ServableId
from salver.core.serving_map import ServingSnapshot
from salver.errors import Code, InvalidArgumentError, NotFoundError, UnavailableError
from salver.servables.servable import CallableServable, TensorSpec
from salver.server import serving_table
from salver.server.serving_table import DataPlaneServingTable
from salver.testing.fake_dataplane import FakeDataPlane, FakeNativeModel, half_plus_two

SPEC = {"x": TensorSpec(np.float32, [None])}


def servable():
    return CallableServable(lambda inputs: inputs, inputs=SPEC, outputs=SPEC)


@pytest.fixture
def plane():
    return FakeDataPlane()


@pytest.fixture
def table(plane):
    return DataPlaneServingTable(plane)


def publish(table, **models):
    table.publish(ServingSnapshot(1, models))


def versions(plane, name):
    return [target.spec.version for target in plane.rows[name].targets]


def test_published_versions_serve(plane, table):
    publish(table, a={1: servable(), 3: servable()}, b={2: servable()})
    assert versions(plane, "a") == [1, 3]
    assert versions(plane, "b") == [2]


def test_object_that_cannot_be_called_keeps_nothing_of_the_publishing_alive(plane, table):
    def publish_while_holding():
        held = FakeNativeModel(half_plus_two)  # as the serving map holds the pins of all servables meanwhile
        publish(table, m={1: object()})
        return weakref.ref(held)

    assert publish_while_holding()() is None
    assert plane.rows["m"].unavailable is not None


def test_object_is_named_for_the_log_by_what_it_serves_as(table):
    one, two = servable(), servable()
    publish(table, a={1: one, 3: two}, b={2: one})
    assert table.name_of(two) == "{name: a version: 3}"
    assert table.name_of(one) == "{name: a version: 1}, {name: b version: 2}"
    assert table.name_of(servable()) == "CallableServable"


def test_version_keeps_its_target_while_it_serves(plane, table):
    one = servable()
    publish(table, m={1: one})
    target = plane.resolve("m")
    publish(table, m={1: one, 2: servable()})
    assert plane.resolve("m", 1) is target


def test_target_of_a_python_servable_carries_its_signatures(plane, table):
    publish(table, m={1: servable()})
    spec = plane.resolve("m").spec
    assert [signature.name for signature in spec.signatures] == ["serving_default"]
    assert spec.model is None


def test_target_of_a_native_model_carries_the_model(plane, table):
    class Native:
        native_model = FakeNativeModel(half_plus_two)

    publish(table, m={1: Native()})
    assert plane.resolve("m").spec.model is Native.native_model
    assert plane.resolve("m").spec.servable is None


def test_object_that_the_wire_cannot_call_is_refused_in_words(plane, table):
    publish(table, m={1: object()})
    with pytest.raises(InvalidArgumentError, match="object, which has no signatures"):
        plane.resolve("m")


def test_signature_of_an_impossible_type_does_not_break_the_table(plane, table):
    broken = CallableServable(dict, inputs={"x": TensorSpec("datetime64[s]")}, outputs={})
    publish(table, broken={1: broken}, good={1: servable()})
    assert versions(plane, "good") == [1]
    with pytest.raises(InvalidArgumentError, match="datetime64"):
        plane.resolve("broken")


def test_batching_is_off_unless_there_is_a_policy(plane, table):
    publish(table, m={1: servable()})
    assert plane.resolve("m").spec.batching == UNBATCHED
    publish(DataPlaneServingTable(plane, batching=lambda id: BatchingPolicy(weight=id.version)), m={3: servable()})
    assert plane.resolve("m").spec.batching == BatchingPolicy(weight=3)


def test_versions_whose_policy_has_changed_are_told(plane):
    policies = {"a": BatchingPolicy(), "b": BatchingPolicy()}
    table = DataPlaneServingTable(plane, batching=lambda id: policies[id.name])
    publish(table, a={1: servable(), 2: servable()}, b={1: servable()})
    targets = list(plane.rows["a"].targets)
    policies["a"] = BatchingPolicy(weight=5)
    assert table.update_batching() == [ServableId("a", 1), ServableId("a", 2)]
    assert [target.batching.weight for target in targets] == [5, 5]
    assert plane.resolve("b").batching == BatchingPolicy()
    assert table.update_batching() == []
    assert list(plane.rows["a"].targets) == targets


def test_version_is_released_when_its_last_request_ends(plane, table):
    publish(table, m={1: servable()})
    target = plane.resolve("m")
    target.pin()
    publish(table)
    id = ServableId("m", 1)
    assert not table.wait_until_released(id, 0)
    target.unpin()
    assert table.wait_until_released(id, 0)


def test_version_that_never_served_is_released(table):
    assert table.wait_until_released(ServableId("m", 1), 0)


def test_released_version_is_forgotten(table):
    publish(table, m={1: servable()})
    publish(table)
    table.wait_until_released(ServableId("m", 1), 0)
    assert not table._retired


def test_labels_reach_the_data_plane(plane, table):
    publish(table, m={1: servable()})
    table.set_labels({"m": {"stable": 1}})
    assert plane.resolve("m", label="stable").spec.version == 1


def test_label_moves_when_its_new_version_serves(plane, table):
    one, two = servable(), servable()
    publish(table, m={1: one})
    table.set_labels({"m": {"stable": 1}})
    table.set_labels({"m": {"stable": 2}})
    assert plane.resolve("m", label="stable").spec.version == 1
    publish(table, m={1: one, 2: two})
    assert plane.resolve("m", label="stable").spec.version == 2


def test_label_of_a_version_that_does_not_serve_yet_is_not_found(plane, table):
    table.set_labels({"m": {"stable": 1}})
    with pytest.raises(NotFoundError, match=r"Specific\(m, 1\)"):
        plane.resolve("m", label="stable")


def test_model_without_versions_answers_its_reason(plane, table):
    table.set_reasons({"m": UnavailableError("loading")})
    assert plane.rows["m"].unavailable == (Code.UNAVAILABLE, "loading")
    publish(table, m={1: servable()})
    assert plane.rows["m"].unavailable is None
    publish(table)
    table.set_reasons({"m": None})
    assert "m" not in plane.rows


def test_resolve_gives_the_highest_version(table):
    one, two = servable(), servable()
    publish(table, m={1: one, 2: two})
    assert table.resolve("m", None, None) == (2, two)
    assert table.resolve("m", 1, None) == (1, one)
    table.set_labels({"m": {"stable": 1}})
    assert table.resolve("m", None, "stable") == (1, one)


@pytest.mark.parametrize(
    ("version", "label", "error"),
    [
        (None, None, NotFoundError("Servable not found for request: Latest(m)")),
        (7, None, NotFoundError("Servable not found for request: Specific(m, 7)")),
        (None, "x", InvalidArgumentError("Unrecognized servable version label: x (of model m)")),
    ],
)
def test_resolve_refuses_as_the_data_plane_does(table, version, label, error):
    with pytest.raises(type(error)) as caught:
        table.resolve("m", version, label)
    assert caught.value == error


def test_closed_table_has_taken_every_version_out_and_publishes_no_more(plane, table):
    publish(table, m={1: servable()})
    table.close()
    assert plane.rows == {}
    publish(table, m={1: servable()})
    assert plane.rows == {}


def test_change_makes_new_rows_for_the_models_it_concerns_alone(plane, table):
    same = {1: servable()}
    publish(table, a=same, b={1: servable()})
    row = plane.rows["a"]
    publish(table, a=same, b={2: servable()})
    table.set_reasons({"c": UnavailableError("loading")})
    assert plane.rows["a"] is row
    assert versions(plane, "b") == [2]


def test_servable_says_itself_how_many_rows_may_be_joined(plane, table):
    class Joining(CallableServable):
        max_batch_rows = 500

    publish(table, m={1: Joining(lambda inputs: inputs, {}, {})})
    assert plane.resolve("m").spec.batching == BatchingPolicy(max_batch_size=500)


def test_what_runs_before_a_version_is_published_is_waited_for(table):
    with table.unpublished_target(ServableId("m", 1), servable()) as target:
        target.pin()
        threading.Timer(0, target.unpin).start()
    assert target.num_pins == 0


def test_what_hangs_before_a_version_is_published_is_left_behind(table, monkeypatch, caplog):
    monkeypatch.setattr(serving_table, "_LAST_RUNS_S", 0)
    with table.unpublished_target(ServableId("m", 1), servable()) as target:
        target.pin()
    assert target.num_pins == 1
    assert "still runs" in caplog.text
    assert table.name_of(target.spec.servable) == "CallableServable"
