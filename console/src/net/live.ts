// What the page knows of the server, kept up to date: models by events, figures by asking every few seconds. When the
// server goes away, it is tried again until it is back; what was known stays in sight, marked as old.

import { History } from "../logic/history.ts";
import { takeSnapshot } from "../logic/metrics.ts";
import type { BatchingReport, LifeEvent, Metrics, Model, Server } from "../logic/types.ts";
import { ApiError, get, getIfThere, modelPath, url } from "./api.ts";
import { gatherAfter, pauseAfter, pauseBeforeAttempt } from "./pace.ts";

export type Connection = "connecting" | "live" | "lost";

const MAX_EVENTS = 2_000;
const MAX_SINGLE_MODELS = 8;
/** Models are asked for as a whole now and then: memory and the like change without an event. */
const REFRESH_MS = 30_000;
/** The same where there is no stream of events. */
const UNWATCHED_MS = 5_000;
const EVENT_TYPES = ["state", "config", "source", "server", "lost"] as const;

interface EventList {
  events: LifeEvent[];
  last_id: number;
}

export class Live {
  connection: Connection = "connecting";
  /** Why the server cannot be reached or refuses, where it is so. */
  problem = "";
  server: Server | null = null;
  models = new Map<string, Model>();
  etag = "";
  events: LifeEvent[] = [];
  /** Whether the server keeps events. */
  hasEvents = true;
  hasMetrics = true;
  batching: BatchingReport[] | null = null;
  readonly history = new History();

  private listeners = new Set<() => void>();
  private eventListeners = new Set<(event: LifeEvent) => void>();
  private clockOffsetMs = 0;
  private isAnnounced = false;
  private dirty = new Set<string>();
  private isAllDirty = false;
  private gathering = 0;
  private gatherMs = gatherAfter(0);
  private source: EventSource | null = null;
  private watched: string | null = null;
  private wake: () => void = () => {};
  private fail: (problem: unknown) => void = () => {};

  /** Calls back after changes, at most once a frame; returns what ends it. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back for each event that comes from now on. */
  onEvent(listener: (event: LifeEvent) => void): () => void {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  }

  /** The server's time. */
  nowMs(): number {
    return Date.now() + this.clockOffsetMs;
  }

  get modelList(): Model[] {
    return [...this.models.values()];
  }

  /** The model that is looked at, which is asked for as often as figures are. */
  watch(model: string | null): void {
    this.watched = model;
    this.batching = null;
    this.wake();
  }

  /** Takes what a change answered with, before its events come. */
  accept(model: Model | null, removed?: string): void {
    if (model) this.models.set(model.name, model);
    if (removed !== undefined) this.models.delete(removed);
    this.announce();
  }

  async run(): Promise<never> {
    document.addEventListener("visibilitychange", () => this.wake());
    for (let numFailed = 0; ; numFailed += 1) {
      try {
        await this.follow(() => (numFailed = 0));
      } catch (error) {
        this.connection = this.server ? "lost" : "connecting";
        this.problem = error instanceof ApiError ? `${error.code}: ${error.message}` : "";
        if (numFailed > 1) this.connection = "lost";
        this.announce();
      }
      await pause(pauseBeforeAttempt(numFailed));
    }
  }

  /** Follows the server until it goes away. */
  private async follow(onReached: () => void): Promise<void> {
    const begun = this.server?.started_at;
    await this.askServer();
    if (begun !== undefined && begun !== this.server?.started_at) this.forget();
    const known = await getIfThere<EventList>("/v1/events");
    this.hasEvents = known !== null;
    this.events = known?.events ?? [];
    await this.askModels();
    onReached();
    this.connection = "live";
    this.problem = "";
    this.announce();
    const gone = new Promise<never>((_, reject) => (this.fail = reject));
    if (known) this.openStream(known.last_id);
    const stopping = new AbortController();
    try {
      await Promise.race([gone, this.askFigures(stopping.signal), this.refreshModels(stopping.signal)]);
    } finally {
      stopping.abort();
      this.source?.close();
      this.source = null;
    }
  }

  private openStream(lastId: number): void {
    const source = new EventSource(url(`/v1/events?after=${lastId}`));
    let isOpen = false;
    source.onopen = () => (isOpen = true);
    for (const type of EVENT_TYPES) {
      source.addEventListener(type, (message) => this.take(JSON.parse((message as MessageEvent<string>).data) as LifeEvent));
    }
    // Reconnecting is done here, not by the browser: the server that answers next may be another, with other models.
    source.onerror = () => {
      source.close();
      if (this.source === source) this.source = null;
      // One that never opened was refused, as where too many watch: events are asked for then.
      if (isOpen) this.fail(new Error("the stream of events ended"));
    };
    this.source = source;
  }

  private take(event: LifeEvent): void {
    this.events.push(event);
    if (this.events.length > MAX_EVENTS) this.events.splice(0, this.events.length - MAX_EVENTS);
    if (event.type === "config" || event.type === "lost" || event.model === undefined) this.isAllDirty = true;
    else this.dirty.add(event.model);
    for (const listener of this.eventListeners) listener(event);
    this.announce();
    if (!this.gathering) this.gathering = window.setTimeout(() => void this.askDirty(), this.gatherMs);
  }

  /** Asks for the models that events were about: a few one by one, many at once. */
  private async askDirty(): Promise<void> {
    this.gathering = 0;
    const names = [...this.dirty];
    const isAll = this.isAllDirty || names.length > MAX_SINGLE_MODELS;
    const begun = performance.now();
    this.dirty.clear();
    this.isAllDirty = false;
    try {
      if (isAll) await Promise.all([this.askModels(), this.askServer()]);
      else await Promise.all(names.map((name) => this.askModel(name)));
      this.announce();
    } catch (error) {
      this.fail(error);
    }
    this.gatherMs = gatherAfter(performance.now() - begun);
  }

  private async askServer(): Promise<void> {
    this.server = await get<Server>("/v1/server");
    this.clockOffsetMs = Date.parse(this.server.started_at) + this.server.uptime_s * 1000 - Date.now();
  }

  private async askModels(): Promise<void> {
    const { etag, models } = await get<{ etag: string; models: Model[] }>("/v1/models");
    this.models = new Map(models.map((model) => [model.name, model]));
    this.etag = etag;
  }

  private async askModel(name: string): Promise<void> {
    const model = await getIfThere<Model>(modelPath(name));
    if (model) this.models.set(name, model);
    else this.models.delete(name);
  }

  private async askFigures(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const begun = performance.now();
      await this.askServer();
      const metrics = await getIfThere<Metrics>("/v1/metrics");
      this.hasMetrics = metrics !== null;
      if (metrics) this.history.add(takeSnapshot(metrics, this.history.latest));
      const watched = this.watched;
      if (watched !== null && this.models.has(watched)) {
        await this.askModel(watched);
        const report = await getIfThere<{ batching: BatchingReport[] }>(`/v1/batching/${encodeURIComponent(watched)}`);
        if (this.watched === watched) this.batching = report?.batching ?? null;
      }
      this.announce();
      await this.rest(pauseAfter(performance.now() - begun));
    }
  }

  private async refreshModels(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.source ? REFRESH_MS : UNWATCHED_MS);
      if (signal.aborted || document.hidden) continue;
      if (this.hasEvents && !this.source) await this.askEvents();
      await this.askModels();
      this.announce();
    }
  }

  /** Events without a stream: those that came since, and another try at the stream. */
  private async askEvents(): Promise<void> {
    const { events, last_id } = await get<EventList>("/v1/events");
    const last = this.events.at(-1)?.id ?? -1;
    for (const event of events) if (event.id > last) this.take(event);
    this.openStream(last_id);
  }

  /** Waits, and on while nobody looks; ends early when there is a reason to. */
  private async rest(ms: number): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.wake = resolve));
    await Promise.race([pause(ms), woken]);
    while (document.hidden) await Promise.race([pause(REFRESH_MS), new Promise<void>((resolve) => (this.wake = resolve))]);
  }

  /** Drops what was about a process that is no more. */
  private forget(): void {
    this.history.clear();
    this.events = [];
    this.batching = null;
  }

  private announce(): void {
    if (this.isAnnounced) return;
    this.isAnnounced = true;
    window.setTimeout(() => {
      this.isAnnounced = false;
      for (const listener of this.listeners) listener();
    }, 16);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, ms));
}
