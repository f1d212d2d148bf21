"""inference.md sections 15 and 18: deadlines, errors on gRPC, SessionRun and streams."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.server_process import ServerProcess, status_of
from tests.support.spec_tables import Rpc, Table
from tests.support.stub_client import StubClient
from tests.support.tensor_text import fed, floats, given, spec, tensor

Check = Callable[[Rpc], None]

TRANSPORT = Table(
    "inference",
    "15",
    "Deadlines, transport, errors on gRPC",
    6,
    elsewhere={
        2: "tests/e2e/test_cancellation.py: work that waits is dropped, a graph that runs is not stopped",
        6: "tests/e2e: TLS, Unix socket",
    },
)
LONG = "n" * 3000


@TRANSPORT.each(
    Rpc(
        1,
        "the deadline ends the call",
        request=spec("while_v2") + fed("x", floats(1)) + fed("rounds", tensor("DT_INT32", [], "int_val: 500000")),
        code="DEADLINE_EXCEEDED",
        timeout_s=0.2,
    ),
    Rpc(3, "a message is cut", request=spec(LONG) + fed("x", floats(1)), code="NOT_FOUND", says=("...TRUNCATED",)),
)
def test_transport(check: Check, case: Rpc) -> None:
    check(case)


@TRANSPORT.row(3, "at 1024 bytes")
def test_cut_at(client: StubClient, server: ServerProcess) -> None:
    answer = client.call(server.grpc_address, "Predict", spec(LONG) + fed("x", floats(1)))
    assert len(answer.details) == 1024 + len("...TRUNCATED")
    assert answer.details.startswith("Servable not found for request: Latest(nnn")


@TRANSPORT.row(4, "unknown methods and services are UNIMPLEMENTED")
def test_unknown_methods(server: ServerProcess) -> None:
    for path in ("/tensorflow.serving.PredictionService/Guess", "/no.such.Service/Predict"):
        assert status_of(lambda path=path: server.call(path, b""))[0] == "UNIMPLEMENTED"


@TRANSPORT.row(5, "a message of 6 MB there and back")
def test_large_message(client: StubClient, server: ServerProcess) -> None:
    value = tensor("DT_STRING", [1], f'string_val: "{"a" * 6_000_000}"')
    request = spec("echo_all_dtypes", "echo_string") + fed("x", value)
    case = Rpc(5, "large", request=request, answer=given("y", value) + spec("echo_all_dtypes", "echo_string", 1))
    got = client.call(server.grpc_address, "Predict", case.request, expected=case.answer)
    assert got.code == "OK"
    assert got.text == got.expected, "the large answer differs"


SESSION_RUN = Table("inference", "18-SessionRun", "SessionRun", 5)
WORKS = "The service is in the API, so it works here."


def run(row: int, what: str, request: str, **more) -> Rpc:
    return Rpc(row, what, method="SessionRun", request=request, differs=WORKS, **more)


def feed(name: str, value: str) -> str:
    return f'feed {{ name: "{name}" tensor {{ {value} }} }} '


HALF = spec("half_plus_two")


@SESSION_RUN.each(
    run(1, "it is implemented", HALF + feed("x:0", floats(1)) + 'fetch: "y:0"', has=('name: "y:0"', "float_val: 2.5")),
    run(2, "by graph tensor name", HALF + feed("x:0", floats(1)) + 'fetch: "y:0"', has=("float_val: 2.5",)),
    run(
        2,
        "an unknown tensor",
        HALF + feed("x:0", floats(1)) + 'fetch: "none:0"',
        code="INVALID_ARGUMENT",
        says=("none",),
    ),
    run(3, "by alias", HALF + feed("x", floats(1)) + 'fetch: "y" tensor_name_is_alias: true', has=("float_val: 2.5",)),
    run(
        3,
        "an unknown alias",
        HALF + feed("x", floats(1)) + 'fetch: "none" tensor_name_is_alias: true',
        code="INVALID_ARGUMENT",
        says=("none",),
    ),
    run(
        4,
        "an unknown model",
        spec("nobody") + feed("x:0", floats(1)) + 'fetch: "y:0"',
        code="NOT_FOUND",
        says=("Latest(nobody)",),
    ),
    run(
        5,
        "options are ignored",
        HALF + feed("x:0", floats(1)) + 'fetch: "y:0" options { timeout_in_ms: 1 trace_level: FULL_TRACE }',
        has=("float_val: 2.5",),
    ),
)
def test_session_run(check: Check, case: Rpc) -> None:
    check(case)


STREAM = Table("inference", "18-PredictStreamed", "Streaming Predict, an extension", 3)
X = fed("x", floats(1))


def stream(row: int, what: str, request: str, **more) -> Rpc:
    why = "There is no public RPC for streams; this one takes the place."
    return Rpc(row, what, method="PredictStreamed", request=request, differs=why, **more)


@STREAM.each(
    stream(1, "a servable that does not stream answers in one part", HALF + X,
           answer=given("y", floats(2.5)) + spec("half_plus_two", "serving_default", 1)),
    stream(2, "an error ends the stream", spec("nobody") + X, code="NOT_FOUND", says=("Latest(nobody)",)),
    stream(3, "the checks of Predict hold", HALF + fed("z", floats(1)), code="INVALID_ARGUMENT", says=("x", "z")),
)  # fmt: skip
def test_stream(check: Check, case: Rpc) -> None:
    check(case)
