"""Where versions come from: sources of storage paths."""

from salver.sources.file_system import FileSystemSource
from salver.sources.file_system_config import FileSystemSourceConfig
from salver.sources.settling import SettlingOptions
from salver.sources.static import StaticSource
from salver.sources.version_policy import All, Latest, Specific, VersionPolicy
from salver.sources.version_scan import FileSystemServable
from salver.sources.watched_stream import PollStatus

__all__ = [
    "All",
    "FileSystemServable",
    "FileSystemSource",
    "FileSystemSourceConfig",
    "Latest",
    "PollStatus",
    "SettlingOptions",
    "Specific",
    "StaticSource",
    "VersionPolicy",
]
