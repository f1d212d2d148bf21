"""inference.md section 11: versions, policies and labels."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.models import HALF_PLUS_TWO, ModelEntry
from tests.support.server_process import ServerProcess, served, wait_until
from tests.support.spec_tables import Case, Rpc, Table
from tests.support.stub_client import StubClient

SOURCE = HALF_PLUS_TWO / "1"


def add(base_path: Path, version: str) -> None:
    """Copy a version in as a careful operator does: elsewhere, then renamed."""
    copied = base_path.parent / f"incoming-{base_path.name}-{version}"
    shutil.copytree(SOURCE, copied)
    base_path.mkdir(exist_ok=True)
    copied.rename(base_path / version)


def states(server: ServerProcess, model: str) -> dict[int, str]:
    reply = server.get(f"/v1/models/{model}")
    found = reply.json()["model_version_status"] if reply.status == 200 else []
    return {int(one["version"]): one["state"] for one in found}


def serving(server: ServerProcess, model: str) -> set[int]:
    return {version for version, state in states(server, model).items() if state == "AVAILABLE"}


def wait_for(server: ServerProcess, model: str, *versions: int) -> None:
    wait_until(lambda: serving(server, model) == set(versions), 40, f"{model} to serve {versions}")


POLICY = "model_version_policy { %s }"
# name: versions in the base path, policy, what is served
MODELS = {
    "unset": (("1", "2", "3"), "", {3}),
    "latest_0": (("1", "2", "3"), POLICY % "latest { num_versions: 0 }", {3}),
    "latest_1": (("1", "2", "3"), POLICY % "latest { num_versions: 1 }", {3}),
    "latest_2": (("1", "2", "3"), POLICY % "latest { num_versions: 2 }", {2, 3}),
    "latest_9": (("1", "2", "3"), POLICY % "latest { num_versions: 9 }", {1, 2, 3}),
    "all": (("1", "2", "3"), POLICY % "all {}", {1, 2, 3}),
    "specific": (("1", "2", "3"), POLICY % "specific { versions: 1 versions: 3 versions: 9 }", {1, 3}),
    "specific_none": (("1",), POLICY % "specific {}", set()),
    "zeros": (("00000123", "7"), POLICY % "all {}", {7, 123}),
    "skipped": (("1", "x2", "3x", "0x4", "-5", " 6", "1.5"), POLICY % "all {}", {1}),
    "twice": (("0001", "1"), "", {1}),
    "by_number": (("9", "10"), "", {10}),
    "specific_zeros": (("007",), POLICY % "specific { versions: 7 }", {7}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("versions")


@pytest.fixture(scope="module")
def versioned(folder: Path) -> Iterator[ServerProcess]:
    """A server of all these models, that looks for versions once a second."""
    models: dict[str, Path | ModelEntry] = {}
    for name, (versions, policy, _) in MODELS.items():
        for version in versions:
            add(folder / name, version)
        models[name] = ModelEntry(folder / name, policy)
    for name in ("moving", "gone", "keeps", "labelled"):
        add(folder / name, "1")
        models[name] = folder / name
    models["labelled"] = ModelEntry(folder / "labelled", POLICY % "all {}")
    flags = ("--file_system_poll_wait_seconds=1", "--max_num_load_retries=0")
    with served(folder, *flags, models=models, ready_path="/livez") as process:
        yield process
        process.assert_alive()


POLICIES = Table("inference", "11", "Version policies", 4)
NAMES = {
    "unset": 1,
    "latest_0": 1,
    "latest_1": 1,
    "latest_2": 2,
    "latest_9": 2,
    "all": 3,
    "specific": 4,
    "specific_none": 4,
}


@POLICIES.each(*(Case(row, name) for name, row in NAMES.items()), Case(4, "specific_zeros"))
def test_policies(versioned: ServerProcess, case: Case) -> None:
    wait_for(versioned, case.what, *MODELS[case.what][2])


FOUND = Table(
    "inference", "11-discovery", "Which directories are versions", 4, elsewhere={4: "object stores: tests/unit/sources"}
)


@FOUND.each(Case(1, "zeros"), Case(1, "skipped"), Case(1, "by_number"), Case(3, "twice"))
def test_discovery(versioned: ServerProcess, case: Case) -> None:
    wait_for(versioned, case.what, *MODELS[case.what][2])


@FOUND.row(2, "a file is no version", differs="A file cannot be a model; it must not push a version out.")
def test_file(versioned: ServerProcess, folder: Path) -> None:
    (folder / "keeps" / "9").write_text("not a directory")
    add(folder / "moving", "4")
    wait_for(versioned, "moving", 4)
    assert serving(versioned, "keeps") == {1}


CHANGES = Table("inference", "11-notes", "Versions that come and go", 3)


@CHANGES.row(
    1, "a missing base path affects its model alone", differs="One bad path must not stop discovery for the others."
)
def test_missing_base_path(versioned: ServerProcess, folder: Path) -> None:
    # At once: a base path that is emptied first would have no versions for a moment, which unloads them.
    (folder / "gone").rename(folder.parent / "moved away")
    add(folder / "moving", "5")
    wait_for(versioned, "moving", 5)
    assert serving(versioned, "gone") == {1}


@CHANGES.row(2, "an empty base path unloads everything")
def test_empty_base_path(versioned: ServerProcess, folder: Path) -> None:
    shutil.rmtree(folder / "unset")
    (folder / "unset").mkdir()
    wait_until(lambda: set(states(versioned, "unset").values()) == {"END"}, 40, "unset to be unloaded")


@CHANGES.row(3, "the old version serves on when the new one fails")
def test_failing_version(versioned: ServerProcess, folder: Path) -> None:
    (folder / "keeps" / "7").mkdir()
    (folder / "keeps" / "7" / "saved_model.pb").write_bytes(b"damaged")
    wait_until(lambda: states(versioned, "keeps").get(7) == "END", 40, "version 7 to fail")
    assert states(versioned, "keeps") == {1: "AVAILABLE", 7: "END"}


# --- labels ----------------------------------------------------------------------------------------------------------

LABELS = Table("inference", "11-labels", "Labels", 6)


class Labels:
    """One model, `labelled`, whose labels are set by reload."""

    def __init__(self, client: StubClient, server: ServerProcess, folder: Path) -> None:
        self.client, self.server, self.folder = client, server, folder

    def set(self, code: str = "OK", *says: str, **labels: int) -> None:
        pairs = "".join(f'version_labels {{ key: "{name}" value: {version} }} ' for name, version in labels.items())
        config = f'config {{ name: "labelled" base_path: "{self.folder}/labelled" model_platform: "tensorflow" '
        config += f"{POLICY % 'all {}'} {pairs} }}"
        request = f"config {{ model_config_list {{ {config} }} }}"
        case = Rpc(1, "labels", method="HandleReloadConfigRequest", request=request, code=code, says=says)
        self.client.check(self.server.grpc_address, case)

    def version(self, label: str) -> int | str:
        """The version behind a label, or the code of the error."""
        answer = self.client.call(
            self.server.grpc_address,
            "GetModelMetadata",
            f'model_spec {{ name: "labelled" version_label: "{label}" }} metadata_field: "signature_def"',
        )
        return int(answer.text.split("value: ")[1].split(" ")[0]) if answer.code == "OK" else answer.code


@pytest.fixture
def labels(client: StubClient, tmp_path: Path) -> Iterator[Labels]:
    add(tmp_path / "labelled", "1")
    add(tmp_path / "labelled", "2")
    models = {"labelled": ModelEntry(tmp_path / "labelled", POLICY % "all {}")}
    with served(tmp_path, "--file_system_poll_wait_seconds=1", models=models) as process:
        wait_for(process, "labelled", 1, 2)
        yield Labels(client, process, tmp_path)


@LABELS.row(1, "any characters")
def test_any_characters(labels: Labels) -> None:
    labels.set(**{"a b/c:d": 1, "\u00e9": 2})
    assert [labels.version("a b/c:d"), labels.version("\u00e9")] == [1, 2]


@LABELS.row(2, "a version that is not there is refused")
def test_missing_version(labels: Labels) -> None:
    labels.set(best=2)
    labels.set("FAILED_PRECONDITION", "9", "labelled", best=9)
    assert labels.version("best") == 2


@LABELS.row(4, "the table is replaced as a whole")
def test_replaced(labels: Labels) -> None:
    labels.set(first=1)
    labels.set(second=1)
    assert [labels.version("first"), labels.version("second")] == ["INVALID_ARGUMENT", 1]


@LABELS.row(6, "two labels for one version")
def test_two_labels(labels: Labels) -> None:
    labels.set(first=1, second=1)
    assert [labels.version("first"), labels.version("second")] == [1, 1]


@LABELS.row(2, "labels of the first config take effect", differs="A label may name a version that is still loading.")
def test_labels_at_start(server: ServerProcess) -> None:
    assert server.post("/v1/models/two/labels/old:predict", '{"inputs": 1.0}').json() == {"outputs": 2.5}


@LABELS.row(5, "a label stays when its version goes")
def test_stale_label(labels: Labels) -> None:
    labels.set(old=1)
    shutil.rmtree(labels.folder / "labelled" / "1")
    wait_for(labels.server, "labelled", 2)
    assert labels.version("old") == "NOT_FOUND"


@LABELS.row(3, "--allow_version_labels_for_unavailable_models permits a new label for a version that is not loaded")
def test_allowed_label(client: StubClient, tmp_path: Path) -> None:
    add(tmp_path / "labelled", "1")
    flags = ("--allow_version_labels_for_unavailable_models", "--file_system_poll_wait_seconds=1")
    models = {"labelled": ModelEntry(tmp_path / "labelled", POLICY % "all {}")}
    with served(tmp_path, *flags, models=models) as process:
        wait_for(process, "labelled", 1)
        labels = Labels(client, process, tmp_path)
        labels.set(next=2)
        assert labels.version("next") == "NOT_FOUND"
        add(tmp_path / "labelled", "2")
        wait_for(process, "labelled", 1, 2)
        assert labels.version("next") == 2
