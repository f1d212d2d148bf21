// What the charts show: a bounded memory of readings, for the server and for each model that has traffic.

import { difference, quantile, type Numbers, type Rates, type Snapshot } from "./metrics.ts";

const MAX_POINTS = 300;
const MAX_MODELS = 1000;
/** Readings kept whole, from which figures over the last minute come. */
const MAX_SNAPSHOTS = 31;
const WINDOW_MS = 60_000;
const RATE_WINDOW_MS = 8_000;

export interface Point {
  atMs: number;
  requestsPerS: number;
  errorsPerS: number;
  p50: number | null;
  p99: number | null;
}

export class History {
  private snapshots: Snapshot[] = [];
  private points: Point[] = [];
  private ofModels = new Map<string, Point[]>();

  get latest(): Snapshot | null {
    return this.snapshots.at(-1) ?? null;
  }

  add(snapshot: Snapshot): void {
    const before = this.latest;
    if (before && snapshot.atMs <= before.atMs) return;
    this.snapshots.push(snapshot);
    if (this.snapshots.length > MAX_SNAPSHOTS) this.snapshots.shift();
    if (!before) return;
    const seconds = (snapshot.atMs - before.atMs) / 1000;
    this.points.push(point(snapshot.atMs, difference(before.total, snapshot.total, seconds)));
    if (this.points.length > MAX_POINTS) this.points.shift();
    for (const [name, numbers] of snapshot.models) {
      const earlier = before.models.get(name);
      if (earlier !== numbers) this.addPoint(name, earlier?.total, numbers.total, snapshot.atMs, seconds);
    }
  }

  /** Points of one model, or of the server. Of a model without traffic at a time there is a point of zeros. */
  series(model?: string): Point[] {
    if (model === undefined) return this.points;
    const known = new Map((this.ofModels.get(model) ?? []).map((one) => [one.atMs, one]));
    return this.points.map(({ atMs }) => known.get(atMs) ?? { atMs, requestsPerS: 0, errorsPerS: 0, p50: null, p99: null });
  }

  /** Rates over the last seconds; null before the second reading. */
  rates(model?: string, version?: string): Rates | null {
    return this.over(RATE_WINDOW_MS, model, version);
  }

  /** Rates over the last minute, or since the page is open. */
  minute(model?: string, version?: string): Rates | null {
    return this.over(WINDOW_MS, model, version);
  }

  clear(): void {
    this.snapshots = [];
    this.points = [];
    this.ofModels.clear();
  }

  private over(windowMs: number, model?: string, version?: string): Rates | null {
    const after = this.latest;
    const before = after && this.snapshots.find(({ atMs }) => after.atMs - atMs <= windowMs);
    if (!after || !before || before === after || !after.hasRequests) return null;
    const numbers = select(after, model, version);
    const seconds = (after.atMs - before.atMs) / 1000;
    return numbers ? difference(select(before, model, version), numbers, seconds) : null;
  }

  private addPoint(name: string, before: Numbers | undefined, after: Numbers, atMs: number, seconds: number): void {
    let points = this.ofModels.get(name);
    if (!points) {
      if (this.ofModels.size >= MAX_MODELS) return;
      this.ofModels.set(name, (points = []));
    }
    points.push(point(atMs, difference(before, after, seconds)));
    if (points.length > MAX_POINTS) points.shift();
  }
}

function select(snapshot: Snapshot, model?: string, version?: string): Numbers | undefined {
  if (model === undefined) return snapshot.total;
  const found = snapshot.models.get(model);
  return version === undefined ? found?.total : found?.versions.get(version);
}

function point(atMs: number, rates: Rates): Point {
  const { requestsPerS, errorsPerS, latency } = rates;
  return { atMs, requestsPerS, errorsPerS, p50: quantile(latency, 0.5), p99: quantile(latency, 0.99) };
}
