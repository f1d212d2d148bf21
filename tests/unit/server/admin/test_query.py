import pytest

from salver.errors import InvalidArgumentError
from salver.server.admin.query import read_number, read_query


def test_values_are_decoded_and_kept_in_order():
    assert read_query("model=a%2Fb&type=x&model=c", ("model", "type")) == {"model": ("a/b", "c"), "type": ("x",)}
    assert read_query("", ()) == {}
    assert read_query("model=", ("model",)) == {"model": ("",)}


@pytest.mark.parametrize(
    ("query", "known", "said"),
    [("modle=a", ("model", "type"), "did you mean model"), ("x=1", ("model", "type"), "known are model, type")],
)
def test_unknown_parameter_is_refused_with_a_hint(query, known, said):
    with pytest.raises(InvalidArgumentError, match=said):
        read_query(query, known)


@pytest.mark.parametrize("value", ["", "-1", "1.5", "x", "٣", "9" * 30])
def test_other_things_than_whole_numbers_are_refused(value):
    with pytest.raises(InvalidArgumentError, match="after must be a whole number"):
        read_number("after", value)


def test_whole_number_is_read():
    assert read_number("after", "12") == 12
