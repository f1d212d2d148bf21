"""A servable that answers in parts: y = x, x - 1, ... 1, one part each; 13 is bad luck.

Writes a line to the file `$COUNTDOWN_LOG` for each part that it gives and one when it is left.
"""

import os
from pathlib import Path

import numpy as np

from salver import SignatureSpec, TensorSpec
from salver.errors import InvalidArgumentError


class Countdown:
    """Counts down, in one or in parts."""

    signatures = {
        "serving_default": SignatureSpec({"x": TensorSpec(np.int64, [])}, {"y": TensorSpec(np.int64, [None])})
    }

    def __init__(self, log):
        self._log = log

    def run(self, signature, inputs):
        """Return the whole countdown."""
        del signature
        return {"y": np.arange(inputs["x"].item(), 0, -1, np.int64)}

    def stream(self, signature, inputs):
        """Give one number after the other."""
        del signature
        try:
            for number in range(inputs["x"].item(), 0, -1):
                if number == 13:
                    raise InvalidArgumentError("13 is bad luck")
                self._note(f"part {number}")
                yield {"y": np.array([number], np.int64)}
        finally:
            self._note("left")

    def _note(self, line):
        with self._log.open("a") as sink:
            sink.write(line + "\n")


def load(directory):
    """Make the servable."""
    del directory
    return Countdown(Path(os.environ["COUNTDOWN_LOG"]))
