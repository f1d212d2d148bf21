// Where the time of requests goes: the mean time of each phase as a share of all, and its quantiles.

import { duration, percent } from "../logic/format.ts";
import type { History } from "../logic/history.ts";
import { mean, quantile, type Histogram } from "../logic/metrics.ts";

const ORDER = ["decode", "queue", "batch", "run", "encode"];
const WORDS: Record<string, string> = {
  decode: "reading the request",
  queue: "waiting for a runner, or for company",
  batch: "joining the inputs",
  run: "in the model",
  encode: "writing the answer",
};

export function Phases({ history, model }: { history: History; model: string }) {
  const phases = history.minute(model)?.phases ?? new Map<string, Histogram>();
  const shown = [...phases].filter(([, histogram]) => histogram.count > 0).sort(([a], [b]) => place(a) - place(b));
  const whole = shown.reduce((sum, [, histogram]) => sum + histogram.sum, 0);
  return (
    <section aria-labelledby="phases">
      <h2 id="phases">Latency by phase</h2>
      {shown.length === 0 ? (
        <p class="empty small">
          {phases.size > 0 ? "No requests in the last minute." : "Nothing was measured in the last minute."}
        </p>
      ) : (
        <table class="phases">
          <thead>
            <tr>
              <th scope="col">Phase</th>
              <th scope="col">Share of the time</th>
              <th scope="col" class="figure">
                mean
              </th>
              <th scope="col" class="figure wide">
                p50
              </th>
              <th scope="col" class="figure">
                p99
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(([phase, histogram]) => (
              <tr>
                <th scope="row">
                  {phase} <span class="dim wide">{WORDS[phase] ?? ""}</span>
                </th>
                <td>
                  <Share part={histogram.sum} whole={whole} />
                </td>
                <td class="figure">{duration(mean(histogram))}</td>
                <td class="figure wide">{duration(quantile(histogram, 0.5))}</td>
                <td class="figure">{duration(quantile(histogram, 0.99))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function Share({ part, whole }: { part: number; whole: number }) {
  const share = whole > 0 ? part / whole : 0;
  return (
    <span class="share">
      <svg width="100" height="8" viewBox="0 0 100 8" aria-hidden="true">
        <rect class="all" width="100" height="8" rx="2" />
        <rect class="part" width={Math.max(share > 0 ? 1 : 0, share * 100)} height="8" rx="2" />
      </svg>
      {percent(part, whole)}
    </span>
  );
}

function place(phase: string): number {
  const index = ORDER.indexOf(phase);
  return index < 0 ? ORDER.length : index;
}
