import pytest

from salver.server.health import NOT_SERVING, SERVER_SERVICES, SERVING, Health
from salver.testing.fake_dataplane import FakeDataPlane


@pytest.fixture
def plane():
    return FakeDataPlane()


@pytest.fixture
def health(plane):
    return Health(plane)


def server_states(plane):
    return {plane.services[name] for name in SERVER_SERVICES}


def test_server_is_not_ready_until_started(plane, health):
    health.set_models(["m"])
    assert server_states(plane) == {NOT_SERVING}
    assert not plane.is_ready
    health.set_started()
    assert server_states(plane) == {SERVING}
    assert plane.is_ready


def test_model_is_ready_while_a_version_serves(plane, health):
    health.set_models(["a", "b"])
    health.set_available("a", is_available=True)
    assert (plane.services["a"], plane.services["b"]) == (SERVING, NOT_SERVING)
    health.set_available("a", is_available=False)
    assert plane.services["a"] == NOT_SERVING


def test_failing_model_does_not_make_the_server_unready(plane, health):
    health.set_models(["m"])
    health.set_available("m", is_available=True)
    health.set_started()
    health.set_available("m", is_available=False)
    assert plane.is_ready


def test_draining_makes_everything_unready(plane, health):
    health.set_models(["m"])
    health.set_available("m", is_available=True)
    health.set_started()
    health.set_draining()
    assert set(plane.services.values()) == {NOT_SERVING}
    assert not plane.is_ready


def test_removed_model_is_unknown_once_it_has_gone(plane, health):
    health.set_models(["m"])
    health.set_available("m", is_available=True)
    health.set_models([])
    assert plane.services["m"] == SERVING
    health.set_available("m", is_available=False)
    assert "m" not in plane.services


def test_model_named_like_a_service_does_not_speak_for_the_server(plane, health):
    health.set_models(["ModelService"])
    health.set_available("ModelService", is_available=True)
    assert plane.services["ModelService"] == NOT_SERVING


def test_each_state_of_the_server_is_told_once_and_after_it_is_published(plane):
    told = []
    health = Health(plane, lambda state: told.append((state, plane.is_ready)))
    assert health.state == "STARTING"
    health.set_started()
    health.set_started()
    health.set_draining()
    health.set_draining()
    assert told == [("SERVING", True), ("DRAINING", False)]


def test_server_that_is_stopped_while_it_starts_drains(plane):
    told = []
    health = Health(plane, told.append)
    health.set_draining()
    health.set_started()
    assert (told, health.state) == (["DRAINING"], "DRAINING")
