import json
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from salver.admin.change import Difference
from salver.admin.model import ModelSpec
from salver.config.server_config import AspiredVersionPolicyName, ModelConfig
from salver.server.admin.model_spec import config_of, patched
from salver.server.model_diff import apply_differences, differences
from salver.server.model_fields import spec_fields
from salver.server.model_list import pinned, unpinned
from salver.sources.version_policy import All, Latest, Specific

NAMES = st.sampled_from(["a", "b/c", "d~e", "f~1g", "ä", "x:pin"])
VERSIONS = st.integers(0, 5)
POLICIES = (
    st.builds(Latest, st.integers(1, 3)) | st.builds(All) | st.lists(VERSIONS, unique=True).map(tuple).map(Specific)
)
MODELS = st.builds(
    ModelConfig,
    name=NAMES,
    base_path=st.sampled_from(["/m", "/n", "s3://b"]),
    platform=st.sampled_from(["tensorflow", "python"]),
    version_policy=POLICIES,
    version_labels=st.dictionaries(NAMES, VERSIONS, max_size=3),
    aspired_version_policy=st.none() | st.sampled_from(AspiredVersionPolicyName),
)
LISTS = st.lists(MODELS, max_size=4, unique_by=lambda model: model.name).map(tuple)


def documents(models):
    return {model.name: {k: v for k, v in spec_fields(model).items() if k != "name"} for model in models}


@given(LISTS, LISTS)
def test_the_diff_makes_the_new_documents_of_the_old_ones(before, after):
    diff = differences(before, after)
    assert apply_differences(documents(before), diff) == documents(after)
    back = differences(after, before)
    assert apply_differences(documents(after), back) == documents(before)
    assert (diff == ()) == (documents(before) == documents(after))
    json.dumps([asdict(one) for one in diff])


@given(MODELS)
def test_a_model_is_what_its_document_says(model):
    assert config_of(ModelSpec(**spec_fields(model))) == model
    assert patched(model, {}) == model


@given(MODELS, MODELS)
def test_a_patch_with_all_fields_makes_one_model_of_another(model, other):
    patch = {name: value for name, value in spec_fields(other).items() if name != "name"}
    gone = {label: None for label in model.version_labels if label not in other.version_labels}
    patch["version_labels"] = {**patch["version_labels"], **gone}
    new = patched(model, patch)
    assert documents([new])[model.name] == documents([other])[other.name]


@given(MODELS, VERSIONS, VERSIONS)
def test_unpin_takes_back_any_number_of_pins(model, one, two):
    if not isinstance(model.version_policy, Specific):
        assert unpinned(pinned(pinned(model, one), two)) == model
        assert unpinned(model) == model


def test_fixed_versions_without_a_pin_become_the_latest():
    model = ModelConfig(name="m", base_path="/m", version_policy=Specific((1, 2)))
    assert unpinned(model).version_policy == Latest()


def test_labels_differ_one_by_one_and_everything_else_whole():
    old = ModelConfig(name="m", base_path="/m", version_labels={"stable": 1, "old": 1})
    new = ModelConfig(name="m", base_path="/m", version_labels={"stable": 2, "x/y": 3}, version_policy=All())
    assert differences([old], [new]) == (
        Difference(
            op="replace",
            path="/models/m/version_policy",
            before={"latest": {"num_versions": 1}},
            after={"all": {}},
        ),
        Difference(op="remove", path="/models/m/version_labels/old", before=1),
        Difference(op="replace", path="/models/m/version_labels/stable", before=1, after=2),
        Difference(op="add", path="/models/m/version_labels/x~1y", after=3),
    )
