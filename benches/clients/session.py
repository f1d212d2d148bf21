"""A client that is told by lines of standard input which calls to make, and says what they took."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benches.clients.cases import CASES, Case

Call = Callable[[], Any]
NUM_UNTIMED = 5


def answer(prepare: Callable[[Case], tuple[Call, int]]) -> None:
    """Make the calls of every line, `CASE COUNT`, and print their CPU, of this process and all its threads.

    Args:
        prepare: Returns what makes one call and reads its answer, and the bytes of its request.
    """
    for line in sys.stdin:
        name, count = line.split()
        call, size = prepare(CASES[name])
        for _ in range(NUM_UNTIMED):
            call()
        began = time.process_time()
        for _ in range(int(count)):
            call()
        cpu_us = (time.process_time() - began) / int(count) * 1e6
        print(json.dumps({"cpu_us": cpu_us, "request_bytes": size}), flush=True)
