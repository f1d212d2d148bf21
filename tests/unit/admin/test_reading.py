import json
from dataclasses import asdict

import pytest

from salver.admin.change import Change, Difference
from salver.admin.model import ModelDocument, Reason, SignatureDocument, TensorDocument, VersionDocument
from salver.admin.reading import read_document
from salver.admin.server import Ports, ServerDocument
from salver.errors import FailedPreconditionError

VERSION = VersionDocument(
    version=3,
    state="END",
    since="2026-11-28T17:00:00.123Z",
    reason=Reason(code="NOT_FOUND", message="gone"),
    labels=("stable",),
    load_s=0.5,
    signatures={
        "serving_default": SignatureDocument(
            method="tensorflow/serving/predict",
            inputs={"x": TensorDocument(dtype="DT_FLOAT", shape=(-1, 3))},
            outputs={"y": TensorDocument(dtype="DT_STRING")},
        )
    },
)
MODEL = ModelDocument(name="ranker", base_path="/m", source="config", status="FAILED", versions=(VERSION,))
CHANGE = Change(
    is_dry_run=True,
    is_changed=True,
    diff=(Difference(op="add", path="/models/ranker/version_labels/stable", after=3),),
    etag="1-ab",
    model=MODEL,
)
SERVER = ServerDocument(
    version="0.1.0",
    state="SERVING",
    is_ready=True,
    started_at="2026-11-28T17:00:00.123Z",
    uptime_s=1.5,
    pid=7,
    ports=Ports(grpc=8500),
    resident_bytes=None,
    num_models=1,
    num_versions_available=1,
    num_in_flight=None,
    config_writer="the start",
    python_version="3.11.7",
    etag="1-ab",
)


@pytest.mark.parametrize("document", [VERSION, MODEL, CHANGE, SERVER])
def test_what_was_written_is_read_again(document):
    assert read_document(type(document), json.loads(json.dumps(asdict(document)))) == document


def test_what_a_newer_server_adds_is_passed_over():
    assert read_document(Reason, {"code": "OK", "message": "", "colour": "red"}) == Reason(code="OK", message="")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "ModelDocument should be an object, got list"),
        ({"name": "m"}, "missing 3 required keyword-only arguments"),
        ({"name": "m", "base_path": "/", "source": "config", "status": "EMPTY", "versions": 1}, "not iterable"),
        ({"name": "m", "base_path": "/", "source": "config", "status": "EMPTY", "versions": [1]}, "VersionDocument"),
    ],
)
def test_another_document_is_refused(document, said):
    with pytest.raises(FailedPreconditionError, match="the answer of the server is not understood: ") as caught:
        read_document(ModelDocument, document)
    assert said in caught.value.message
