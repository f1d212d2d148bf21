"""Loads a version together with the batching policy that it has of its own."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from salver.boundary import UNBATCHED
from salver.config.batching_parameters import BatchingParameters
from salver.core.ids import ServableId
from salver.core.loader import Loader, LoadMetadata
from salver.core.storage_path import StoragePath
from salver.errors import NotFoundError
from salver.servables.wrapping_loader import WrappingLoader
from salver.server.batching_policies import BatchingPolicies, OwnPolicy
from salver.server.followed_file import FollowedFile

logger = logging.getLogger(__name__)

FILE_NAME = "batching_params.pbtxt"


class BatchingLoader(WrappingLoader):
    """Notes the policy of its version with the load."""

    def __init__(
        self, loader: Loader, id: ServableId, read_policy: Callable[[], OwnPolicy], policies: BatchingPolicies
    ) -> None:
        super().__init__(loader)
        self._id = id
        self._read_policy = read_policy
        self._policies = policies

    def load_with_metadata(self, metadata: LoadMetadata) -> None:
        """Load; a policy that cannot be had fails the load."""
        own = self._read_policy()
        super().load_with_metadata(metadata)
        self._policies.note(self._id, own)

    def unload(self) -> None:
        """See `Loader.unload`."""
        super().unload()
        self._policies.forget(self._id)


def policy_of_directory(directory: StoragePath) -> OwnPolicy:
    """Return what the file in a version directory says; without the file, the version is not batched.

    Raises:
        SalverError: The file is wrong, or cannot be read.
    """
    file = _file_in(directory)
    parameters = file.load()
    for line in parameters.warnings:
        logger.warning("%s", line)
    return OwnPolicy(parameters.policy, file)


def _file_in(directory: StoragePath) -> FollowedFile[BatchingParameters]:
    path = os.path.join(directory, FILE_NAME)

    def read() -> str | None:
        if not os.path.exists(path):  # before protobuf is imported, for the many that have none
            return None
        from salver.config.batching_parameters_file import read_batching_text

        try:
            return read_batching_text(path)
        except NotFoundError:
            return None

    def parse(text: str | None) -> BatchingParameters:
        if text is None:
            return BatchingParameters(policy=UNBATCHED)
        from salver.config.batching_parameters_file import parse_batching_parameters

        return parse_batching_parameters(text, path)

    return FollowedFile(read, parse)
