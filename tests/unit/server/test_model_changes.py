import pytest

from salver.config import ModelConfig
from salver.errors import FailedPreconditionError, InvalidArgumentError
from salver.server.model_changes import check_labels, check_models
from salver.sources.version_policy import All


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
