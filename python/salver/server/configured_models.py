"""Which models are configured: the list that is in force, who set it, and the one way to put another in its place.

A change is one step under one lock: the present list is read, the next one made and checked whole, and put in force.
What is served follows the list, whatever becomes of the loads; only `apply` waits for them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import TypeAlias

from salver.config.server_config import ModelConfig, ServerConfig
from salver.errors import FailedPreconditionError
from salver.server.model_changes import told_change
from salver.server.model_list import Edit, ModelList, Models, Replacement
from salver.server.model_waits import ModelWaits, raise_failures

logger = logging.getLogger(__name__)

Check: TypeAlias = Callable[[Models, Models], None]
"""Raises a SalverError where the first list may not take the place of the second."""

Follow: TypeAlias = Callable[[Replacement, str], None]
"""Serves what is now in force; told who wants it. Called with the lock of changes held: must not wait."""


def _accept(present: ModelList) -> None:
    del present


class ConfiguredModels:
    """The models that should be served. Thread-safe.

    Call sequence: construct, `begin`, `take_changes`, any number of changes, `refuse_changes`.
    """

    def __init__(
        self, config: ServerConfig, servable_names: Iterable[str], waits: ModelWaits, *, check: Check, follow: Follow
    ) -> None:
        """Make the empty list.

        Args:
            config: The server's; its models are those that it will `begin` with.
            servable_names: Of the servables that the program brings, which no list changes.
            waits: Those who wait for models.
            check: What must hold of a list that takes the place of another.
            follow: Called with each change.
        """
        self.servable_names = frozenset(servable_names)
        """The names of the servables that the program brings."""
        self._waits = waits
        self._check = check
        self._follow = follow
        self._is_started = False
        self._is_over = False
        self._lock = threading.Lock()
        """Guards `_list`, `_names` and `_writer`; held through a whole change, so that changes take turns."""
        self._list = ModelList()
        self._names = self._names_with(config.models)
        self._writer = config.model_config_file or "the start"

    @property
    def in_force(self) -> ModelList:
        """The list that they are."""
        return self._list

    @property
    def models(self) -> Models:
        """The models of that list; each change makes a new tuple."""
        return self._list.models

    @property
    def writer(self) -> str:
        """Who set them, in words."""
        return self._writer

    @property
    def names(self) -> frozenset[str]:
        """The names of all that should be served: configured models, and servables of the program."""
        return self._names

    def base_path_of(self, name: str) -> str | None:
        """Return the base path of a model, None if it is not configured."""
        model = self._list.by_name.get(name)
        return None if model is None else model.base_path

    # --- The life of a server

    def begin(self, models: Models) -> Replacement:
        """Put the first list in force, which the caller has checked and follows itself."""
        first = Replacement(self._list, ModelList(models))
        self._put(first.after)
        return first

    def take_changes(self) -> None:
        """From now on the list may change, unless that was refused already."""
        self._is_started = True

    def refuse_changes(self) -> None:
        """From now on it may not, for good."""
        self._is_over = True

    # --- Changing it

    def apply(self, models: Sequence[ModelConfig], timeout_s: float | None, *, writer: str = "this program") -> None:
        """Serve these models instead of the present ones, and wait for the new names among them.

        The list is checked whole before anything changes; from then on it is in force, whatever becomes of the loads.
        Models that are no longer named are unloaded without being waited for. Changes take turns; waits do not.

        Args:
            models: The whole list.
            timeout_s: Longest wait for new names; None is no limit.
            writer: Who changes the models, for the log.

        Raises:
            InvalidArgumentError, FailedPreconditionError: The list is wrong, or the server is not running; nothing
                changed.
            UnknownError: A new model failed to load or was taken away again, or the server was stopped meanwhile.
            DeadlineExceededError: A new model was not available in time; it goes on loading.
        """
        with ExitStack() as watching:
            with self._lock:
                planned = self._plan(lambda _: models)
                monitor = watching.enter_context(self._waits.fresh_monitor())
                self._carry_out(planned, writer)
            before = planned.before.by_name
            new = [model.name for model in models if model.name not in before]
            raise_failures(new, monitor.wait_until_available_or_failed(new, timeout_s), timeout_s)

    def replace(self, models: Sequence[ModelConfig], *, writer: str) -> None:
        """Do what `apply` does, but wait for nothing."""
        with self._lock:
            self._carry_out(self._plan(lambda _: models), writer)

    def change(
        self, edit: Edit, *, writer: str, is_dry_run: bool = False, on_present: Callable[[ModelList], None] = _accept
    ) -> Replacement:
        """Serve what `edit` makes of the present models; waits for nothing.

        Reading, checking and changing are one step: no other change comes in between.

        Args:
            edit: Makes the new list; called once, and must be quick.
            writer: Who changes the models, for the log.
            is_dry_run: Check everything and change nothing.
            on_present: Told of the present list before `edit`; raises a SalverError to refuse the change.

        Returns:
            The list of before and the one that is in force now, or would be; both are the same where nothing changes.

        Raises:
            SalverError: What `apply` raises before it waits, or `edit` or `on_present` do; nothing changed.
        """
        with self._lock:
            on_present(self._list)
            planned = self._plan(edit)
            if planned.is_changed and not is_dry_run:
                self._carry_out(planned, writer)
            return planned

    def _plan(self, edit: Edit) -> Replacement:
        """Make and check the list that is to take the place of the present one; under the lock."""
        if self._is_over or not self._is_started:
            raise FailedPreconditionError("the server is starting or stopping; its models cannot be changed")
        present = self._list
        models = tuple(edit(present.models))
        self._check(models, present.models)
        return Replacement(present, present.followed_by(models))

    def _carry_out(self, planned: Replacement, writer: str) -> None:
        logger.info("%s", told_change(planned.after.models, planned.before.models, writer, self._writer))
        self._writer = writer
        self._put(planned.after)
        self._follow(planned, writer)

    def _put(self, new: ModelList) -> None:
        self._list = new
        self._names = self._names_with(new.models)

    def _names_with(self, models: Models) -> frozenset[str]:
        return self.servable_names | {model.name for model in models}
