// From the families of /v1/metrics to what was measured of each model, and from two of these to rates and quantiles.
//
// A snapshot shares the numbers of a model with the snapshot before it as long as they are the same, so thousands of idle
// models cost nothing to keep.

import type { Family, Metrics, Series } from "./types.ts";

export const DURATION = "salver_request_duration_seconds";
export const PHASE = "salver_request_phase_seconds";
const REQUEST_COUNT = ":tensorflow:serving:request_count";
const IN_FLIGHT = "salver_requests_in_flight";
const MEMORY = "salver_model_memory_bytes";

/** Counts by upper bound, cumulative; the last bound is Infinity. */
export interface Histogram {
  count: number;
  sum: number;
  bounds: number[];
  cumulative: number[];
}

export interface Numbers {
  requests: number;
  errors: number;
  /** Null where the server has no such family. */
  latency: Histogram | null;
  phases: Map<string, Histogram>;
}

export interface ModelNumbers {
  total: Numbers;
  versions: Map<string, Numbers>;
}

export interface Snapshot {
  atMs: number;
  models: Map<string, ModelNumbers>;
  total: Numbers;
  inFlight: Map<string, number>;
  memory: Map<string, number>;
  /** Whether there were counts of requests at all. */
  hasRequests: boolean;
}

export interface Rates {
  seconds: number;
  requestsPerS: number;
  errorsPerS: number;
  latency: Histogram | null;
  phases: Map<string, Histogram>;
}

export function emptyNumbers(): Numbers {
  return { requests: 0, errors: 0, latency: null, phases: new Map() };
}

export function takeSnapshot(metrics: Metrics, before: Snapshot | null): Snapshot {
  const families = new Map(metrics.families.map((family) => [family.name, family]));
  const models = new Map<string, ModelNumbers>();
  const total = emptyNumbers();
  const durations = families.get(DURATION);
  const counts = durations ?? families.get(REQUEST_COUNT);
  for (const series of counts?.series ?? []) {
    eachTarget(models, total, series, (numbers) => addRequests(numbers, series, durations !== undefined));
  }
  for (const series of families.get(PHASE)?.series ?? []) {
    const phase = series.labels["phase"] ?? "";
    eachTarget(models, total, series, (numbers) => {
      numbers.phases.set(phase, added(numbers.phases.get(phase) ?? null, series));
    });
  }
  for (const [name, numbers] of models) {
    const known = before?.models.get(name);
    if (known && isSame(known.total, numbers.total)) models.set(name, known);
  }
  return {
    atMs: Date.parse(metrics.at),
    models,
    total,
    inFlight: gaugeByModel(families.get(IN_FLIGHT)),
    memory: gaugeByModel(families.get(MEMORY)),
    hasRequests: counts !== undefined,
  };
}

/** What came between two readings. A counter that fell began anew: the process was started again. */
export function difference(before: Numbers | undefined, after: Numbers, seconds: number): Rates {
  const earlier = before && before.requests <= after.requests ? before : emptyNumbers();
  const phases = new Map<string, Histogram>();
  for (const [phase, histogram] of after.phases) {
    phases.set(phase, subtracted(histogram, earlier.phases.get(phase) ?? null));
  }
  const perS = seconds > 0 ? 1 / seconds : 0;
  return {
    seconds,
    requestsPerS: (after.requests - earlier.requests) * perS,
    errorsPerS: Math.max(0, after.errors - earlier.errors) * perS,
    latency: after.latency && subtracted(after.latency, earlier.latency),
    phases,
  };
}

/** The time that this share of requests stayed within, interpolated in its bucket; null without requests. */
export function quantile(histogram: Histogram | null | undefined, share: number): number | null {
  const last = histogram?.cumulative.at(-1) ?? 0;
  if (!histogram || last <= 0) return null;
  const rank = share * last;
  const index = histogram.cumulative.findIndex((count) => count >= rank);
  const low = index > 0 ? histogram.bounds[index - 1]! : 0;
  const high = histogram.bounds[index]!;
  if (!Number.isFinite(high)) return low; // no more is known than that it is beyond the last bound
  const below = index > 0 ? histogram.cumulative[index - 1]! : 0;
  const within = histogram.cumulative[index]! - below;
  return within > 0 ? low + ((high - low) * (rank - below)) / within : high;
}

export function mean(histogram: Histogram | null | undefined): number | null {
  return histogram && histogram.count > 0 ? histogram.sum / histogram.count : null;
}

function eachTarget(
  models: Map<string, ModelNumbers>,
  total: Numbers,
  series: Series,
  add: (numbers: Numbers) => void,
): void {
  add(total);
  const name = series.labels["model_name"];
  if (!name) return;
  let model = models.get(name);
  if (!model) models.set(name, (model = { total: emptyNumbers(), versions: new Map() }));
  add(model.total);
  const version = series.labels["version"];
  if (!version) return;
  let numbers = model.versions.get(version);
  if (!numbers) model.versions.set(version, (numbers = emptyNumbers()));
  add(numbers);
}

function addRequests(numbers: Numbers, series: Series, isHistogram: boolean): void {
  const count = (isHistogram ? series.count : series.value) ?? 0;
  numbers.requests += count;
  if ((series.labels["code"] ?? series.labels["status"] ?? "OK") !== "OK") numbers.errors += count;
  if (isHistogram) numbers.latency = added(numbers.latency, series);
}

function added(to: Histogram | null, series: Series): Histogram {
  const buckets = series.buckets ?? [];
  const counts = buckets.map(([, count]) => count);
  if (!to || to.bounds.length === 0) {
    const bounds = buckets.map(([bound]) => (typeof bound === "number" ? bound : boundOf(bound)));
    return { count: series.count ?? 0, sum: series.sum ?? 0, bounds, cumulative: counts };
  }
  to.count += series.count ?? 0;
  to.sum += series.sum ?? 0;
  // All series of a family have the same bounds; one that has not cannot be added.
  if (counts.length === to.cumulative.length) counts.forEach((count, index) => (to.cumulative[index]! += count));
  return to;
}

function boundOf(text: string): number {
  return text === "+Inf" ? Infinity : Number(text);
}

function subtracted(after: Histogram, before: Histogram | null): Histogram {
  if (!before || before.count > after.count || before.cumulative.length !== after.cumulative.length) return after;
  return {
    count: after.count - before.count,
    sum: Math.max(0, after.sum - before.sum),
    bounds: after.bounds,
    cumulative: after.cumulative.map((count, index) => count - before.cumulative[index]!),
  };
}

function isSame(one: Numbers, other: Numbers): boolean {
  if (one.requests !== other.requests || one.errors !== other.errors) return false;
  for (const [phase, histogram] of other.phases) {
    if (one.phases.get(phase)?.count !== histogram.count) return false;
  }
  return one.phases.size === other.phases.size;
}

function gaugeByModel(family: Family | undefined): Map<string, number> {
  const found = new Map<string, number>();
  for (const { labels, value } of family?.series ?? []) {
    const name = labels["model_name"];
    if (name && value !== undefined) found.set(name, (found.get(name) ?? 0) + value);
  }
  return found;
}
