// How often to ask: seldom enough that what a question costs the server is a small part of its time.

const MIN_MS = 2_000;
const MAX_MS = 30_000;
const SHARE = 10;

/** The time until the next question, after one that took so long. */
export function pauseAfter(tookMs: number): number {
  return Math.min(MAX_MS, Math.max(MIN_MS, tookMs * SHARE));
}

/** The time until the next attempt to reach a server, after so many in vain. */
export function pauseBeforeAttempt(numFailed: number): number {
  return Math.min(10_000, 500 * 2 ** Math.min(numFailed, 10));
}

/** How long changes are gathered before models are asked for, after a question that took so long: many may load at once. */
export function gatherAfter(tookMs: number): number {
  return Math.min(10_000, Math.max(150, tookMs * 4));
}
