"""inference.md section 3: Predict, the order of its checks and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.models import MODELS
from tests.support.server_process import ServerProcess, served
from tests.support.spec_tables import Rpc, Table
from tests.support.stub_client import StubClient
from tests.support.tensor_text import fed, floats, given, spec, tensor

BAD = "INVALID_ARGUMENT"
HALF = spec("half_plus_two")
X = fed("x", floats(1, 2, 5))
BROKEN_X = fed("x", tensor("DT_FLOAT", [3], 'tensor_content: "1234567"'))
INTS = fed("x", tensor("DT_INT32", [1], "int_val: 1"))

ORDER = Table(
    "inference",
    "3",
    "Predict: the first check that fails answers",
    11,
    elsewhere={
        3: "inference-2-names-row-3",
        11: "TensorFlow's runtime cannot be made to do it; for Python servables see tests/boundary",
    },
)


@ORDER.each(
    Rpc(1, "unknown model and unknown signature", request=spec("nobody", "none") + X, code="NOT_FOUND"),
    Rpc(2, "unknown signature", request=spec("half_plus_two", "none") + X, code="FAILED_PRECONDITION", says=("none",)),
    Rpc(2, "unknown signature, no inputs", request=spec("half_plus_two", "none"), code="FAILED_PRECONDITION"),
    Rpc(
        2,
        "unknown signature, tensor that cannot be decoded, unknown output",
        request=spec("half_plus_two", "none") + BROKEN_X + 'output_filter: "q"',
        code="FAILED_PRECONDITION",
    ),
    Rpc(
        4,
        "more inputs than the signature has: counts and names",
        request=HALF + X + fed("z", floats(1)) + fed("a", floats(1)),
        code=BAD,
        says=("1", "3", "sent extra", "a,z"),
    ),
    Rpc(4, "fewer, and no defaults", request=HALF, code=BAD, says=("1", "0", "missing", "x")),
    Rpc(
        4,
        "more than a signature with defaults has",
        request=spec("defaults") + X + "".join(fed(name, floats(1)) for name in ("factor", "addend", "z")),
        code=BAD,
        says=("3", "4", "sent extra", "z"),
    ),
    Rpc(
        4,
        "more inputs, one cannot be decoded",
        request=HALF + BROKEN_X + fed("z", floats(1)),
        code=BAD,
        says=("sent extra",),
    ),
    Rpc(
        4,
        "more inputs and an unknown output",
        request=HALF + X + fed("z", floats(1)) + 'output_filter: "q"',
        code=BAD,
        says=("sent extra",),
    ),
    Rpc(
        5,
        "an input neither sent nor defaulted: alias, graph tensor, sent and default names",
        request=spec("defaults") + fed("factor", tensor("DT_FLOAT", [], "float_val: 2")),
        code=BAD,
        says=("x", "serving_default_x:0", "factor", "addend"),
    ),
    Rpc(5, "as many inputs as wanted, of another name", request=HALF + fed("z", floats(1)), code=BAD, says=("x", "z")),
    Rpc(
        5,
        "another name, and it cannot be decoded",
        request=HALF + BROKEN_X.replace('"x"', '"z"'),
        code=BAD,
        says=("x:0",),
    ),
    Rpc(6, "a tensor that cannot be decoded: its alias", request=HALF + BROKEN_X, code=BAD, says=("tensor", "x")),
    Rpc(
        6,
        "a tensor that cannot be decoded, another of an unknown name",
        request=spec("defaults") + BROKEN_X + fed("z", floats(1)),
        code=BAD,
        says=("tensor", "x"),
        unsaid=("sent extra",),
    ),
    Rpc(
        6,
        "a tensor that cannot be decoded and an unknown output",
        request=HALF + BROKEN_X + 'output_filter: "q"',
        code=BAD,
        says=("tensor",),
    ),
    Rpc(
        7,
        "a name that is not in the signature, in the place of a default",
        request=spec("defaults") + X + fed("z", floats(1)),
        code=BAD,
        says=("x", "z"),
    ),
    Rpc(
        7,
        "a name that is not in the signature and an unknown output",
        request=spec("defaults") + X + fed("zed", floats(1)) + 'output_filter: "q"',
        code=BAD,
        says=("zed",),
    ),
    Rpc(
        8,
        "an unknown output: alias and what there is",
        request=HALF + X + 'output_filter: "q"',
        code=BAD,
        says=("q", "y"),
    ),
    Rpc(
        8,
        "an unknown output, twice",
        request=HALF + X + 'output_filter: "q" output_filter: "q"',
        code=BAD,
        says=("q",),
        unsaid=("duplicate",),
    ),
    Rpc(
        8,
        "an unknown output and a wrong dtype",
        request=HALF + INTS + 'output_filter: "q"',
        code=BAD,
        says=("q",),
        unsaid=("int32",),
    ),
    Rpc(
        9,
        "an output twice",
        request=HALF + X + 'output_filter: "y" output_filter: "y"',
        code=BAD,
        says=("duplicate", "y"),
    ),
    Rpc(
        9,
        "an output twice and a wrong dtype",
        request=HALF + INTS + 'output_filter: "y" output_filter: "y"',
        code=BAD,
        says=("duplicate",),
    ),
    Rpc(10, "a wrong dtype: expected and given", request=HALF + INTS, code=BAD, says=("float", "int32")),
    Rpc(
        10,
        "shapes that do not go together",
        request=spec("defaults") + X + fed("addend", floats(1, 2)),
        code=BAD,
    ),
    Rpc(
        10,
        "an operation that fails",
        request=spec("odd_signatures", "fails") + fed("x", floats(-1)),
        code=BAD,
        says=("x must be positive",),
    ),
    Rpc(
        10,
        "a run that outlives its deadline",
        request=spec("while_v2") + X + fed("rounds", tensor("DT_INT32", [], "int_val: 500000")),
        code="DEADLINE_EXCEEDED",
        timeout_s=0.2,
    ),
)
def test_order_of_checks(check: Callable[[Rpc], None], case: Rpc) -> None:
    check(case)


NOTES = Table(
    "inference",
    "3-notes",
    "Predict: the notes below the table",
    7,
    elsewhere={5: "no order is promised, so none is tested"},
)
SERVED = spec("half_plus_two", "serving_default", 1)
ABCD = spec("odd_signatures", "many_outputs")


@NOTES.each(
    *(
        Rpc(
            1,
            f"shape {shape} for a signature of [-1] goes to the runtime as it is",
            request=HALF + fed("x", tensor("DT_FLOAT", shape, "float_val: 1")),
            answer=given("y", tensor("DT_FLOAT", shape, "float_val: 2.5")) + SERVED,
        )
        for shape in ([], [1, 1], [1, 1, 1])
    ),
    Rpc(
        2,
        "defaults of the signature stand in",
        request=spec("defaults") + fed("x", floats(1, 2)),
        answer=given("y", floats(13, 16)) + spec("defaults", "serving_default", 1),
    ),
    Rpc(
        2,
        "and give way to what is sent",
        request=spec("defaults") + fed("x", floats(1, 2)) + fed("factor", tensor("DT_FLOAT", [], "float_val: 0")),
        answer=given("y", floats(10, 10)) + spec("defaults", "serving_default", 1),
    ),
    Rpc(
        3,
        "no filter: all outputs",
        request=ABCD + fed("x", floats(1)),
        answer="".join(given(name, floats(1 + at)) for at, name in enumerate("abcd"))
        + spec("odd_signatures", "many_outputs", 1),
    ),
    Rpc(
        3,
        "a filter: those outputs alone",
        request=ABCD + fed("x", floats(1)) + 'output_filter: "d" output_filter: "b"',
        answer=given("b", floats(2)) + given("d", floats(4)) + spec("odd_signatures", "many_outputs", 1),
    ),
    Rpc(
        4,
        "name, concrete version, resolved signature",
        request=HALF + X,
        answer=given("y", floats(2.5, 3, 4.5)) + SERVED,
    ),
    Rpc(
        4,
        "the label is not echoed",
        request='model_spec { name: "two" version_label: "old" } ' + X,
        answer=given("y", floats(2.5, 3, 4.5)) + spec("two", "serving_default", 1),
    ),
    Rpc(6, "typed fields by default", request=HALF + X, has=("float_val: 2.5 float_val: 3.0 float_val: 4.5",)),
    Rpc(
        7,
        "client_id and options of all kinds are ignored",
        request=HALF + X + 'client_id: "me" request_options { client_id: "me" deterministic_mode: FIXED_DECODER_SLOT '
        "return_stoptokens: 7 max_cache_length: 9 return_all_stoptokens: true } "
        'predict_streamed_options { request_state: SPLIT split_dimensions { key: "x" value: 0 } }',
        answer=given("y", floats(2.5, 3, 4.5)) + SERVED,
    ),
)
def test_notes(check: Callable[[Rpc], None], case: Rpc) -> None:
    check(case)


@pytest.fixture(scope="module")
def packing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    models = {name: MODELS / name for name in ("half_plus_two", "echo_all_dtypes")}
    folder = tmp_path_factory.mktemp("packing")
    with served(folder, "--enable_serialization_as_tensor_content", models=models) as process:
        yield process


@NOTES.each(
    Rpc(
        6,
        "packed bytes with --enable_serialization_as_tensor_content",
        request=HALF + fed("x", floats(1, 2)),
        answer=given("y", tensor("DT_FLOAT", [2], r'tensor_content: "\x00\x00\x20\x40\x00\x00\x40\x40"')) + SERVED,
    ),
    Rpc(
        6,
        "strings packed, too",
        request=spec("echo_all_dtypes", "echo_string")
        + fed("x", tensor("DT_STRING", [2], 'string_val: "ab" string_val: "c"')),
        answer=given("y", tensor("DT_STRING", [2], r'tensor_content: "\x02\x01abc"'))
        + spec("echo_all_dtypes", "echo_string", 1),
    ),
)
def test_packed_answers(packing: ServerProcess, client: StubClient, case: Rpc) -> None:
    client.check(packing.grpc_address, case)
