import json
from dataclasses import asdict

from salver.admin.model import Reason
from salver.admin.server import Ports, ServerDocument
from salver.ctl.group import main
from tests.support.admin_documents import model, sent

SERVER = ServerDocument(
    version="0.1.0",
    state="SERVING",
    is_ready=True,
    started_at="2026-11-28T17:00:00.000Z",
    uptime_s=125.0,
    pid=7,
    ports=Ports(grpc=8500, admin=8502),
    resident_bytes=320 << 20,
    num_models=2,
    num_versions_available=1,
    num_in_flight=1234,
    config_writer="the start",
    python_version="3.11.7",
    etag="1-a",
)


def test_status_tells_of_the_server_and_of_models_in_trouble(admin, capsys):
    broken = model("tagger", status="FAILED", versions=(), reason=Reason(code="NOT_FOUND", message="no base path"))
    admin.answers["GET", "/v1/server"] = 200, asdict(SERVER)
    admin.answers["GET", "/v1/models"] = 200, {"etag": "1-a", "models": [sent(model()), sent(broken)]}
    assert main(["status"]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[:11] == [
        "server      serving, ready",
        "salver      0.1.0, Python 3.11.7, process 7",
        "up          2m5s",
        "ports       gRPC 8500, admin 8502",
        "models      2 (1 available, 1 failed)",
        "versions    1 available",
        "in flight   1,234",
        "memory      320 MiB",
        "set by      the start",
        "etag        1-a",
        "",
    ]
    assert [line.split()[0] for line in lines[11:13]] == ["MODEL", "tagger"]
    assert lines[-1] == "tagger: NOT_FOUND: no base path"


def test_json_has_both_answers(admin, capsys):
    admin.answers["GET", "/v1/server"] = 200, asdict(SERVER)
    admin.answers["GET", "/v1/models"] = 200, {"etag": "1-a", "models": []}
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"server": sent(SERVER), "models": []}
