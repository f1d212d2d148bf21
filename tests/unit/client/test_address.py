import pytest

from salver.client.address import GrpcAddress, RestAddress, read_address
from salver.errors import InvalidArgumentError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:8500", GrpcAddress("localhost:8500")),
        ("localhost", GrpcAddress("localhost:8500")),
        ("dns", GrpcAddress("dns:8500")),
        ("grpc://localhost:8500", GrpcAddress("localhost:8500")),
        ("grpcs://localhost:8500", GrpcAddress("localhost:8500", is_secure=True)),
        ("dns:///models:8500", GrpcAddress("dns:///models:8500")),
        ("unix:/run/salver.sock", GrpcAddress("unix:/run/salver.sock")),
        ("grpcs://models", GrpcAddress("models:8500", is_secure=True)),
        ("ipv4:10.0.0.1:8500,10.0.0.2:8500", GrpcAddress("ipv4:10.0.0.1:8500,10.0.0.2:8500")),
        ("[::1]:8501", GrpcAddress("[::1]:8501")),
        ("[::1]", GrpcAddress("[::1]:8500")),
        ("::1", GrpcAddress("[::1]:8500")),
        ("fe80::1%eth0", GrpcAddress("[fe80::1%eth0]:8500")),
        ("grpc://2001:db8::7", GrpcAddress("[2001:db8::7]:8500")),
        ("http://localhost:8501", RestAddress("localhost", 8501)),
        ("http://localhost", RestAddress("localhost", 80)),
        ("https://models/gateway/", RestAddress("models", 443, "/gateway", is_secure=True)),
        ("http://models:8501/a/b", RestAddress("models", 8501, "/a/b")),
        ("http://[::1]:8501", RestAddress("::1", 8501)),
        ("http://::1", RestAddress("::1", 80)),
    ],
)
def test_addresses(text, address):
    assert read_address(text) == address


def test_the_authority_of_an_ipv6_address_has_brackets():
    assert str(RestAddress("::1", 8501)) == "[::1]:8501"


NONE = (
    *(
        "",
        " ",
        ":8500",
        "localhost:",
        "a:b",
        "a:0",
        "a:65536",
        "1:2:3",
        "[::1",
        "[a]:1",
        "a b:1",
        "8500",
        "a:1/b",
        "u@a:1",
    ),
    *("grpc://", "grpc://a:b", "ftp://a:1", "unix:", "dns:///a b", "HTTP://a:1"),
    *(
        "http://",
        "http://a:b",
        "http://a:1?x",
        "http://a:1#x",
        "http://u:p@a:1",
        "http://a b",
        "http://a/\n",
        "http:///a",
    ),
)


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InvalidArgumentError, match="address: expected HOST:PORT, HOST or .*, got ") as caught:
        read_address(text)
    assert caught.value.message.endswith(repr(text))
