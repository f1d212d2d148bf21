"""The running server and the clients that the tables are checked with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.models import HALF_PLUS_TWO, MODELS, ROOT, ModelEntry, reference_model
from tests.support.server_process import START_LIMIT_S, ServerProcess, served, wait_until
from tests.support.spec_tables import Case, Rpc
from tests.support.stub_client import StubClient

BOTH = 'model_version_policy { all {} } version_labels { key: "old" value: 1 } version_labels { key: "new" value: 2 }'
SERVED = ("half_plus_two", "example_scorer", "echo_all_dtypes", "defaults", "odd_signatures", "wrong_verbs")
SERVED += ("rest_forms", "feature_kinds", "counter", "while_v2", "lookup", "text_format")


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The row that a test of its own stands for."""
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all rows that change nothing."""
    folder = tmp_path_factory.mktemp("spec")
    models: dict[str, Path | ModelEntry] = {name: MODELS / name for name in SERVED}
    models["two"] = ModelEntry(MODELS / "swap", BOTH)
    models["scorer_by_label"] = ModelEntry(MODELS / "example_scorer", 'version_labels { key: "best" value: 1 }')
    models["fails"] = ModelEntry(Path(__file__).parent / "models" / "fails", platform="python")
    models["a/b:c d+e"] = MODELS / "half_plus_two"
    models["broken"] = MODELS / "corrupt_truncated"
    models["empty"] = folder / "empty"
    (folder / "empty").mkdir()
    with served(folder, "--max_num_load_retries=0", models=models, ready_path="/livez") as process:
        older = "/v1/models/two/versions/1"
        wait_until(lambda: b"AVAILABLE" in process.get(older).body, START_LIMIT_S, f"{older} to be loaded")
        yield process
        process.assert_alive()


@pytest.fixture(scope="session")
def client() -> Iterator[StubClient]:
    """TensorFlow Serving's own client; skips where `make clients` was not run."""
    python = ROOT / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("no environment with tensorflow-serving-api: run `make clients`")
    with StubClient(python) as started:
        yield started


@pytest.fixture
def check(client: StubClient, server: ServerProcess) -> Callable[[Rpc], None]:
    """Make the call of a case to the server and compare."""
    return lambda case: client.check(server.grpc_address, case)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Start a server with flags and models; it is stopped after the test."""
    with ExitStack() as stack:

        def start_one(*flags: str, models: dict[str, Path | ModelEntry] | None = None, **options) -> ServerProcess:
            process = served(tmp_path, *flags, models=models or {"half_plus_two": HALF_PLUS_TWO}, **options)
            return stack.enter_context(process)

        yield start_one


@pytest.fixture(scope="session")
def reference() -> Callable[[str], Path]:
    """Base paths of TensorFlow Serving's own test models; skips where they are not at hand."""

    def find(name: str) -> Path:
        path = reference_model(name)
        if path is None:
            pytest.skip(f"{name} is not at hand: set SALVER_TESTDATA")
        return path

    return find
