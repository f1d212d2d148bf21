// From events to the lives of versions: for each version, which state it was in from when to when.

import type { LifeEvent, Model, Reason } from "./types.ts";

export interface Segment {
  state: string;
  fromMs: number;
  /** Null while it lasts. */
  toMs: number | null;
  reason: Reason | null;
}

export interface Life {
  model: string;
  version: number;
  segments: Segment[];
}

/** Lives of the versions of these models, by model and highest version first; events in their order. */
export function lives(models: Iterable<Model>, events: Iterable<LifeEvent>): Life[] {
  const found = new Map<string, Life>();
  const shown = new Set<string>();
  const list = [...models];
  for (const model of list) shown.add(model.name);
  for (const event of events) {
    if (event.type === "state" && event.model !== undefined && shown.has(event.model)) follow(found, event);
  }
  for (const model of list) for (const version of model.versions) complete(found, model, version);
  return [...found.values()].sort((a, b) => (a.model < b.model ? -1 : a.model > b.model ? 1 : b.version - a.version));
}

/** Names of the models whose versions changed last, the last one first. */
export function lastChanged(events: LifeEvent[], most: number): string[] {
  const names = new Set<string>();
  for (let index = events.length - 1; index >= 0 && names.size < most; index -= 1) {
    const { type, model } = events[index]!;
    if (type === "state" && model !== undefined) names.add(model);
  }
  return [...names];
}

/** The start of the time shown: that of the oldest segment, within the most that is asked for. */
export function startOf(lives: Life[], nowMs: number, mostMs: number): number {
  const first = Math.min(nowMs, ...lives.flatMap((life) => life.segments.map((segment) => segment.fromMs)));
  const span = Math.max(60_000, (nowMs - first) * 1.02);
  return nowMs - Math.min(span, mostMs);
}

/** Round times on an axis, at most `most` of them. */
export function timeTicks(fromMs: number, toMs: number, most: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 604800];
  const step = 1000 * (steps.find((seconds) => (toMs - fromMs) / (seconds * 1000) <= most) ?? 2_592_000);
  const ticks = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) ticks.push(at);
  return ticks;
}

/** What a version is doing, in words: an end with a reason is a failure. */
export function stateWord(state: string, reason: Reason | null | undefined): string {
  return reason && state === "END" ? "FAILED" : state;
}

function follow(found: Map<string, Life>, event: LifeEvent): void {
  const { model, version } = event;
  if (model === undefined || version === undefined) return;
  const life = lifeOf(found, model, version);
  const atMs = Date.parse(event.at);
  end(life, atMs);
  const state = stateWord((event.state ?? "").toUpperCase(), event.reason);
  life.segments.push({ state, fromMs: atMs, toMs: state === "END" ? atMs : null, reason: event.reason ?? null });
}

/** What the model says of a version goes before what events tell: they may be from before the page was opened. */
function complete(found: Map<string, Life>, model: Model, version: Model["versions"][number]): void {
  const life = lifeOf(found, model.name, version.version);
  const state = stateWord(version.state, version.reason);
  const last = life.segments.at(-1);
  const sinceMs = Date.parse(version.since);
  if (last?.state === state || (last && sinceMs < last.fromMs)) return;
  end(life, sinceMs);
  life.segments.push({ state, fromMs: sinceMs, toMs: state === "END" ? sinceMs : null, reason: version.reason });
}

function lifeOf(found: Map<string, Life>, model: string, version: number): Life {
  const key = `${model}\n${version}`;
  let life = found.get(key);
  if (!life) found.set(key, (life = { model, version, segments: [] }));
  return life;
}

function end(life: Life, atMs: number): void {
  const last = life.segments.at(-1);
  if (last && last.toMs === null) last.toMs = atMs;
}
