import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../src/logic/history.ts";
import { difference, mean, quantile, takeSnapshot, type Histogram } from "../src/logic/metrics.ts";
import type { Metrics, Series } from "../src/logic/types.ts";

const BOUNDS = [0.01, 0.1, "+Inf"] as const;

function series(model: string, version: string, counts: [number, number, number], code = "OK"): Series {
  const labels = { model_name: model, version, signature: "s", protocol: "grpc", code };
  const buckets = BOUNDS.map((bound, index) => [bound, counts[index]!] as [number | string, number]);
  return { labels, count: counts[2], sum: counts[2] * 0.02, buckets };
}

function metrics(seconds: number, ...all: Series[]): Metrics {
  const at = new Date(seconds * 1000).toISOString();
  return { at, families: [{ name: "salver_request_duration_seconds", type: "histogram", help: "", series: all }] };
}

const histogram = (cumulative: number[]): Histogram => ({
  count: cumulative.at(-1)!,
  sum: 0,
  bounds: [0.01, 0.1, Infinity],
  cumulative,
});

test("a quantile lies within its bucket", () => {
  assert.equal(quantile(histogram([100, 100, 100]), 0.5), 0.005);
  assert.ok(Math.abs(quantile(histogram([50, 100, 100]), 0.75)! - 0.055) < 1e-9);
  assert.equal(quantile(histogram([0, 0, 10]), 0.5), 0.1, "beyond the last bound no more is known");
  assert.equal(quantile(histogram([0, 0, 0]), 0.5), null);
  assert.equal(quantile(null, 0.5), null);
});

test("numbers of a model are those of its versions, signatures and codes together", () => {
  const snapshot = takeSnapshot(
    metrics(1, series("a", "1", [1, 2, 3]), series("a", "2", [4, 4, 4]), series("a", "2", [0, 1, 1], "INTERNAL")),
    null,
  );
  const model = snapshot.models.get("a")!;
  assert.equal(model.total.requests, 8);
  assert.equal(model.total.errors, 1);
  assert.deepEqual(model.total.latency!.cumulative, [5, 7, 8]);
  assert.equal(model.versions.get("2")!.requests, 5);
  assert.equal(snapshot.total.requests, 8);
});

test("adding up leaves what was read as it was", () => {
  const one = series("a", "1", [1, 2, 3]);
  takeSnapshot(metrics(1, one, series("a", "1", [1, 2, 3], "INTERNAL")), null);
  assert.deepEqual(one.buckets!.map(([, count]) => count), [1, 2, 3]);
});

test("rates come from differences, and a restart begins at zero", () => {
  const before = takeSnapshot(metrics(10, series("a", "1", [10, 10, 10])), null).total;
  const after = takeSnapshot(metrics(12, series("a", "1", [10, 30, 30])), null).total;
  const rates = difference(before, after, 2);
  assert.equal(rates.requestsPerS, 10);
  assert.deepEqual(rates.latency!.cumulative, [0, 20, 20]);
  assert.ok(Math.abs(mean(rates.latency)! - 0.02) < 1e-9);
  assert.equal(difference(after, before, 2).requestsPerS, 5, "fewer than before: all are new");
});

test("without the family of durations the counts of TensorFlow Serving's name tell of traffic", () => {
  const labels = { model_name: "a", status: "OK" };
  const families = [
    { name: ":tensorflow:serving:request_count", type: "counter" as const, help: "", series: [{ labels, value: 5 }] },
  ];
  const snapshot = takeSnapshot({ at: "2026-01-01T00:00:00Z", families }, null);
  assert.equal(snapshot.models.get("a")!.total.requests, 5);
  assert.equal(snapshot.models.get("a")!.total.latency, null);
  assert.equal(takeSnapshot({ at: "2026-01-01T00:00:00Z", families: [] }, null).hasRequests, false);
});

test("an idle model shares its numbers with the reading before", () => {
  const before = takeSnapshot(metrics(1, series("a", "1", [1, 1, 1]), series("b", "1", [1, 1, 1])), null);
  const after = takeSnapshot(metrics(2, series("a", "1", [1, 1, 1]), series("b", "1", [1, 1, 2])), before);
  assert.equal(after.models.get("a"), before.models.get("a"));
  assert.notEqual(after.models.get("b"), before.models.get("b"));
});

test("the history is bounded, and zero where a model was idle", () => {
  const history = new History();
  for (let at = 0; at < 400; at += 1) {
    const busy = Math.min(at, 350);
    history.add(takeSnapshot(metrics(2 * at, series("a", "1", [busy, busy, busy])), history.latest));
  }
  assert.equal(history.series().length, 300);
  const points = history.series("a");
  assert.equal(points.length, 300);
  assert.equal(points.at(-1)!.requestsPerS, 0);
  assert.equal(points[0]!.requestsPerS, 0.5);
  assert.equal(history.rates("a")!.requestsPerS, 0);
  assert.equal(history.rates("unknown"), null);
});

test("a reading that came twice counts once", () => {
  const history = new History();
  const snapshot = takeSnapshot(metrics(2, series("a", "1", [1, 1, 1])), null);
  history.add(snapshot);
  history.add(snapshot);
  assert.equal(history.rates(), null);
});
