from dataclasses import replace

import pytest
from rich.console import Console

from salver.admin.model import Reason, TensorDocument, VersionDocument
from salver.ctl.model_view import description_view, models_view, policy_text
from tests.support.admin_documents import SERVING, SIGNATURES, SINCE, SINCE_S, model


def drawn(view):
    console = Console(width=200)
    with console.capture() as captured:
        console.print(view)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_models_that_do_not_serve_tell_why_below_the_table():
    broken = model(status="FAILED", versions=(), reason=Reason(code="NOT_FOUND", message="no such base path"))
    assert drawn(models_view([model("tagger"), broken]))[-2:] == ["", "ranker: NOT_FOUND: no such base path"]


def test_versions_that_do_not_serve_tell_their_state_and_past_ones_nothing():
    loading = VersionDocument(version=5, state="LOADING", since=SINCE)
    line = drawn(models_view([model(versions=(loading, *model().versions), is_pinned=True)]))[1]
    assert line.startswith("ranker (pinned)   AVAILABLE   3, 5 loading ")


def test_description():
    lines = drawn(description_view(model(), replace(SERVING, signatures=SIGNATURES), now_s=SINCE_S + 45))
    assert lines == [
        "ranker",
        "  status      AVAILABLE",
        "  base path   /m/ranker",
        "  platform    tensorflow",
        "  versions    latest",
        "  labels      stable = 3",
        "  batching    off",
        "  memory      5 MiB",
        "  in flight   2",
        "",
        "  VERSION  STATE      FOR  LABELS  MEMORY  LOADED IN  IN FLIGHT  REQUESTS  FAILED LOADS  NEXT TRY",
        "        4  END        45s  -            -          -          -         -             2  in 15s",
        "        3  AVAILABLE  45s  stable   5 MiB     250 ms          2         -             0  -",
        "",
        "  version 4: NOT_FOUND: no saved_model.pb",
        "",
        "  serving_default  tensorflow/serving/predict",
        "    in    x   DT_FLOAT    [?, 3]",
        "    out   y   DT_STRING   any shape",
    ]


def test_versions_that_never_failed_fit_eighty_columns():
    lines = drawn(description_view(model(versions=(SERVING,)), None, now_s=SINCE_S + 45))
    (head,) = (line for line in lines if "VERSION  " in line)
    assert head.endswith("REQUESTS")
    assert max(map(len, lines)) <= 80


def test_description_of_a_servable_of_the_program():
    lines = drawn(description_view(model(base_path="", source="program", versions=()), None))
    assert "  base path   (brought by the program)" in lines


def test_scalars_have_an_empty_shape():
    scalar = {"s": replace(SIGNATURES["serving_default"], outputs={"y": TensorDocument(dtype="DT_INT64", shape=())})}
    assert drawn(description_view(model(), replace(SERVING, signatures=scalar)))[-1] == "    out   y   DT_INT64   []"


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ({"latest": {"num_versions": 1}}, "latest"),
        ({"latest": {"num_versions": 3}}, "latest:3"),
        ({"all": {}}, "all"),
        ({"specific": {"versions": [1, 7]}}, "1,7"),
    ],
)
def test_policies_are_shown_as_they_are_typed(policy, text):
    assert policy_text(policy) == text
