import json

import numpy as np
import pytest

from salver.core.ids import ServableId
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource
from salver.errors import FailedPreconditionError, NotFoundError
from salver.servables.lookup_table import LookupTableLoader


def make_loader(directory, text):
    (directory / "table.json").write_text(text)
    return LookupTableLoader(ServableId("m", 1), str(directory))


def test_keys_of_any_shape_are_looked_up(tmp_path):
    loader = make_loader(tmp_path, json.dumps({"a": "1", "ü": "2"}))
    loader.load()
    keys = np.array([[b"a", b"x"], ["ü".encode(), b"a"]], object)
    outputs = loader.servable.run("serving_default", {"keys": keys})
    assert outputs["values"].tolist() == [[b"1", b""], [b"2", b"1"]]
    assert outputs["found"].tolist() == [[True, False], [True, True]]


def test_estimate_grows_with_the_file(tmp_path):
    assert make_loader(tmp_path, "{}").estimate_resources() == {Resource(MAIN, RAM_IN_BYTES): 8}


@pytest.mark.parametrize("text", ["[1]", '{"a": 1}', "{"])
def test_other_content_is_a_failed_precondition(tmp_path, text):
    with pytest.raises(FailedPreconditionError, match="m version 1"):
        make_loader(tmp_path, text).load()


def test_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="no file table.json"):
        LookupTableLoader(ServableId("m", 1), str(tmp_path)).load()
