import json

import pytest

from salver.admin.change import Difference
from salver.admin.model import Reason
from salver.ctl.group import main
from tests.support.admin_documents import change, model, sent

BASE = "/v1/models"


def run(capsys, *arguments):
    status = main([*arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize(
    ("arguments", "method", "target", "document"),
    [
        (["load", "m", "/m"], "POST", BASE, {"name": "m", "base_path": "/m"}),
        (
            [
                "load",
                "m",
                "/m",
                "--platform=tflite",
                "--versions=latest:2",
                "--label=a=3",
                "--order=resource_preserving",
            ],
            "POST",
            BASE,
            {
                "name": "m",
                "base_path": "/m",
                "platform": "tflite",
                "version_labels": {"a": 3},
                "version_policy": {"latest": {"num_versions": 2}},
                "aspired_version_policy": "resource_preserving",
            },
        ),
        (["set", "ranker", "--versions=all"], "PATCH", f"{BASE}/ranker", {"version_policy": {"all": {}}}),
        (
            ["set", "ranker", "--versions=none"],
            "PATCH",
            f"{BASE}/ranker",
            {"version_policy": {"specific": {"versions": []}}},
        ),
        (
            ["set", "ranker", "--versions=latest", "--label", "stable=3", "--label", "old-"],
            "PATCH",
            f"{BASE}/ranker",
            {"version_policy": {"latest": {"num_versions": 1}}, "version_labels": {"stable": 3, "old": None}},
        ),
        (["set", "ranker", "--label=s=3"], "PATCH", f"{BASE}/ranker", {"version_labels": {"s": 3}}),
        (["set", "ranker", "--base-path=/n"], "PATCH", f"{BASE}/ranker", {"base_path": "/n"}),
        (["unload", "a/b"], "DELETE", f"{BASE}/a%2Fb", None),
        (["label", "ranker", "s=3", "old-"], "PATCH", f"{BASE}/ranker", {"version_labels": {"s": 3, "old": None}}),
        (["pin", "ranker", "3"], "POST", f"{BASE}/ranker:pin", {"version": 3}),
        (["unpin", "ranker"], "POST", f"{BASE}/ranker:unpin", {}),
    ],
)
def test_each_command_is_one_request(admin, capsys, arguments, method, target, document):
    admin.answers[method, target] = 200, sent(change())
    status, out, _ = run(capsys, *arguments, "--wait=0")
    assert (status, out.splitlines()[0]) == (0, "~ /models/ranker/version_labels/stable  2 -> 3")
    assert [request[:3] for request in admin.sent] == [(method, target, document)]


def test_waiting_is_the_servers_business(admin, capsys):
    admin.answers["POST", BASE] = 201, sent(change())
    run(capsys, "load", "m", "/m")
    run(capsys, "load", "m", "/m", "--wait=1.5")
    assert [target for _, target, *_ in admin.sent] == [f"{BASE}?wait_s=60", f"{BASE}?wait_s=1.5"]


def test_dry_run_shows_the_change_and_waits_for_nothing(admin, capsys):
    admin.answers["PATCH", f"{BASE}/ranker"] = 200, sent(change(is_dry_run=True))
    status, out, _ = run(capsys, "set", "ranker", "--versions=7", "--dry-run")
    assert (status, out.splitlines()[-1]) == (0, "A dry run: nothing was changed.")
    assert admin.sent[0][1] == f"{BASE}/ranker?dry_run=true"


def test_of_a_model_that_comes_the_fields_that_say_something_are_shown(admin, capsys):
    spec = {"name": "m", "base_path": "/m", "version_policy": {"all": {}}, "version_labels": {}, "platform": None}
    added = Difference(op="add", path="/models/m", after=spec)
    admin.answers["POST", BASE] = 201, sent(change(diff=(added,), is_dry_run=True))
    out = run(capsys, "load", "m", "/m", "--dry-run")[1]
    assert out.splitlines()[:-1] == [
        "+ /models/m",
        "    name: m",
        "    base_path: /m",
        '    version_policy: {"all": {}}',
    ]


def test_nothing_to_change_is_said(admin, capsys):
    admin.answers["DELETE", f"{BASE}/ranker"] = 200, sent(change(is_changed=False, diff=()))
    assert run(capsys, "unload", "ranker") == (0, "Nothing to change.\n", "")


def test_json_of_a_change_is_the_servers_own(admin, capsys):
    admin.answers["POST", f"{BASE}/ranker:unpin"] = 200, sent(change())
    assert json.loads(run(capsys, "unpin", "ranker", "--json")[1]) == sent(change())


@pytest.mark.parametrize("given", ["1-a", '"1-a"'])
def test_etag_and_user_are_sent(admin, capsys, given, monkeypatch):
    monkeypatch.setattr("salver.ctl.client.getpass.getuser", lambda: "ada")
    admin.answers["DELETE", f"{BASE}/ranker"] = 200, sent(change())
    run(capsys, "unload", "ranker", "--if-match", given)
    assert admin.sent[0][3] == {"X-Salver-Actor": "ada (salver ctl)", "If-Match": '"1-a"'}


def test_lost_update_is_told(admin, capsys):
    admin.answers["DELETE", f"{BASE}/ranker"] = 412, {"error": "the models have changed", "code": "ABORTED"}
    assert run(capsys, "unload", "ranker", "--if-match=1-a") == (1, "", "Error: the models have changed\n")


@pytest.mark.parametrize(("path", "status"), [("base_path", 1), ("version_labels/stable", 0)])
def test_base_path_that_cannot_be_used_ends_with_one_where_it_was_set(admin, capsys, path, status):
    difference = Difference(op="replace", path=f"/models/ranker/{path}", before="/m", after="/n")
    away = model(reason=Reason(code="NOT_FOUND", message="there is no such path"))
    admin.answers["PATCH", f"{BASE}/ranker"] = 200, sent(change(diff=(difference,), model=away))
    found, _, err = run(capsys, "set", "ranker", "--base-path=/n")
    told = "Error: model ranker is configured, but its versions from before serve on: there is no such path\n"
    assert (found, err) == (status, told if status else "")


def test_model_that_fails_to_load_ends_with_one(admin, capsys):
    admin.answers["POST", BASE] = 201, sent(change(model=model(status="FAILED")))
    status, _, err = run(capsys, "load", "ranker", "/m")
    assert (status, err) == (1, "Error: model ranker is configured, but no version of it could be loaded\n")
    assert run(capsys, "load", "ranker", "/m", "--wait=0")[0] == 0


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 1)])
def test_unload_asks_back_on_a_terminal(admin, capsys, monkeypatch, answer, status):
    admin.answers["DELETE", f"{BASE}/ranker"] = 200, sent(change(model=None))
    monkeypatch.setattr("salver.ctl.options.sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: answer)
    assert run(capsys, "unload", "ranker")[0] == status
    assert len(admin.sent) == 1 - status


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["load", "m", "/m", "--versions=newest"], "expected latest, latest:N, all, none, or version numbers"),
        (["load", "m", "/m", "--versions=latest:0"], "got 'latest:0'"),
        (["load", "m", "/m", "--versions=²"], "got '²'"),
        (["load", "m", "/m", "--label=a-"], "a new model has no label a to be removed"),
        (["load", "m", "models/m"], "expected an absolute path; did you mean /"),
        (["set", "m", "--base-path=m"], "expected an absolute path; did you mean /"),
        (["load", "m"], "Missing argument 'BASE_PATH'"),
        (["set", "m"], "nothing to set; give --base-path, --versions, --order or --label"),
        (["set", "m", "--label=a"], "expected LABEL=VERSION, or LABEL- to remove it; got 'a'"),
        (["label", "m", "a"], "expected LABEL=VERSION, or LABEL- to remove it; got 'a'"),
        (["label", "m", "a=1", "a=2"], "a is given twice"),
        (["label", "m", "=1"], "got '=1'"),
        (["label", "m", "a=²"], "got 'a=²'"),
        (["pin", "m", "x"], "'x' is not a valid whole number"),
        (["load", "m", "/m", "--wait=601"], "601.0 is not in the range"),
        (["unlaod", "m"], "No such command 'unlaod'"),
    ],
)
def test_mistakes_end_with_two_and_ask_nothing(admin, capsys, arguments, said):
    status, _, err = run(capsys, *arguments)
    assert (status, admin.asked) == (2, [])
    assert said in " ".join(err.split())
