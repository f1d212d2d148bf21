"""The wire contract is a subset of what tensorflow and tensorflow-serving-api declare, field for field."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest

from salver import wire

# Runs in a process of its own: importing tensorflow is slow and registers its messages for good.
PROGRAM = """
import importlib, sys
from google.protobuf import descriptor_pb2, descriptor_pool
from salver import wire

def described(field):
    kind, oneof = field.message_type or field.enum_type, field.containing_oneof
    return (field.name, field.number, field.type, field.is_repeated, kind and kind.full_name, field.json_name,
            field.has_presence, oneof and oneof.name, field.is_packed)

def walk(message, theirs, faults):
    real = {f.number: f for f in theirs.fields}
    for field in message.fields:
        other = real.get(field.number)
        if other is None or described(field) != described(other):
            faults.append((message.full_name, described(field), other and described(other)))
    for enum in message.enum_types:
        compare_enum(enum, theirs.enum_types_by_name.get(enum.name), faults)
    for nested in message.nested_types:
        other = theirs.nested_types_by_name.get(nested.name)
        if other is None:
            faults.append((nested.full_name, "missing"))
        else:
            walk(nested, other, faults)

def compare_enum(ours, theirs, faults):
    values = {v.name: v.number for v in ours.values}
    real = {v.name: v.number for v in theirs.values} if theirs is not None else None
    if real != values:
        faults.append((ours.full_name, values, real))

def compare_service(ours, theirs, faults):
    signature = lambda s: [(m.name, m.input_type.full_name, m.output_type.full_name) for m in s.methods]
    if signature(ours) != signature(theirs):
        faults.append((ours.full_name, signature(ours), signature(theirs)))

package, modules, prefix = sys.argv[1], sys.argv[2].split(","), sys.argv[3]
for module in modules:
    importlib.import_module(module)
default = descriptor_pool.Default()
faults, compared, absent = [], 0, []
data = importlib.resources.files("salver.wire").joinpath("descriptors.binpb").read_bytes()
for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
    if not file.name.startswith(prefix):
        continue
    ours = wire.pool().FindFileByName(file.name)
    for kind, find, compare in (
        (ours.message_types_by_name, default.FindMessageTypeByName, walk),
        (ours.enum_types_by_name, default.FindEnumTypeByName, compare_enum),
        (ours.services_by_name, default.FindServiceByName, compare_service),
    ):
        for item in kind.values():
            try:
                theirs = find(item.full_name)
            except KeyError:
                absent.append(item.full_name)
                continue
            compare(item, theirs, faults)
            compared += 1
for fault in faults:
    print(fault)
print("absent there:", sorted(absent))
print("compared:", compared)
raise SystemExit(bool(faults))
"""

TENSORFLOW = ["core.protobuf.config", "core.protobuf.saved_model", "core.protobuf.named_tensor", "core.example.example"]
SERVING = ["apis.prediction_service", "apis.model_service", "apis.prediction_log", "config.platform_config"]

# In no published Python package, so there is nothing to compare with.
UNPUBLISHED = {
    "BatchingParameters",
    "HashmapSourceAdapterConfig",
    "ModelWarmupOptions",
    "MonitoringConfig",
    "PrometheusConfig",
    "SSLConfig",
    "SavedModelBundleSourceAdapterConfig",
    "SavedModelConfig",
    "SessionBundleConfig",
    "SessionOverrides",
    "StaticStoragePathSourceConfig",
    "TfrtSavedModelConfig",
    "TfrtSavedModelSourceAdapterConfig",
    "ThreadPoolFactoryConfig",
    "internal.SerializedExampleList",
    "internal.SerializedExampleListWithContext",
    "internal.SerializedInput",
    "tools.RemoteOpRemapConfig",
}
UNPUBLISHED_IN_TENSORFLOW = ["tensorflow.serving.BatchOpRewriteConfig", "tensorflow.tfrt_stub.RuntimeConfigProto"]


ROOT = pathlib.Path(__file__).resolve().parents[3]
CLIENTS_PYTHON = ROOT / ".venv-clients" / "bin" / "python"


def compare(package, modules, prefix, *, python=sys.executable):
    names = ",".join(f"{package}.{module}_pb2" for module in modules)
    command = [str(python), "-c", PROGRAM, package, names, prefix]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout


@pytest.mark.timeout(120)
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="compares with the tensorflow wheel")
def test_tensorflow_messages_are_those_of_tensorflow():
    assert f"absent there: {UNPUBLISHED_IN_TENSORFLOW}" in compare("tensorflow", TENSORFLOW, "tensorflow/")


@pytest.mark.timeout(120)
@pytest.mark.skipif(not CLIENTS_PYTHON.exists(), reason="compares with the client package: run `make clients`")
def test_serving_messages_are_those_of_the_client_package():
    absent = ", ".join(repr(f"tensorflow.serving.{name}") for name in sorted(UNPUBLISHED))
    assert f"absent there: [{absent}]" in compare(
        "tensorflow_serving", SERVING, "tensorflow_serving/", python=CLIENTS_PYTHON
    )


def test_the_committed_descriptors_are_those_of_the_sources():
    pytest.importorskip("grpc_tools")
    subprocess.run([sys.executable, str(ROOT / "scripts" / "make_descriptors.py"), "--check"], check=True)


def test_numbers_and_names_of_states_and_codes():
    states = wire.ModelVersionStatus.DESCRIPTOR.enum_types_by_name["State"].values
    assert {value.name: value.number for value in states} == {
        "UNKNOWN": 0,
        "START": 10,
        "LOADING": 20,
        "AVAILABLE": 30,
        "UNLOADING": 40,
        "END": 50,
    }
