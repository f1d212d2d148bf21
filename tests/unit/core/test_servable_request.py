import pytest

from salver.core.ids import ServableId
from salver.core.servable_request import ServableRequest, VersionChoice


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (ServableRequest.specific("name", 7), "Specific(name, 7)"),
        (ServableRequest.specific("name", 0), "Specific(name, 0)"),
        (ServableRequest.latest("name"), "Latest(name)"),
        (ServableRequest.earliest("name"), "Earliest(name)"),
        (ServableRequest.from_id(ServableId("name", 7)), "Specific(name, 7)"),
        (ServableRequest("name", 7, VersionChoice.EARLIEST), "Specific(name, 7)"),
    ],
)
def test_text_names_what_is_asked_for(request_, text):
    assert str(request_) == text


def test_requests_are_equal_and_hash_alike_by_value():
    assert ServableRequest.specific("a", 1) == ServableRequest.from_id(ServableId("a", 1))
    assert len({ServableRequest.latest("a"), ServableRequest.latest("a"), ServableRequest.earliest("a")}) == 2


def test_a_request_is_no_id():
    assert ServableRequest.specific("a", 1) != ServableId("a", 1)
