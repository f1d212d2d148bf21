import sys
import threading

import numpy as np
import pytest

from salver import wire
from salver.errors import DeadlineExceededError, FailedPreconditionError, InternalError, InvalidArgumentError
from salver.servables.servable import is_servable, max_batch_rows_of
from salver.servables.tflite import servable as servable_module
from salver.servables.tflite.options import TfLiteOptions
from salver.servables.tflite.servable import TfLiteServable
from salver.servables.time_limit import time_limit
from tests.support.models import MODELS


def make(name, **options):
    return TfLiteServable((MODELS / name / "1" / "model.tflite").read_bytes(), TfLiteOptions(**options))


@pytest.fixture
def interpreters(monkeypatch):
    """Every interpreter that is made."""
    made = []
    real = servable_module.new_interpreter

    def count(content):
        made.append(real(content))
        return made[-1]

    monkeypatch.setattr(servable_module, "new_interpreter", count)
    return made


def test_it_is_a_servable_that_knows_its_signatures():
    servable = make("tflite_table")
    assert is_servable(servable)
    assert sorted(servable.signatures) == ["double", "serving_default"]
    spec = servable.signatures["double"]
    assert (spec.inputs["x"].dtype, spec.inputs["x"].shape, spec.method) == (1, [1], "tensorflow/serving/predict")


def test_metadata_has_the_names_of_the_tensors():
    servable = make("tflite_half_plus_two")
    signatures = wire.SignatureDefMap.FromString(servable.signature_def_map).signature_def
    assert signatures["serving_default"].inputs["x"].name == "x:0"


@pytest.mark.parametrize(("num_interpreters", "rows"), [(1, None), (2, 500)])
def test_requests_are_joined_with_more_than_one_interpreter_for_each_pool(num_interpreters, rows):
    servable = make("tflite_scores", num_interpreters_per_pool=num_interpreters)
    assert max_batch_rows_of(servable) == rows


def test_one_interpreter_is_kept_until_more_are_needed(interpreters):
    servable = make("tflite_scores", num_pools=8)
    num_at_load = len(interpreters)
    for _ in range(10):
        servable.run("serving_default", {"x": np.ones((1, 3), np.float32)})
    assert len(interpreters) == num_at_load


def test_threads_at_the_same_time_get_the_right_answers():
    servable = make("tflite_scores", num_pools=3)
    wrong = []

    def work(size):
        x = np.full((size, 3), size, np.float32)
        for _ in range(100):
            scores = servable.run("serving_default", {"x": x})["scores"]
            if scores.tolist() != [[3 * size, 6 * size]] * size:
                wrong.append(scores)

    threads = [threading.Thread(target=work, args=(size,)) for size in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_wait_for_an_interpreter_ends_at_the_deadline_of_the_batch():
    servable = make("tflite_scores", num_pools=1)
    x = np.ones((1, 3), np.float32)
    with servable._pool.borrow(None), time_limit(0.0), pytest.raises(DeadlineExceededError):
        servable.run("serving_default", {"x": x})
    with time_limit(60.0):
        assert servable.run("serving_default", {"x": x})["scores"].tolist() == [[3, 6]]


def test_an_operation_that_is_not_built_in_is_named():
    with pytest.raises(InternalError, match="unresolved custom op: ParseExample"):
        make("tflite_parse_example")


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\0" * 100, b"{}" * 50], ids=["empty", "short", "zeros", "text"])
def test_what_is_no_flatbuffer_is_an_invalid_argument(content):
    with pytest.raises(InvalidArgumentError, match="damaged, or no TFLite model"):
        TfLiteServable(content, TfLiteOptions())


def test_every_truncation_is_an_error():
    content = (MODELS / "tflite_metadata" / "1" / "model.tflite").read_bytes()
    for end in range(0, len(content) - 40, 7):
        with pytest.raises((InvalidArgumentError, InternalError)):
            TfLiteServable(content[:end], TfLiteOptions())


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(FailedPreconditionError, match=r"pip install 'salver\[tflite\]'"):
        make("tflite_scores")
