import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver.admin.limits import Limits
from salver.admin.model import ModelSpec
from salver.errors import InvalidArgumentError
from salver.server.admin.inputs import read_body, read_query


@dataclass(frozen=True, kw_only=True)
class Inner:
    depth: int = 0


@dataclass(frozen=True, kw_only=True)
class Kind:
    name: Annotated[str, Limits(min_length=1)]
    count: Annotated[int, Limits(minimum=0, maximum=9)] = 0
    ratio: float = 0.0
    is_on: bool = False
    colour: Annotated[str | None, Limits(choices=("red", "green"))] = None
    sizes: tuple[int, ...] = ()
    labels: Mapping[str, int] = None
    inner: Inner | None = None


def read(document):
    return read_body(Kind, json.dumps(document).encode(), "the body")


def test_values_are_read_into_their_fields():
    document = {"name": "x", "count": 3, "ratio": 2, "is_on": True, "colour": "red", "sizes": [1, 2]}
    assert read({**document, "labels": {"a": 1}, "inner": {"depth": 4}}) == Kind(
        name="x", count=3, ratio=2, is_on=True, colour="red", sizes=(1, 2), labels={"a": 1}, inner=Inner(depth=4)
    )
    assert read({"name": "x", "colour": None}).colour is None
    assert read({"name": "x", "count": 3.0}).count == 3


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"nmae": "x"}, "the body has no field nmae; did you mean name?; the body has no name"),
        ({"name": "x", "zzz": 1}, "the body has no field zzz; expected colour, count, inner,"),
        ({"name": 3}, "name must be a string, got 3"),
        ({"name": ""}, 'name must not be empty, got ""'),
        ({"name": None}, "name must be a string, got null"),
        ({"name": "x", "count": "3"}, 'count must be a whole number, got "3"'),
        ({"name": "x", "count": True}, "count must be a whole number, got true"),
        ({"name": "x", "count": 1.5}, "count must be a whole number, got 1.5"),
        ({"name": "x", "count": -1}, "count must be 0 or more, got -1"),
        ({"name": "x", "count": 10}, "count must be 9 or less, got 10"),
        ({"name": "x", "ratio": "1"}, 'ratio must be a number, got "1"'),
        ({"name": "x", "is_on": 1}, "is_on must be true or false, got 1"),
        ({"name": "x", "colour": "blue"}, 'colour must be one of red, green, got "blue"'),
        ({"name": "x", "sizes": 1}, "sizes must be a list, got 1"),
        ({"name": "x", "sizes": [1, "a"]}, 'sizes[1] must be a whole number, got "a"'),
        ({"name": "x", "labels": []}, "labels must be an object, got []"),
        ({"name": "x", "labels": {"a": "b"}}, 'labels.a must be a whole number, got "b"'),
        ({"name": "x", "inner": {"dpeth": 1}}, "inner has no field dpeth; did you mean depth?"),
        ({"name": "x", "inner": 3}, "inner must be an object, got 3"),
        ({"count": "a", "ratio": "b"}, 'the body has no name; count must be a whole number, got "a"; ratio must be'),
        ([], "the body must be a JSON object, got []"),
    ],
)
def test_what_is_wrong_is_named(document, message):
    with pytest.raises(InvalidArgumentError) as caught:
        read(document)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b'{"name": NaN}', "NaN is no number of JSON"),
        (b'{"ratio": 1e999}', "1e999 is too large"),
        (b'{"name": "\\ud800"}', "no JSON"),
        (b'{"name": "a", "name": "b"}', "name is given twice in one object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"ratio": 1' + b"0" * 400 + b"}", "ratio must be a number of 64 bits, got 1000"),
        (b" " * (4 << 20) + b"{}", "the body has 4194306 bytes; a JSON body may have 4194304"),
        (b'{"count": ' + b"9" * 10_000 + b"}", "no JSON"),
    ],
)
def test_what_is_no_json_is_refused(body, message):
    with pytest.raises(InvalidArgumentError, match=message):
        read_body(Kind, body, "the body")


def test_query_is_read_by_the_types_of_its_fields():
    @dataclass(frozen=True, kw_only=True)
    class Query:
        name: str = ""
        count: int = 0
        ratio: float | None = None
        is_on: bool = False
        models: tuple[str, ...] = ()

    assert read_query(Query, "") == Query()
    text = "name=%C3%A4+b&count=3&ratio=1e1&is_on=true&models=a&models=b"
    assert read_query(Query, text) == Query(name="ä b", count=3, ratio=10.0, is_on=True, models=("a", "b"))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("cuont=1", "the query has no parameter cuont; did you mean count?"),
        ("name=a&count=x", 'count must be a whole number, got "x"'),
        ("name=a&count=1_0", "count must be a whole number"),
        ("name=a&ratio=nan", "ratio must be a number"),
        ("name=a&ratio=1e400", "ratio must be a number"),
        ("name=a&is_on=yes", "is_on must be true or false"),
        ("name=a&name=b", "name is given twice"),
        ("name=%FF", "not of the form name=value"),
        ("&", "not of the form name=value"),
        ("name", "not of the form name=value"),
    ],
)
def test_query_that_is_wrong_is_refused(query, message):
    with pytest.raises(InvalidArgumentError, match=message.replace("?", r"\?")):
        read_query(Kind, query)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(ModelSpec.__dataclass_fields__)) | st.text(), _JSON, max_size=6))
def test_any_document_is_read_or_refused(document):
    try:
        spec = read_body(ModelSpec, json.dumps(document).encode(), "the body")
    except InvalidArgumentError:
        return
    assert set(document) <= set(ModelSpec.__dataclass_fields__)
    assert spec.name


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body):
    with contextlib.suppress(InvalidArgumentError):
        read_body(Inner, body, "the body")


@given(st.text(max_size=30))
def test_any_query_is_read_or_refused(query):
    with contextlib.suppress(InvalidArgumentError):
        read_query(Inner, query)


def test_endless_problems_are_counted():
    document = {"name": "x", "sizes": ["a"] * 1000, **{f"f{number}": 0 for number in range(20_000)}}
    with pytest.raises(InvalidArgumentError) as caught:
        read(document)
    assert caught.value.message.endswith("; and 20980 more problems")
    assert len(caught.value.message) < 4000


def test_a_name_that_is_given_twice_among_very_many_is_found_at_once():
    names = ", ".join(f'"{number}": 0' for number in range(100_000))
    with pytest.raises(InvalidArgumentError, match="99999 is given twice in one object"):
        read_body(Kind, f'{{{names}, "99999": 0}}'.encode(), "the body")
