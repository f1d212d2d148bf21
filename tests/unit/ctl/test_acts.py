import json

import pytest

from salver.ctl.group import main
from tests.support.admin_documents import model, sent


def run(capsys, *arguments):
    status = main([*arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["reload", "ranker"], "/v1/models/ranker:reload"),
        (["reload", "ranker", "--version=3"], "/v1/models/ranker/versions/3:reload"),
        (["retry", "ranker", "4"], "/v1/models/ranker/versions/4:retry"),
    ],
)
def test_acts_are_asked_for_and_the_model_is_shown(admin, capsys, arguments, path):
    admin.answers["POST", path] = 200, {"model": sent(model())}
    admin.answers["GET", "/v1/models/ranker"] = 200, sent(model())
    status, out, _ = run(capsys, *arguments)
    assert (status, out.splitlines()[0]) == (0, "ranker")
    assert [request[:3] for request in admin.sent] == [("POST", path, {}), ("GET", "/v1/models/ranker", None)]


def test_json_is_the_servers_own(admin, capsys):
    admin.answers["POST", "/v1/models/ranker:reload"] = 200, {"model": sent(model())}
    assert json.loads(run(capsys, "reload", "ranker", "--json")[1]) == {"model": sent(model())}


def test_drain(admin, capsys):
    admin.answers["POST", "/v1/server:drain"] = 202, {"state": "DRAINING"}
    assert run(capsys, "drain") == (0, "The server drains.\n", "")
    assert json.loads(run(capsys, "drain", "--json")[1]) == {"state": "DRAINING"}


def test_drain_asks_back_on_a_terminal(admin, capsys, monkeypatch):
    monkeypatch.setattr("salver.ctl.options.sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: "n")
    assert (run(capsys, "drain")[0], admin.sent) == (1, [])
