import functools
import logging
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from salver import CallableServable, Latest, ModelConfig, Server, ServerConfig, Specific, TensorSpec, wire
from salver.boundary import BatchingPolicy
from salver.config.model_config_file import message_of
from salver.config.server_config import RequestLoggingConfig
from salver.core.ids import ServableId
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ManagerState
from salver.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
    UnknownError,
)
from salver.servables.tensorflow_library import TensorFlowLibrary
from salver.server.health import Health
from salver.server.model_reload import RELOAD_CONFIG
from salver.server.removed_models import RemovedModels
from salver.server.signals import run_until_signal
from salver.sources.file_system_config import FileSystemSourceConfig
from salver.testing.fake_calls import FakeControlCall
from salver.testing.fake_dataplane import FakeDataPlane, FakeNativeModel, FakeTensorFlow, half_plus_two
from salver.wire import format_text
from tests.support.prediction_logs import predict_record, write_warmup_data

LIMIT_S = 20

VERSION_1 = ServableRequest.specific("m", 1)
VERSION_1_ID = ServableId("m", 1)
VECTOR = {"x": TensorSpec(np.float32, [None])}
DOUBLE = CallableServable(lambda inputs: {"x": inputs["x"] * 2}, inputs=VECTOR, outputs=VECTOR)


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch):
    """No TensorFlow is needed, and a version counts as complete as soon as it is there."""
    monkeypatch.setattr(TensorFlowLibrary.__init__, "__kwdefaults__", {"find_libraries": list})
    at_once = functools.partial(FileSystemSourceConfig, settling=None)
    monkeypatch.setattr("salver.server.manager_setup.FileSystemSourceConfig", at_once)


@pytest.fixture
def tensorflow():
    return FakeTensorFlow()


@pytest.fixture
def plane(tensorflow):
    return FakeDataPlane(tensorflow)


@pytest.fixture
def make(plane):
    """Make a server over the fake plane, which finds new versions only when it is asked to look."""
    made = []

    def make(*args, **settings):
        settings = {"grpc_port": 0, "rest_port": 0, **settings}
        made.append(Server(*args, data_plane=lambda _: plane, **settings))
        return made[-1]

    yield make
    for server in made:
        server.stop(drain_timeout_s=0)


@pytest.fixture
def base(tmp_path):
    def base(name, *versions):
        path = tmp_path / name
        path.mkdir(exist_ok=True)
        for version in versions:
            write_version(path, version)
        return str(path)

    return base


def write_version(path, version):
    directory = path / str(version)
    directory.mkdir()
    (directory / "saved_model.pb").touch()


def fail_for(tensorflow, part):
    def load(directory):
        if part in directory:
            raise FailedPreconditionError("the graph is broken")
        return FakeNativeModel(half_plus_two)

    tensorflow.on_load = load


def wait_for(condition):
    """Wait for what another thread does, without a period."""
    done = threading.Event()
    for _ in range(LIMIT_S * 1000):
        if condition():
            return
        done.wait(0.001)
    raise AssertionError("waited in vain")


def test_server_answers_once_its_model_is_available(make, plane, base):
    server = make({"m": base("m", 1)})
    assert server.grpc_port is None
    with server:
        assert server.grpc_port == plane.ports["grpc"]
        assert server.rest_port == plane.ports["rest"]
        assert server.is_ready
        assert server.predict("m", {"x": [1.0]})["y"] == [2.5]


def test_leaving_the_context_stops_the_server(make, plane, base):
    with make({"m": base("m", 1)}) as server:
        model = plane.resolve("m").spec.model
    assert plane.is_stopped
    assert plane.rows == {}
    assert model.is_closed
    assert not server.is_ready
    assert server.grpc_port is None


def test_stop_can_be_repeated_and_needs_no_start(make):
    server = make()
    server.stop()
    server.stop()


def test_start_may_be_called_once(make):
    with make() as server, pytest.raises(FailedPreconditionError, match="only once"):
        server.start()


def test_nobody_waits_for_a_model_that_is_not_configured(make, base):
    with make({"a": base("a", 1)}) as server, pytest.raises(NotFoundError, match="No model b is configured"):
        server.wait_until_available("a", "b", timeout_s=None)


def test_start_that_will_find_no_model_says_so(make, base, caplog):
    with make({"a": base("a", 1)}, file_system_poll_wait_s=-1, serve_while_loading=True):
        assert "no model will be found" in caplog.text


def test_python_servables_of_the_program_are_served(make):
    with make(servables={"double": DOUBLE}) as server:
        answer = server.predict("double", {"x": np.float32([1, 2])}, timeout_s=LIMIT_S)
        assert answer["x"].tolist() == [2, 4]
        with server.manager.get_servable_handle(ServableRequest.latest("double")) as handle:
            assert handle is not None


def test_ports_are_optional(make, plane):
    with make(grpc_port=None, rest_port=None):
        assert plane.ports == {}


def test_missing_base_path_does_not_keep_the_ports_closed(make, base, tmp_path):
    with make({"gone": str(tmp_path / "gone"), "m": base("m", 1)}) as server:
        assert server.is_ready
        with pytest.raises(NotFoundError, match=r"Latest\(gone\)"):
            server.predict("gone", {"x": [1.0]})


def test_empty_base_path_does_not_keep_the_ports_closed(make, base):
    with make({"empty": base("empty")}) as server:
        assert server.is_ready


def test_broken_model_does_not_keep_the_ports_closed(make, tensorflow, base, plane):
    fail_for(tensorflow, "/broken/")
    with make({"broken": base("broken", 1), "m": base("m", 1)}) as server:
        assert server.predict("m", {"x": [1.0]})["y"] == [2.5]
        assert plane.services["broken"] == 2
        assert plane.services["m"] == 1


def test_ports_stay_closed_while_a_model_loads(make, tensorflow, plane, base):
    may_load = threading.Event()
    tensorflow.on_load = lambda _: may_load.wait(LIMIT_S) and FakeNativeModel(half_plus_two)
    server = make({"m": base("m", 1)})
    starting = threading.Thread(target=server.start)
    starting.start()
    wait_for(lambda: tensorflow.loads)
    assert plane.ports == {}
    may_load.set()
    starting.join(LIMIT_S)
    assert set(plane.ports) == {"grpc", "rest"}


def test_ports_stay_closed_while_one_of_the_first_versions_loads(make, tensorflow, plane, base):
    may_load = threading.Event()
    tensorflow.on_load = lambda path: (path.endswith("1") or may_load.wait(LIMIT_S)) and FakeNativeModel(half_plus_two)
    both = Specific((1, 2))
    model = ModelConfig(name="m", base_path=base("m", 1, 2), version_policy=both, version_labels={"canary": 2})
    server = make({"m": model})
    starting = threading.Thread(target=server.start)
    starting.start()
    wait_for(lambda: "m" in server.manager.get_managed_servable_names() and server.manager.find_pin(VERSION_1))
    assert plane.ports == {}
    may_load.set()
    starting.join(LIMIT_S)
    assert server.predict("m", {"x": [1.0]}, label="canary")["y"] == [2.5]


def test_model_that_comes_back_elsewhere_has_none_of_its_old_failures(make, tensorflow, base):
    fail_for(tensorflow, "bad")
    with make({"m": base("bad", 1)}) as server:
        assert server.monitor.get_state(VERSION_1_ID).error.message.endswith("the graph is broken")
        server.apply_models([])
        may_load = threading.Event()
        tensorflow.on_load = lambda _: may_load.wait(LIMIT_S) and FakeNativeModel(half_plus_two)
        with pytest.raises(DeadlineExceededError):
            server.apply_models([ModelConfig(name="m", base_path=base("good", 1))], timeout_s=0.05)
        wait_for(lambda: server.monitor.get_state(VERSION_1_ID).manager_state is ManagerState.LOADING)
        assert server.monitor.get_state(VERSION_1_ID).error is None
        may_load.set()
        server.wait_until_available("m", timeout_s=LIMIT_S)


def test_serve_while_loading_opens_the_ports_at_once_and_tells_the_state(make, tensorflow, plane, base):
    may_load = threading.Event()
    tensorflow.on_load = lambda _: may_load.wait(LIMIT_S) and FakeNativeModel(half_plus_two)
    with make({"m": base("m", 1)}, servables={"double": DOUBLE}, serve_while_loading=True) as server:
        assert set(plane.ports) == {"grpc", "rest"}
        assert not server.is_ready
        server.wait_until_available("double", timeout_s=LIMIT_S)
        wait_for(lambda: tensorflow.loads)
        with pytest.raises(UnavailableError, match="Model m is not available: version 1 is in state LOADING"):
            server.predict("m", {"x": [1.0]})
        may_load.set()
        server.wait_until_available(timeout_s=LIMIT_S)
        assert server.predict("m", {"x": [1.0]})["y"] == [2.5]
        wait_for(lambda: server.is_ready)


def test_serve_while_loading_tells_why_a_model_has_no_version(make, tmp_path):
    with make({"m": str(tmp_path / "gone")}, serve_while_loading=True) as server:
        wait_for(lambda: server.is_ready)
        with pytest.raises(UnavailableError, match="base path of servable m does not exist"):
            server.predict("m", {"x": [1.0]})


def test_stop_ends_a_start_that_waits(make, tensorflow, base, caplog):
    may_load = threading.Event()
    tensorflow.on_load = lambda _: may_load.wait(LIMIT_S) and FakeNativeModel(half_plus_two)
    server = make({"m": base("m", 1)})
    errors = []

    def start():
        try:
            server.start()
        except UnavailableError as error:
            errors.append(error)

    starting = threading.Thread(target=start)
    starting.start()
    wait_for(lambda: tensorflow.loads)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    may_load.set()
    stopping.join(LIMIT_S)
    starting.join(LIMIT_S)
    assert [error.message for error in errors] == ["the server was stopped while it started"]
    assert "Starting without model" not in caplog.text


def test_stop_during_a_warmup_is_no_error_in_the_log(make, plane, base, caplog):
    caplog.set_level(logging.INFO)
    path = base("m", 1)
    write_warmup_data(Path(path) / "1", [predict_record(b"")])
    is_replaying = threading.Event()

    def refuse_when_stopped(*_):
        is_replaying.set()
        wait_for(lambda: plane.is_stopped)
        raise UnavailableError("The server is shutting down.")

    plane.on_replay = refuse_when_stopped
    with make({"m": path}, serve_while_loading=True):
        assert is_replaying.wait(LIMIT_S)
    assert "Warm-up was given up" in caplog.text
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_change_of_models_that_waits_for_a_warmup_does_not_hold_up_the_drain(make, plane, base):
    is_replaying, errors, errors_when_drained = threading.Event(), [], []
    path = base("m", 1)
    write_warmup_data(Path(path) / "1", [predict_record(b"")])
    server = make(num_warmup_iterations=1_000_000).start()

    def change():
        try:
            server.apply_models([ModelConfig(name="m", base_path=path)], timeout_s=None)
        except UnknownError as error:
            errors.append(error.message)

    def drain(_):
        changing.join(LIMIT_S)  # as the plane waits for the answer to the request that asked for the change
        errors_when_drained.extend(errors)
        return True

    plane.on_replay = lambda *_: is_replaying.set() or threading.Event().wait(0.001)
    plane.wait_drained = drain
    changing = threading.Thread(target=change)
    changing.start()
    assert is_replaying.wait(LIMIT_S)
    server.stop()
    (told,) = errors_when_drained
    assert "the server is stopping" in told


def test_wrong_configuration_stops_the_start(make, plane):
    with pytest.raises(InvalidArgumentError, match="absolute path"):
        make({"m": "relative"}).start()
    assert plane.is_stopped


def test_unknown_platform_is_told_with_the_model(make, base):
    server = make({"m": ModelConfig(name="m", base_path=base("m"), platform="torch")})
    with pytest.raises(InvalidArgumentError, match="Model m requests unsupported platform torch"):
        server.start()


def test_taken_port_stops_the_server(make, plane):
    def refuse(host, port):
        raise UnavailableError("taken")

    plane.listen_rest = refuse
    with pytest.raises(UnavailableError, match="taken"):
        make().start()
    assert plane.is_stopped


def test_drain_that_runs_out_of_time_cuts_off(make, plane):
    with make() as server:
        plane.is_drained.clear()
        server.stop(drain_timeout_s=0)
    assert plane.is_draining
    assert plane.is_stopped


def test_drain_begins_with_not_ready(make, plane):
    seen = []
    plane.begin_drain = lambda: seen.append((plane.is_ready, plane.is_stopped))
    with make():
        pass
    assert seen == [(False, False)]


class TestEveryWayOfClosing:
    """Replays, recordings and watchers end once the health says DRAINING; so each way must come by there, and first."""

    @pytest.fixture
    def healths(self, monkeypatch):
        """The health of each server that is made."""
        made = []

        def health(*args):
            made.append(Health(*args))
            return made[-1]

        monkeypatch.setattr("salver.server.server_core.Health", health)
        return made

    @pytest.fixture
    def seen(self, plane, healths):
        """What the health said when the data plane began to drain."""
        seen = []
        plane.begin_drain = lambda: seen.append(healths[-1].state)
        return seen

    @pytest.mark.parametrize(
        "close",
        [
            Server.stop,
            functools.partial(Server.stop, drain_timeout_s=0),
            lambda server: server.__exit__(None, None, None),
            lambda server: server.__exit__(ValueError, ValueError(), None),
        ],
        ids=["stop", "no time to drain", "context left", "context left by an error"],
    )
    def test_of_a_program(self, make, healths, seen, close):
        server = make().start()
        close(server)
        assert (seen, healths[-1].state) == (["DRAINING"], "DRAINING")

    def test_before_the_start(self, make, healths, seen):
        make().stop()
        assert (seen, healths[-1].state) == (["DRAINING"], "DRAINING")

    def test_drain_of_the_admin_port(self, make, plane, healths, seen):
        server = make(admin_port=0).start()
        assert plane.submit_call(FakeControlCall.admin("POST", "/v1/server:drain")).response(LIMIT_S).status == 202
        wait_for(lambda: plane.is_stopped)
        server.stop()
        assert (seen, healths[-1].state) == (["DRAINING"], "DRAINING")

    @pytest.mark.parametrize(
        "ask", [lambda _: os.kill(os.getpid(), signal.SIGTERM), lambda server: server.drain_request.make()]
    )
    def test_signal_and_drain_of_a_process(self, make, healths, seen, ask):
        server = make()
        started = server.start

        def start():
            started()
            ask(server)

        server.start = start
        assert run_until_signal(server, offer=server.drain_request.become) == 0
        assert (seen, healths[-1].state) == (["DRAINING"], "DRAINING")

    @pytest.mark.parametrize("listen", ["listen_admin", "listen_grpc", "listen_rest"])
    def test_start_that_fails_half_way(self, make, plane, base, healths, seen, listen):
        def refuse(host, port):
            raise UnavailableError("taken")

        setattr(plane, listen, refuse)
        with pytest.raises(UnavailableError, match="taken"):
            make({"m": base("m", 1)}, admin_port=0).start()
        assert (seen, healths[-1].state) == (["DRAINING"], "DRAINING")

    def test_does_not_wait_for_a_file_that_hangs(self, make, plane, base, tmp_path, monkeypatch, seen):
        monkeypatch.setattr("salver.server.server._JOIN_TIMEOUT_S", 0.0)
        is_read, may_end = threading.Event(), threading.Event()

        def hang(*_, **__):
            is_read.set()
            may_end.wait()
            raise UnavailableError("no such server")

        file = tmp_path / "models.config"
        file.write_text("model_config_list {}")
        monkeypatch.setattr("salver.server.config_poller.read_text", hang)
        server = make(model_config_file=str(file), model_config_file_poll_wait_s=0.01).start()
        assert is_read.wait(LIMIT_S)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        stopping.join(LIMIT_S)
        told = (list(seen), plane.is_stopped, stopping.is_alive())
        may_end.set()
        stopping.join(LIMIT_S)
        assert told == (["DRAINING"], True, False)


def test_settings_beside_a_whole_configuration_are_refused():
    with pytest.raises(TypeError, match="grpc_port"):
        Server(ServerConfig(), data_plane=lambda _: FakeDataPlane(), grpc_port=0)


def test_unknown_settings_are_refused():
    with pytest.raises(TypeError, match="grcp_port"):
        Server(data_plane=lambda _: FakeDataPlane(), grcp_port=0)


def test_status_and_metadata_are_answered(make, plane, base):
    with make({"m": base("m", 1)}):
        for path in ("/v1/models/m", "/v1/models/m/metadata"):
            assert plane.submit_call(FakeControlCall.http("GET", path)).response(LIMIT_S).status == 200


def admin_status(plane, path):
    return plane.submit_call(FakeControlCall.admin("GET", path)).response(LIMIT_S).status


def test_admin_port_is_open_while_the_models_still_load(make, plane, tensorflow, base):
    is_loading, may_load = threading.Event(), threading.Event()

    def load(_):
        is_loading.set()
        assert may_load.wait(LIMIT_S)
        return FakeNativeModel(half_plus_two)

    tensorflow.on_load = load
    server = make({"m": base("m", 1)}, admin_port=0)
    start = threading.Thread(target=server.start)
    start.start()
    assert is_loading.wait(LIMIT_S)
    assert plane.ports.keys() == {"admin"}
    assert server.admin_port == plane.ports["admin"]
    assert admin_status(plane, "/startupz") == 503
    assert [admin_status(plane, path) for path in ("/metrics", "/v1/batching/m")] == [200, 200]
    may_load.set()
    start.join(LIMIT_S)
    assert admin_status(plane, "/startupz") == 200
    assert plane.ports.keys() == {"admin", "grpc", "rest"}
    server.stop()
    assert server.admin_port is None


def test_a_program_has_no_admin_port_unless_it_asks_for_one(make, plane, base):
    with make({"m": base("m", 1)}) as server:
        assert server.admin_port is None
        assert "admin" not in plane.ports


def test_rest_port_tells_that_the_start_is_over(make, plane, base):
    with make({"m": base("m", 1)}):
        assert plane.submit_call(FakeControlCall.http("GET", "/startupz")).response(LIMIT_S).status == 200


class TestApplyModels:
    def test_new_model_is_available_when_the_call_returns(self, make, base):
        with make({"a": base("a", 1)}) as server:
            server.apply_models([*server.models, ModelConfig(name="b", base_path=base("b", 4))], timeout_s=LIMIT_S)
            assert server.predict("b", {"x": [1.0]})["y"] == [2.5]
            assert server.predict("a", {"x": [1.0]})["y"] == [2.5]

    def test_model_that_is_left_out_is_unloaded(self, make, plane, base):
        with make({"a": base("a", 1), "b": base("b", 1)}) as server:
            server.apply_models([model for model in server.models if model.name == "b"])
            wait_for(lambda: "a" not in plane.rows)
            wait_for(lambda: "a" not in plane.services)
            assert server.predict("b", {"x": [1.0]})["y"] == [2.5]

    def test_what_is_known_of_models_that_were_removed_long_ago_is_forgotten(self, make, base, monkeypatch):
        forgetful = functools.partial(RemovedModels, max_kept=1)
        monkeypatch.setattr("salver.server.server_core.RemovedModels", forgetful)
        with make({"a": base("a", 1)}) as server:
            server.apply_models([ModelConfig(name="b", base_path=base("b", 1))])
            wait_for(lambda: server.monitor.get_state(ServableId("a", 1)).manager_state is ManagerState.END)
            server.apply_models([])
            assert server.monitor.get_version_states("a") == {}
            assert server.monitor.get_version_states("b") != {}

    def test_removed_model_can_come_back(self, make, base):
        with make({"a": base("a", 1)}) as server:
            models = server.models
            server.apply_models([])
            server.apply_models(models, timeout_s=LIMIT_S)
            assert server.predict("a", {"x": [1.0]})["y"] == [2.5]

    def test_model_that_failed_before_can_come_back_mended(self, make, tensorflow, base):
        fail_for(tensorflow, "/a/")
        with make({"a": base("a", 1)}, max_num_load_retries=0) as server:
            models = server.models
            server.apply_models([])
            fail_for(tensorflow, "/nothing/")
            server.apply_models(models, timeout_s=LIMIT_S)
            assert server.predict("a", {"x": [1.0]})["y"] == [2.5]

    def test_wrong_list_changes_nothing(self, make, base):
        with make({"a": base("a", 1)}) as server:
            before = server.models
            with pytest.raises(InvalidArgumentError):
                server.apply_models([ModelConfig(name="b", base_path="relative")])
            with pytest.raises(InvalidArgumentError, match="unsupported platform"):
                server.apply_models([ModelConfig(name="b", base_path="/b", platform="torch")])
            assert server.models == before
            assert server.predict("a", {"x": [1.0]})["y"] == [2.5]

    def test_new_model_that_fails_is_told_and_the_others_serve(self, make, tensorflow, base):
        fail_for(tensorflow, "/b/")
        with make({"a": base("a", 1)}) as server:
            with pytest.raises(UnknownError, match=r"1 model\(s\) did not become available: .*b due to error.*broken"):
                server.apply_models([*server.models, ModelConfig(name="b", base_path=base("b", 1))], timeout_s=LIMIT_S)
            assert server.predict("a", {"x": [1.0]})["y"] == [2.5]

    def test_server_that_does_not_run_refuses_changes(self, make, base):
        models = [ModelConfig(name="b", base_path=base("b", 1))]
        server = make({"a": base("a", 1)})
        with pytest.raises(FailedPreconditionError, match="starting or stopping"):
            server.apply_models(models, timeout_s=None)
        with server:
            assert [model.name for model in server.models] == ["a"]
        with pytest.raises(FailedPreconditionError, match="starting or stopping"):
            server.apply_models(models, timeout_s=None)

    def test_wait_has_a_limit(self, make, tensorflow, base):
        may_load = threading.Event()
        with make() as server:
            tensorflow.on_load = lambda _: may_load.wait(LIMIT_S) and FakeNativeModel(half_plus_two)
            with pytest.raises(DeadlineExceededError, match="still loading: b"):
                server.apply_models([ModelConfig(name="b", base_path=base("b", 1))], timeout_s=0)
            may_load.set()
            server.wait_until_available("b", timeout_s=LIMIT_S)

    def test_labels_may_come_with_their_model(self, make, base):
        config = ModelConfig(name="a", base_path=base("a", 1), version_labels={"stable": 1})
        with make({"a": config}) as server:
            assert server.predict("a", {"x": [1.0]}, label="stable")["y"] == [2.5]

    def test_label_cannot_move_to_a_version_that_is_not_there(self, make, base):
        config = ModelConfig(name="a", base_path=base("a", 1))
        with make({"a": config}) as server:
            labelled = ModelConfig(name="a", base_path=config.base_path, version_labels={"stable": 9})
            with pytest.raises(FailedPreconditionError, match="version 9 of model a"):
                server.apply_models([labelled])

    def test_new_label_may_name_a_version_that_is_not_there_where_that_is_allowed(self, make, base):
        config = ModelConfig(name="a", base_path=base("a", 1))
        with make({"a": config}, allow_version_labels_for_unavailable_models=True) as server:
            server.apply_models([replace(config, version_labels={"next": 9})])
            with pytest.raises(NotFoundError, match=r"Specific\(a, 9\)"):
                server.predict("a", {"x": [1.0]}, label="next")
            with pytest.raises(FailedPreconditionError, match="version 8 of model a"):
                server.apply_models([replace(config, version_labels={"next": 8})])

    def test_platform_of_a_model_cannot_change(self, make, base):
        with make({"a": base("a", 1)}) as server, pytest.raises(InvalidArgumentError, match="change a model's"):
            server.apply_models([ModelConfig(name="a", base_path=base("a"), platform="python")])

    def test_version_policy_can_change(self, make, plane, base):
        path = base("a", 1, 2)
        with make({"a": ModelConfig(name="a", base_path=path, version_policy=Latest(1))}) as server:
            assert [target.spec.version for target in plane.rows["a"].targets] == [2]
            server.apply_models([ModelConfig(name="a", base_path=path, version_policy=Specific((1,)))])
            wait_for(lambda: [target.spec.version for target in plane.rows["a"].targets] == [1])

    def test_name_of_a_servable_of_the_program_is_taken(self, make, base):
        with make(servables={"double": DOUBLE}) as server, pytest.raises(InvalidArgumentError, match="double"):
            server.apply_models([ModelConfig(name="double", base_path=base("double", 1))])

    def test_change_need_not_wait_for_models_of_the_change_before(self, make, tensorflow, base, caplog):
        may_load, errors = threading.Event(), []

        def apply():
            try:
                server.apply_models([ModelConfig(name="b", base_path=base("b", 1))], timeout_s=None)
            except UnknownError as error:
                errors.append(error)

        with caplog.at_level("INFO"), make() as server:
            tensorflow.on_load = lambda _: may_load.wait(LIMIT_S) and FakeNativeModel(half_plus_two)
            applying = threading.Thread(target=apply)
            applying.start()
            wait_for(lambda: tensorflow.loads)
            server.apply_models([], timeout_s=LIMIT_S)
            may_load.set()
            applying.join(LIMIT_S)
        assert "b due to error: ABORTED: a later change took it away" in errors[0].message
        assert "Models set by this program (they were set by the start before): added b" in caplog.messages
        assert "Models set by this program: removed b" in caplog.messages

    def test_model_taken_away_during_the_start_does_not_hold_it_up(self, make, tensorflow, base, plane):
        may_load = threading.Event()
        tensorflow.on_load = lambda _: may_load.wait(LIMIT_S) and FakeNativeModel(half_plus_two)
        server = make({"a": base("a", 1)})
        starting = threading.Thread(target=server.start)
        starting.start()
        wait_for(lambda: tensorflow.loads)
        server.apply_models([])
        may_load.set()
        starting.join(LIMIT_S)
        assert set(plane.ports) == {"grpc", "rest"}

    def test_stop_ends_the_wait(self, make, base, tmp_path):
        errors = []

        def apply():
            try:
                server.apply_models([ModelConfig(name="b", base_path=base("b", 1))], timeout_s=None)
            except UnknownError as error:
                errors.append(error)

        with make() as server:
            # A version that is never looked for: the source has only its first look.
            applying = threading.Thread(target=apply)
            server.manager.detach()
            applying.start()
            wait_for(lambda: server.models)
        applying.join(LIMIT_S)
        assert "the server is stopping" in errors[0].message


class TestModelConfigFile:
    def test_file_that_changes_is_applied_while_serving(self, make, base, tmp_path):
        file = tmp_path / "models.config"
        first, second = (ModelConfig(name=name, base_path=base(name, 1)) for name in "ab")
        file.write_text(format_text(message_of((first,))))
        settings = {"model_config_file": str(file), "model_config_file_poll_wait_s": 0.01}
        with make({"a": first}, **settings) as server:
            file.write_text(format_text(message_of((first, second))))
            wait_for(lambda: "b" in {model.name for model in server.models})
            server.wait_until_available("b", timeout_s=LIMIT_S)
            assert server.predict("b", {"x": [1.0]})["y"] == [2.5]

    def test_batching_parameters_that_change_are_applied_while_serving(self, make, plane, base, tmp_path):
        file = tmp_path / "batching.pbtxt"
        file.write_text("")
        settings = {"batching_parameters_file": str(file), "batching_parameters_poll_wait_s": 0.01}
        with make({"a": base("a", 1)}, enable_batching=True, **settings):
            file.write_text("latency_slo_ms: 20")
            wait_for(lambda: plane.resolve("a").batching == BatchingPolicy(latency_slo_s=0.02))


class TestReloadRequest:
    def test_list_of_the_request_is_put_in_force(self, make, plane, base):
        with make({"a": base("a", 1)}) as server:
            request = wire.ReloadConfigRequest(metric_names=["x", "x"])
            request.config.CopyFrom(message_of((ModelConfig(name="b", base_path=base("b", 1)),)))
            call = plane.submit_call(FakeControlCall.grpc(RELOAD_CONFIG, request.SerializeToString()))
            answer = wire.ReloadConfigResponse.FromString(call.result(LIMIT_S))
            assert answer.status.error_code == 0
            assert [(metric.name, metric.int64_value_increase) for metric in answer.metric] == [("x", 0)]
            assert [model.name for model in server.models] == ["b"]

    def test_growth_of_a_metric_is_told_by_its_internal_name(self, make, plane, base):
        attempts = "/tensorflow/cc/saved_model/load_attempt_count"
        with make():
            request = wire.ReloadConfigRequest(metric_names=[attempts, "/no/such/metric"])
            request.config.CopyFrom(message_of((ModelConfig(name="b", base_path=base("b", 1)),)))
            call = plane.submit_call(FakeControlCall.grpc(RELOAD_CONFIG, request.SerializeToString()))
            answer = wire.ReloadConfigResponse.FromString(call.result(LIMIT_S))
            growth = {metric.name: metric.int64_value_increase for metric in answer.metric}
            assert growth == {attempts: 1, "/no/such/metric": 0}

    def test_batching_parameters_are_read_again(self, make, plane, base, tmp_path):
        file = tmp_path / "batching.pbtxt"
        file.write_text("")
        settings = {"batching_parameters_file": str(file), "batching_parameters_poll_wait_s": None}
        models = (ModelConfig(name="a", base_path=base("a", 1)),)
        with make({"a": models[0]}, enable_batching=True, **settings):
            target = plane.resolve("a")
            file.write_text("weight: 3")
            request = wire.ReloadConfigRequest(config=message_of(models))
            plane.submit_call(FakeControlCall.grpc(RELOAD_CONFIG, request.SerializeToString())).result(LIMIT_S)
            assert plane.resolve("a") is target
            assert target.batching == BatchingPolicy(weight=3)

    @pytest.mark.parametrize("config", [{}, {"custom_model_config": {}}])
    def test_other_configurations_are_refused(self, make, plane, config):
        with make():
            body = wire.ReloadConfigRequest(config=config).SerializeToString()
            with pytest.raises(InvalidArgumentError, match="Only ModelConfigList is currently supported"):
                plane.submit_call(FakeControlCall.grpc(RELOAD_CONFIG, body)).result(LIMIT_S)


class Warmable:
    """A servable of the program with a warm-up of its own."""

    signatures = DOUBLE.signatures

    def __init__(self):
        self.num_warmups = 0

    def run(self, signature, inputs):
        return DOUBLE.run(signature, inputs)

    def warmup(self):
        self.num_warmups += 1


@pytest.mark.parametrize("is_on", [True, False])
def test_servables_of_the_program_are_warmed_up_before_they_serve(make, is_on):
    servable = Warmable()
    with make(servables={"double": servable}, enable_model_warmup=is_on) as server:
        assert servable.num_warmups == is_on
        assert server.predict("double", {"x": np.float32([1])}, timeout_s=LIMIT_S)["x"].tolist() == [2]


def test_a_version_with_warmup_data_is_loading_until_all_is_replayed(make, plane, base):
    path, replaying, go_on = base("m", 1), threading.Event(), threading.Event()
    write_warmup_data(Path(path) / "1", [predict_record(b"")])

    def on_replay(api, request):
        replaying.set()
        assert go_on.wait(LIMIT_S)

    plane.on_replay = on_replay
    with make({"m": path}, serve_while_loading=True) as server:
        assert replaying.wait(LIMIT_S)
        (status,) = server.monitor.get_version_states("m").values()
        assert status.state.manager_state is ManagerState.LOADING
        assert "m" not in plane.rows or not plane.rows["m"].targets
        go_on.set()
        server.wait_until_available("m", timeout_s=LIMIT_S)


def test_a_version_that_is_no_longer_wanted_ends_its_warmup(make, plane, base):
    path, replaying, go_on = base("m", 1), threading.Event(), threading.Event()
    write_warmup_data(Path(path) / "1", [predict_record(b"")] * 100)

    def on_replay(api, request):
        replaying.set()
        assert go_on.wait(LIMIT_S)

    plane.on_replay = on_replay
    with make({"m": path}, serve_while_loading=True) as server:
        assert replaying.wait(LIMIT_S)
        server.apply_models([], timeout_s=LIMIT_S)
        go_on.set()
        wait_for(lambda: server.monitor.get_version_states("m")[1].state.manager_state is ManagerState.END)
        assert len(plane.replays) == 1


def test_models_say_what_is_logged_and_a_reload_changes_it(make, plane, base, tmp_path):
    logging = RequestLoggingConfig(collector_type="", filename_prefix=str(tmp_path / "log"), sampling_rate=0.5)
    logged = ModelConfig(name="m", base_path=base("m", 1), request_logging=logging)
    with make({"m": logged}) as server:
        assert plane.log_rules["m"].sampling_rate == 0.5
        server.apply_models([replace(logged, request_logging=replace(logging, collector_type="tfrecord"))])
        assert list(plane.log_rules) == ["m"]
        with pytest.raises(NotFoundError, match="kafka"):
            server.apply_models([replace(logged, request_logging=replace(logging, collector_type="kafka"))])
        assert server.models[0].request_logging.collector_type == "tfrecord"
        server.apply_models([replace(logged, request_logging=None)])
        assert plane.log_rules == {}
