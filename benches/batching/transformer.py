"""The model of the batching benchmarks: made at first use, and what is sent to it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tests.support import wire
from tests.support.models import ROOT

NAME = "transformer"
SCRIPT = ROOT / "benches" / "models" / "make_transformer.py"
TOKENS, WORDS = 8, 1000
IDS = np.random.default_rng(11).integers(0, WORDS, (128, TOKENS), np.int32)
"""Rows to send; as many as the largest batch that is tried."""

Array = np.ndarray[Any, Any]


def base_path() -> Path:
    """Its base path, with version 1; made anew when the script that makes it has changed."""
    digest = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:12]
    base = ROOT / ".cache" / "benches" / f"{NAME}-{digest}"
    if not base.exists():
        print(f"Making {NAME}", file=sys.stderr)
        unfinished = base.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        # A process of its own: TensorFlow the Python package stays out of the process that measures.
        subprocess.run([sys.executable, str(SCRIPT), str(unfinished / "1")], check=True, capture_output=True)
        unfinished.rename(base)
    return base


def request(row: int = 0) -> bytes:
    """A PredictRequest of one row."""
    return wire.predict_request(wire.Spec(NAME), {"ids": wire.tensor(IDS[row : row + 1], wire.DT_INT32)})


def check(reply: bytes, expected: Array) -> None:
    """Fail unless a PredictResponse holds these scores, as nearly as batches of other sizes round."""
    scores = wire.parse_predict_reply(reply).outputs["scores"]
    if scores.shape != expected.shape or not np.allclose(scores, expected, atol=1e-4):
        raise AssertionError(f"a wrong answer before the run: {scores}, expected {expected}")
