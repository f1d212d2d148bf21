"""What tests through the extension share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from salver.boundary import DataPlane, Signature, TensorInfo
from tests.support.server_process import wait_until

FLOAT, STRING, INT64 = 1, 7, 9
WAIT_S = 20.0


def signature(
    dtype: int = FLOAT, *, name: str = "serving_default", out_dtype: int | None = None, shape: Any = (-1,)
) -> Signature:
    """A signature x -> y."""
    out = dtype if out_dtype is None else out_dtype
    method = "tensorflow/serving/predict"
    return Signature(name, method, (TensorInfo("x", dtype, shape),), (TensorInfo("y", out, shape),))


def in_thread(function: Callable[[], Any]) -> Callable[[], Any]:
    """Run a function on a thread; the function returned waits and gives its result or raises its error."""
    box: dict[str, Any] = {}

    def run() -> None:
        try:
            box["value"] = function()
        except BaseException as error:  # noqa: BLE001  # raised where it is waited for
            box["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def result() -> Any:
        thread.join(WAIT_S)
        assert not thread.is_alive(), "it still waits"
        if "error" in box:
            raise box["error"]
        return box["value"]

    return result


def floats(*values: float) -> np.ndarray[Any, Any]:
    """A float32 vector."""
    return np.array(values, np.float32)


def wait_until_queued(plane: DataPlane, num_rows: int) -> None:
    """Wait until this many rows wait for a runner."""

    def num_queued() -> int:
        return next(int(family.series[0].value) for family in plane.metrics() if family.name == "salver_queued_rows")

    wait_until(lambda: num_queued() >= num_rows, WAIT_S, f"{num_rows} queued rows")
