"""inference.md sections 1, 2, 8 and 9: the servable chosen, constants, metadata and status."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.models import MODELS
from tests.support.server_process import ServerProcess, served
from tests.support.spec_tables import Rpc, Table
from tests.support.stub_client import StubClient

FED = 'inputs { key: "x" value { dtype: DT_FLOAT tensor_shape { dim { size: 1 } } float_val: 1 } }'
Check = Callable[[Rpc], None]


def predict(row: int, what: str, spec: str, **more) -> Rpc:
    return Rpc(row, what, request=f"model_spec {{ {spec} }} {FED}", **more)


def answered(name: str, version: int, y: float) -> str:
    """The answer of `swap` and `half_plus_two` to x = 1."""
    return (
        f'outputs {{ key: "y" value {{ dtype: DT_FLOAT tensor_shape {{ dim {{ size: 1 }} }} float_val: {y} }} }} '
        f'model_spec {{ name: "{name}" version {{ value: {version} }} signature_name: "serving_default" }}'
    )


# --- 1 ---------------------------------------------------------------------------------------------------------------

CHOICE = Table(
    "inference", "1", "Choosing the servable", 6, elsewhere={6: "no other kind of object can be put under a model name"}
)
NAMED = ("Predict", "Classify", "Regress", "GetModelMetadata", "GetModelStatus")


@CHOICE.each(
    *(Rpc(1, f"no model spec in {method}", method=method, code="INVALID_ARGUMENT", says=("spec",)) for method in NAMED),
    predict(2, "empty name: Predict", "", code="INVALID_ARGUMENT", says=("name",)),
    Rpc(2, "empty name: Classify", method="Classify", request="model_spec {}", code="INVALID_ARGUMENT", says=("name",)),
    Rpc(2, "empty name: Regress", method="Regress", request="model_spec {}", code="INVALID_ARGUMENT", says=("name",)),
    Rpc(
        2,
        "empty name: GetModelMetadata",
        method="GetModelMetadata",
        request='model_spec {} metadata_field: "signature_def"',
        code="INVALID_ARGUMENT",
        says=("name",),
    ),
    predict(3, "no version: the newest available", 'name: "two"', answer=answered("two", 2, 3.5)),
    predict(
        3,
        "no version of an unknown model",
        'name: "nobody"',
        code="NOT_FOUND",
        says=("Servable not found for request: Latest(nobody)",),
    ),
    predict(3, "no version of a model that failed", 'name: "broken"', code="NOT_FOUND", says=("Latest(broken)",)),
    predict(3, "no version of an empty base path", 'name: "empty"', code="NOT_FOUND", says=("Latest(empty)",)),
    predict(4, "a version", 'name: "two" version { value: 1 }', answer=answered("two", 1, 2.5)),
    predict(4, "an unknown version", 'name: "two" version { value: 7 }', code="NOT_FOUND", says=("Specific(two, 7)",)),
    predict(4, "version 0 is a version", 'name: "two" version {}', code="NOT_FOUND", says=("Specific(two, 0)",)),
    predict(
        4,
        "a version that failed",
        'name: "broken" version { value: 1 }',
        code="NOT_FOUND",
        says=("Specific(broken, 1)",),
    ),
    predict(5, "a label", 'name: "two" version_label: "old"', answer=answered("two", 1, 2.5)),
    predict(5, "another label", 'name: "two" version_label: "new"', answer=answered("two", 2, 3.5)),
    predict(
        5,
        "an unknown label",
        'name: "two" version_label: "canary"',
        code="INVALID_ARGUMENT",
        says=("canary",),
    ),
    predict(
        5,
        "a label of an unknown model",
        'name: "nobody" version_label: "new"',
        code="INVALID_ARGUMENT",
        says=("new",),
    ),
    predict(
        5,
        "`stable` means nothing unless configured",
        'name: "half_plus_two" version_label: "stable"',
        code="INVALID_ARGUMENT",
        says=("stable",),
    ),
)
def test_choice(check: Check, case: Rpc) -> None:
    check(case)


# --- 2 ---------------------------------------------------------------------------------------------------------------

EXAMPLES = 'input { example_list { examples { features { feature { key: "x" value { float_list { value: 1 } } } } } } }'
CONSTANTS = Table(
    "inference", "2", "Signature constants", 6, elsewhere={5: "inference-12-row-5", 6: "inference-12-row-4"}
)


@CONSTANTS.each(
    predict(1, "no signature name", 'name: "half_plus_two"', has=('signature_name: "serving_default"',)),
    predict(
        1,
        "the default by its name",
        'name: "half_plus_two" signature_name: "serving_default"',
        has=('signature_name: "serving_default"',),
    ),
    *(
        Rpc(
            2,
            f"method {verb} in the metadata",
            method="GetModelMetadata",
            request='model_spec { name: "example_scorer" } metadata_field: "signature_def"',
            has=(f'method_name: "tensorflow/serving/{verb}"',),
        )
        for verb in ("predict", "classify", "regress")
    ),
    Rpc(
        3,
        "classify by the aliases inputs, classes, scores",
        method="Classify",
        request=f'model_spec {{ name: "example_scorer" signature_name: "classify_x" }} {EXAMPLES}',
        has=('label: "high" score: 2.5',),
    ),
    Rpc(
        4,
        "regress by the aliases inputs and outputs",
        method="Regress",
        request=f'model_spec {{ name: "example_scorer" signature_name: "regress_x" }} {EXAMPLES}',
        has=("regressions { value: 2.5 }",),
    ),
)
def test_constants(check: Check, case: Rpc) -> None:
    check(case)


METHOD_CHECK = Table("inference", "2-names", "Which verb a signature answers", 3)


@METHOD_CHECK.each(
    Rpc(
        1,
        "by default any verb: Classify of a signature for regress",
        method="Classify",
        request=f'model_spec {{ name: "half_plus_two" signature_name: "classify_x_to_y" }} {EXAMPLES}',
        has=("score: 2.5",),
    ),
    Rpc(
        1,
        "by default any verb: Predict of a signature for regress",
        request='model_spec { name: "example_scorer" signature_name: "regress_x" } inputs { key: "inputs" '
        "value { dtype: DT_STRING tensor_shape { dim { size: 1 } } } }",
        has=("float_val: 2",),
    ),
)
def test_without_the_check(check: Check, case: Rpc) -> None:
    check(case)


@pytest.fixture(scope="module")
def checking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    models = {name: MODELS / name for name in ("example_scorer", "wrong_verbs")}
    folder = tmp_path_factory.mktemp("checking")
    with served(folder, "--enable_signature_method_name_check", models=models) as process:
        yield process


@METHOD_CHECK.row(2, "with the check: Predict takes the three methods, the others their own")
@pytest.mark.parametrize("verb", ["Classify", "Regress"])
def test_with_the_check(checking: ServerProcess, client: StubClient, verb: str) -> None:
    other = {"Classify": "regress_x", "Regress": "classify_x"}[verb]
    right = {"Classify": "classify_x", "Regress": "regress_x"}[verb]
    for signature, code in ((other, "INVALID_ARGUMENT"), (right, "OK")):
        request = f'model_spec {{ name: "example_scorer" signature_name: "{signature}" }} {EXAMPLES}'
        client.check(checking.grpc_address, Rpc(2, "the check", method=verb, request=request, code=code))
    client.check(
        checking.grpc_address,
        Rpc(
            2,
            "Predict takes all three",
            request=f'model_spec {{ name: "example_scorer" signature_name: "{right}" }} '
            'inputs { key: "inputs" value { dtype: DT_STRING tensor_shape { dim { size: 1 } } } }',
        ),
    )


@METHOD_CHECK.row(3, "with the check: Predict of another method is INTERNAL")
def test_predict_with_the_check(checking: ServerProcess, client: StubClient) -> None:
    request = 'model_spec { name: "wrong_verbs" signature_name: "translate" } ' + FED
    client.check(checking.grpc_address, Rpc(3, "another method", request=request, code="INTERNAL", says=("translate",)))


# --- 8 ---------------------------------------------------------------------------------------------------------------

METADATA = Table("inference", "8", "GetModelMetadata", 4)


def metadata(row: int, what: str, request: str, **more) -> Rpc:
    return Rpc(row, what, method="GetModelMetadata", request=request, **more)


@METADATA.each(
    metadata(1, "no model spec", 'metadata_field: "signature_def"', code="INVALID_ARGUMENT", says=("spec",)),
    metadata(1, "no model spec wins over no field", "", code="INVALID_ARGUMENT", says=("spec",)),
    metadata(2, "no field", 'model_spec { name: "two" }', code="INVALID_ARGUMENT", says=("metadata_field",)),
    metadata(
        2,
        "no field wins over an unknown model",
        'model_spec { name: "nobody" }',
        code="INVALID_ARGUMENT",
        says=("field",),
    ),
    metadata(
        3,
        "another field",
        'model_spec { name: "two" } metadata_field: "signature_def" metadata_field: "weights"',
        code="INVALID_ARGUMENT",
        says=("weights",),
    ),
    metadata(
        3,
        "another field wins over an unknown model",
        'model_spec { name: "nobody" } metadata_field: "weights"',
        code="INVALID_ARGUMENT",
        says=("weights",),
    ),
    metadata(
        4,
        "an unknown model",
        'model_spec { name: "nobody" } metadata_field: "signature_def"',
        code="NOT_FOUND",
        says=("Latest(nobody)",),
    ),
    metadata(
        4,
        "an unknown version",
        'model_spec { name: "two" version { value: 9 } } metadata_field: "signature_def"',
        code="NOT_FOUND",
        says=("Specific(two, 9)",),
    ),
    metadata(
        4,
        "an unknown label",
        'model_spec { name: "two" version_label: "canary" } metadata_field: "signature_def"',
        code="INVALID_ARGUMENT",
        says=("canary",),
    ),
    metadata(
        4,
        "the answer: name, version, no signature name, all signatures in one Any",
        'model_spec { name: "text_format" } metadata_field: "signature_def"',
        answer="""
            model_spec { name: "text_format" version { value: 1 } }
            metadata {
              key: "signature_def"
              value { [type.googleapis.com/tensorflow.serving.SignatureDefMap] {
                signature_def {
                  key: "serving_default"
                  value {
                    inputs { key: "x" value { name: "x:0" dtype: DT_FLOAT tensor_shape { dim { size: -1 } } } }
                    outputs { key: "y" value { name: "add:0" dtype: DT_FLOAT tensor_shape { dim { size: -1 } } } }
                    method_name: "tensorflow/serving/predict"
                  }
                }
              } }
            }""",
    ),
    metadata(
        4,
        "the answer holds defaults and helper signatures",
        'model_spec { name: "defaults" } metadata_field: "signature_def"',
        has=('defaults { key: "factor"', 'key: "__saved_model_init_op"', 'key: "addend"'),
    ),
    metadata(
        4,
        "the answer names the version of a label, and no label",
        'model_spec { name: "two" version_label: "old" } metadata_field: "signature_def"',
        has=('model_spec { name: "two" version { value: 1 } }',),
    ),
)
def test_metadata(check: Check, case: Rpc) -> None:
    check(case)


# --- 9 ---------------------------------------------------------------------------------------------------------------

STATUS = Table("inference", "9", "GetModelStatus", 3)


def status(row: int, what: str, spec: str, **more) -> Rpc:
    return Rpc(row, what, method="GetModelStatus", request=spec, **more)


def one(version: int, state: str = "AVAILABLE") -> str:
    return f"model_version_status {{ version: {version} state: {state} status {{}} }} "


@STATUS.each(
    status(1, "no model spec", "", code="INVALID_ARGUMENT", says=("Missing ModelSpec",)),
    status(2, "one version", 'model_spec { name: "two" version { value: 1 } }', answer=one(1)),
    status(
        2,
        "a version never seen",
        'model_spec { name: "two" version { value: 7 } }',
        code="NOT_FOUND",
        says=("Could not find version 7 of model two",),
    ),
    status(3, "all versions, newest first", 'model_spec { name: "two" }', answer=one(2) + one(1)),
    status(3, "a label is ignored", 'model_spec { name: "two" version_label: "old" }', answer=one(2) + one(1)),
    status(3, "an unknown label too", 'model_spec { name: "two" version_label: "none" }', answer=one(2) + one(1)),
    status(
        3,
        "a model never seen",
        'model_spec { name: "nobody" }',
        code="NOT_FOUND",
        says=("Could not find any versions of model nobody",),
    ),
    status(3, "an empty name", "model_spec {}", code="NOT_FOUND", says=("Could not find any versions",)),
    status(3, "no version in the base path", 'model_spec { name: "empty" }', code="NOT_FOUND", says=("empty",)),
    status(
        3,
        "a version that failed: END with its error",
        'model_spec { name: "broken" }',
        has=("version: 1 state: END status { error_code:", "error_message:"),
    ),
)
def test_status(check: Check, case: Rpc) -> None:
    check(case)
