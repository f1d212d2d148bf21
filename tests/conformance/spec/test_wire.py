"""wire.md: services, fields that requests may carry, status codes; field numbers are compared in tests/unit/wire."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import pytest

from tests.support import wire
from tests.support.server_process import ServerProcess, status_of
from tests.support.spec_tables import Rpc, Table
from tests.support.tensor_text import example, examples, fed, floats, given, spec, tensor

Check = Callable[[Rpc], None]
HALF, X = spec("half_plus_two"), fed("x", floats(1))
ANSWER = given("y", floats(2.5)) + spec("half_plus_two", "serving_default", 1)
SCORED = spec("example_scorer", "regress_x") + examples(example(x=1.0))
SIGNATURES = 'metadata_field: "signature_def"'

SERVICES = Table("wire", "1", "Services", 11)


@SERVICES.each(
    Rpc(
        1,
        "Classify",
        method="Classify",
        request=spec("example_scorer", "classify_x") + examples(example(x=1.0)),
        has=('label: "high"',),
    ),
    Rpc(2, "Regress", method="Regress", request=SCORED, has=("value: 2.5",)),
    Rpc(3, "Predict", request=HALF + X, answer=ANSWER),
    Rpc(
        4,
        "MultiInference",
        method="MultiInference",
        has=("value: 2.5",),
        request=f'tasks {{ {spec("example_scorer", "regress_x")} method_name: "tensorflow/serving/regress" }} '
        + examples(example(x=1.0)),
    ),
    Rpc(5, "GetModelMetadata", method="GetModelMetadata", request=HALF + SIGNATURES, has=("SignatureDefMap",)),
    Rpc(6, "GetModelStatus", method="GetModelStatus", request=HALF, has=("state: AVAILABLE",)),
    Rpc(7, "HandleReloadConfigRequest", method="HandleReloadConfigRequest", code="INVALID_ARGUMENT"),
    Rpc(
        8,
        "SessionRun",
        method="SessionRun",
        request=f'{HALF} feed {{ name: "x:0" tensor {{ {floats(1)} }} }} fetch: "y:0"',
        has=("float_val: 2.5",),
        differs="The service is in the API, so it works here.",
    ),
)
def test_services(check: Check, case: Rpc) -> None:
    check(case)


@SERVICES.row(9, "health: the empty name, ModelService and PredictionService", differs="It is always on.")
@pytest.mark.parametrize("name", ["", "ModelService", "PredictionService"])
def test_health(server: ServerProcess, name: str) -> None:
    # The shared server has models that cannot serve: the service answers, whatever it says of them.
    answer = server.call("/grpc.health.v1.Health/Check", wire.chunk(1, name.encode()))
    assert wire.fields(answer)[1][0] in (1, 2)


@SERVICES.row(10, "the profiler service is not there", differs="Salver has no profiler service.")
def test_profiler(server: ServerProcess) -> None:
    assert status_of(lambda: server.call("/tensorflow.ProfilerService/Monitor", b""))[0] == "UNIMPLEMENTED"


@SERVICES.row(11, "reflection, both versions")
@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection(server: ServerProcess, version: str) -> None:
    path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    call: grpc.StreamStreamMultiCallable[bytes, bytes] = server.channel.stream_stream(path)
    answers = list(call(iter([wire.chunk(7, b"*")]), timeout=30))
    assert b"tensorflow.serving.PredictionService" in answers[0]


# --- 2 and 3 ---------------------------------------------------------------------------------------------------------

SPEC = Table("wire", "2", "ModelSpec", 4)


@SPEC.each(
    Rpc(1, "name", request=HALF + X, answer=ANSWER),
    Rpc(2, "version", request=spec("two", "", 1) + X, has=("version { value: 1 }",)),
    Rpc(
        3, "version_label", request='model_spec { name: "two" version_label: "old" }' + X, has=("version { value: 1 }",)
    ),
    Rpc(4, "signature_name", request=spec("half_plus_two", "serving_default") + X, answer=ANSWER),
)
def test_spec(check: Check, case: Rpc) -> None:
    check(case)


PREDICT = Table("wire", "3", "PredictRequest and PredictResponse", 17)
IGNORED = (
    (4, "predict_streamed_options {}"),
    (5, 'client_id: "me"'),
    (6, "request_options {}"),
    (7, 'request_options { client_id: "me" }'),
    (8, "request_options { deterministic_mode: FIXED_DECODER_SLOT }"),
    (9, "request_options { return_additional_arrays_from_prefill: true }"),
    (10, "request_options { return_stoptokens: [1, 2] }"),
    (11, "request_options { max_cache_length: 7 }"),
    (12, "request_options { return_all_stoptokens: true }"),
    (13, "predict_streamed_options { request_state: END_SPLIT }"),
    (14, 'predict_streamed_options { split_dimensions { key: "x" value: 0 } }'),
    (15, "predict_streamed_options { return_single_response: true }"),
)


@PREDICT.each(
    Rpc(1, "model_spec", request=HALF + X, answer=ANSWER),
    Rpc(2, "inputs", request=HALF + fed("x", floats(1, 2)), has=("float_val: 3.0",)),
    Rpc(3, "output_filter", request=HALF + X + 'output_filter: "y"', answer=ANSWER),
    *(Rpc(row, field, request=HALF + X + field, answer=ANSWER) for row, field in IGNORED),
    Rpc(16, "outputs", request=HALF + X, has=('outputs { key: "y"',)),
    Rpc(17, "model_spec of the answer", request=HALF + X, has=(spec("half_plus_two", "serving_default", 1)[:30],)),
)
def test_predict(check: Check, case: Rpc) -> None:
    check(case)


# --- 10.6 ------------------------------------------------------------------------------------------------------------

CODES = Table("wire", "10.6", "Status codes", 18, elsewhere={18: "a placeholder that is never sent"})


@CODES.each(
    *(
        Rpc(
            code.value[0] + 1,
            code.name,
            request=spec("fails") + fed("code", tensor("DT_INT32", [1], f"int_val: {code.value[0]}")),
            code=code.name,
            says=() if code is grpc.StatusCode.OK else (f"failed with {code.value[0]}",),
        )
        for code in grpc.StatusCode
    )
)
def test_codes(check: Check, case: Rpc) -> None:
    check(case)
