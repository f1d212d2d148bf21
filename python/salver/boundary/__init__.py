"""What Python and the data plane say to each other, as types without code behind them.

The data plane owns sockets, codecs, the serving table and the scheduler. Python publishes to it (`publish`,
`publish_health`) and pulls from it (`next_batch` for Python servables, `next_call` for everything that is not
inference). It never calls Python.

Two sides implement these types: `salver.dataplane` over the extension, and `salver.testing.fake_dataplane` in Python
alone. Nothing here imports the extension, so whatever needs only the types can be used and tested without it.
"""

from __future__ import annotations

from salver.boundary.batching import UNBATCHED, BatchingPolicy, LengthBuckets, LowPriority
from salver.boundary.batching_report import (
    BatchingReport,
    BatchSizeCount,
    CurvePoint,
    Quantiles,
    Simulation,
    SimulationReport,
)
from salver.boundary.data_plane import DataPlane
from salver.boundary.journal import JournalEntries, JournalEntry, PhaseTime, RequestTrace
from salver.boundary.metrics import Exemplar, MetricFamily, Series
from salver.boundary.models import NativeModel, Signature, TensorFlowOptions, TensorFlowRuntime, TensorInfo
from salver.boundary.options import DataPlaneOptions, GrpcOptions, Pem, TlsConfig
from salver.boundary.request_log import LogEntries, LogEntry, LogRule
from salver.boundary.running import RunningRequest, RunningRequests
from salver.boundary.table import ModelRow, Target, TargetSpec
from salver.boundary.work import AnswerStream, Batch, ControlCall

__all__ = [
    "UNBATCHED",
    "AnswerStream",
    "Batch",
    "BatchSizeCount",
    "BatchingPolicy",
    "BatchingReport",
    "ControlCall",
    "CurvePoint",
    "DataPlane",
    "DataPlaneOptions",
    "Exemplar",
    "GrpcOptions",
    "JournalEntries",
    "JournalEntry",
    "LengthBuckets",
    "LogEntries",
    "LogEntry",
    "LogRule",
    "LowPriority",
    "MetricFamily",
    "ModelRow",
    "NativeModel",
    "Pem",
    "PhaseTime",
    "Quantiles",
    "RequestTrace",
    "RunningRequest",
    "RunningRequests",
    "Series",
    "Signature",
    "Simulation",
    "SimulationReport",
    "Target",
    "TargetSpec",
    "TensorFlowOptions",
    "TensorFlowRuntime",
    "TensorInfo",
    "TlsConfig",
]
