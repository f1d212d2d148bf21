// Which models the table shows, and in which order.

import type { ListView, Sort } from "./route.ts";
import type { Model } from "./types.ts";

export const PAGE_SIZE = 50;
const STATUSES = ["FAILED", "LOADING", "UNLOADING", "EMPTY", "AVAILABLE"];

export interface Row {
  model: Model;
  requestsPerS: number | null;
  errorsPerS: number | null;
  p99: number | null;
  memoryBytes: number | null;
}

export interface Page {
  rows: Row[];
  numFound: number;
  page: number;
  numPages: number;
}

/** `figures` is asked for the models of the page alone, unless they are sorted by figures. */
export function pageOf(models: Model[], view: ListView, figures: (model: Model) => Row): Page {
  const words = view.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = models.filter(
    (model) => (!view.status || model.status === view.status) && words.every((word) => isAbout(model, word)),
  );
  const sorted = sortBy(found, view.sort, figures);
  if (view.isDescending) sorted.reverse();
  const numPages = Math.max(1, Math.ceil(sorted.length / PAGE_SIZE));
  const page = Math.min(view.page, numPages - 1);
  const rows = sorted.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE).map(figures);
  return { rows, numFound: found.length, page, numPages };
}

export function countByStatus(models: Iterable<Model>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { status } of models) counts.set(status, (counts.get(status) ?? 0) + 1);
  return new Map(STATUSES.filter((status) => counts.has(status)).map((status) => [status, counts.get(status)!]));
}

export function numAvailable(model: Model): number {
  return model.versions.filter((version) => version.state === "AVAILABLE").length;
}

function isAbout(model: Model, word: string): boolean {
  if (model.name.toLowerCase().includes(word) || model.platform.toLowerCase().includes(word)) return true;
  return Object.keys(model.version_labels).some((label) => label.toLowerCase().includes(word));
}

function sortBy(models: Model[], sort: Sort, figures: (model: Model) => Row): Model[] {
  const key = keyOf(sort, figures);
  const keyed = models.map((model) => ({ model, key: key(model) }));
  keyed.sort((a, b) => a.key - b.key || (a.model.name < b.model.name ? -1 : 1));
  return keyed.map(({ model }) => model);
}

function keyOf(sort: Sort, figures: (model: Model) => Row): (model: Model) => number {
  switch (sort) {
    case "name":
      return () => 0;
    case "status":
      return (model) => STATUSES.indexOf(model.status);
    case "versions":
      return (model) => numAvailable(model);
    case "traffic":
      return (model) => figures(model).requestsPerS ?? -1;
    case "errors":
      return (model) => figures(model).errorsPerS ?? -1;
    case "latency":
      return (model) => figures(model).p99 ?? -1;
    case "memory":
      return (model) => figures(model).memoryBytes ?? -1;
  }
}
