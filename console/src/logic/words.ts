// Events, differences and policies as sentences.

import { counted } from "./format.ts";
import { stateWord } from "./timeline.ts";
import type { Difference, LifeEvent, VersionPolicy } from "./types.ts";

const STATES: Record<string, string> = {
  START: "is about to load",
  LOADING: "is loading",
  AVAILABLE: "is available",
  UNLOADING: "is unloading",
  END: "is unloaded",
  FAILED: "failed",
};

export function eventText(event: LifeEvent): string {
  const why = event.reason ? `: ${event.reason.code}, ${event.reason.message}` : "";
  switch (event.type) {
    case "state": {
      const state = stateWord((event.state ?? "").toUpperCase(), event.reason);
      return `${event.model} version ${event.version} ${STATES[state] ?? state}${why}`;
    }
    case "source":
      return event.reason ? `${event.model}: its base path cannot be used${why}` : `${event.model}: its base path is well again`;
    case "config":
      return `${event.writer ?? "Somebody"} changed the configuration: ${counted(event.num_differences ?? event.diff?.length ?? 0, "difference")}`;
    case "server":
      return `The server is ${(event.state ?? "").toLowerCase()}`;
    case "lost":
      return `${counted(event.num ?? 0, "event")} came too fast to be shown`;
    default:
      return event["type"];
  }
}

export function policyText(policy: VersionPolicy): string {
  if ("latest" in policy) {
    const number = policy.latest.num_versions;
    return number === 1 ? "the latest version" : `the latest ${number} versions`;
  }
  if ("specific" in policy) {
    const { versions } = policy.specific;
    return `${versions.length === 1 ? "version" : "versions"} ${versions.join(", ")} only`;
  }
  return "all versions";
}

export interface DiffLine {
  sign: "+" | "−" | "~";
  verb: string;
  path: string;
  before: string;
  after: string;
}

export function diffLine(difference: Difference): DiffLine {
  const verbs = { add: ["+", "add"], remove: ["−", "remove"], replace: ["~", "replace"] } as const;
  const [sign, verb] = verbs[difference.op];
  return { sign, verb, path: difference.path, before: jsonText(difference.before), after: jsonText(difference.after) };
}

function jsonText(value: unknown): string {
  return value === undefined || value === null ? "" : JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
}
