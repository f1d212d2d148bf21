"""Many changes of the model list by two writers, right and wrong ones, while requests flow to models that stay."""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest

from salver import wire as messages
from tests.support import wire
from tests.support.load import Load
from tests.support.model_configs import PLATFORMS, STEADY, UNFOUND, RandomConfig, random_config
from tests.support.models import HALF_PLUS_TWO, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, wait_until

pytestmark = pytest.mark.timeout(240)

RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
NUM_CHANGES = 120
NUM_WRITES = 30
"""Of these, where a part comes by the watched file; between two there is a pause."""
WRONG = {"INVALID_ARGUMENT", "FAILED_PRECONDITION"}
IN_FORCE = {"OK", "UNKNOWN"}
"""UNKNOWN: the list is in force, but one of its new models failed, or another writer took it away again."""


@dataclass
class Writer:
    """Sends random lists and remembers the last right one."""

    seed: int
    folder: Path
    send: Callable[[RandomConfig], None]
    num_changes: int
    last: RandomConfig | None = None
    problems: list[str] = field(default_factory=list)

    def run(self) -> None:
        rng = random.Random(self.seed)
        for _ in range(self.num_changes):
            config = random_config(rng, self.folder)
            try:
                self.send(config)
            except Exception as error:  # noqa: BLE001  # of a thread: the test looks at what it had
                self.problems.append(repr(error))
                return
            if not config.is_wrong:
                self.last = config


def send_by_request(server: ServerProcess) -> Callable[[RandomConfig], None]:
    """Send a list by gRPC and hold the answer against what it should be."""

    def send(config: RandomConfig) -> None:
        text = f"config {{ {config.text} }}"
        request = messages.parse_text(text, "tensorflow.serving.ReloadConfigRequest").SerializeToString()
        try:
            server.call(RELOAD, request, timeout_s=60)
            code, details = "OK", ""
        except grpc.RpcError as error:
            code, details = error.code().name, error.details() or ""
        assert code in (WRONG if config.is_wrong else IN_FORCE), (code, details, config.text)

    return send


def send_by_file(file: Path, rng: random.Random) -> Callable[[RandomConfig], None]:
    """Write a list as people do: in place and in two parts, by renaming, or with a mistake in it that they mend."""

    def send(config: RandomConfig) -> None:
        time.sleep(rng.uniform(0, 0.6))  # between two looks of the server, or at one
        if rng.random() < 0.3:
            file.write_text(config.text[: rng.randrange(len(config.text))])
            time.sleep(rng.uniform(0, 0.3))
        if rng.random() < 0.5:
            file.write_text(config.text)
            return
        beside = file.with_suffix(".new")
        beside.write_text(config.text)
        os.replace(beside, file)

    return send


def add_models(folder: Path) -> None:
    for name in (STEADY, *PLATFORMS):
        for directory in (folder / name / version for version in ("1", "2")):
            if PLATFORMS.get(name) == "lookup_table":
                directory.mkdir(parents=True)
                (directory / "table.json").write_text("{}")
            else:
                shutil.copytree(HALF_PLUS_TWO / "1", directory)


def serving(server: ServerProcess) -> dict[str, set[int]]:
    """The versions that serve, by model, of all models that were ever named."""
    found = {}
    for name in (STEADY, *PLATFORMS, UNFOUND, "extra"):
        reply = server.get(f"/v1/models/{name}")
        states = reply.json().get("model_version_status", []) if reply.status == 200 else []
        found[name] = {int(one["version"]) for one in states if one["state"] == "AVAILABLE"}
    return {name: versions for name, versions in found.items() if versions}


def load_on(server: ServerProcess) -> Load:
    """Requests to the model that stays: the latest of it by gRPC, the label by REST."""
    load, request = Load(), half_plus_two_request(1.0, 5.0, model=STEADY)
    load.add_grpc(server.grpc_address, wire.PREDICT, request, is_half_plus_two(1.0, 5.0))
    path = f"/v1/models/{STEADY}/labels/first:predict"
    return load.add_rest(server.rest_port, path, b'{"inputs": [1.0, 5.0]}', lambda answer: b"2.5" in answer)


def run_storm(server: ServerProcess, writers: list[Writer]) -> None:
    """Let the writers write, under load; no request may fail, and each writer must come to its end."""
    with load_on(server) as load:
        load.wait_for(5)
        threads = [threading.Thread(target=writer.run, daemon=True) for writer in writers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(150)
        assert not any(thread.is_alive() for thread in threads), "a writer waits for ever"
        load.wait_for(5)
    assert [problem for writer in writers for problem in writer.problems] == []
    load.assert_no_failures()


def assert_serves_one_of(server: ServerProcess, writers: list[Writer]) -> None:
    """Whoever came last, all is as one writer's last right list says."""
    candidates = [writer.last.serving for writer in writers if writer.last is not None]
    assert len(candidates) == len(writers)
    wait_until(lambda: serving(server) in candidates, 60, f"one of {candidates}; it serves {serving(server)}")


@pytest.fixture
def server(tmp_path: Path) -> Callable[..., ServerProcess]:
    add_models(tmp_path)
    file = tmp_path / "models.config"
    first = random_config(random.Random(0), tmp_path)
    assert not first.is_wrong
    file.write_text(first.text)
    return ServerProcess(
        (
            f"--model_config_file={file}",
            "--model_config_file_poll_wait_seconds=1",
            "--file_system_poll_wait_seconds=1",
            "--max_num_load_retries=0",
        ),
        tmp_path / "server.log",
    )


def test_two_callers_change_the_models(server: ServerProcess, tmp_path: Path) -> None:
    with server:
        send = send_by_request(server)
        writers = [Writer(seed, tmp_path, send, NUM_CHANGES // 2) for seed in (1, 2)]
        run_storm(server, writers)
        assert_serves_one_of(server, writers)
        last = random_config(random.Random(3), tmp_path)
        assert not last.is_wrong
        send(last)
        rng = random.Random(4)
        for config in (random_config(rng, tmp_path) for _ in range(40)):
            if config.is_wrong:
                send(config)
        wait_until(lambda: serving(server) == last.serving, 60, f"{last.serving}; it serves {serving(server)}")


def test_a_caller_and_the_watched_file_change_the_models(server: ServerProcess, tmp_path: Path) -> None:
    with server:
        file = tmp_path / "models.config"
        by_file = send_by_file(file, random.Random(5))
        writers = [
            Writer(6, tmp_path, send_by_request(server), NUM_CHANGES - NUM_WRITES),
            Writer(7, tmp_path, by_file, NUM_WRITES),
        ]
        run_storm(server, writers)
        last = random_config(random.Random(3), tmp_path)
        by_file(last)
        wait_until(lambda: serving(server) == last.serving, 60, f"{last.serving}; it serves {serving(server)}")
        by_request = random_config(random.Random(9), tmp_path)
        assert not by_request.is_wrong
        send_by_request(server)(by_request)
        wait_until(lambda: serving(server) == by_request.serving, 60, f"{by_request.serving} in place of the file's")
        assert f"they were set by {file} before" in server.output()
