// Requests to the admin API, of which this page is a client like any other.

/** An address of the API: beside the console's own, so that a proxy may put both below a path. */
export function url(path: string): string {
  return new URL(`..${path}`, document.baseURI).href;
}

/** What the server refused with, in its own words. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether somebody else changed the configuration first. */
  get isConflict(): boolean {
    return this.status === 412;
  }
}

/** A request that changes something, as it is shown, tried and sent. */
export interface ChangeRequest {
  method: "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
}

const LIMIT_MS = 30_000;
const HEADERS = { accept: "application/json", "x-salver-actor": "console" };

export async function get<T>(path: string): Promise<T> {
  return read<T>(await fetch(url(path), { headers: HEADERS, signal: AbortSignal.timeout(LIMIT_MS), cache: "no-store" }));
}

/** Null where this server has no such path. */
export async function getIfThere<T>(path: string): Promise<T | null> {
  try {
    return await get<T>(path);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export async function send<T>(request: ChangeRequest, options: { dryRun?: boolean; etag?: string } = {}): Promise<T> {
  const headers: Record<string, string> = { ...HEADERS };
  if (request.body !== undefined) {
    headers["content-type"] = request.method === "PATCH" ? "application/merge-patch+json" : "application/json";
  }
  if (options.etag) headers["if-match"] = quoted(options.etag);
  const init: RequestInit = { method: request.method, headers, signal: AbortSignal.timeout(LIMIT_MS) };
  if (request.body !== undefined) init.body = JSON.stringify(request.body);
  return read<T>(await fetch(url(`${request.path}${options.dryRun ? "?dry_run=true" : ""}`), init));
}

export const modelPath = (name: string): string => `/v1/models/${encodeURIComponent(name)}`;
export const versionPath = (name: string, version: number): string => `${modelPath(name)}/versions/${version}`;
export const labelPath = (name: string, label: string): string => `${modelPath(name)}/labels/${encodeURIComponent(label)}`;

async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  let document: unknown;
  try {
    document = text ? JSON.parse(text) : {};
  } catch {
    throw new ApiError(response.status, "UNKNOWN", `the answer is no JSON: ${text.slice(0, 200)}`);
  }
  if (response.ok) return document as T;
  const { error, code } = document as { error?: string; code?: string };
  throw new ApiError(response.status, code ?? `HTTP ${response.status}`, error ?? response.statusText);
}

function quoted(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`;
}
