import os

import pytest

from salver.core.ids import ServableId
from salver.core.loader import LoadMetadata
from salver.errors import UnknownError
from salver.servables.page_cache import PageCacheLeavingLoader, drop_from_page_cache
from salver.testing.fake_loader import FakeLoader

ID = ServableId("m", 1)


@pytest.fixture
def dropped(monkeypatch):
    """The files that the system was told about."""
    names = []

    def advise(file, offset, length, advice):
        assert (offset, length, advice) == (0, 0, os.POSIX_FADV_DONTNEED)
        names.append(os.readlink(f"/proc/self/fd/{file}"))

    monkeypatch.setattr(os, "posix_fadvise", advise)
    return names


@pytest.fixture
def version(tmp_path):
    (tmp_path / "variables").mkdir()
    for name in ("saved_model.pb", "variables/variables.index"):
        (tmp_path / name).write_text("x")
    return tmp_path


def test_all_files_of_the_version_leave_the_cache_after_the_load(dropped, version):
    loader = FakeLoader()
    wrapped = PageCacheLeavingLoader(loader, str(version))
    assert dropped == []
    wrapped.load_with_metadata(LoadMetadata(ID))
    assert sorted(dropped) == [str(version / "saved_model.pb"), str(version / "variables" / "variables.index")]
    assert wrapped.servable is loader.servable


def test_files_stay_when_the_load_fails(dropped, version):
    class Broken(FakeLoader):
        def load_with_metadata(self, metadata):
            raise UnknownError("broken")

    with pytest.raises(UnknownError):
        PageCacheLeavingLoader(Broken(), str(version)).load_with_metadata(LoadMetadata(ID))
    assert dropped == []


def test_what_cannot_be_opened_is_passed_over(dropped, version):
    (version / "gone").symlink_to("nowhere")
    os.mkfifo(version / "pipe")
    drop_from_page_cache(str(version))
    assert len([name for name in dropped if "pipe" not in name]) == 2


def test_directory_that_is_none_is_no_failure(dropped):
    drop_from_page_cache("gs://bucket/model/1")
    assert dropped == []


def test_system_takes_the_advice(version):
    drop_from_page_cache(str(version))
    assert (version / "saved_model.pb").read_text() == "x"
