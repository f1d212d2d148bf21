import pytest

from salver.server.health import Health
from salver.server.startup_probe import StartupProbe
from salver.testing.fake_calls import FakeControlCall
from salver.testing.fake_dataplane import FakeDataPlane


@pytest.fixture
def health():
    return Health(FakeDataPlane())


def status(health):
    return StartupProbe(health)(FakeControlCall.admin("GET", "/startupz")).status


def test_a_start_is_over_once_every_model_was_available_or_failed(health):
    assert status(health) == 503
    health.set_started()
    assert status(health) == 200


def test_a_server_that_drains_has_started(health):
    health.set_started()
    health.set_draining()
    assert status(health) == 200
