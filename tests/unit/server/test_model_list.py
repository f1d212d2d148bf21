from salver.config.server_config import ModelConfig
from salver.server.model_list import ModelList, Replacement
from salver.sources.version_policy import All


def model(name, labels=(), **settings):
    return ModelConfig(name=name, base_path=f"/models/{name}", version_labels=dict(labels), **settings)


A, B = model("a", [("stable", 1), ("next", 2)]), model("b")
FIRST = ModelList((A, B))


def test_order_of_models_and_labels_says_nothing():
    other = (B, model("a", [("next", 2), ("stable", 1)]))
    assert ModelList(other).etag == FIRST.etag
    second = FIRST.followed_by(other)
    assert (second.etag, second.models) == (FIRST.etag, other)
    assert not Replacement(FIRST, second).is_changed


def test_what_says_something_else_has_another_tag_that_never_comes_back():
    second = FIRST.followed_by((A, model("b", version_policy=All())))
    third = second.followed_by(FIRST.models)
    assert len({FIRST.etag, second.etag, third.etag}) == 3
    assert Replacement(FIRST, second).is_changed


def test_lists_of_two_runs_are_told_apart():
    assert ModelList((A,)).etag != ModelList((B,)).etag
