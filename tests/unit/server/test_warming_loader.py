import threading

import pytest

from salver.core.ids import ServableId
from salver.core.loader import LoadMetadata
from salver.core.resources import ResourceAllocation
from salver.errors import InternalError
from salver.server.warming_loader import WarmingLoader
from salver.testing.fake_loader import FakeLoader

ID = ServableId("m", 1)


class Recorder:
    """Makes fake loaders and warm-ups that fail as often as it is told."""

    def __init__(self, num_failures=0):
        self.loaders = []
        self.warmups = []
        self.num_failures = num_failures

    def make_loader(self):
        self.loaders.append(FakeLoader(f"servable {len(self.loaders)}"))
        return self.loaders[-1]

    def warm_up(self, *arguments):
        self.warmups.append(arguments)
        if self.num_failures:
            self.num_failures -= 1
            raise InternalError("cold")

    def loader(self):
        return WarmingLoader(ID, "/m/1", self.make_loader, self.warm_up)


def test_what_was_loaded_is_warmed_up_and_then_there():
    recorder, cancelled = Recorder(), threading.Event()
    loader = recorder.loader()
    assert loader.servable is None
    loader.load_with_metadata(LoadMetadata(ID, cancelled))
    assert recorder.warmups == [(ID, "servable 0", "/m/1", cancelled)]
    assert loader.servable == "servable 0"
    loader.unload()
    assert loader.servable is None
    assert recorder.loaders[0].num_unloads == 1


def test_there_is_no_servable_during_the_warmup():
    seen = []
    loader = WarmingLoader(ID, None, FakeLoader, lambda *_: seen.append(loader.servable))
    loader.load_with_metadata(LoadMetadata(ID))
    assert seen == [None]


def test_a_warmup_that_fails_leaves_nothing_loaded():
    recorder = Recorder(num_failures=1)
    loader = recorder.loader()
    with pytest.raises(InternalError, match="cold"):
        loader.load_with_metadata(LoadMetadata(ID))
    assert loader.servable is None
    assert recorder.loaders[0].num_unloads == 1


def test_the_next_attempt_after_a_failed_warmup_has_a_new_loader():
    recorder = Recorder(num_failures=1)
    loader = recorder.loader()
    with pytest.raises(InternalError):
        loader.load_with_metadata(LoadMetadata(ID))
    loader.load_with_metadata(LoadMetadata(ID))
    assert loader.servable == "servable 1"
    assert [made.num_load_attempts for made in recorder.loaders] == [1, 1]


def test_a_load_that_fails_is_not_warmed_up_and_keeps_its_loader():
    recorder, inner = Recorder(), FakeLoader(num_failures=1)
    loader = WarmingLoader(ID, None, lambda: inner, recorder.warm_up)
    with pytest.raises(Exception, match="the fake load failed"):
        loader.load_with_metadata(LoadMetadata(ID))
    assert recorder.warmups == []
    assert inner.num_unloads == 0
    loader.load_with_metadata(LoadMetadata(ID))
    assert inner.num_load_attempts == 2


def test_estimates_what_the_loader_within_estimates():
    estimate = ResourceAllocation()
    loader = WarmingLoader(ID, None, lambda: FakeLoader(estimate=estimate), lambda *_: None)
    assert loader.estimate_resources() is estimate
