"""The Grafana dashboard, `deploy/grafana/salver.json`, written by `make docs`.

Its panels stand here as a table; Grafana's own form of a dashboard says the same in a thousand lines. A test reads
every query and looks for its metrics on the page of a running server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_WIDTH = 24
"""Columns of Grafana's grid."""
_HEIGHT = 8
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_RATE = "[$__rate_interval]"
_MODEL = 'model_name=~"$model"'


@dataclass(frozen=True)
class Panel:
    """One panel."""

    title: str
    queries: tuple[tuple[str, str], ...]
    """Query and legend of each line."""
    unit: str = "short"
    kind: str = "timeseries"
    description: str = ""
    is_stacked: bool = False
    has_exemplars: bool = False


def _quantile(quantile: float, metric: str, by: str, matchers: str = _MODEL) -> str:
    return f"histogram_quantile({quantile}, sum by ({by}, le) (rate({metric}_bucket{{{matchers}}}{_RATE})))"


def _mean(metric: str, by: str, matchers: str = _MODEL) -> str:
    total, count = (f"sum by ({by}) (rate({metric}_{part}{{{matchers}}}{_RATE}))" for part in ("sum", "count"))
    return f"{total} / {count}"


def _ratio(part: str, whole: str) -> str:
    return f"{part} / {whole}"


def _rate(metric: str, by: str, matchers: str = _MODEL) -> str:
    return f"sum by ({by}) (rate({metric}{{{matchers}}}{_RATE}))"


_DURATION, _PHASE = "salver_request_duration_seconds", "salver_request_phase_seconds"
_FAILED = f'{_MODEL}, code!="OK"'
_ALL_REQUESTS = _rate(f"{_DURATION}_count", "model_name")
_PADDING = _rate("salver_batching_padding_rows_total", "model_name")

ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "Traffic",
        (
            Panel(
                "Requests",
                ((_rate(f"{_DURATION}_count", "model_name, version"), "{{model_name}} {{version}}"),),
                unit="reqps",
            ),
            Panel(
                "Errors",
                ((_rate(f"{_DURATION}_count", "model_name, code", _FAILED), "{{model_name}} {{code}}"),),
                unit="reqps",
                description="Requests that did not end with OK, by code.",
            ),
            Panel(
                "Share of errors",
                (
                    (
                        _ratio(_rate(f"{_DURATION}_count", "model_name", _FAILED), _ALL_REQUESTS),
                        "{{model_name}}",
                    ),
                ),
                unit="percentunit",
            ),
            Panel(
                "Requests in flight",
                (
                    (
                        f"sum by (model_name, version) (salver_requests_in_flight{{{_MODEL}}})",
                        "{{model_name}} {{version}}",
                    ),
                ),
            ),
        ),
    ),
    (
        "Latency",
        (
            Panel(
                "Duration",
                tuple(
                    (_quantile(quantile, _DURATION, "model_name"), f"{{{{model_name}}}} p{quantile * 100:g}")
                    for quantile in (0.5, 0.99)
                ),
                unit="s",
                description="From the first byte to the answer. The points are traced requests.",
                has_exemplars=True,
            ),
            Panel(
                "Mean time by phase",
                ((_mean(_PHASE, "phase"), "{{phase}}"),),
                unit="s",
                description="Of all chosen models together. The phases add up to the duration, less the upload. "
                "Waiting in an open batch is queue; batch is the joining of its inputs.",
                is_stacked=True,
            ),
            Panel("p99 by phase", ((_quantile(0.99, _PHASE, "phase"), "{{phase}}"),), unit="s"),
            Panel(
                "Durations",
                ((f"sum by (le) (rate({_DURATION}_bucket{{{_MODEL}}}{_RATE}))", "{{le}}"),),
                unit="s",
                kind="heatmap",
                has_exemplars=True,
            ),
        ),
    ),
    (
        "Batching",
        (
            Panel(
                "Mean batch",
                ((_mean("salver_batching_batch_rows", "model_name, signature"), "{{model_name}} {{signature}}"),),
                description="Rows, padding aside.",
            ),
            Panel(
                "Batches by why they left",
                ((_rate("salver_batching_batches_total", "reason"), "{{reason}}"),),
                unit="ops",
                is_stacked=True,
            ),
            Panel(
                "Wait for the batch, p99",
                (
                    (
                        _quantile(0.99, "salver_batching_wait_microseconds", "model_name, signature"),
                        "{{model_name}} {{signature}}",
                    ),
                ),
                unit="µs",
            ),
            Panel(
                "Rows that wait",
                ((f"sum by (model_name) (salver_batching_queued_rows{{{_MODEL}}})", "{{model_name}}"),),
            ),
            Panel(
                "Refusals by why",
                ((_rate("salver_batching_refusals_total", "model_name, reason"), "{{model_name}} {{reason}}"),),
                unit="reqps",
            ),
            Panel(
                "Share of padding",
                (
                    (
                        _ratio(_PADDING, f"({_rate('salver_batching_rows_total', 'model_name')} + {_PADDING})"),
                        "{{model_name}}",
                    ),
                ),
                unit="percentunit",
                description="Of the rows that run.",
            ),
        ),
    ),
    (
        "Versions",
        (
            Panel("Versions by state", (("sum by (state) (salver_versions)", "{{state}}"),), is_stacked=True),
            Panel(
                "Memory",
                (
                    (
                        f"sum by (model_name, version) (salver_model_memory_bytes{{{_MODEL}}})",
                        "{{model_name}} {{version}}",
                    ),
                ),
                unit="bytes",
                description="What versions are taken to occupy.",
                is_stacked=True,
            ),
            Panel(
                "Loads",
                ((_rate("salver_model_loads_total", "model_name, code"), "{{model_name}} {{code}}"),),
                unit="ops",
            ),
            Panel(
                "Time to load and to warm up",
                (
                    (
                        f"max by (model_name, version) (salver_model_load_seconds{{{_MODEL}}})",
                        "{{model_name}} {{version}}",
                    ),
                    (
                        f"max by (model_name, version) (salver_model_warmup_seconds{{{_MODEL}}})",
                        "{{model_name}} {{version}}, of it warm-up",
                    ),
                ),
                unit="s",
            ),
        ),
    ),
    (
        "Server",
        (
            Panel(
                "Connections and draining",
                (
                    ("sum(salver_open_connections)", "open"),
                    ("sum(rate(salver_connections_total[$__rate_interval]))", "new a second"),
                    ("sum(salver_draining)", "servers that drain"),
                ),
            ),
            Panel(
                "Requests that did not run",
                (
                    (f"sum(rate(salver_dead_requests_total{_RATE}))", "nobody waited any more"),
                    (f"sum(rate(salver_refused_requests_total{_RATE}))", "refused"),
                ),
                unit="reqps",
            ),
            Panel(
                "Dropped from logs and traces",
                (
                    (f"sum(rate(salver_journal_dropped_total{_RATE}))", "access log"),
                    (f"sum(rate(salver_traces_dropped_total{_RATE}))", "traces"),
                    (f"sum(rate(salver_request_log_dropped_total{_RATE}))", "request log"),
                ),
                unit="reqps",
            ),
        ),
    ),
)


def dashboard_json() -> str:
    """Return the file."""
    dashboard = {
        "uid": "salver",
        "title": "Salver",
        "tags": ["salver"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": _variables()},
        "panels": list(_panels()),
    }
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def _variables() -> list[dict[str, Any]]:
    query = "label_values(salver_model_memory_bytes, model_name)"
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
        {
            "name": "model",
            "label": "Model",
            "type": "query",
            "datasource": _DATASOURCE,
            "query": {"query": query, "refId": "model"},
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
    ]


def _panels() -> Iterator[dict[str, Any]]:
    """Each row's heading and its panels, two beside each other or, where their number asks for it, three."""
    number, top = 1, 0
    for title, panels in ROWS:
        yield {"id": number, "type": "row", "title": title, "gridPos": _place(0, top, _WIDTH, 1)}
        number, top = number + 1, top + 1
        in_line = 3 if len(panels) % 3 == 0 else 2
        for index, panel in enumerate(panels):
            row, column = divmod(index, in_line)
            width = _WIDTH // in_line
            yield _panel(panel, number, _place(column * width, top + row * _HEIGHT, width, _HEIGHT))
            number += 1
        top += -(-len(panels) // in_line) * _HEIGHT


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    targets = [_target(panel, index, *query) for index, query in enumerate(panel.queries)]
    custom = {"stacking": {"mode": "normal"}, "fillOpacity": 40} if panel.is_stacked else {"fillOpacity": 5}
    is_heatmap = panel.kind == "heatmap"
    options = (
        {"calculate": False, "yAxis": {"unit": panel.unit}, "exemplars": {"color": "rgba(255,0,255,0.7)"}}
        if is_heatmap
        else {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    )
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": {} if is_heatmap else custom}, "overrides": []},
        "options": options,
        "targets": targets,
    }


def _target(panel: Panel, index: int, query: str, legend: str) -> dict[str, Any]:
    return {
        "refId": chr(ord("A") + index),
        "datasource": _DATASOURCE,
        "expr": query,
        "legendFormat": legend,
        "exemplar": panel.has_exemplars,
        "format": "heatmap" if panel.kind == "heatmap" else "time_series",
    }
