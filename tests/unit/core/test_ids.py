from salver.core.ids import ServableId


def test_text_is_the_one_of_logs_and_errors():
    assert str(ServableId("model", 3)) == "{name: model version: 3}"


def test_is_equal_and_hashed_by_both_fields():
    assert ServableId("a", 1) == ServableId("a", 1)
    assert len({ServableId("a", 1), ServableId("a", 1), ServableId("a", 2), ServableId("b", 1)}) == 3


def test_order_is_by_name_then_version():
    assert sorted([ServableId("b", 1), ServableId("a", 10), ServableId("a", 9)]) == [
        ServableId("a", 9),
        ServableId("a", 10),
        ServableId("b", 1),
    ]
