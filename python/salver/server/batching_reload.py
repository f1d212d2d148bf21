"""Batching parameters while the server runs: what is written to their files is put in force for what serves.

What cannot be read, parsed or accepted changes nothing and is logged once. Requests that wait already keep the policy
they came under. The number of runners is fixed at the start.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

from salver.config.batching_parameters import BatchingParameters
from salver.config.server_config import ServerConfig
from salver.core.ids import ServableId
from salver.errors import SalverError
from salver.server.batching_policies import BatchingPolicies, OwnPolicy
from salver.server.followed_file import FollowedFile
from salver.sources.poll_thread import PollThread

logger = logging.getLogger(__name__)

_MAX_TOLD = 10
"""Versions that one log line names."""


class BatchingReload:
    """Looks at the server's file and at those of versions. Thread-safe."""

    def __init__(
        self,
        policies: BatchingPolicies,
        update: Callable[[], Sequence[ServableId]],
        server_file: FollowedFile[BatchingParameters] | None,
        poll_wait_s: float,
    ) -> None:
        """Make a reload that has looked at nothing yet.

        Args:
            policies: What holds for each version.
            update: Tells the versions that serve, and returns those for which something changed.
            server_file: The file of the server, if it has one.
            poll_wait_s: Time between two looks.
        """
        self._policies = policies
        self._update = update
        self._server_file = server_file
        self._poll_wait_s = poll_wait_s
        self._lock = threading.Lock()
        """Guards what the files were last seen with."""

    def step(self) -> float:
        """Look once; return the seconds until the next look."""
        with self._lock:
            if self._server_file is not None:
                self._look(self._server_file, self._apply_server)
            for id, own in self._policies.own().items():
                if own.file is not None:
                    self._look(own.file, partial(self._apply_version, id, own))
            self._tell(self._update())
        return self._poll_wait_s

    def _look(self, file: FollowedFile[BatchingParameters], apply: Callable[[BatchingParameters], None]) -> None:
        try:
            parameters = file.changed()
        except SalverError as error:
            logger.error("%s; batching stays as it is", error.message)  # noqa: TRY400  # no fault of the server
            return
        if parameters is not None:
            apply(parameters)

    def _apply_server(self, parameters: BatchingParameters) -> None:
        before = self._policies.parameters
        if parameters == before:
            return
        _warn(parameters)
        if parameters.num_batch_threads != before.num_batch_threads:
            logger.warning("num_batch_threads changed, but the number of runners does not change while serving")
        self._policies.set_parameters(parameters)

    def _apply_version(self, id: ServableId, own: OwnPolicy, parameters: BatchingParameters) -> None:
        _warn(parameters)
        self._policies.renew(id, own, OwnPolicy(parameters.policy, own.file))

    def _tell(self, changed: Sequence[ServableId]) -> None:
        if changed:
            more = f" and {len(changed) - _MAX_TOLD} more" if len(changed) > _MAX_TOLD else ""
            logger.info("Batching changed for %s%s", ", ".join(map(str, changed[:_MAX_TOLD])), more)


def _warn(parameters: BatchingParameters) -> None:
    for line in parameters.warnings:
        logger.warning("%s", line)


def server_file(config: ServerConfig) -> FollowedFile[BatchingParameters] | None:
    """Return the file that the server's parameters were read from, if there is one."""
    path = config.batching_parameters_file
    if path is None:
        return None
    from salver.config.batching_parameters_file import parse_batching_parameters, read_batching_text, server_scope

    scope = server_scope(are_per_version=config.enable_per_model_batching)
    return FollowedFile(
        lambda: read_batching_text(path), lambda text: parse_batching_parameters(text or "", path, scope)
    )


def batching_poller(reload: BatchingReload, config: ServerConfig) -> PollThread | None:
    """Make the thread that watches the files; None where the configuration asks for none."""
    configs = (config, *(config.tensorflow_platforms or {}).values())
    has_files = config.batching_parameters_file is not None or any(
        each.enable_batching and each.enable_per_model_batching for each in configs
    )
    if config.batching_parameters_poll_wait_s is None or not has_files:
        return None
    return PollThread(reload.step, "salver-batching-poller")
