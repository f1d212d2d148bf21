"""The page of metrics, read by prometheus_client's parser."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.models import ROOT

METRICS_PATH = "/monitoring/prometheus/metrics"
_SPEC_FILE = ROOT.parent / "shared" / "spec" / "metrics.md"
_FROZEN_FILE = ROOT / "tests" / "data" / "reference_metrics.json"
_KINDS = {"Counter": "counter", "Sampler": "histogram", "Gauge": "gauge"}


@dataclass(frozen=True)
class ReferenceMetric:
    """A metric of TensorFlow Serving."""

    kind: str
    labels: tuple[str, ...]
    buckets: tuple[float, float, int] | None
    """Histogram: first limit, growth, number of limits."""

    def limits(self) -> list[str]:
        """The limits as printed."""
        if self.buckets is None:
            return []
        scale, growth, count = self.buckets
        values = [scale]
        while len(values) < count:
            values.append(values[-1] * growth)
        return [f"{value:g}" for value in values]


def reference_metrics() -> dict[str, ReferenceMetric]:
    """All that an operator of TensorFlow Serving may look for, by internal name."""
    frozen = json.loads(_FROZEN_FILE.read_text())
    return {
        name: ReferenceMetric(kind, tuple(labels), tuple(buckets) if buckets else None)
        for name, (kind, labels, buckets) in frozen.items()
    }


def described_metrics() -> dict[str, ReferenceMetric] | None:
    """The same, read from the description of TensorFlow Serving; None where that is not at hand."""
    if not _SPEC_FILE.exists():
        return None
    found: dict[str, ReferenceMetric] = {}
    for line in _SPEC_FILE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `/") and cells[1].split(" ")[0] in _KINDS:
            for name in _expand(cells[0]):
                model = found.get(f"/tensorflow/serving/batching_session/{name.rpartition('/')[2]}")
                found[name] = model if model and "as the batching_session" in cells[2] else _described(cells)
    return found


def _described(cells: list[str]) -> ReferenceMetric:
    labels = [] if "(none)" in cells[2] else re.findall(r"\w+", re.sub(r"\(.*?\)", "", cells[2]))
    buckets = re.search(r"Exp\((\d+), ([\d.]+), (\d+)\)", " ".join(cells[1:4]))
    scale_growth_count = (float(buckets[1]), float(buckets[2]), int(buckets[3])) if buckets else None
    return ReferenceMetric(_KINDS[cells[1].split(" ")[0]], tuple(labels), scale_growth_count)


def _expand(cell: str) -> list[str]:
    """The names in a cell: `/a`, `/b`, `/c/{d, e}`."""
    names = []
    for name in re.findall(r"`([^`]+)`", cell):
        group = re.fullmatch(r"(.*)\{(.*)\}", name)
        names += [group[1] + part.strip() for part in group[2].split(",")] if group else [name]
    return names


def page_name(internal: str) -> str:
    """A metric's name on the page."""
    return re.sub(r"[^A-Za-z0-9_]", ":", internal)


class Page:
    """One page, parsed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families: dict[str, Metric] = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.families[name] = Metric(name, "", kind)
        for family in text_string_to_metric_families(text):
            # The parser knows counters without `_total`, which is the name of the metric here.
            name = family.name if family.name in self.families else f"{family.name}_total"
            self.families[name] = family

    def values(self, internal: str, suffix: str = "") -> dict[tuple[str, ...], int]:
        """Value by label values, of the samples of this name and suffix."""
        family = self.families[page_name(internal)]
        # The parser has counters end in `_total`.
        wanted = page_name(internal).removesuffix("_total") + ("_total" if family.type == "counter" else suffix)
        return {tuple(sample.labels.values()): int(sample.value) for sample in family.samples if sample.name == wanted}

    def limits(self, internal: str) -> list[str]:
        """The limits of a histogram's first series, without the last, infinite one."""
        samples = [sample for sample in self.families[page_name(internal)].samples if sample.name.endswith("_bucket")]
        limits = [sample.labels["le"] for sample in samples]
        assert limits[-1] == "+Inf", limits
        return limits[: limits.index("+Inf")]

    def label_names(self, internal: str) -> list[tuple[str, ...]]:
        """The names of the labels of each sample, without that of the limit."""
        samples = self.families[page_name(internal)].samples
        return [tuple(name for name in sample.labels if name != "le") for sample in samples]
