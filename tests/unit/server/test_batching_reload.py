import logging

import pytest

from salver.boundary import UNBATCHED, BatchingPolicy
from salver.config import ServerConfig
from salver.config.batching_parameters_file import Scope, read_batching_parameters
from salver.core.ids import ServableId
from salver.core.serving_map import ServingSnapshot
from salver.servables.servable import CallableServable
from salver.server.batching_loader import FILE_NAME, policy_of_directory
from salver.server.batching_policies import BatchingPolicies
from salver.server.batching_reload import BatchingReload, batching_poller, server_file
from salver.server.serving_table import DataPlaneServingTable
from salver.testing.fake_dataplane import FakeDataPlane


class Setup:
    """Models a and b, served with the parameters of a file."""

    def __init__(self, folder):
        self.file = folder / "batching.pbtxt"
        self.file.write_text("num_batch_threads { value: 2 }")
        parameters = read_batching_parameters(str(self.file), Scope.SERVER)
        config = ServerConfig(enable_batching=True, batching=parameters, batching_parameters_file=str(self.file))
        self.policies = BatchingPolicies(parameters)
        self.plane = FakeDataPlane()
        self.table = DataPlaneServingTable(self.plane, batching=self.policies.of)
        self.reload = BatchingReload(self.policies, self.table.update_batching, server_file(config), 5)
        self.publish("a", "b")

    def publish(self, *names):
        servables = {name: {1: CallableServable(dict, {}, {})} for name in names}
        self.table.publish(ServingSnapshot(1, servables))

    def batching(self, name):
        return self.plane.resolve(name).batching


@pytest.fixture
def setup(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    return Setup(tmp_path)


def test_unchanged_file_changes_nothing(setup, caplog):
    assert setup.reload.step() == 5
    assert setup.reload.step() == 5
    assert setup.batching("a") == BatchingPolicy()
    assert caplog.messages == []


def test_changed_file_holds_for_what_serves_and_for_what_comes(setup, caplog):
    setup.file.write_text('weight: 2 num_batch_threads { value: 2 } model { name: "b" parameters { weight: 3 } }')
    setup.reload.step()
    setup.reload.step()
    assert (setup.batching("a").weight, setup.batching("b").weight) == (2, 3)
    assert caplog.messages == ["Batching changed for {name: a version: 1}, {name: b version: 1}"]
    setup.publish("c")
    assert setup.batching("c").weight == 2


def test_model_that_the_change_does_not_concern_is_not_told(setup, caplog):
    setup.file.write_text('num_batch_threads { value: 2 } model { name: "b" parameters { weight: 3 } }')
    setup.reload.step()
    assert caplog.messages == ["Batching changed for {name: b version: 1}"]


def test_wrong_file_changes_nothing_and_is_told_once(setup, caplog):
    setup.file.write_text("weight: -2")
    setup.reload.step()
    setup.reload.step()
    assert setup.batching("a") == BatchingPolicy()
    (line,) = caplog.messages
    assert "batching.pbtxt: weight must be from 0.001 to 1000, got -2; batching stays as it is" in line
    setup.file.write_text("weight: 2 num_batch_threads { value: 2 }")
    setup.reload.step()
    assert setup.batching("a").weight == 2


def test_missing_file_changes_nothing_and_is_told_once(setup, caplog):
    setup.file.unlink()
    setup.reload.step()
    setup.reload.step()
    assert setup.batching("a") == BatchingPolicy()
    assert len(caplog.messages) == 1


def test_number_of_runners_does_not_change(setup, caplog):
    setup.file.write_text("num_batch_threads { value: 8 }")
    setup.reload.step()
    assert caplog.messages == ["num_batch_threads changed, but the number of runners does not change while serving"]


def test_what_a_new_file_says_in_vain_is_told(setup, caplog):
    setup.file.write_text("adaptive: true weight: 2 batch_timeout_micros {} num_batch_threads { value: 2 }")
    setup.reload.step()
    assert "batch_timeout_micros without effect" in caplog.messages[0]


def test_file_of_a_version_comes_changes_and_goes(setup, tmp_path):
    id = ServableId("a", 1)
    setup.policies.note(id, policy_of_directory(str(tmp_path)))
    setup.reload.step()
    assert setup.batching("a") == UNBATCHED
    file = tmp_path / FILE_NAME
    for weight in (2, 3):
        file.write_text(f"weight: {weight}")
        setup.reload.step()
        assert setup.batching("a").weight == weight
    file.write_text("weight: x")
    setup.reload.step()
    assert setup.batching("a").weight == 3
    file.unlink()
    setup.reload.step()
    assert setup.batching("a") == UNBATCHED
    assert setup.batching("b") == BatchingPolicy()


@pytest.mark.parametrize(
    ("config", "is_watched"),
    [
        (ServerConfig(), False),
        (ServerConfig(enable_batching=True), False),
        (ServerConfig(enable_batching=True, batching_parameters_file="/f"), True),
        (
            ServerConfig(enable_batching=True, batching_parameters_file="/f", batching_parameters_poll_wait_s=None),
            False,
        ),
        (ServerConfig(enable_batching=True, enable_per_model_batching=True), True),
        (
            ServerConfig(
                tensorflow_platforms={"p": ServerConfig(enable_batching=True, enable_per_model_batching=True)}
            ),
            True,
        ),
    ],
)
def test_files_are_watched_where_there_are_any_and_it_is_asked_for(setup, config, is_watched):
    assert (batching_poller(setup.reload, config) is not None) is is_watched
