import click
import pytest

from salver.ctl.client import Address
from salver.ctl.options import read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("h:1", Address("h", 1)),
        ("10.0.0.7", Address("10.0.0.7", 8502)),
        ("[::1]:9", Address("::1", 9)),
        ("[::1]", Address("::1", 8502)),
        ("::1", Address("::1", 8502)),
    ],
)
def test_address(text, address):
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["", ":8502", "h:x", "h:0", "h:70000", "http://h:1", "h:1/path", "me@h:1", "[::1:9"])
def test_no_address(text):
    with pytest.raises(click.BadParameter, match="expected HOST:PORT, HOST or .*, got"):
        read_address(text)
