"""What operators ask of models, whatever protocol they ask in: documents in, documents out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from salver.admin.change import Change, Difference
from salver.admin.model import ModelDocument, ModelsDocument, ModelSpec, VersionDocument
from salver.admin.requests import ChangeQuery, ModelsQuery
from salver.config.server_config import ModelConfig
from salver.core.ids import ServableId
from salver.errors import AlreadyExistsError, FailedPreconditionError, NotFoundError
from salver.nearest import nearest_or_all
from salver.server.admin.audit import Attempt
from salver.server.admin.lost_update import IfMatch
from salver.server.admin.model_documents import ModelDocuments
from salver.server.admin.model_name import check_known
from salver.server.admin.model_spec import config_of, patched
from salver.server.model_changes import check_labels_keep_versions
from salver.server.model_diff import differences
from salver.server.model_list import Edit, Models, pinned, unpinned
from salver.server.server_core import ServerCore
from salver.sources.version_directory import list_versions

logger = logging.getLogger(__name__)

ChangeOfVersions: TypeAlias = Callable[[ModelConfig, Collection[int]], ModelConfig]
"""Makes of a model, and the versions in its base path, what it is to be; none are found where nobody knows them."""


def _never() -> bool:
    return False


def _versions_in(base_path: str) -> frozenset[int]:
    try:
        return frozenset(entry.version for entry in list_versions(base_path))
    except OSError:
        return frozenset()  # what is wrong with a base path is told by its source


def _check_has_version(name: str, version: int, found: Collection[int]) -> None:
    if found and version not in found:
        known = ", ".join(map(str, sorted(found)))
        raise NotFoundError(f"There is no version {version} in the base path of {name}; there is: {known}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for a change, and under which conditions."""

    query: ChangeQuery = field(default_factory=ChangeQuery)
    if_match: IfMatch = field(default_factory=lambda: IfMatch(None))
    attempt: Attempt = field(default_factory=Attempt)
    """Where the audit finds what came of it."""
    actor: str | None = None
    is_gone: Callable[[], bool] = _never
    """Whether nobody waits for the answer any more."""


class ModelAdmin:
    """Tells of models, changes them one by one, and has them loaded again. Thread-safe."""

    def __init__(self, core: ServerCore, documents: ModelDocuments, *, config_file: str | None = None) -> None:
        """Make it for this server.

        Args:
            core: What serves.
            documents: What is told of it.
            config_file: The file that the models of the start are read from, for the log.
        """
        self._core = core
        self._documents = documents
        self._config_file = config_file

    @property
    def etag(self) -> str:
        """That of the models in force."""
        return self._core.configured.in_force.etag

    # --- Telling

    def models(self, query: ModelsQuery) -> ModelsDocument:
        """Return the models that are asked for, by name."""
        etag = self.etag  # first: a change meanwhile makes it old, rather than one that nobody has seen
        models = self._documents.all(query.name or "*")
        return ModelsDocument(etag=etag, models=tuple(one for one in models if query.state in {None, one.status}))

    def text(self, model: ModelDocument) -> str:
        """Return the JSON of a model that `models` returned."""
        return self._documents.text(model)

    def model(self, name: str) -> ModelDocument:
        """Return one model.

        Raises:
            NotFoundError: There is none of this name; names the nearest.
        """
        check_known(name, self._core.configured.names)
        return self._documents.model(name)

    def version(self, name: str, version: int) -> VersionDocument:
        """Return one version, with its signatures.

        Raises:
            NotFoundError: There is no such model or version.
        """
        check_known(name, self._core.configured.names)
        return self._documents.version(name, version)

    # --- Changing one model; each raises what `ConfiguredModels.change` does, LostUpdateError among it.

    def add(self, spec: ModelSpec, caller: Caller) -> Change:
        """Serve one model more.

        Raises:
            AlreadyExistsError: The name is taken.
        """
        new = config_of(spec)

        def edit(models: Models) -> Models:
            if spec.name in self._core.configured.names:
                raise AlreadyExistsError(f"There is a model {spec.name} already")
            return (*models, new)

        return self._change(spec.name, edit, caller)

    def patch(self, name: str, patch: Mapping[str, Any], caller: Caller) -> Change:
        """Change what a JSON merge patch says.

        Raises:
            NotFoundError: There is no such model.
            InvalidArgumentError: What comes of it is no model.
            FailedPreconditionError: A label would name a version that is served no longer.
        """
        return self._change_versions(name, lambda model, _: patched(model, patch), caller)

    def remove(self, name: str, caller: Caller) -> Change:
        """Serve a model no longer; its versions are unloaded once their last requests are answered.

        Raises:
            NotFoundError: There is no such model.
        """

        def edit(models: Models) -> Models:
            self._check_configured(name)
            return tuple(model for model in models if model.name != name)

        return self._change(name, edit, caller)

    def pin(self, name: str, version: int, caller: Caller) -> Change:
        """Serve this version alone, until `unpin`; raises as `patch`.

        Raises:
            NotFoundError: The base path has other versions, and not this one: nothing would serve.
        """

        def edit(model: ModelConfig, found: Collection[int]) -> ModelConfig:
            _check_has_version(name, version, found)
            return pinned(model, version)

        return self._change_versions(name, edit, caller)

    def unpin(self, name: str, caller: Caller) -> Change:
        """Serve again what the policy from before the pin says; raises as `patch`."""
        return self._change_versions(name, lambda model, _: unpinned(model), caller)

    def set_label(self, name: str, label: str, version: int, caller: Caller) -> Change:
        """Point a label at a version, be it new or moved; raises as `patch`."""
        return self._change_one(
            name, lambda model: replace(model, version_labels={**model.version_labels, label: version}), caller
        )

    def remove_label(self, name: str, label: str, caller: Caller) -> Change:
        """Take a label away.

        Raises:
            NotFoundError: There is no such model or label.
        """

        def without(model: ModelConfig) -> ModelConfig:
            if label not in model.version_labels:
                hint = nearest_or_all(label, model.version_labels)
                raise NotFoundError(f"Model {name} has no label {label}; {hint}")
            left = {one: version for one, version in model.version_labels.items() if one != label}
            return replace(model, version_labels=left)

        return self._change_one(name, without, caller)

    # --- Acts

    def reload(self, name: str, wait_s: float, caller: Caller) -> ModelDocument:
        """Look at the base path of a model at once.

        Raises:
            NotFoundError: There is no such model.
            FailedPreconditionError: It is the program's.
        """
        self._check_configured(name)
        self._core.acts.poll(name)
        caller.attempt.accept()
        return self._settled(name, wait_s, caller)

    def reload_version(self, name: str, version: int, wait_s: float, caller: Caller) -> ModelDocument:
        """Unload a version and load it again; the others go on serving meanwhile.

        Raises:
            NotFoundError: There is no such model or version.
            FailedPreconditionError: It is not loaded, or the program's.
        """
        self._check_configured(name)
        self._check_version(name, version)
        self._core.acts.reload_version(ServableId(name, version))
        caller.attempt.accept()
        return self._settled(name, wait_s, caller)

    def retry_version(self, name: str, version: int, wait_s: float, caller: Caller) -> ModelDocument:
        """Try to load a failed version again at once.

        Raises:
            NotFoundError: There is no such model or version.
            FailedPreconditionError: It has not failed, or is the program's.
        """
        self._check_configured(name)
        self._check_version(name, version)
        self._core.acts.retry_version(ServableId(name, version))
        caller.attempt.accept()
        return self._settled(name, wait_s, caller)

    # --- Inside

    def _change_versions(self, name: str, change: ChangeOfVersions, caller: Caller) -> Change:
        """Do what `_change_one` does, and refuse what takes its version from a label."""
        base_path = self._core.configured.base_path_of(name) or ""
        # Before the change, which others wait for: a file system may take its time.
        found = _versions_in(base_path) if base_path else frozenset[int]()

        def checked(model: ModelConfig) -> ModelConfig:
            known = found if model.base_path == base_path else frozenset[int]()
            changed = change(model, known)
            check_labels_keep_versions(changed, model, known)
            return changed

        return self._change_one(name, checked, caller)

    def _change_one(self, name: str, change: Callable[[ModelConfig], ModelConfig], caller: Caller) -> Change:
        def edit(models: Models) -> Models:
            self._check_configured(name)
            return tuple(change(model) if model.name == name else model for model in models)

        return self._change(name, edit, caller)

    def _change(self, name: str, edit: Edit, caller: Caller) -> Change:
        attempt, query = caller.attempt, caller.query
        attempt.is_dry_run = query.dry_run
        done = self._core.configured.change(
            edit, writer=_writer(caller.actor), is_dry_run=query.dry_run, on_present=caller.if_match.check
        )
        attempt.diff = differences(done.before.models, done.after.models)
        attempt.accept()
        if query.dry_run:
            return self._answer(name, done.before.etag, attempt.diff, is_dry_run=True)
        if done.is_changed:
            self._warn_of_file()
        self._settle(name, query.wait_s, caller)
        return self._answer(name, done.after.etag, attempt.diff, is_dry_run=False)

    def _answer(self, name: str, etag: str, diff: tuple[Difference, ...], *, is_dry_run: bool) -> Change:
        model = self._documents.model(name) if name in self._core.configured.names else None
        return Change(is_dry_run=is_dry_run, is_changed=bool(diff), diff=diff, etag=etag, model=model)

    def _settled(self, name: str, wait_s: float, caller: Caller) -> ModelDocument:
        self._settle(name, wait_s, caller)
        return self.model(name)

    def _settle(self, name: str, wait_s: float, caller: Caller) -> None:
        if wait_s > 0:
            self._core.acts.wait_until_settled(name, wait_s, caller.is_gone)

    def _warn_of_file(self) -> None:
        if self._config_file is not None:
            logger.info("This change holds until %s says something new, or the server starts again", self._config_file)

    def _check_configured(self, name: str) -> None:
        check_known(name, self._core.configured.names)
        if name in self._core.configured.servable_names:
            raise FailedPreconditionError(f"{name} is served by the program of this server, which alone changes it")

    def _check_version(self, name: str, version: int) -> None:
        known = [snapshot.id.version for snapshot in self._core.manager.get_state_snapshots(name)]
        if version not in known:
            there = ", ".join(map(str, reversed(known))) or "none"
            raise NotFoundError(f"There is no version {version} of model {name}; there is: {there}")


def _writer(actor: str | None) -> str:
    # It goes into the log; what a caller says of itself is shown as such.
    return f"the admin API ({actor[:100]!r})" if actor else "the admin API"
