"""What the model can do without a server: the same runtime, called directly from threads of this process."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benches.batching.transformer import IDS, Array
from salver.boundary import TensorFlowOptions
from salver.dataplane import NativeTensorFlow
from salver.servables.tensorflow_library import find_tensorflow_libraries

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
THREADS = (1, 2)
SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Way:
    """How the model is called."""

    batch_rows: int
    num_threads: int

    def __str__(self) -> str:
        return f"batches of {self.batch_rows}, {self.num_threads} at a time"


class InProcess:
    """The model, loaded as the server loads it; a context manager."""

    def __init__(self, base_path: Path) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        runtime = NativeTensorFlow(find_tensorflow_libraries())
        self._model = runtime.load(str(base_path / "1"), TensorFlowOptions())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._model.close()

    def scores(self, row: int) -> Array:
        """The answer to one row."""
        return self._model.run(SIGNATURE, {"ids": IDS[row : row + 1]})["scores"]

    def rows_per_s(self, way: Way, seconds: float) -> float:
        """Rows a second of threads that call without pause."""
        inputs = {"ids": IDS[: way.batch_rows]}
        self._model.run(SIGNATURE, inputs)
        rates: list[float] = []

        def work() -> None:
            started, count = time.monotonic(), 0
            while time.monotonic() < started + seconds:
                self._model.run(SIGNATURE, inputs)
                count += 1
            rates.append(count * way.batch_rows / (time.monotonic() - started))

        threads = [threading.Thread(target=work) for _ in range(way.num_threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(rates)

    def sweep(self, seconds: float) -> dict[Way, float]:
        """Rows a second of every way."""
        return {way: self.rows_per_s(way, seconds) for way in (Way(size, count) for count in THREADS for size in SIZES)}
