from dataclasses import replace

import pytest

from salver.config import ModelConfig
from salver.errors import FailedPreconditionError, InvalidArgumentError
from salver.server.model_changes import check_labels, check_labels_keep_versions, check_models, told_change
from salver.sources.version_policy import All, Latest, Specific


def model(name="m", **settings):
    return ModelConfig(name=name, **{"base_path": f"/models/{name}", **settings})


@pytest.mark.parametrize(
    ("models", "before", "message"),
    [
        ([model(), model()], [], "m is listed 2 times"),
        ([model(base_path="relative")], [], "m: base_path must be an absolute path"),
        ([model(platform="python")], [model()], "platform was tensorflow and new platform requested is python"),
        ([model("mine")], [], "mine: the program that runs this server"),
    ],
)
def test_wrong_lists_are_refused(models, before, message):
    with pytest.raises(InvalidArgumentError, match=message):
        check_models(models, before, {"mine"})


def test_all_problems_are_told_at_once():
    with pytest.raises(InvalidArgumentError, match="(?s)model a.*model b"):
        check_models([model("a", base_path="x"), model("b", base_path="y")], [], ())


def test_labels_of_a_model_that_is_served_already_are_checked():
    with pytest.raises(FailedPreconditionError):
        check_labels([model(version_labels={"stable": 1})], [model()], lambda _: {})


@pytest.mark.parametrize(
    "before",
    [[], [model(base_path="/elsewhere")], [model(version_policy=All())]],
    ids=["new model", "moved model", "other version policy"],
)
def test_labels_may_name_versions_that_are_yet_to_be_found(before):
    check_labels([model(version_labels={"stable": 1})], before, lambda _: {})


def test_new_label_may_name_any_version_where_that_is_allowed():
    labelled = [model(version_labels={"stable": 1})]
    check_labels(labelled, [model()], lambda _: {}, allow_unknown=True)
    check_labels(labelled, labelled, lambda _: {}, allow_unknown=True)
    with pytest.raises(FailedPreconditionError, match="label stable to version 2"):
        check_labels([model(version_labels={"stable": 2})], labelled, lambda _: {}, allow_unknown=True)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (Latest(), Specific((1,)), {1, 2}),
        (All(), Specific((1, 3)), {1, 2, 3}),
        (All(), Latest(), {1, 2, 3}),
        (Latest(2), Latest(1), {1, 2, 3}),
        (Specific((2,)), Latest(), {2, 3}),
        (Specific((2,)), Specific(()), ()),
    ],
)
def test_policy_that_takes_the_version_of_a_label_is_refused(before, after, found):
    labelled = model(version_labels={"stable": 2}, version_policy=before)
    with pytest.raises(FailedPreconditionError, match="label stable names version 2"):
        check_labels_keep_versions(replace(labelled, version_policy=after), labelled, found)


@pytest.mark.parametrize(
    ("after", "typed"), [(Latest(), "latest:1"), (Specific((1, 3)), "1,3"), (Specific(()), "none")]
)
def test_refusal_says_the_command_that_does_both(after, typed):
    labelled = model("my model", version_labels={"stable": 2}, version_policy=All())
    with pytest.raises(FailedPreconditionError) as caught:
        check_labels_keep_versions(replace(labelled, version_policy=after), labelled, {1, 2, 3})
    assert caught.value.message.endswith(
        "Move or remove the label in the change of version_policy, by one PATCH with both: "
        f"salver ctl set 'my model' --versions {typed} --label LABEL=VERSION, or --label LABEL- to remove it"
    )


@pytest.mark.parametrize(
    ("before", "changes", "found"),
    [
        (All(), {"version_policy": Specific((1, 2))}, {1, 2, 3}),
        (All(), {"version_policy": Latest(2)}, {1, 2, 3}),
        (Specific((1, 2)), {"version_policy": Latest()}, {1}),
        (Specific((1, 2)), {"version_policy": Latest()}, ()),
        (Specific((1,)), {"version_policy": Specific((3,))}, {1, 2, 3}),
        (All(), {"version_policy": Specific((1,)), "version_labels": {"stable": 1}}, {1, 2}),
        (All(), {"version_policy": Specific((1,)), "version_labels": {}}, {1, 2}),
        (All(), {"version_policy": Specific((1,)), "version_labels": {"stable": 1, "next": 3}}, {1, 2}),
        (All(), {"version_policy": Specific((1,)), "base_path": "/elsewhere"}, {1, 2}),
    ],
    ids=[
        "stays",
        "stays among the latest",
        "is yet to come",
        "nobody knows the versions",
        "had none before",
        "moves with it",
        "goes with it",
        "is new",
        "other base path",
    ],
)
def test_policy_that_takes_nothing_from_a_label_is_accepted(before, changes, found):
    labelled = model(version_labels={"stable": 2}, version_policy=before)
    check_labels_keep_versions(replace(labelled, **changes), labelled, found)


@pytest.mark.parametrize(
    ("models", "writer", "told"),
    [
        ([model("a"), model("c")], "w", "Models set by w: added c; removed b"),
        ([model("a", version_policy=All()), model("b")], "w", "Models set by w: changed a"),
        ([model("a"), model("b")], "x", "Models set by x (they were set by w before): nothing changed"),
    ],
)
def test_change_is_told_with_who_made_it(models, writer, told):
    assert told_change(models, [model("a"), model("b")], writer, "w") == told
