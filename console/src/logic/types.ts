// The documents of the admin API, as far as the console reads them.

export interface Reason {
  code: string;
  message: string;
}

export interface Tensor {
  dtype: string;
  shape: number[] | null;
}

export interface Signature {
  method: string;
  inputs: Record<string, Tensor>;
  outputs: Record<string, Tensor>;
}

export type VersionState = "START" | "LOADING" | "AVAILABLE" | "UNLOADING" | "END";

export interface Version {
  version: number;
  state: VersionState;
  since: string;
  reason: Reason | null;
  labels: string[];
  memory_bytes: number | null;
  load_s: number | null;
  num_in_flight: number | null;
  num_requests: number | null;
  num_failed_loads: number;
  next_retry_at: string | null;
  signatures?: Record<string, Signature> | null;
}

export type VersionPolicy =
  | { latest: { num_versions: number } }
  | { all: Record<string, never> }
  | { specific: { versions: number[] } };

export interface ModelSpec {
  name: string;
  base_path: string;
  platform: string;
  version_policy: VersionPolicy;
  version_labels: Record<string, number>;
  aspired_version_policy: string | null;
}

export type ModelStatus = "AVAILABLE" | "LOADING" | "FAILED" | "UNLOADING" | "EMPTY";

export interface Model extends ModelSpec {
  source: "config" | "program";
  status: ModelStatus;
  is_pinned: boolean;
  reason: Reason | null;
  memory_bytes: number | null;
  num_in_flight: number | null;
  batching: string;
  versions: Version[];
}

export interface Server {
  version: string;
  state: "STARTING" | "SERVING" | "DRAINING";
  is_ready: boolean;
  started_at: string;
  uptime_s: number;
  pid: number;
  ports: { grpc: number | null; rest: number | null; admin: number | null };
  resident_bytes: number | null;
  num_models: number;
  num_versions_available: number;
  num_in_flight: number | null;
  config_writer: string;
  python_version: string;
  etag: string;
}

export interface Difference {
  op: "add" | "remove" | "replace";
  path: string;
  before?: unknown;
  after?: unknown;
}

export interface Change {
  is_dry_run: boolean;
  is_changed: boolean;
  diff: Difference[];
  etag: string;
  model: Model | null;
}

export interface AuditEntry {
  at: string;
  actor: string | null;
  address: string | null;
  request: string;
  outcome: string;
  is_dry_run: boolean;
  diff: Difference[];
}

/** One line of `/v1/events`; which fields there are depends on `type`. */
export interface LifeEvent {
  id: number;
  at: string;
  type: "state" | "config" | "source" | "server" | "lost";
  model?: string;
  version?: number;
  state?: string;
  reason?: Reason | null;
  writer?: string;
  /** Of a large change the first differences. */
  diff?: Difference[];
  num_differences?: number;
  num?: number;
}

export interface Series {
  labels: Record<string, string>;
  value?: number;
  count?: number;
  sum?: number;
  buckets?: [number | string, number][];
}

export interface Family {
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
  series: Series[];
}

export interface Metrics {
  at: string;
  families: Family[];
}

export interface Quantiles {
  p50_s: number;
  p90_s: number;
  p99_s: number;
}

export interface BatchingReport {
  model: string;
  version: number;
  signature: string;
  mode: "off" | "adaptive" | "static";
  policy: { max_batch_size: number; latency_slo_s: number | null; batch_timeout_s: number };
  departures: Record<string, number>;
  refusals: Record<string, number>;
  num_batches: number;
  num_requests: number;
  num_rows: number;
  num_padding_rows: number;
  batch_sizes: { max_rows: number; num_batches: number }[];
  wait: Quantiles | null;
  run: Quantiles | null;
  num_in_flight: number;
  num_queued_rows: number;
  rows_per_s: number;
}
