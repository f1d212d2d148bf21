"""rest.md section 8: status and metadata, byte for byte."""

from __future__ import annotations

from tests.support import http_cases
from tests.support.server_process import ServerProcess
from tests.support.spec_tables import Rest, Table


def status(*entries: tuple[int, str, str, str]) -> str:
    """The text of a status."""
    inner = ",\n".join(
        f'  {{\n   "version": "{version}",\n   "state": "{state}",\n   "status": {{\n    "error_code": "{code}",\n'
        f'    "error_message": "{message}"\n   }}\n  }}'
        for version, state, code, message in entries
    )
    return f'{{\n "model_version_status": [\n{inner}\n ]\n}}\n'


def fine(version: int) -> tuple[int, str, str, str]:
    return version, "AVAILABLE", "OK", ""


STATUS = Table("rest", "8.1", "Status", 4)
JSON = {"content-type": "application/json"}


@STATUS.each(
    Rest(1, "an unknown model", path="/v1/models/nobody", status=404, says=("nobody",), answers=JSON),
    Rest(1, "a model without versions", path="/v1/models/empty", status=404, says=("empty",)),
    Rest(2, "an unknown version", path="/v1/models/two/versions/7", status=404, says=("7", "two")),
    Rest(3, "one version", path="/v1/models/half_plus_two", text=status(fine(1)), answers=JSON),
    Rest(3, "the newest first", path="/v1/models/two", text=status(fine(2), fine(1))),
    Rest(3, "the version asked for", path="/v1/models/two/versions/1", text=status(fine(1))),
)
def test_status(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


@STATUS.row(4, "a failed version is END with its error, and 200")
def test_failed_version(server: ServerProcess) -> None:
    reply = server.get("/v1/models/broken")
    assert reply.status == 200
    found = reply.json()["model_version_status"][0]
    code, message = found["status"]["error_code"], found["status"]["error_message"]
    assert code != "OK"
    assert reply.body.decode() == status((1, "END", code, message))


METADATA = Table("rest", "8.2", "Metadata", 6)


@METADATA.row(1, "names, enums, sizes as texts, `defaults` always")
def test_metadata(server: ServerProcess) -> None:
    shape = {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    assert server.get("/v1/models/text_format/metadata").json() == {
        "model_spec": {"name": "text_format", "signature_name": "", "version": "1"},
        "metadata": {
            "signature_def": {
                "signature_def": {
                    "serving_default": {
                        "inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": "x:0"}},
                        "outputs": {"y": {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": "add:0"}},
                        "method_name": "tensorflow/serving/predict",
                        "defaults": {},
                    }
                }
            }
        },
    }


@METADATA.row(2, "the head of the text, byte for byte")
def test_head_of_the_metadata(server: ServerProcess) -> None:
    body = server.get("/v1/models/two/versions/1/metadata").body.decode()
    head = '{\n"model_spec":{\n "name": "two",\n "signature_name": "",\n "version": "1"\n}\n,\n'
    head += '"metadata": {"signature_def": {\n'
    assert body.startswith(head + ' "signature_def": {\n  "')
    assert body.endswith("}\n}\n}\n")


@METADATA.row(3, "members of a oneof appear only where they are set")
def test_sparse_metadata(server: ServerProcess) -> None:
    signatures = server.get("/v1/models/odd_signatures/metadata").json()["metadata"]["signature_def"]["signature_def"]
    sparse = signatures["sparse"]["inputs"]["sparse"]
    assert set(sparse) == {"coo_sparse", "dtype", "tensor_shape"}
    assert set(sparse["coo_sparse"]) == {"values_tensor_name", "indices_tensor_name", "dense_shape_tensor_name"}
    assert set(signatures["twins"]["inputs"]["a"]) == {"name", "dtype", "tensor_shape"}


@METADATA.row(4, "defaults are tensors as JSON")
def test_defaults(server: ServerProcess) -> None:
    signatures = server.get("/v1/models/defaults/metadata").json()["metadata"]["signature_def"]["signature_def"]
    factor = signatures["serving_default"]["defaults"]["factor"]
    assert factor["dtype"] == "DT_FLOAT"
    assert factor["float_val"] == [3.0]
    assert factor["tensor_content"] == ""


@METADATA.row(5, "helper signatures are listed")
def test_helpers(server: ServerProcess) -> None:
    signatures = server.get("/v1/models/defaults/metadata").json()["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) == {"serving_default", "__saved_model_init_op"}


@METADATA.each(
    Rest(6, "an unknown model", path="/v1/models/nobody/metadata", status=404, says=("Latest(nobody)",), answers=JSON),
    Rest(6, "an unknown version", path="/v1/models/two/versions/7/metadata", status=404, says=("Specific(two, 7)",)),
    Rest(6, "an unknown label", path="/v1/models/two/labels/none/metadata", status=400, says=("none",)),
)
def test_metadata_refused(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)
