"""The routes below `/v1/models`."""

from __future__ import annotations

import json

from salver.admin.change import Change
from salver.admin.model import ModelReport
from salver.server.admin.answers import document_response, text_response
from salver.server.admin.inputs import read_json
from salver.server.admin.lost_update import IfMatch
from salver.server.admin.model_admin import Caller, ModelAdmin
from salver.server.admin.router import AdminRequest
from salver.server.http_response import HttpResponse


class ModelPages:
    """Answers with what `ModelAdmin` says; raises what it raises."""

    def __init__(self, admin: ModelAdmin) -> None:
        self._admin = admin

    def list(self, request: AdminRequest) -> HttpResponse:
        """All models."""
        found = self._admin.models(request.query)
        # Not by `document_response`: of thousands of models few have to be written anew.
        models = ",".join(map(self._admin.text, found.models))
        return text_response(f'{{"etag":{json.dumps(found.etag)},"models":[{models}]}}', etag=found.etag)

    def get(self, request: AdminRequest) -> HttpResponse:
        """One model."""
        etag = self._admin.etag
        return document_response(self._admin.model(request.model), etag=etag)

    def get_version(self, request: AdminRequest) -> HttpResponse:
        """One version."""
        return document_response(self._admin.version(request.model, request.version))

    def add(self, request: AdminRequest) -> HttpResponse:
        """Add a model."""
        return _changed(self._admin.add(request.document, _caller(request)), status=201)

    def patch(self, request: AdminRequest) -> HttpResponse:
        """Change a model."""
        # The document as it was sent: there a field that is null is another thing than one that is missing.
        patch = read_json(bytes(request.call.body))
        return _changed(self._admin.patch(request.model, patch, _caller(request)))

    def remove(self, request: AdminRequest) -> HttpResponse:
        """Remove a model."""
        return _changed(self._admin.remove(request.model, _caller(request)))

    def pin(self, request: AdminRequest) -> HttpResponse:
        """Serve one version alone."""
        return _changed(self._admin.pin(request.model, request.document.version, _caller(request)))

    def unpin(self, request: AdminRequest) -> HttpResponse:
        """End that."""
        return _changed(self._admin.unpin(request.model, _caller(request)))

    def set_label(self, request: AdminRequest) -> HttpResponse:
        """Set or move a label."""
        label, version = request.parameters["label"], request.document.version
        return _changed(self._admin.set_label(request.model, label, version, _caller(request)))

    def remove_label(self, request: AdminRequest) -> HttpResponse:
        """Remove a label."""
        return _changed(self._admin.remove_label(request.model, request.parameters["label"], _caller(request)))

    def reload(self, request: AdminRequest) -> HttpResponse:
        """Look at the base path."""
        model = self._admin.reload(request.model, request.query.wait_s, _waiting(request))
        return document_response(ModelReport(model=model))

    def reload_version(self, request: AdminRequest) -> HttpResponse:
        """Load a version again."""
        model = self._admin.reload_version(request.model, request.version, request.query.wait_s, _waiting(request))
        return document_response(ModelReport(model=model))

    def retry_version(self, request: AdminRequest) -> HttpResponse:
        """Try a failed version again."""
        model = self._admin.retry_version(request.model, request.version, request.query.wait_s, _waiting(request))
        return document_response(ModelReport(model=model))


def _changed(change: Change, status: int = 200) -> HttpResponse:
    return document_response(change, status=200 if change.is_dry_run else status, etag=change.etag)


def _caller(request: AdminRequest) -> Caller:
    return Caller(
        query=request.query,
        if_match=IfMatch(request.header("if-match")),
        attempt=request.attempt,
        actor=request.header("x-salver-actor"),
        is_gone=lambda: request.call.is_cancelled,
    )


def _waiting(request: AdminRequest) -> Caller:
    return Caller(attempt=request.attempt, is_gone=lambda: request.call.is_cancelled)
