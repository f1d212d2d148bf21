import socket

import pytest

from salver.errors import PermissionDeniedError
from salver.server.admin.browser_check import BrowserCheck
from salver.testing.fake_calls import FakeControlCall


def check(method, *, at="127.0.0.1", names=(), **headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    BrowserCheck(at, names)(FakeControlCall.admin(method, "/v1/models", headers=sent))


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        # Programs: no Origin, and any address or name of the machine.
        ("DELETE", {}),
        ("DELETE", {"host": "127.0.0.1:8502"}),
        ("POST", {"host": "localhost:8502"}),
        ("POST", {"host": "[::1]:8502"}),
        ("GET", {"host": "10.1.2.3"}),
        ("GET", {"host": f"{socket.gethostname()}:8502"}),
        # The console.
        ("GET", {"host": "localhost:8502", "sec_fetch_site": "same-origin"}),
        ("POST", {"host": "localhost:8502", "origin": "http://localhost:8502", "sec_fetch_site": "same-origin"}),
        ("PUT", {"host": "Console.localhost:8502", "origin": "http://console.localhost:8502"}),
        # An address typed by a person, and a link from a page elsewhere.
        ("GET", {"host": "127.0.0.1:8502", "sec_fetch_site": "none", "sec_fetch_mode": "navigate"}),
        ("GET", {"host": "127.0.0.1:8502", "sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}),
    ],
)
def test_what_programs_and_the_console_ask_is_answered(method, headers):
    check(method, **headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:3000", "https://127.0.0.1", ""])
def test_a_page_of_another_origin_is_refused(method, origin):
    with pytest.raises(PermissionDeniedError, match="may not use the admin listener"):
        check(method, host="127.0.0.1:8502", origin=origin)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(("method", "mode"), [("GET", "cors"), ("GET", "no-cors"), ("POST", "navigate")])
def test_a_request_that_the_browser_marks_as_of_another_site_is_refused(site, method, mode):
    with pytest.raises(PermissionDeniedError, match="another site"):
        check(method, host="127.0.0.1:8502", sec_fetch_site=site, sec_fetch_mode=mode)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_loopback_listener_answers_to_no_strange_name(method):
    # The browser takes the name for its own site: there is nothing else to see.
    with pytest.raises(PermissionDeniedError, match=r"does not answer to the name rebound\.example"):
        check(method, host="rebound.example:8502", origin="http://rebound.example:8502")
    with pytest.raises(PermissionDeniedError, match="--admin_host_names"):
        check(method, host="rebound.example:8502")


def test_an_open_listener_answers_programs_by_any_name_and_browsers_by_known_names_only():
    check("GET", at="0.0.0.0", host="salver.models.svc:8502")
    check("POST", at="0.0.0.0", host="salver.models.svc:8502")
    with pytest.raises(PermissionDeniedError, match="does not answer to the name"):
        check("POST", at="0.0.0.0", host="salver.models.svc:8502", origin="http://salver.models.svc:8502")


@pytest.mark.parametrize("at", ["127.0.0.1", "0.0.0.0"])
def test_names_are_added_by_configuration(at):
    check("POST", at=at, names=("ops.example.com",), host="OPS.example.com", origin="https://ops.example.com")


def test_a_request_that_names_no_host_but_has_an_origin_is_refused():
    with pytest.raises(PermissionDeniedError, match="an unnamed host"):
        check("POST", origin="http://localhost:8502")
