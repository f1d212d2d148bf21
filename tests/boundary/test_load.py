"""The load generator through the extension: options, errors, and that it leaves the interpreter to others."""

from __future__ import annotations

import signal
import socket
import threading
from dataclasses import fields, replace

import pytest

from salver.boundary.load import LoadOptions, LoadProgress, LoadReport, LoadTls
from salver.dataplane import start_load
from salver.errors import InvalidArgumentError, UnavailableError
from tests.support.server_process import free_ports

OPTIONS = LoadOptions(host="127.0.0.1", port=1, protocol="grpc", path="/service/Method", bodies=(b"x",), num_requests=1)


@pytest.fixture
def silent():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def test_a_server_that_is_not_there_is_an_error():
    (port,) = free_ports(1)
    with pytest.raises(UnavailableError, match=rf"nothing listens at 127\.0\.0\.1:{port}"):
        start_load(replace(OPTIONS, port=port))


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"protocol": "soap"}, ValueError, "expected grpc or rest, got soap"),
        ({"requests_per_s": 5.0, "spacing": "odd"}, ValueError, "expected poisson or constant, got odd"),
        ({"bodies": ()}, InvalidArgumentError, "at least one body"),
        ({"num_connections": 0}, InvalidArgumentError, "at least one thread, one connection"),
        ({"headers": (("a b", "c"),)}, InvalidArgumentError, "is no header"),
        ({"path": "/\n"}, InvalidArgumentError, "/\n"),
        ({"tls": LoadTls(server_name="h", roots=b"")}, InvalidArgumentError, "no authority"),
    ],
)
def test_options_that_make_no_load_are_refused(fields, error, message):
    with pytest.raises(error, match=message):
        start_load(replace(OPTIONS, **fields))


def test_both_sides_have_the_same_fields(silent):
    """What the extension does not have would be an AttributeError, what it has beyond is nobody's."""
    run = start_load(replace(OPTIONS, port=silent, timeout_s=0.05))
    while not (progress := run.next_progress(0.05)).is_over:
        pass
    report = run.report()
    assert {field.name for field in fields(LoadProgress)} == public_names(run._run.next_progress(0))
    assert {field.name for field in fields(LoadReport)} == public_names(run._run.report())
    assert progress.num_failed == 1
    assert report.failures == {"TIMEOUT": (1, "no answer within 0.05 s")}
    assert (report.answered, report.num_within, report.latencies, report.reply) == ((0,), 0, (), None)


def public_names(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


class SignalledError(Exception):
    """Raised by the handler of a test's signal."""


def test_a_signal_ends_the_wait_for_connections():
    def raise_it(*_):
        raise SignalledError

    before = signal.signal(signal.SIGUSR1, raise_it)
    try:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
            port = int(listener.getsockname()[1])
            hanging = replace(OPTIONS, port=port, num_connections=20, connect_timeout_s=600.0)
            main = threading.main_thread().ident
            assert main is not None
            threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGUSR1)).start()
            with pytest.raises(SignalledError):
                start_load(hanging)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_waiting_for_a_load_leaves_the_interpreter_to_others(silent):
    run = start_load(replace(OPTIONS, port=silent, num_requests=None, duration_s=600.0, timeout_s=600.0))
    stopper = threading.Thread(target=run.stop)
    stopper.start()
    assert run.next_progress(60.0).is_over
    stopper.join()
    assert run.report().failure is None
