"""A server that is made up: it answers loads as a test says, in no time."""

from __future__ import annotations

import pytest

from salver.bench.model_address import ModelAddress
from salver.bench.target import Target
from salver.boundary.load import LoadProgress, LoadReport


def report(options, *, latency_s=0.005, answered=None, failures=None, **fields):
    """What came of a load whose requests all took the same time."""
    answered = options.num_requests or 100 if answered is None else answered
    each, more = divmod(answered, len(options.bodies))
    return LoadReport(
        **{
            "measured_s": options.duration_s or 1.0,
            "latencies": ((latency_s, answered),) if answered else (),
            "latency_sum_s": latency_s * answered,
            "latency_max_s": latency_s if answered else 0.0,
            "answered": tuple(each + (index < more) for index in range(len(options.bodies))),
            "num_within": answered,
            "failures": failures or {},
            "sent_bytes": 100 * answered,
            "received_bytes": 50 * answered,
            **fields,
        }
    )


class FakeRun:
    """A run that is over after some looks."""

    def __init__(self, made, num_looks=1):
        self._made = made
        self._left = num_looks
        self.is_stopped = False

    def next_progress(self, wait_s):
        self._left -= 1
        return LoadProgress(
            is_over=self._left < 0,
            is_warming_up=False,
            measured_s=1.0,
            num_answered=sum(self._made.answered),
            num_failed=0,
            num_dropped=0,
            recent_p50_s=0.001,
            recent_p99_s=0.002,
        )

    def stop(self):
        self.is_stopped = True

    def report(self):
        return self._made


class FakeServer:
    """Call it to start a load; `answer` makes the report from the options, and `asked` keeps these."""

    def __init__(self, answer=report):
        self.answer = answer
        self.asked = []
        self.runs = []

    def __call__(self, options):
        self.asked.append(options)
        self.runs.append(FakeRun(self.answer(options)))
        return self.runs[-1]


@pytest.fixture
def server():
    return FakeServer()


def target_of(protocol="grpc", **fields):
    model = ModelAddress(name="ranker", **fields)
    return Target(host="127.0.0.1", port=8500, protocol=protocol, model=model)


@pytest.fixture(params=["grpc", "rest"])
def target(request):
    return target_of(request.param)
