import click
import pytest

from salver.terminal.names import read_name


def test_a_name_is_taken_as_it_is():
    assert read_name(" a/b ") == " a/b "


def test_an_empty_name_is_refused():
    with pytest.raises(click.BadParameter, match="expected a name, got an empty text"):
        read_name("")
