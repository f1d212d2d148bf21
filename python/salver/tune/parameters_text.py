"""Advice as a file that `--batching_parameters_file` takes."""

from __future__ import annotations

import json
from collections.abc import Iterator

from salver.boundary import BatchingPolicy

_DEFAULT = BatchingPolicy()


def parameters_text(model: str, policy: BatchingPolicy, comments: tuple[str, ...] = ()) -> str:
    """Write the parameters of one model in protobuf's text format; what is as by default is left out."""
    lines = [f"# {comment}" for comment in comments]
    lines += ["model {", f"  name: {json.dumps(model, ensure_ascii=False)}", "  parameters {"]
    lines += [f"    {line}" for line in _parameters(policy)]
    return "\n".join([*lines, "  }", "}", ""])


def _parameters(policy: BatchingPolicy) -> Iterator[str]:
    yield f"adaptive: {str(policy.is_adaptive).lower()}"
    if policy.allowed_batch_sizes:
        yield f"allowed_batch_sizes: [{', '.join(map(str, policy.allowed_batch_sizes))}]"
    if policy.is_adaptive:
        if policy.max_batch_size != _DEFAULT.max_batch_size or policy.allowed_batch_sizes:
            yield _wrapped("max_batch_size", policy.max_batch_size)
        if policy.latency_slo_s is not None:
            yield f"latency_slo_ms: {policy.latency_slo_s * 1e3:g}"
        return
    yield _wrapped("max_batch_size", policy.max_batch_size)
    yield _wrapped("batch_timeout_micros", round(policy.batch_timeout_s * 1e6))
    yield _wrapped("max_enqueued_batches", policy.max_enqueued_batches)


def _wrapped(name: str, value: int) -> str:
    return f"{name} {{ value: {value} }}"
