from rich.console import Console

from salver.boundary import BatchingPolicy, SimulationReport
from salver.tune.advice import Advice, Comparison, Sustainable
from salver.tune.goal import Load
from salver.tune.trials import Trial
from salver.tune.view import advice_view
from tests.unit.tune.conftest import profile_of

ADAPTIVE = BatchingPolicy(max_batch_size=4)
STATIC = BatchingPolicy(is_adaptive=False, max_batch_size=4, batch_timeout_s=0.003)
LOAD = Load(100.0)


def report(num_answered):
    return SimulationReport(
        rows_per_s=num_answered / 10,
        num_requests=1000,
        num_answered=num_answered,
        num_refused=0,
        p50_s=0.012,
        p99_s=0.0345,
        mean_batch_rows=2.345,
    )


def test_everything_is_shown():
    profile = profile_of(
        (1, 0.01), (4, 0.012), sharing=0.5, num_runners=2, inputs=("x: as given",), notes=("the time was up",)
    )
    comparison = Comparison(LOAD, Trial(ADAPTIVE, LOAD, report(1000)), Trial(STATIC, LOAD, report(500)))
    sustainable = (Sustainable(ADAPTIVE, 120.0), Sustainable(STATIC, 90.0))
    advice = Advice(
        capacity=500.0, comparisons=(comparison,), sustainable=sustainable, policy=ADAPTIVE, reason="leave it"
    )
    console = Console(width=80, record=True, color_system=None)
    with console.capture() as shown:
        console.print(advice_view(profile, advice))
    lines = [line.rstrip() for line in shown.get().splitlines()]
    assert lines == [
        "ranker version 3  rank",
        "  input x: as given",
        "  runs up to 500 rows/s, 100 one by one on one runner",
        "  2 runners, slowed by 50% of a run for each other one",
        "  the time was up",
        "",
        "  rows  run p50  run p90  rows/s",
        "     1    10 ms  10.8 ms     100",
        "     4    12 ms    13 ms     333",
        "",
        "   load  rows/s    p50      p99  mean batch   setting  size  timeout",
        "  100/s     100  12 ms  34.5 ms        2.35  adaptive",
        "  100/s     50!  12 ms  34.5 ms        2.35    static     4     3 ms",
        "",
        "  holds the target up to   setting  size  timeout",
        "                   120/s  adaptive",
        "                    90/s    static     4     3 ms",
        "",
        "  Leave it.",
    ]
