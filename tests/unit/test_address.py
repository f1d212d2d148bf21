import pytest

from salver.address import host_and_port, read_host_and_port
from salver.errors import InvalidArgumentError


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("localhost:8500", ("localhost", 8500)),
        ("localhost", ("localhost", None)),
        ("my_models.example", ("my_models.example", None)),
        ("10.0.0.7:1", ("10.0.0.7", 1)),
        ("10.0.0.7", ("10.0.0.7", None)),
        ("[::1]:65535", ("::1", 65535)),
        ("[::1]", ("::1", None)),
        ("::1", ("::1", None)),
        ("::", ("::", None)),
        ("2001:db8::7:8500", ("2001:db8::7:8500", None)),
        ("fe80::1%eth0", ("fe80::1%eth0", None)),
        ("[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
    ],
)
def test_host_and_port_are_read(text, read):
    assert read_host_and_port(text) == read


NONE = (
    *("", ":1", "h:", "h:x", "h:0", "h:65536", "h:+1", "h:\uff11", "h:1:2", "1:2:3", ":::1", "[::1", "[h]:1", "[]:1"),
    *("[::1]1", "http://h:1", "h:1/path", "me@h:1", "h h", "h\n", "8500", "h,i"),
)


@pytest.mark.parametrize("text", NONE)
def test_all_else_is_refused_and_told_what_was_expected(text):
    with pytest.raises(InvalidArgumentError) as caught:
        read_host_and_port(text)
    assert caught.value.message == f"expected HOST:PORT, HOST or [IPV6]:PORT, got {text!r}"


@pytest.mark.parametrize(("host", "port", "text"), [("h", 1, "h:1"), ("::1", 1, "[::1]:1")])
def test_host_and_port_are_written_as_they_are_read(host, port, text):
    assert host_and_port(host, port) == text
    assert read_host_and_port(text) == (host, port)
