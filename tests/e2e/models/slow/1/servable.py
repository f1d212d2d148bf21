"""A servable that takes its time: y = x / 2 + 2 after `$SLOW_S` seconds.

Writes a line to the file `$SLOW_LOG` when a run starts and when it ends: a test counts runs and waits for them.
"""

import os
import time
from pathlib import Path

import numpy as np

from salver import CallableServable, TensorSpec


def load(directory):
    """Make the servable."""
    delay_s = float(os.environ.get("SLOW_S", "0.5"))
    log = Path(os.environ["SLOW_LOG"])

    def note(event, values):
        with log.open("a") as sink:
            sink.write(f"{event} {' '.join(f'{value:g}' for value in values)}\n")

    def run(inputs):
        values = inputs["x"].reshape(-1).tolist()
        note("start", values)
        time.sleep(delay_s)
        note("end", values)
        return {"y": inputs["x"] / 2 + 2}

    spec = TensorSpec(np.float32, [None])
    return CallableServable(run, inputs={"x": spec}, outputs={"y": spec})
