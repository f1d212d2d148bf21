import pytest

from salver.core.ids import ServableId
from salver.core.servable_request import ServableRequest
from salver.core.static_manager import StaticManagerBuilder
from salver.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError

A1, A3, B0 = ServableId("a", 1), ServableId("a", 3), ServableId("b", 0)


def test_serves_what_it_was_given_by_latest_and_specific():
    builder = StaticManagerBuilder()
    for id in (A1, A3, B0):
        builder.add_servable(id, str(id))
    manager = builder.build()
    assert manager.list_available_servable_ids() == [A1, A3, B0]
    for request, id in [
        (ServableRequest.latest("a"), A3),
        (ServableRequest.specific("a", 1), A1),
        (ServableRequest.latest("b"), B0),
    ]:
        with manager.get_servable_handle(request, str) as handle:
            assert (handle.id, handle.servable) == (id, str(id))
    manager.close()
    assert manager.list_available_servable_ids() == []


def test_gives_the_object_itself():
    servable = {"key": "value"}
    builder = StaticManagerBuilder()
    builder.add_servable(A1, servable)
    with builder.build().get_servable_handle(ServableRequest.latest("a"), dict) as handle:
        assert handle.servable is servable


def test_what_was_not_given_is_not_found():
    with pytest.raises(NotFoundError):
        StaticManagerBuilder().build().get_servable_handle(ServableRequest.latest("a"))


def test_none_is_refused():
    with pytest.raises(InvalidArgumentError, match="must not be None"):
        StaticManagerBuilder().add_servable(A1, None)


def test_same_id_twice_is_refused():
    builder = StaticManagerBuilder()
    builder.add_servable(A1, "first")
    with pytest.raises(FailedPreconditionError, match="already being managed"):
        builder.add_servable(A1, "second")


def test_nothing_works_after_build():
    builder = StaticManagerBuilder()
    builder.build()
    message = r"Build\(\) already called on this StaticManagerBuilder\."
    with pytest.raises(FailedPreconditionError, match=message):
        builder.add_servable(A1, "late")
    with pytest.raises(FailedPreconditionError, match=message):
        builder.build()
