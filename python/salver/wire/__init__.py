"""The wire contract in Python: messages of a private descriptor pool, text format and JSON.

`wire.PredictRequest` and its like are made on first use. Names not listed here are found by `message_class`, by their
full name.
"""

from __future__ import annotations

from salver.wire.json_text import message_json, metadata_json, status_json
from salver.wire.pool import Message, MessageClass, message_class, pool
from salver.wire.text import format_text, parse_text

# Made by `__getattr__`; the annotations are for type checkers and for the list of what there is.

# apis/
ModelSpec: MessageClass
StatusProto: MessageClass
PredictRequest: MessageClass
PredictResponse: MessageClass
Input: MessageClass
ExampleList: MessageClass
ExampleListWithContext: MessageClass
ClassificationRequest: MessageClass
ClassificationResponse: MessageClass
RegressionRequest: MessageClass
RegressionResponse: MessageClass
InferenceTask: MessageClass
InferenceResult: MessageClass
MultiInferenceRequest: MessageClass
MultiInferenceResponse: MessageClass
SignatureDefMap: MessageClass
GetModelMetadataRequest: MessageClass
GetModelMetadataResponse: MessageClass
GetModelStatusRequest: MessageClass
GetModelStatusResponse: MessageClass
ModelVersionStatus: MessageClass
ReloadConfigRequest: MessageClass
ReloadConfigResponse: MessageClass
Metric: MessageClass
SessionRunRequest: MessageClass
SessionRunResponse: MessageClass
LogMetadata: MessageClass
PredictionLog: MessageClass
# config/, sources/, servables/
ModelConfig: MessageClass
ModelConfigList: MessageClass
ModelServerConfig: MessageClass
FileSystemStoragePathSourceConfig: MessageClass
StaticStoragePathSourceConfig: MessageClass
LoggingConfig: MessageClass
LogCollectorConfig: MessageClass
SamplingConfig: MessageClass
PrometheusConfig: MessageClass
MonitoringConfig: MessageClass
PlatformConfig: MessageClass
PlatformConfigMap: MessageClass
SSLConfig: MessageClass
BatchingParameters: MessageClass
ModelWarmupOptions: MessageClass
SessionBundleConfig: MessageClass
SavedModelBundleSourceAdapterConfig: MessageClass
ThreadPoolFactoryConfig: MessageClass
# tensorflow/
TensorProto: MessageClass
TensorShapeProto: MessageClass
TensorInfo: MessageClass
SignatureDef: MessageClass
MetaGraphDef: MessageClass
SavedModel: MessageClass
Example: MessageClass
SequenceExample: MessageClass
ConfigProto: MessageClass
GPUOptions: MessageClass
RunOptions: MessageClass
# google/, grpc/
Any: MessageClass
Int64Value: MessageClass
HealthCheckRequest: MessageClass
HealthCheckResponse: MessageClass

_PACKAGES = ("tensorflow.serving", "tensorflow", "google.protobuf", "grpc.health.v1")

__all__ = [
    "Message",
    "MessageClass",
    "format_text",
    "message_class",
    "message_json",
    "metadata_json",
    "parse_text",
    "pool",
    "status_json",
]


def __getattr__(name: str) -> MessageClass:
    """The message class called `name`, for the names annotated above."""
    if name in __annotations__:
        for package in _PACKAGES:
            try:
                found = message_class(f"{package}.{name}")
            except KeyError:
                continue
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__annotations__})
