import pytest

from salver.client.address import GrpcAddress, RestAddress, read_address
from salver.errors import InvalidArgumentError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:8500", GrpcAddress("localhost:8500")),
        ("grpc://localhost:8500", GrpcAddress("localhost:8500")),
        ("grpcs://localhost:8500", GrpcAddress("localhost:8500", is_secure=True)),
        ("dns:///models:8500", GrpcAddress("dns:///models:8500")),
        ("unix:/run/salver.sock", GrpcAddress("unix:/run/salver.sock")),
        ("[::1]:8500", GrpcAddress("[::1]:8500")),
        ("http://localhost:8501", RestAddress("localhost", 8501)),
        ("http://localhost", RestAddress("localhost", 80)),
        ("https://models/gateway/", RestAddress("models", 443, "/gateway", is_secure=True)),
        ("http://[::1]:8501", RestAddress("::1", 8501)),
    ],
)
def test_addresses(text, address):
    assert read_address(text) == address


def test_the_authority_of_an_ipv6_address_has_brackets():
    assert str(RestAddress("::1", 8501)) == "[::1]:8501"


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "http://", "http://a:b", "http://a:1?x", "http://u:p@a:1", "a b:1", "grpc://a", "http://a/\n"],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InvalidArgumentError, match="address: expected"):
        read_address(text)
