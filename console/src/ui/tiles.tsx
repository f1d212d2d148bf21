// The figures at the head of a page.

import type { ComponentChildren } from "preact";

import { duration, number, percent } from "../logic/format.ts";
import type { History } from "../logic/history.ts";
import { quantile } from "../logic/metrics.ts";

export function Tile({ name, value, more }: { name: string; value: ComponentChildren; more?: ComponentChildren }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>
        <span class="value">{value}</span>
        {more !== undefined && <span class="dim"> {more}</span>}
      </dd>
    </div>
  );
}

/** Requests, errors and latency, of a model or of all. */
export function TrafficTiles({ history, model }: { history: History; model?: string }) {
  const rates = history.rates(model);
  const minute = history.minute(model);
  return (
    <>
      <Tile name="Requests" value={number(rates?.requestsPerS)} more="a second" />
      <Tile
        name="Errors"
        value={minute && minute.requestsPerS > 0 ? percent(minute.errorsPerS, minute.requestsPerS) : number(rates?.errorsPerS)}
        more="last minute"
      />
      <Tile name="Latency p50" value={duration(quantile(minute?.latency, 0.5))} />
      <Tile name="Latency p99" value={duration(quantile(minute?.latency, 0.99))} />
    </>
  );
}
