import pytest

from salver.errors import NotFoundError
from salver.server.admin.console.pages import ConsolePages
from salver.server.admin.router import AdminRoutes
from salver.server.admin.routes import console_routes
from salver.testing.fake_calls import FakeControlCall


def get(target, **headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = AdminRoutes(console_routes(ConsolePages()))(FakeControlCall.admin("GET", target, headers=sent))
    return answer.status, dict(answer.headers), answer.body


@pytest.mark.parametrize(
    ("target", "type"),
    [
        ("/console/", "text/html; charset=utf-8"),
        ("/console/console.js", "text/javascript; charset=utf-8"),
        ("/console/console.css", "text/css; charset=utf-8"),
        ("/console/icon.svg", "image/svg+xml"),
    ],
)
def test_files_have_their_type_and_are_safe_to_show(target, type):
    status, headers, body = get(target)
    assert (status, headers["content-type"]) == (200, type)
    assert body
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-cache"


def test_a_file_that_the_browser_has_is_not_sent_again():
    _, headers, _ = get("/console/console.js")
    tag = headers["etag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}'):
        status, again, body = get("/console/console.js", if_none_match=sent)
        assert (status, again["etag"], body) == (304, tag, b"")
    assert get("/console/console.js", if_none_match='"other"')[0] == 200


def test_each_file_has_a_tag_of_its_own():
    assert len({get(f"/console/{name}")[1]["etag"] for name in ("", "console.js", "console.css")}) == 3


@pytest.mark.parametrize(
    "target",
    [
        "/console/nothing.js",
        "/console/..%2fpages.py",
        "/console/%2e%2e%2f%2e%2e%2frouter.py",
        "/console/../pages.py",
        "/console/.",
        "/console/%00",
        "/console/static/console.js",
        "/console//etc/passwd",
        "/console/console.js%00.svg",
    ],
)
def test_nothing_but_its_files_is_served(target):
    with pytest.raises(NotFoundError):
        get(target)


def test_browsers_are_sent_to_it_from_the_root():
    status, headers, _ = get("/", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (status, headers["location"]) == (302, "console/")
    assert get("/console")[1]["location"] == "console/"
    with pytest.raises(NotFoundError, match="/console/ is a page for browsers"):
        get("/", accept="*/*")
