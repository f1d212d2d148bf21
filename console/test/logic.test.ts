import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, bytes, counted, duration, number, percent, span } from "../src/logic/format.ts";
import { EMPTY_FORM, formOf, patchOf, problemOf, specOf } from "../src/logic/model_form.ts";
import { FIRST_VIEW, readRoute, writeRoute, type Route } from "../src/logic/route.ts";
import { PAGE_SIZE, countByStatus, pageOf } from "../src/logic/rows.ts";
import { lastChanged, lives, startOf, timeTicks } from "../src/logic/timeline.ts";
import type { LifeEvent, Model, Version } from "../src/logic/types.ts";
import { diffLine, eventText, policyText } from "../src/logic/words.ts";
import { gatherAfter, pauseAfter, pauseBeforeAttempt } from "../src/net/pace.ts";

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

function version(number: number, more: Partial<Version> = {}): Version {
  return {
    version: number, state: "AVAILABLE", since: at(10), reason: null, labels: [], memory_bytes: null, load_s: null,
    num_in_flight: 0, num_requests: 0, num_failed_loads: 0, next_retry_at: null, ...more,
  };
}

function model(name: string, more: Partial<Model> = {}): Model {
  return {
    name, base_path: "/m", platform: "tensorflow", version_policy: { latest: { num_versions: 1 } }, version_labels: {},
    aspired_version_policy: null, source: "config", status: "AVAILABLE", is_pinned: false, reason: null,
    memory_bytes: null, num_in_flight: 0, batching: "off", versions: [version(1)], ...more,
  };
}

test("figures are short", () => {
  assert.deepEqual([0, 0.123, 3.14159, 42.4, 12345.6, null, NaN].map(number), ["0", "0.12", "3.1", "42", "12,346", "–", "–"]);
  assert.deepEqual([0, 1023, 1536, 220_200_960, null].map(bytes), ["0 B", "1023 B", "1.5 KiB", "210 MiB", "–"]);
  assert.deepEqual([0, 0.00005, 0.00152, 0.0152, 0.152, 1.5, 59, 61, null].map(duration), [
    "0 ms", "50 µs", "1.52 ms", "15.2 ms", "152 ms", "1.5 s", "59 s", "1 min 1 s", "–",
  ]);
  assert.deepEqual([0, 59, 3600, 90061].map(span), ["0 s", "59 s", "1 h", "1 d 1 h"]);
  assert.deepEqual([percent(1, 0), percent(1, 3), percent(1, 100000), percent(0, 5)], ["–", "33 %", "< 0.1 %", "0 %"]);
  assert.deepEqual([counted(1, "model"), counted(5000, "model")], ["1 model", "5,000 models"]);
});

test("times are told from now, in both directions", () => {
  assert.equal(ago(at(100), 101_000), "just now");
  assert.equal(ago(at(100), 190_000), "1 min 30 s ago");
  assert.equal(ago(at(100), 60_000), "in 40 s");
});

test("an address leads to the place that wrote it", () => {
  const routes: Route[] = [
    { at: "models", view: FIRST_VIEW },
    { at: "models", view: { filter: "a b&c", status: "FAILED", sort: "traffic", isDescending: true, page: 3 } },
    { at: "models", view: { ...FIRST_VIEW, isDescending: true } },
    { at: "model", name: "a/b c?#%" },
    { at: "events", filter: "ranker" },
    { at: "audit" },
  ];
  for (const route of routes) assert.deepEqual(readRoute(writeRoute(route)), route);
  assert.deepEqual(readRoute(""), routes[0]);
  assert.deepEqual(readRoute("#/models?sort=nonsense&page=-4"), routes[0]);
  assert.deepEqual(readRoute("#/models/%E0%A4"), { at: "model", name: "%E0%A4" });
});

test("a table of thousands shows a page of what was asked for", () => {
  const models = Array.from({ length: 5000 }, (_, index) => model(`m${String(index).padStart(4, "0")}`));
  let asked = 0;
  const figures = (one: Model) => {
    asked += 1;
    return { model: one, requestsPerS: Number(one.name.slice(1)), errorsPerS: 0, p99: null, memoryBytes: null };
  };
  const last = pageOf(models, { ...FIRST_VIEW, page: 1000 }, figures);
  assert.deepEqual([last.numPages, last.page, last.rows[0]!.model.name], [100, 99, "m4950"]);
  assert.equal(asked, PAGE_SIZE, "figures of the other models are not needed");
  const busiest = pageOf(models, { ...FIRST_VIEW, sort: "traffic", isDescending: true }, figures);
  assert.equal(busiest.rows[0]!.model.name, "m4999");
  const found = pageOf(models, { ...FIRST_VIEW, filter: "M49 99" }, figures);
  assert.deepEqual(found.rows.map((row) => row.model.name), Array.from({ length: 10 }, (_, index) => `m499${index}`));
});

test("models are found by label and counted by status, what is wrong first", () => {
  const models = [model("a", { version_labels: { stable: 1 } }), model("b", { status: "FAILED" }), model("c")];
  const row = (one: Model) => ({ model: one, requestsPerS: null, errorsPerS: null, p99: null, memoryBytes: null });
  assert.deepEqual(pageOf(models, { ...FIRST_VIEW, filter: "stab" }, row).rows.map((one) => one.model.name), ["a"]);
  assert.deepEqual(pageOf(models, { ...FIRST_VIEW, status: "FAILED" }, row).rows.map((one) => one.model.name), ["b"]);
  assert.deepEqual([...countByStatus(models)], [["FAILED", 1], ["AVAILABLE", 2]]);
});

const event = (id: number, seconds: number, number: number, state: string, code?: string): LifeEvent => ({
  id, at: at(seconds), type: "state", model: "a", version: number, state, reason: code ? { code, message: "why" } : null,
});

test("a life is a chain of states that ends with what the model says now", () => {
  const events = [event(1, 10, 1, "LOADING"), event(2, 12, 1, "AVAILABLE"), event(3, 11, 2, "LOADING"), event(4, 15, 2, "END", "INTERNAL")];
  const [second, first] = lives([model("a", { versions: [version(1, { state: "UNLOADING", since: at(20) })] })], events);
  assert.deepEqual(first!.segments.map(({ state, fromMs, toMs }) => [state, fromMs / 1000, toMs && toMs / 1000]), [
    ["LOADING", 10, 12], ["AVAILABLE", 12, 20], ["UNLOADING", 20, null],
  ]);
  assert.deepEqual(second!.segments.map(({ state, toMs }) => [state, toMs]), [["LOADING", 15_000], ["FAILED", null]]);
});

test("a version whose events are gone has the state it is in", () => {
  const [life] = lives([model("a")], []);
  assert.deepEqual(life!.segments, [{ state: "AVAILABLE", fromMs: 10_000, toMs: null, reason: null }]);
});

test("events of other models are left out of a life", () => {
  assert.equal(lives([model("b", { versions: [] })], [event(1, 10, 1, "LOADING")]).length, 0);
  assert.deepEqual(lastChanged([event(1, 1, 1, "START"), { ...event(2, 2, 1, "START"), model: "b" }], 5), ["b", "a"]);
});

test("the time shown holds all there is, up to what is asked for", () => {
  const all = lives([model("a")], []);
  assert.equal(startOf(all, 20_000, Infinity), -40_000, "a minute at least");
  assert.equal(startOf(all, 1_010_000, Infinity), 1_010_000 - 1_020_000);
  assert.equal(startOf(all, 1_010_000, 300_000), 710_000);
  assert.deepEqual(timeTicks(1_000, 61_000, 6), [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
});

test("events, policies and differences are sentences", () => {
  assert.equal(eventText(event(1, 1, 3, "AVAILABLE")), "a version 3 is available");
  assert.equal(eventText(event(1, 1, 3, "END", "NOT_FOUND")), "a version 3 failed: NOT_FOUND, why");
  assert.equal(eventText(event(1, 1, 3, "END")), "a version 3 is unloaded");
  assert.equal(policyText({ specific: { versions: [1, 3] } }), "versions 1, 3 only");
  assert.equal(policyText({ latest: { num_versions: 1 } }), "the latest version");
  assert.deepEqual(diffLine({ op: "replace", path: "/p", before: { a: 1 }, after: null }), {
    sign: "~", verb: "replace", path: "/p", before: '{ "a": 1 }', after: "",
  });
});

test("a form is the specification that it shows, and a patch of what differs", () => {
  const before = model("a", { version_policy: { latest: { num_versions: 2 } }, aspired_version_policy: "resource_preserving" });
  const form = formOf(before);
  assert.deepEqual(patchOf(before, form), {});
  assert.deepEqual(patchOf(before, { ...form, policy: "specific", versions: "1, 3", aspired: "" }), {
    version_policy: { specific: { versions: [1, 3] } },
    aspired_version_policy: null,
  });
  assert.deepEqual(specOf({ ...EMPTY_FORM, name: " a ", basePath: "/m" }).version_policy, { latest: { num_versions: 1 } });
});

test("what is plainly wrong in a form is said before the server is asked", () => {
  const form = { ...EMPTY_FORM, name: "a", basePath: "/m" };
  assert.equal(problemOf(form), "");
  assert.match(problemOf({ ...form, name: " " }), /name/);
  assert.match(problemOf({ ...form, basePath: "" }), /base path/);
  assert.match(problemOf({ ...form, numVersions: "0" }), /above 0/);
  assert.match(problemOf({ ...form, policy: "specific", versions: "1, x" }), /commas/);
  assert.match(problemOf({ ...form, policy: "specific", versions: "" }), /commas/);
});

test("a slow answer makes questions rare, and a server that is away is tried again within ten seconds", () => {
  assert.deepEqual([1, 500, 60_000].map(pauseAfter), [2_000, 5_000, 30_000]);
  assert.deepEqual([0, 500, 60_000].map(gatherAfter), [150, 2_000, 10_000]);
  assert.deepEqual([0, 1, 3, 100].map(pauseBeforeAttempt), [500, 1_000, 4_000, 10_000]);
});
