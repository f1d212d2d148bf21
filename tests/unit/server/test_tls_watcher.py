from __future__ import annotations

import pytest

from salver.config.tls import TlsFiles
from salver.errors import InvalidArgumentError, NotFoundError
from salver.server.tls_watcher import TlsWatcher
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_dataplane import FakeDataPlane

DAY_S = 86400.0


class Setup:
    """A watcher over two files and a fake data plane that refuses the text "bad"."""

    def __init__(self, folder):
        self.certificate, self.key = folder / "cert", folder / "key"
        self.write(b"one")
        self.plane = FakeDataPlane()
        self.plane.on_tls = self.check
        self.expires_s = 1000 * DAY_S
        self.clock = FakeClock()
        source = TlsFiles(certificate=str(self.certificate), key=str(self.key))
        self.watcher = TlsWatcher(self.plane.set_tls, {"grpc": source}, now=self.clock)

    def write(self, text):
        self.certificate.write_bytes(text)
        self.key.write_bytes(text)

    def check(self, config):
        if config.certificate.text != config.key.text or config.key.text == b"bad":
            raise InvalidArgumentError("they do not match")
        return self.expires_s

    @property
    def in_force(self):
        return self.plane.tls["grpc"].certificate.text


@pytest.fixture
def setup(tmp_path):
    return Setup(tmp_path)


def errors_of(caplog):
    return [record.message for record in caplog.records if record.levelname == "ERROR"]


def test_loads_what_is_there(setup):
    setup.watcher.load()
    assert setup.in_force == b"one"


def test_credentials_that_cannot_be_used_stop_the_load(setup):
    setup.write(b"bad")
    with pytest.raises(InvalidArgumentError, match="do not match"):
        setup.watcher.load()
    setup.key.unlink()
    with pytest.raises(NotFoundError, match="key"):
        setup.watcher.load()


def test_takes_up_a_change_when_it_was_seen_twice(setup):
    setup.watcher.load()
    setup.write(b"two")
    soon_s = setup.watcher.step()
    assert setup.in_force == b"one"
    later_s = setup.watcher.step()
    assert setup.in_force == b"two"
    assert soon_s < later_s


def test_a_change_that_is_not_whole_yet_is_no_event(setup, caplog):
    setup.watcher.load()
    setup.certificate.write_bytes(b"two")
    setup.watcher.step()
    setup.key.unlink()
    setup.watcher.step()
    setup.key.write_bytes(b"two")
    setup.watcher.step()
    setup.watcher.step()
    assert setup.in_force == b"two"
    assert errors_of(caplog) == []


def test_times_alone_change_nothing(setup):
    setup.watcher.load()
    setup.plane.tls.clear()
    setup.write(b"one")
    for _ in range(3):
        setup.watcher.step()
    assert setup.plane.tls == {}


@pytest.mark.parametrize("spoil", [lambda setup: setup.write(b"bad"), lambda setup: setup.key.unlink()])
def test_a_bad_change_is_told_once_and_the_old_stays(setup, caplog, spoil):
    setup.watcher.load()
    spoil(setup)
    for _ in range(5):
        setup.watcher.step()
    assert setup.in_force == b"one"
    (error,) = errors_of(caplog)
    assert "The TLS credentials of the gRPC port stay as they are" in error
    setup.write(b"two")
    setup.watcher.step()
    setup.watcher.step()
    assert setup.in_force == b"two"


def test_the_same_bad_change_after_a_good_one_is_told_again(setup, caplog):
    setup.watcher.load()
    for text in (b"bad", b"one", b"bad"):
        setup.write(text)
        setup.watcher.step()
        setup.watcher.step()
    assert len(errors_of(caplog)) == 2


def test_expiry_is_told_once_a_day_from_two_weeks_before(setup, caplog):
    setup.expires_s = setup.clock() + 15 * DAY_S
    setup.watcher.load()
    assert caplog.records == []
    setup.clock.advance(2 * DAY_S)
    for _ in range(3):
        setup.watcher.step()
    (record,) = caplog.records
    assert record.message.startswith("The TLS certificate of the gRPC port expires in 13.0 days")
    setup.clock.advance(14 * DAY_S)
    setup.watcher.step()
    assert "has expired" in caplog.records[-1].message


def test_without_sources_there_is_nothing_to_watch():
    watcher = TlsWatcher(FakeDataPlane().set_tls, {})
    watcher.load()
    watcher.start()
    watcher.stop()


def test_the_thread_ends(setup):
    setup.watcher.load()
    setup.watcher.start()
    setup.watcher.stop()
