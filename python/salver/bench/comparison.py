"""Two servers beside each other: ratios, and how far these can be trusted.

Rounds alternate, and which server begins alternates, too: what disturbs the machine, and what only time changes, meets
both. A ratio that holds in every round is a difference; one that does not is within the noise.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from salver.bench.result import Result

FEWEST_ROUNDS = 6
"""Of two equal servers one is ahead in all of so many rounds once in 32 times, by chance."""

METRICS: tuple[tuple[str, Literal["more", "less"], Callable[[Result], float]], ...] = (
    ("requests/s", "more", lambda result: result.requests_per_s),
    ("mean", "less", lambda result: result.latency.mean),
    ("p50", "less", lambda result: result.latency.p50),
    ("p90", "less", lambda result: result.latency.p90),
    ("p99", "less", lambda result: result.latency.p99),
)
"""Name, which of them is better, and where it is found."""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """The second server's figure over the first one's."""

    metric: str
    better: Literal["more", "less"]
    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the rounds."""
        return statistics.median(self.rounds)

    @property
    def low(self) -> float:
        """The least of any round."""
        return min(self.rounds)

    @property
    def high(self) -> float:
        """The most of any round."""
        return max(self.rounds)

    @property
    def verdict(self) -> str:
        """What it says of the second one, in a few words."""
        if len(self.rounds) == 1:
            return "one round: no spread"
        if self.low <= 1 <= self.high:
            return "no difference beyond the spread"
        if len(self.rounds) < FEWEST_ROUNDS:
            return "too few rounds to tell"
        return "better" if (self.low > 1) == (self.better == "more") else "worse"


def alternating(
    num_rounds: int, first: Callable[[], Result], second: Callable[[], Result]
) -> list[tuple[Result, Result]]:
    """Measure both in each round; who begins alternates."""
    rounds = []
    for index in range(num_rounds):
        if index % 2:
            later = second()
            rounds.append((first(), later))
        else:
            earlier = first()
            rounds.append((earlier, second()))
    return rounds


def ratios(rounds: Sequence[tuple[Result, Result]]) -> tuple[Ratio, ...]:
    """Return the ratios of the metrics that both have; a figure of zero has none."""
    found = []
    for metric, better, figure in METRICS:
        pairs = [(figure(first), figure(second)) for first, second in rounds]
        if all(first > 0 and second > 0 for first, second in pairs):
            per_round = tuple(second / first for first, second in pairs)
            found.append(Ratio(metric=metric, better=better, rounds=per_round))
    return tuple(found)


def ratio_document(ratio: Ratio) -> dict[str, Any]:
    """Return a ratio as JSON has it."""
    return {
        "metric": ratio.metric,
        "better": ratio.better,
        "rounds": list(ratio.rounds),
        "median": ratio.median,
        "low": ratio.low,
        "high": ratio.high,
        "verdict": ratio.verdict,
    }
