"""Leaving the page cache to others: files of a version are read once, and what was read is in the servable."""

from __future__ import annotations

import logging
import os

from salver.core.loader import Loader, LoadMetadata
from salver.core.storage_path import StoragePath
from salver.servables.wrapping_loader import WrappingLoader

_log = logging.getLogger(__name__)


class PageCacheLeavingLoader(WrappingLoader):
    """Drops the files of its version from the page cache after the load; pages that are mapped stay."""

    def __init__(self, loader: Loader, directory: StoragePath) -> None:
        super().__init__(loader)
        self._directory = directory

    def load_with_metadata(self, metadata: LoadMetadata) -> None:
        """See `Loader.load_with_metadata`."""
        super().load_with_metadata(metadata)
        drop_from_page_cache(self._directory)


def drop_from_page_cache(directory: str) -> None:
    """Tell the system that the files below this directory are not needed soon; no failure is one of the caller's."""
    if not hasattr(os, "posix_fadvise"):
        return
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                _drop_file(os.path.join(folder, name))
            except OSError as error:
                _log.debug("A file of a version stays in the page cache: %s", error)


def _drop_file(path: str) -> None:
    # Without waiting for the other side of a pipe that somebody left there.
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)
