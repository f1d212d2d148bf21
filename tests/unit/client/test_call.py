import math

import pytest

from salver.client.call import call_of
from salver.client.client_options import ClientOptions, ClientSettings
from salver.client.deadline import Deadline
from salver.client.tls import Tls
from salver.errors import DeadlineExceededError, InvalidArgumentError
from salver.testing.fake_clock import FakeClock


def headers(settings=None, **options):
    return call_of(ClientSettings(**(settings or {})), options, default_timeout_s=None).headers


def test_headers_of_the_client_and_of_the_call_go_together():
    settings = {"headers": {"A": "1", "b": "2"}, "criticality": "sheddable"}
    assert headers(settings) == {"a": "1", "b": "2", "salver-criticality": "sheddable"}
    assert headers(settings, headers={"B": "3"}, criticality="critical") == {
        "a": "1",
        "b": "3",
        "salver-criticality": "critical",
    }


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"headers": {"a b": "1"}}, "'a b' cannot be the name of a header"),
        ({"headers": {"grpc-timeout": "1"}}, "cannot be the name"),
        ({"headers": {"a": "1\r\nb: 2"}}, "the value of 'a' must be text"),
        ({"headers": {"Content-Length": "1"}}, "'Content-Length' is the client's own affair"),
        ({"criticality": "high"}, "expected one of critical_plus, critical, sheddable_plus, sheddable, got 'high'"),
        ({"timeout_s": 0}, "timeout_s: expected a number above 0 or None, got 0"),
        ({"timeout_s": math.nan}, "timeout_s"),
    ],
)
def test_options_that_cannot_be_are_refused(options, text):
    with pytest.raises(InvalidArgumentError, match=text):
        headers(**options)


@pytest.mark.parametrize(
    "options", [{"compression": "br"}, {"max_connections": 0}, {"timeout_s": -1}, {"headers": {"": "1"}}]
)
def test_clients_that_cannot_be_are_refused(options):
    with pytest.raises(InvalidArgumentError):
        ClientSettings(**options)


def test_unknown_options_are_errors_with_the_known_ones():
    with pytest.raises(TypeError, match="unexpected argument 'timeout'; a call takes criticality, headers, label"):
        headers(timeout=3)


def test_every_argument_of_a_client_is_a_setting():
    assert list(ClientOptions.__annotations__) == list(ClientSettings.__dataclass_fields__)


def test_deadlines_count_down():
    clock = FakeClock()
    deadline = Deadline.after(2, clock)
    clock.advance(1.5)
    assert deadline.left_s() == 0.5
    assert deadline.allows(0.4)
    assert not deadline.allows(0.5)
    clock.advance(0.5)
    with pytest.raises(DeadlineExceededError, match="no answer within 2 s"):
        deadline.left_s()


@pytest.mark.parametrize("timeout_s", [None, math.inf])
def test_no_deadline_allows_any_wait_that_ends(timeout_s):
    deadline = Deadline.after(timeout_s)
    assert deadline.left_s() is None
    assert deadline.allows(1e9)
    assert not deadline.allows(math.inf)


def test_files_of_tls_that_cannot_be_read_are_named_by_their_field(tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"Tls.root_certificates: cannot be read: No such file"):
        Tls(root_certificates=tmp_path / "none.pem").context()
    with pytest.raises(InvalidArgumentError, match="certificate and key come together"):
        Tls(certificate="a.pem")
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    with pytest.raises(InvalidArgumentError, match="not a certificate"):
        Tls(certificate=bad, key=bad).context()
