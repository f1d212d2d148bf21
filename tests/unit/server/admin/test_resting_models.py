from dataclasses import replace

import pytest

from salver.admin.model import ModelDocument, VersionDocument
from salver.boundary import UNBATCHED, BatchingPolicy
from salver.config.server_config import ModelConfig
from salver.core.ids import ServableId
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_table import ServableStateAndTime
from salver.errors import NotFoundError
from salver.server.admin.resting_models import Look, RestingModels, Traffic

CONFIG = ModelConfig(name="m", base_path="/m")


def state(version, state=ManagerState.AVAILABLE, time_s=1.0):
    return ServableStateAndTime(ServableState(ServableId("m", version), state), time_s)


def look(*states, **changes):
    found = Look(config=CONFIG, states=states, source_error=None, labels={}, policy=UNBATCHED)
    return replace(found, **changes)


AT_REST = look(state(2), state(1))
IDLE = Traffic((0, None), (5, None))


class Kit:
    """Models at rest, and how often one was made and written."""

    def __init__(self):
        self.models = RestingModels()
        self.num_made = self.num_written = 0

    def _make(self, traffic):
        self.num_made += 1
        versions = tuple(
            VersionDocument(version=2 - i, state="AVAILABLE", since="", num_in_flight=a, num_requests=b, load_s=0.5)
            for i, (a, b) in enumerate(zip(traffic.in_flight, traffic.requests, strict=True))
        )
        return ModelDocument(
            name="m", base_path="/m", source="config", status="AVAILABLE", num_in_flight=0, versions=versions
        )

    def document(self, found=AT_REST, traffic=IDLE):
        return self.models.document("m", found, traffic, lambda: self._make(traffic))

    def text(self, document):
        def write(document):
            del document
            self.num_written += 1
            return f"written {self.num_written}"

        return self.models.text(document, write)


@pytest.fixture
def kit():
    return Kit()


def test_model_at_rest_is_made_and_written_once(kit):
    first, again = kit.document(), kit.document(replace(AT_REST, labels={}))
    assert first is again
    assert (kit.text(first), kit.text(again), kit.num_made) == ("written 1", "written 1", 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"config": replace(CONFIG, base_path="/other")},
        {"states": (state(3), state(1))},
        {"states": (state(2, time_s=2.0), state(1))},
        {"source_error": NotFoundError("gone")},
        {"labels": {"stable": 2}},
        {"policy": BatchingPolicy()},
    ],
    ids=str,
)
def test_model_of_which_something_changes_is_made_anew(kit, changes):
    first = kit.document()
    kit.text(first)
    changed = kit.document(replace(AT_REST, **changes))
    assert (kit.num_made, kit.text(changed)) == (2, "written 2")


def test_of_what_requests_change_only_that_is_put_in(kit):
    first = kit.document()
    busy = kit.document(traffic=Traffic((3, None), (9, None)))
    assert (kit.num_made, busy.num_in_flight) == (1, 3)
    newer, older = busy.versions
    assert (newer.num_in_flight, newer.num_requests, newer.load_s) == (3, 9, 0.5)
    assert older is first.versions[1]
    assert kit.text(first) != kit.text(busy)


@pytest.mark.parametrize(
    "found",
    [
        look(),
        look(state(2, ManagerState.LOADING)),
        look(state(2), state(1, ManagerState.UNLOADING)),
        look(state(2, ManagerState.END), state(1)),
    ],
    ids=["no version", "loading", "unloading", "failed"],
)
def test_what_is_under_way_is_looked_at_each_time(kit, found):
    idle = Traffic((0,) * len(found.states), (0,) * len(found.states))
    documents = [kit.document(found, idle), kit.document(found, idle)]
    assert kit.num_made == 2
    assert [kit.text(one) for one in documents] == ["written 1", "written 2"]


def test_models_that_are_gone_are_forgotten(kit):
    kit.document()
    kit.models.keep_only({"other"})
    kit.document()
    assert kit.num_made == 2
    kit.models.keep_only({"m"})
    kit.document()
    assert kit.num_made == 2
