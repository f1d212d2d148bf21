"""What the admin API says of a server that is looked into."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class GilReport:
    """How busy the interpreter lock of Python was."""

    window_s: float
    """How long was measured."""
    num_samples: int
    """Moments at which the lock was asked for."""
    held_share: float
    """Share of the moments at which another thread had it: an estimate of the share of time that it is held."""
    wait_p50_s: float
    """How long it took to get it."""
    wait_p90_s: float
    wait_p99_s: float
    wait_max_s: float
