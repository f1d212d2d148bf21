"""Request batching for any callable: the scheduler of the server, for Python programs that are none.

`Batcher` turns a function over many items into one that many callers, threads or asyncio tasks, call with one item.
"""

from __future__ import annotations

from salver.batching.arrays import ArrayRun
from salver.batching.batcher import Batcher
from salver.batching.calls import Criticality
from salver.batching.stats import BatcherStats
from salver.boundary import BatchingPolicy, LowPriority

__all__ = ["ArrayRun", "Batcher", "BatcherStats", "BatchingPolicy", "Criticality", "LowPriority"]
