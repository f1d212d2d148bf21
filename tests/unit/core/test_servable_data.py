import pytest

from salver.core.ids import ServableId
from salver.core.servable_data import ServableData
from salver.errors import InternalError, NotFoundError

ID = ServableId("model", 1)
BROKEN = InternalError("broken")


def test_healthy_item_has_data_and_no_error():
    item = ServableData(ID, "/model/1")
    assert (item.id, item.is_ok, item.error, item.data) == (ID, True, None, "/model/1")


def test_failed_item_raises_its_error_instead_of_giving_data():
    item = ServableData.failed(ID, BROKEN)
    assert (item.id, item.is_ok, item.error) == (ID, False, BROKEN)
    with pytest.raises(InternalError, match="broken"):
        _ = item.data


@pytest.mark.parametrize(
    ("other", "is_equal"),
    [
        (ServableData(ID, "/a"), True),
        (ServableData(ID, "/b"), False),
        (ServableData(ServableId("model", 2), "/a"), False),
        (ServableData.failed(ID, BROKEN), False),
    ],
)
def test_healthy_items_are_equal_by_id_and_data(other, is_equal):
    assert (ServableData(ID, "/a") == other) == is_equal


@pytest.mark.parametrize(
    ("other", "is_equal"),
    [
        (ServableData.failed(ID, InternalError("broken")), True),
        (ServableData.failed(ID, InternalError("otherwise")), False),
        (ServableData.failed(ID, NotFoundError("broken")), False),
        (ServableData(ID, None), False),
    ],
)
def test_failed_items_are_equal_by_id_and_error(other, is_equal):
    assert (ServableData.failed(ID, BROKEN) == other) == is_equal
