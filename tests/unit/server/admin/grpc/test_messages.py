from dataclasses import fields

import pytest

from salver.admin.change import AuditDocument, AuditEntry, Change, Difference
from salver.admin.event import EventDocument
from salver.admin.model import (
    ModelDocument,
    ModelReport,
    ModelsDocument,
    ModelSpec,
    Reason,
    SignatureDocument,
    TensorDocument,
    VersionDocument,
)
from salver.admin.requests import ChangeQuery, DrainRequest, EventsQuery, ModelsQuery
from salver.admin.server import Ports, ServerDocument, ServerState
from salver.server.admin.grpc.messages import PACKAGE, from_document, to_document
from salver.wire.pool import message_class, pool

ANSWERS = {
    "Server": ServerDocument,
    "Ports": Ports,
    "ServerState": ServerState,
    "Models": ModelsDocument,
    "Model": ModelDocument,
    "ModelReport": ModelReport,
    "Version": VersionDocument,
    "Signature": SignatureDocument,
    "Tensor": TensorDocument,
    "Reason": Reason,
    "Difference": Difference,
    "Change": Change,
    "Audit": AuditDocument,
    "AuditEntry": AuditEntry,
    "Event": EventDocument,
    "DrainRequest": DrainRequest,
    "ListModelsRequest": ModelsQuery,
    "EventsRequest": EventsQuery,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_messages_have_the_fields_of_the_documents(name):
    described = pool().FindMessageTypeByName(f"{PACKAGE}.{name}")
    assert {field.name for field in described.fields} == {field.name for field in fields(ANSWERS[name])}


def test_a_model_is_added_with_all_that_a_model_may_say():
    described = pool().FindMessageTypeByName(f"{PACKAGE}.AddModelRequest")
    want = {field.name for field in (*fields(ModelSpec), *fields(ChangeQuery))}
    assert {field.name for field in described.fields} == want


def message(name, /, **values):
    return message_class(f"{PACKAGE}.{name}")(**values)


def test_fields_that_are_set_become_a_document():
    request = message("AddModelRequest", name="m", base_path="/m", version_labels={"a": 2**60}, dry_run=False)
    request.version_policy.specific.versions.extend([1, 2])
    assert to_document(request) == {
        "name": "m",
        "base_path": "/m",
        "version_labels": {"a": 2**60},
        "version_policy": {"specific": {"versions": [1, 2]}},
        "dry_run": False,
    }


def test_empty_choice_is_there():
    request = message("AddModelRequest")
    request.version_policy.specific.SetInParent()
    assert to_document(request) == {"version_policy": {"specific": {"versions": []}}}, "as REST says: no version"
    request.version_policy.all.SetInParent()
    assert to_document(request) == {"version_policy": {"all": {}}}


def test_patch_has_whole_numbers_nulls_and_lists():
    request = message("UpdateModelRequest")
    request.patch.update({"a": 3, "b": None, "c": [1.5, "x", True], "d": {"e": {}}})
    assert to_document(request) == {"patch": {"a": 3, "b": None, "c": [1.5, "x", True], "d": {"e": {}}}}
    assert isinstance(to_document(request)["patch"]["a"], int)


def test_document_becomes_a_message_and_null_is_not_set():
    document = {
        "op": "replace",
        "path": "/models/m/version_labels",
        "before": {"a": 1},
        "after": None,
    }
    found = message_class(f"{PACKAGE}.Difference").FromString(from_document("Difference", document))
    assert found.before.struct_value.fields["a"].number_value == 1
    assert found.op == "replace"
    version = message_class(f"{PACKAGE}.Version").FromString(
        from_document("Version", {"version": 3, "state": "AVAILABLE", "memory_bytes": None, "signatures": None})
    )
    assert (version.version, version.HasField("memory_bytes"), dict(version.signatures)) == (3, False, {})
