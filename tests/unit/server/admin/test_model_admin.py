"""The routes below /v1/models, from the call to the answer, over a server without sockets."""

import functools
import json
import threading

import numpy as np
import pytest

from salver import CallableServable, Server, TensorSpec
from salver.admin.change import Change
from salver.admin.model import ModelDocument, ModelsDocument, VersionDocument
from salver.admin.reading import read_document
from salver.boundary import UNBATCHED, BatchingReport
from salver.errors import FailedPreconditionError, NotFoundError, SalverError
from salver.servables.tensorflow_library import TensorFlowLibrary
from salver.server.admin.answers import document_response
from salver.sources.file_system_config import FileSystemSourceConfig
from salver.testing.fake_calls import FakeControlCall
from salver.testing.fake_dataplane import FakeDataPlane, FakeNativeModel, half_plus_two
from salver.wire.pool import message_class

LIMIT_S = 20
VECTOR = {"x": TensorSpec(np.float32, [None])}
DOUBLE = CallableServable(lambda inputs: {"x": inputs["x"] * 2}, inputs=VECTOR, outputs=VECTOR)


class Kit:
    """A running server, asked on its admin port."""

    def __init__(self, folder, models=(), **settings):
        self.folder = folder
        self.plane = FakeDataPlane()
        self.broken = set()
        """Parts of directories whose models do not load."""
        self.plane.tensorflow.on_load = self._load
        bases = {name: str(self.base(name, *versions)) for name, versions in dict(models).items()}
        settings = {"grpc_port": 0, "rest_port": 0, "admin_port": 0, "file_system_poll_wait_s": 1000, **settings}
        self.server = Server(bases, servables={"own": DOUBLE}, data_plane=lambda _: self.plane, **settings)
        self.server.start()

    def _load(self, directory):
        if any(part in directory for part in self.broken):
            raise FailedPreconditionError("the graph is broken")
        return FakeNativeModel(half_plus_two)

    def base(self, name, *versions):
        path = self.folder / name
        path.mkdir(exist_ok=True)
        for version in versions:
            directory = path / str(version)
            directory.mkdir()
            (directory / "saved_model.pb").touch()
        return path

    def ask(self, method, target, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = b"" if body is None else json.dumps(body).encode()
        call = FakeControlCall.admin(method, target, headers=named, body=data)
        return self.plane.submit_call(call).response(LIMIT_S)

    def change(self, method, target, body=None, **headers):
        """A change that waits for what comes of it, and has to go well."""
        separator = "&" if "?" in target else "?"
        answer = self.ask(method, f"{target}{separator}wait_s={LIMIT_S}", body, **headers)
        assert answer.status in {200, 201}
        return read_document(Change, json.loads(answer.body))

    def model(self, name):
        return read_document(ModelDocument, json.loads(self.ask("GET", f"/v1/models/{name}").body))

    def versions(self, name):
        return {one.version: one.state for one in self.model(name).versions}

    @property
    def etag(self):
        return self.ask("GET", "/v1/models").headers["etag"]


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setattr(TensorFlowLibrary.__init__, "__kwdefaults__", {"find_libraries": list})
    at_once = functools.partial(FileSystemSourceConfig, settling=None)
    monkeypatch.setattr("salver.server.manager_setup.FileSystemSourceConfig", at_once)
    made = []

    def make(**options):
        made.append(Kit(tmp_path, **options))
        return made[-1]

    yield make
    for kit in made:
        kit.server.stop(drain_timeout_s=0)


@pytest.fixture
def kit(make):
    return make(models={"ranker": (1, 2)})


def refusal(kit, *request, **headers):
    """Code and message that a request is refused with."""
    try:
        answer = kit.ask(*request, **headers)
    except SalverError as error:
        return error.code.name, error.message
    document = json.loads(answer.body)
    return document["code"], document["error"]


# --- Telling


def test_models_are_told_with_their_versions(kit):
    answer = kit.ask("GET", "/v1/models")
    listed = read_document(ModelsDocument, json.loads(answer.body))
    assert answer.headers["etag"] == f'"{listed.etag}"'
    own, ranker = listed.models
    assert (own.name, own.source, own.status, own.base_path) == ("own", "program", "AVAILABLE", "")
    assert (ranker.source, ranker.status, ranker.is_pinned, ranker.batching) == ("config", "AVAILABLE", False, "off")
    assert [(one.version, one.state, one.num_in_flight) for one in ranker.versions] == [(2, "AVAILABLE", 0)]
    assert ranker.versions[0].load_s >= 0


@pytest.mark.parametrize("target", ["/v1/models", "/v1/models/ranker"])
def test_answer_comes_whole_though_its_tag_is_known(kit, target):
    known = kit.ask("GET", target)
    again = kit.ask("GET", target, if_none_match=known.headers["etag"])
    assert (again.status, again.headers["etag"]) == (200, known.headers["etag"])
    assert json.loads(again.body).keys() == json.loads(known.body).keys()


def test_list_is_written_as_its_document_is(kit):
    for _ in range(2):
        body = kit.ask("GET", "/v1/models").body
        assert document_response(read_document(ModelsDocument, json.loads(body))).body == body


def test_requests_that_have_a_version_are_in_flight(kit):
    def listed():
        models = json.loads(kit.ask("GET", "/v1/models").body)["models"]
        return [(one["num_in_flight"], one["versions"][0]["num_in_flight"]) for one in models]

    assert listed() == [(0, 0), (0, 0)]
    target = kit.plane.resolve("ranker")
    target.pin()
    assert kit.model("ranker").num_in_flight == 1
    assert listed() == [(0, 0), (1, 1)]
    assert json.loads(kit.ask("GET", "/v1/server").body)["num_in_flight"] == 1
    target.unpin()
    assert listed() == [(0, 0), (0, 0)]


def test_list_follows_labels_versions_and_policies_of_models_at_rest(kit):
    def listed():
        model = json.loads(kit.ask("GET", "/v1/models?name=ranker").body)["models"][0]
        return model["version_labels"], [(one["version"], one["labels"]) for one in model["versions"]]

    assert listed() == ({}, [(2, [])])
    kit.change("PUT", "/v1/models/ranker/labels/stable", {"version": 2})
    assert listed() == ({"stable": 2}, [(2, ["stable"])])
    kit.change("PATCH", "/v1/models/ranker", {"version_policy": {"all": {}}})
    assert listed() == ({"stable": 2}, [(2, ["stable"]), (1, [])])
    kit.change("DELETE", "/v1/models/ranker")
    assert json.loads(kit.ask("GET", "/v1/models").body)["models"][-1]["name"] == "own"
    kit.change("POST", "/v1/models", {"name": "ranker", "base_path": str(kit.folder / "ranker")})
    assert listed() == ({}, [(2, [])])


@pytest.mark.parametrize(
    ("query", "names"),
    [("", ["own", "ranker"]), ("?name=r*", ["ranker"]), ("?state=AVAILABLE", ["own", "ranker"]), ("?state=FAILED", [])],
)
def test_models_are_filtered(kit, query, names):
    models = json.loads(kit.ask("GET", f"/v1/models{query}").body)["models"]
    assert [model["name"] for model in models] == names


def test_many_models_and_few_are_told_alike(make):
    kit = make(models={f"m{number:02}": (1,) for number in range(20)})
    kit.plane.reports = [BatchingReport(model="m03", version=1, signature="s", policy=UNBATCHED, num_requests=7)]
    many = {one["name"]: one for one in json.loads(kit.ask("GET", "/v1/models").body)["models"]}
    (few,) = json.loads(kit.ask("GET", "/v1/models?name=m03").body)["models"]
    assert (len(many), few, few["versions"][0]["num_requests"]) == (21, many["m03"], 7)


def test_signatures_are_told_of_one_version(kit):
    answer = kit.ask("GET", "/v1/models/own/versions/1")
    version = read_document(VersionDocument, json.loads(answer.body))
    assert version.signatures["serving_default"].inputs["x"].dtype == "DT_FLOAT"
    assert version.signatures["serving_default"].inputs["x"].shape == (-1,)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("/v1/models/rnker", "There is no model rnker; did you mean ranker?"),
        ("/v1/models/ranker/versions/9", "There is no version 9 of model ranker; there is: 2"),
    ],
)
def test_what_is_not_there_is_named(kit, target, message):
    assert refusal(kit, "GET", target) == ("NOT_FOUND", message)


def test_failed_model_says_why_and_when_it_is_tried_again(make):
    kit = make(models={"ranker": ()}, serve_while_loading=True)
    kit.broken.add("ranker/1")
    kit.base("ranker", 1)
    kit.ask("POST", f"/v1/models/ranker:reload?wait_s={LIMIT_S}")
    model = kit.model("ranker")
    assert (model.status, model.reason.code) == ("FAILED", "FAILED_PRECONDITION")
    assert "the graph is broken" in model.reason.message
    (version,) = model.versions
    assert (version.state, version.num_failed_loads >= 1, version.memory_bytes) == ("END", True, None)


def test_model_without_versions_is_empty_or_says_what_is_missing(kit):
    kit.base("empty")
    kit.change("POST", "/v1/models", {"name": "empty", "base_path": str(kit.folder / "empty")})
    assert kit.model("empty").status in {"EMPTY", "FAILED"}
    missing = kit.change("POST", "/v1/models", {"name": "missing", "base_path": str(kit.folder / "missing")})
    assert missing.model.status == "FAILED"
    assert str(kit.folder) not in missing.model.reason.message


def test_model_that_serves_says_that_its_base_path_is_missing(kit):
    change = kit.change("PATCH", "/v1/models/ranker", {"base_path": str(kit.folder / "missing")})
    assert (change.model.status, change.model.reason.code) == ("AVAILABLE", "NOT_FOUND")
    assert kit.model("ranker").reason == change.model.reason
    change = kit.change("PATCH", "/v1/models/ranker", {"base_path": str(kit.folder / "ranker")})
    assert (change.model.status, change.model.reason) == ("AVAILABLE", None)


# --- Changing


def test_model_is_added_and_waited_for(kit):
    base = str(kit.base("tagger", 1))
    change = kit.change("POST", "/v1/models", {"name": "tagger", "base_path": base})
    assert change.is_changed
    assert change.model.status == "AVAILABLE"
    assert [(one.op, one.path, one.before) for one in change.diff] == [("add", "/models/tagger", None)]
    assert kit.etag == f'"{change.etag}"'
    assert kit.server.predict("tagger", {"x": [1.0]})["y"] == [2.5]
    # The others were left alone.
    assert kit.versions("ranker") == {2: "AVAILABLE"}


def test_taken_name_is_refused(kit):
    for name in ("ranker", "own"):
        body = {"name": name, "base_path": "/m"}
        assert refusal(kit, "POST", "/v1/models", body) == ("ALREADY_EXISTS", f"There is a model {name} already")


def test_model_is_removed_and_its_end_waited_for(kit):
    change = kit.change("DELETE", "/v1/models/ranker")
    assert change.model is None
    assert refusal(kit, "GET", "/v1/models/ranker")[0] == "NOT_FOUND"
    assert "ranker" not in kit.plane.rows


def test_patch_changes_what_it_names(kit):
    change = kit.change("PATCH", "/v1/models/ranker", {"version_policy": {"all": {}}, "version_labels": {"old": 1}})
    assert [one.path for one in change.diff] == ["/models/ranker/version_policy", "/models/ranker/version_labels/old"]
    assert kit.versions("ranker") == {1: "AVAILABLE", 2: "AVAILABLE"}
    change = kit.change("PATCH", "/v1/models/ranker", {"version_policy": None, "version_labels": {"old": None}})
    assert (change.model.version_policy, change.model.version_labels) == ({"latest": {"num_versions": 1}}, {})


def test_patch_keeps_what_the_api_does_not_speak_of(make):
    from salver import ModelConfig
    from salver.config.server_config import RequestLoggingConfig

    kit = make()
    logging = RequestLoggingConfig(collector_type="", filename_prefix=str(kit.folder / "log"))
    base = str(kit.base("m", 1))
    kit.server.apply_models([ModelConfig(name="m", base_path=base, request_logging=logging)])
    kit.change("PATCH", "/v1/models/m", {"version_labels": {"stable": 1}})
    assert kit.server.models[0].request_logging == logging


def test_pin_and_unpin(kit):
    change = kit.change("POST", "/v1/models/ranker:pin", {"version": 1})
    assert (change.model.is_pinned, change.model.version_policy) == (True, {"specific": {"versions": [1]}})
    assert change.model.status == "AVAILABLE"
    assert kit.server.predict("ranker", {"x": [1.0]}, version=1)["y"] == [2.5]
    change = kit.change("POST", "/v1/models/ranker:unpin")
    assert (change.model.is_pinned, change.model.version_policy) == (False, {"latest": {"num_versions": 1}})
    assert not kit.change("POST", "/v1/models/ranker:unpin").is_changed


def test_a_pin_to_a_version_that_is_not_there_is_refused_and_the_others_go_on(kit):
    with pytest.raises(NotFoundError, match="no version 7 in the base path of ranker; there is: 1, 2"):
        kit.ask("POST", "/v1/models/ranker:pin", {"version": 7})
    assert kit.model("ranker").status == "AVAILABLE"


def test_labels_are_set_moved_and_removed(kit):
    kit.change("PATCH", "/v1/models/ranker", {"version_policy": {"all": {}}})
    kit.change("PUT", "/v1/models/ranker/labels/stable", {"version": 1})
    assert [one.labels for one in kit.model("ranker").versions] == [(), ("stable",)]
    change = kit.change("PUT", "/v1/models/ranker/labels/stable", {"version": 2})
    assert [(one.op, one.before, one.after) for one in change.diff] == [("replace", 1, 2)]
    assert kit.server.predict("ranker", {"x": [1.0]}, label="stable")["y"] == [2.5]
    kit.change("DELETE", "/v1/models/ranker/labels/stable")
    wrong = refusal(kit, "DELETE", "/v1/models/ranker/labels/stable")
    assert wrong == ("NOT_FOUND", "Model ranker has no label stable; there are none")
    code, message = refusal(kit, "PUT", "/v1/models/ranker/labels/stable", {"version": 7})
    assert code == "FAILED_PRECONDITION"
    assert "which is not currently available" in message


@pytest.mark.parametrize(
    "request_of_change",
    [
        ("POST", "/v1/models/ranker:pin", {"version": 1}),
        ("POST", "/v1/models/ranker:pin?dry_run=true", {"version": 1}),
        ("PATCH", "/v1/models/ranker", {"version_policy": {"specific": {"versions": [1]}}}),
    ],
)
def test_change_that_leaves_a_label_without_its_version_is_refused(kit, request_of_change):
    kit.change("PUT", "/v1/models/ranker/labels/stable", {"version": 2})
    before = kit.etag
    code, message = refusal(kit, *request_of_change)
    assert (code, "label stable names version 2" in message) == ("FAILED_PRECONDITION", True)
    assert kit.etag == before
    both = {"version_policy": {"specific": {"versions": [1]}}, "version_labels": {"stable": 1}}
    assert kit.change("PATCH", "/v1/models/ranker", both).model.versions[-1].labels == ("stable",)


def test_unpin_that_leaves_a_label_without_its_version_is_refused(kit):
    kit.change("POST", "/v1/models/ranker:pin", {"version": 1})
    kit.change("PUT", "/v1/models/ranker/labels/stable", {"version": 1})
    code, message = refusal(kit, "POST", "/v1/models/ranker:unpin")
    assert (code, "salver ctl set ranker --versions latest:1 --label" in message) == ("FAILED_PRECONDITION", True)
    # What the message says is what goes.
    both = {"version_policy": {"latest": {"num_versions": 1}}, "version_labels": {"stable": None}}
    change = kit.change("PATCH", "/v1/models/ranker", both)
    assert (change.model.is_pinned, change.model.status, change.model.version_labels) == (False, "AVAILABLE", {})


def test_policy_of_no_version_serves_none_by_either_protocol(kit):
    nothing = {"specific": {"versions": []}}
    change = kit.change("PATCH", "/v1/models/ranker", {"version_policy": nothing})
    assert change.model.version_policy == nothing
    request = message_class("salver.admin.v1.AddModelRequest")(name="tagger", base_path=str(kit.base("tagger", 1)))
    request.version_policy.specific.SetInParent()
    call = FakeControlCall.admin_grpc("/salver.admin.v1.Admin/AddModel", request.SerializeToString())
    added = message_class("salver.admin.v1.Change").FromString(kit.plane.submit_call(call).result(LIMIT_S))
    assert added.model.version_policy.WhichOneof("policy") == "specific"
    assert kit.server.models[1].version_policy == kit.server.models[0].version_policy


def test_patch_may_remove_a_policy_and_give_another(kit):
    change = kit.change(
        "PATCH", "/v1/models/ranker", {"version_policy": {"latest": None, "specific": {"versions": [1]}}}
    )
    assert change.model.version_policy == {"specific": {"versions": [1]}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"version_policy": {"latest": None}}, "version_policy must be one of latest, all and specific, got none"),
        ({"version_policy": {"latst": None, "all": {}}}, "version_policy must be one of latest, all and specific"),
        ({"platform": "onnx"}, "Illegal to change a model's platform"),
        ({"base_path": "relative"}, "base_path must match"),
        ({"name": "other"}, "the body has no field name"),
        ({"version_policy": {"latst": {}}}, "version_policy has no latst; did you mean latest?"),
        ({"version_policy": {"latest": {}, "all": {}}}, "version_policy must be one of latest, all and specific"),
        ({"version_policy": {"latest": {"num_versions": 0}}}, "num_versions must be a whole number from 1"),
        ({"version_policy": {"specific": {}}}, "versions must be a list of versions"),
        ({"version_labels": {"": 1}}, "a name in version_labels is empty"),
        ({"version_labels": {"a": 2**63}}, "version_labels.a must be 9223372036854775807 or less"),
        ({"aspired_version_policy": "fast"}, "aspired_version_policy must be one of availability_preserving"),
    ],
)
def test_wrong_change_changes_nothing(kit, body, message):
    before = kit.etag
    code, told = refusal(kit, "PATCH", "/v1/models/ranker", body)
    assert code == "INVALID_ARGUMENT"
    assert message in told
    assert kit.etag == before


def test_unknown_platform_is_refused_by_a_dry_run_too(kit):
    body = {"name": "m", "base_path": "/m", "platform": "abacus"}
    for target in ("/v1/models", "/v1/models?dry_run=true"):
        code, message = refusal(kit, "POST", target, body)
        assert (code, "unsupported platform abacus" in message) == ("INVALID_ARGUMENT", True)


def test_what_the_program_brings_is_left_to_it(kit):
    for request in (("DELETE", "/v1/models/own"), ("POST", "/v1/models/own:reload")):
        code, message = refusal(kit, *request)
        assert (code, "which alone changes it" in message) == ("FAILED_PRECONDITION", True)


def test_dry_run_says_what_would_change_and_changes_nothing(kit):
    before, models = kit.etag, kit.server.models
    change = kit.change("DELETE", "/v1/models/ranker?dry_run=true")
    assert (change.is_dry_run, change.is_changed, f'"{change.etag}"') == (True, True, before)
    assert [one.op for one in change.diff] == ["remove"]
    assert change.model.status == "AVAILABLE"
    assert kit.server.models is models


def test_change_of_nothing_keeps_the_etag(kit):
    before = kit.etag
    change = kit.change("PATCH", "/v1/models/ranker", {})
    assert (change.is_changed, change.diff, f'"{change.etag}"') == (False, (), before)


# --- Races


def test_change_made_up_from_an_older_list_is_refused(kit):
    seen = kit.etag
    kit.change("PATCH", "/v1/models/ranker", {"version_policy": {"all": {}}}, if_match=seen)
    answer = kit.ask("DELETE", "/v1/models/ranker", if_match=seen)
    assert answer.status == 412
    assert json.loads(answer.body)["code"] == "ABORTED"
    assert kit.etag in json.loads(answer.body)["error"]
    assert "ranker" in {model.name for model in kit.server.models}
    for matching in ("*", kit.etag, f'"x", {kit.etag}', kit.etag.strip('"')):
        assert kit.ask("PATCH", "/v1/models/ranker", {}, if_match=matching).status == 200
    assert kit.ask("PATCH", "/v1/models/ranker", {}, if_match=f"W/{kit.etag}").status == 412
    assert refusal(kit, "PATCH", "/v1/models/ranker", {}, if_match='"')[0] == "INVALID_ARGUMENT"


def test_a_reload_request_in_between_is_such_a_change(kit):
    seen = kit.etag
    kit.server.apply_models([])
    assert kit.ask("POST", "/v1/models", {"name": "m", "base_path": "/m"}, if_match=seen).status == 412


def test_of_many_writers_with_the_same_etag_exactly_one_wins(kit):
    seen, statuses, start = kit.etag, [], threading.Barrier(8)

    def write(number):
        start.wait(LIMIT_S)
        body = {"name": f"m{number}", "base_path": "/m"}
        statuses.append(kit.ask("POST", "/v1/models", body, if_match=seen).status)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert sorted(statuses) == [201, *([412] * 7)]
    assert len(kit.server.models) == 2


def test_changes_of_many_writers_are_all_kept(kit):
    def write(number):
        kit.ask("POST", "/v1/models", {"name": f"m{number}", "base_path": f"/m{number}"})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert {model.name for model in kit.server.models} == {"ranker", *(f"m{number}" for number in range(8))}


# --- Acts


def test_reload_finds_new_versions_at_once(kit):
    kit.base("ranker", 3)
    answer = kit.ask("POST", f"/v1/models/ranker:reload?wait_s={LIMIT_S}")
    model = read_document(ModelDocument, json.loads(answer.body)["model"])
    assert 3 in {one.version for one in model.versions if one.state == "AVAILABLE"}


def test_version_is_loaded_again(kit):
    before = kit.plane.resolve("ranker").spec.model
    answer = kit.ask("POST", f"/v1/models/ranker/versions/2:reload?wait_s={LIMIT_S}")
    assert json.loads(answer.body)["model"]["status"] == "AVAILABLE"
    assert before.is_closed
    assert kit.plane.resolve("ranker").spec.model is not before


def test_failed_version_is_tried_again_at_once(kit):
    kit.broken.add("ranker/3")
    kit.base("ranker", 3)
    kit.ask("POST", f"/v1/models/ranker:reload?wait_s={LIMIT_S}")
    assert kit.versions("ranker") == {3: "END", 2: "AVAILABLE"}
    kit.broken.clear()
    answer = kit.ask("POST", f"/v1/models/ranker/versions/3:retry?wait_s={LIMIT_S}")
    assert answer.status == 200
    assert kit.versions("ranker")[3] == "AVAILABLE"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/v1/models/ranker/versions/9:reload", "NOT_FOUND"),
        ("/v1/models/ranker/versions/2:retry", "FAILED_PRECONDITION"),
        ("/v1/models/ranker/versions/x:retry", "INVALID_ARGUMENT"),
        ("/v1/models/ranker/versions/2:reload?wait_s=601", "INVALID_ARGUMENT"),
        ("/v1/models/ranker/versions/2:reload?dry_run=true", "INVALID_ARGUMENT"),
    ],
)
def test_act_that_makes_no_sense_is_refused(kit, target, code):
    assert refusal(kit, "POST", target)[0] == code


# --- Audit


def test_every_attempt_is_kept(kit, caplog):
    caplog.set_level("INFO", "salver.audit")
    kit.change("PUT", "/v1/models/ranker/labels/stable", {"version": 2}, x_salver_actor="alice\n")
    refusal(kit, "DELETE", "/v1/models/rnker", x_salver_actor="bob")
    refusal(kit, "PATCH", "/v1/models/ranker", {"colour": "red"})
    kit.change("DELETE", "/v1/models/ranker?dry_run=true")
    kit.ask("POST", "/v1/models/ranker:reload")
    kit.ask("GET", "/v1/models")
    entries = json.loads(kit.ask("GET", "/v1/audit").body)["audit"]
    assert [(one["actor"], one["request"], one["outcome"], one["is_dry_run"]) for one in entries] == [
        (None, "POST /v1/models/ranker:reload", "OK", False),
        (None, "DELETE /v1/models/ranker", "OK", True),
        (None, "PATCH /v1/models/ranker", "INVALID_ARGUMENT", False),
        ("bob", "DELETE /v1/models/rnker", "NOT_FOUND", False),
        ("alice\n", "PUT /v1/models/ranker/labels/stable", "OK", False),
    ]
    lines = [record.getMessage() for record in caplog.records if record.name == "salver.audit"]
    assert lines[0] == (
        'PUT /v1/models/ranker/labels/stable by "alice\\n" from 192.0.2.1:5000: OK: '
        "add /models/ranker/version_labels/stable"
    )
    assert lines[1] == 'DELETE /v1/models/rnker by "bob" from 192.0.2.1:5000: NOT_FOUND'
    assert len(lines) == len(entries)


def test_change_is_audited_when_it_is_accepted_and_not_when_its_wait_is_over(kit):
    is_loading, may_load = threading.Event(), threading.Event()

    def load(directory):
        is_loading.set()
        assert may_load.wait(LIMIT_S)
        return FakeNativeModel(half_plus_two)

    kit.plane.tensorflow.on_load = load
    body = json.dumps({"name": "tagger", "base_path": str(kit.base("tagger", 1))}).encode()
    call = FakeControlCall.admin("POST", f"/v1/models?wait_s={LIMIT_S}", body=body)
    kit.plane.submit_call(call)
    assert is_loading.wait(LIMIT_S)
    try:
        found = json.loads(kit.ask("GET", "/v1/audit").body)
        while not found["audit"]:  # the load is begun by the change, just before its line is written
            found = json.loads(kit.ask("GET", "/v1/audit").body)
        (entry,) = found["audit"]
        assert (entry["outcome"], entry["diff"][0]["path"]) == ("OK", "/models/tagger")
        assert not call._answer.is_answered
    finally:
        may_load.set()
    assert call.response(LIMIT_S).status == 201
    assert len(json.loads(kit.ask("GET", "/v1/audit").body)["audit"]) == 1
