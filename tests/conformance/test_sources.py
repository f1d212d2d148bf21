import itertools

import pytest

from salver.core.ids import ServableId
from salver.core.servable_data import ServableData
from salver.core.source import connect
from salver.core.source_adapter import PrefixSourceAdapter
from salver.sources.file_system import FileSystemSource
from salver.sources.file_system_config import FileSystemSourceConfig
from salver.sources.static import StaticSource
from salver.sources.version_policy import All
from salver.sources.version_scan import FileSystemServable
from salver.testing.model_directory import ModelDirectory
from salver.testing.source_conformance import SourceConformance
from salver.testing.sources import FakeSource


class TestStaticSource(SourceConformance):
    def make_source(self):
        return StaticSource([ServableData(ServableId(name, version), "/x") for name in "ab" for version in (1, 2)])


class TestFileSystemSource(SourceConformance):
    poll_wait_s = -1.0

    @pytest.fixture(autouse=True)
    def _base_paths(self, tmp_path):
        self.models = [ModelDirectory(tmp_path / name) for name in ("a", "b")]
        self.numbers = itertools.count(10)

    def make_source(self):
        for models in self.models:
            models.add(1)
        servables = tuple(
            FileSystemServable(name=f"servable {number}", base_path=models.path, policy=All())
            for number, models in enumerate(self.models)
        )
        return FileSystemSource(
            FileSystemSourceConfig(servables=servables, poll_wait_s=self.poll_wait_s, settling=None)
        )

    def drive(self, source):
        source.poll_once()

    def add_version(self, source):
        self.models[0].add(next(self.numbers))
        return True

    def stop(self, source):
        source.stop()


class TestFileSystemSourceWithItsThread(TestFileSystemSource):
    poll_wait_s = 0.001


class TestSourceAdapter(SourceConformance):
    """An adapter is a source, as good as the one before it."""

    def make_source(self):
        self.versions = [1]
        self.inner, adapter = FakeSource(), PrefixSourceAdapter("/prefix")
        connect(self.inner, adapter)
        return adapter

    def drive(self, source):
        self.inner.emit("m", [ServableData(ServableId("m", version), "/x") for version in list(self.versions)])

    def add_version(self, source):
        self.versions.append(len(self.versions) + 1)
        return True
