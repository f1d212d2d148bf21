"""What a test sees of `tests/e2e/models/slow`, the servable that takes its time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support import wire
from tests.support.server_process import wait_until

PREDICT_PATH = "/v1/models/slow:predict"


@dataclass(frozen=True)
class SlowLog:
    """The runs of the servable, as it wrote them down itself."""

    file: Path

    def events(self, kind: str) -> list[list[float]]:
        """The values of every run that has started (`start`) or ended (`end`)."""
        text = self.file.read_text() if self.file.exists() else ""
        whole = text[: text.rfind("\n") + 1].splitlines()
        return [[float(item) for item in line.split()[1:]] for line in whole if line.split()[0] == kind]

    def values(self) -> list[float]:
        """Every value that a run was started with."""
        return [value for run in self.events("start") for value in run]

    def wait_for_start(self, value: float, limit_s: float = 30.0) -> None:
        """Wait until a run with this value has started."""
        wait_until(lambda: value in self.values(), limit_s, f"a run with {value}; there were {self.values()}")

    def wait_for_end(self, value: float, limit_s: float = 30.0) -> None:
        """Wait until a run with this value has ended."""
        wait_until(lambda: [value] in self.events("end"), limit_s, f"the run with {value} to end")


def slow_request(value: float = 1.0) -> bytes:
    """A PredictRequest for the model `slow`."""
    return wire.predict_request(wire.Spec("slow"), {"x": wire.float_tensor([value], [1])})
