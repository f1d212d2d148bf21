"""The model config file while the server runs: what is written to it is put in force.

Rules:
    - Content decides, not times or names: the file may be written in place, renamed over, or reached through links that
      are swapped. A file that says what it said before is never applied again, so models that were set otherwise since
      (by a reload request) stay until somebody changes the file.
    - A list that is in force is in force, whatever becomes of its models; nothing is waited for.
    - What cannot be read, parsed or accepted changes nothing and is logged once. The file is looked at again with each
      period, and a list that was refused for the state of its versions (labels of versions that are not there yet) is
      tried again, unless somebody else set the models meanwhile.
    - A file without a list does not take models away, because it may be one that is just being written;
      `model_config_list {}` does.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from salver.config.text_file import read_text
from salver.errors import FailedPreconditionError, SalverError
from salver.sources.poll_thread import PollThread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salver.config.server_config import ModelConfig, ServerConfig

logger = logging.getLogger(__name__)


class ReplaceableModels(Protocol):
    """As much of the configured models as a poller needs: `salver.server.configured_models.ConfiguredModels`."""

    @property
    def models(self) -> tuple[ModelConfig, ...]:
        """The models in force; each change makes a new tuple."""

    def replace(self, models: Sequence[ModelConfig], *, writer: str) -> None:
        """Put these in force instead; a SalverError changes nothing."""


class ConfigPoller:
    """Looks at one file; `step` is called by one thread."""

    def __init__(
        self, path: str, target: ReplaceableModels, applied: Sequence[ModelConfig], poll_wait_s: float
    ) -> None:
        """Make a poller.

        Args:
            path: The file.
            target: What is told of changes.
            applied: What the file said when the server read it at its start.
            poll_wait_s: Time between two looks.
        """
        self._path = path
        self._target = target
        self._applied = tuple(applied)
        self._poll_wait_s = poll_wait_s
        self._seen: str | None = None
        """The text that was last taken in, applied or not; None if the file could not be read."""
        self._retry_on: tuple[ModelConfig, ...] | None = None
        """The models in force when `_seen` was refused, if it may be accepted later."""
        self._told = ""

    def step(self) -> float:
        """Look once; return the seconds until the next look."""
        try:
            self._look()
        except SalverError as error:
            if str(error) != self._told:
                self._told = str(error)
                logger.error("%s; the models stay as they are", error.message)  # noqa: TRY400  # no fault of the server
        return self._poll_wait_s

    def _look(self) -> None:
        text = self._read()
        if text == self._seen and self._target.models is not self._retry_on:
            return
        self._seen, self._retry_on = text, None
        models = self._parse(text)
        if models != self._applied:
            self._apply(models)
        self._told = ""

    def _read(self) -> str:
        from salver.config.model_config_file import MODEL_SERVER_CONFIG

        try:
            return read_text(self._path, MODEL_SERVER_CONFIG, what="model config file")
        except SalverError as error:
            self._seen = None
            raise type(error)(f"Failed to read ModelServerConfig file: {error.message}") from error

    def _parse(self, text: str) -> tuple[ModelConfig, ...]:
        from salver.config.model_config_file import parse_models

        models = parse_models(text, self._path)
        if models is None and self._target.models:
            raise FailedPreconditionError(
                f"Cannot transition to requested config. {self._path} has no model_config_list; "
                "write `model_config_list {}` to remove all models"
            )
        return models or ()

    def _apply(self, models: tuple[ModelConfig, ...]) -> None:
        in_force = self._target.models
        try:
            self._target.replace(models, writer=self._path)
        except SalverError as error:
            if isinstance(error, FailedPreconditionError):
                self._retry_on = in_force
            raise type(error)(
                f"PollFilesystemAndReloadConfig failed to ReloadConfig: {self._path}: {error.message}"
            ) from error
        self._applied = models


def config_poller(target: ReplaceableModels, config: ServerConfig) -> PollThread | None:
    """Make the thread that watches the model config file; None where the configuration asks for none."""
    if config.model_config_file is None or config.model_config_file_poll_wait_s is None:
        return None
    poller = ConfigPoller(
        config.model_config_file, target, config.models, poll_wait_s=config.model_config_file_poll_wait_s
    )
    return PollThread(poller.step, "salver-config-poller")
