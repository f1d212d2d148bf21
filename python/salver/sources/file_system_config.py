"""What a source of versions in directories watches, and how."""

from __future__ import annotations

from dataclasses import dataclass, field

from salver.errors import InvalidArgumentError, NotFoundError
from salver.sources.settling import SettlingOptions
from salver.sources.version_directory import list_versions
from salver.sources.version_scan import FileSystemServable


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSystemSourceConfig:
    """What to watch and how."""

    servables: tuple[FileSystemServable, ...] = ()
    """The streams; names are unique. May change while serving."""
    poll_wait_s: float = 1.0
    """Seconds between polls; 0 polls once, a negative number never. Fixed once the source is connected."""
    always_present: bool = False
    """Whether to refuse to un-aspire the last version of a stream because its base path became empty. May change."""
    fail_if_zero_versions: bool = False
    """Whether a configuration with a servable that has no version now is rejected whole. May change."""
    settling: SettlingOptions | None = field(default_factory=SettlingOptions)
    """How to tell that a version is completely written; None aspires whatever is there. May change."""

    def __post_init__(self) -> None:
        """Check what can be checked without the file system.

        Raises:
            InvalidArgumentError: A name is empty or comes twice, or a base path is empty.
        """
        names: set[str] = set()
        for servable in self.servables:
            if not servable.name:
                raise InvalidArgumentError("A servable has an empty name")
            if not servable.base_path:
                raise InvalidArgumentError(f"Servable {servable.name} has an empty base path")
            if servable.name in names:
                raise InvalidArgumentError(f"Servable {servable.name} is configured more than once")
            names.add(servable.name)


def check_versions_present(config: FileSystemSourceConfig) -> None:
    """Check, where the configuration asks for it, that each servable has a version now.

    Raises:
        InvalidArgumentError: A base path cannot be read.
        NotFoundError: A base path has no version.
    """
    if not config.fail_if_zero_versions:
        return
    for servable in config.servables:
        try:
            entries = list_versions(servable.base_path, allows_files=servable.allows_files)
        except OSError as error:
            raise InvalidArgumentError(f"Could not find the base path of servable {servable.name}") from error
        if not entries:
            raise NotFoundError(f"Unable to find a numerical version path for servable {servable.name}")
