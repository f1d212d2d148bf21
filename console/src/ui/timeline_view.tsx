// The lives of versions on a time line: one row a version, one bar for each state, with its name where there is room.

import { useState } from "preact/hooks";

import { clock, dateTime, span } from "../logic/format.ts";
import { lives, startOf, timeTicks, type Life, type Segment } from "../logic/timeline.ts";
import type { LifeEvent, Model } from "../logic/types.ts";
import type { Live } from "../net/live.ts";
import { Badge, kindOf } from "./badge.tsx";
import { useNow, useWidth } from "./hooks.ts";

const ROW = 26;
const MAX_ROWS = 20;
const SPANS: readonly (readonly [string, number])[] = [
  ["5 minutes", 300_000],
  ["1 hour", 3_600_000],
  ["1 day", 86_400_000],
  ["All", Infinity],
];

interface Props {
  live: Live;
  models: Model[];
  events: LifeEvent[];
  /** The heading. */
  title: string;
  /** Whether rows need the names of their models. */
  hasNames?: boolean;
}

export function TimeLine({ live, models, events, title, hasNames = false }: Props) {
  const now = useNow(live, 1_000);
  const [most, setMost] = useState(3_600_000);
  const [ref, width] = useWidth<HTMLDivElement>(800);
  const all = lives(models, events);
  const fromMs = startOf(all, now, most);
  const seen = all.filter((life) => life.segments.some((segment) => (segment.toMs ?? now) >= fromMs));
  const rows = seen.slice(0, MAX_ROWS);
  return (
    <section aria-labelledby="life">
      <div class="title">
        <h2 id="life">{title}</h2>
        <div class="choices" role="group" aria-label="Time shown">
          {SPANS.map(([name, ms]) => (
            <button type="button" aria-pressed={most === ms} onClick={() => setMost(ms)}>
              {name}
            </button>
          ))}
        </div>
      </div>
      <div class="timeline" ref={ref}>
        {rows.length === 0 ? (
          <p class="empty small">Nothing is known of versions yet.</p>
        ) : (
          <Rows rows={rows} fromMs={fromMs} toMs={now} width={width} hasNames={hasNames} />
        )}
        {seen.length > rows.length && <p class="dim">and {seen.length - rows.length} older versions</p>}
      </div>
      {rows.length > 0 && <AsTable rows={rows} now={now} hasNames={hasNames} />}
    </section>
  );
}

interface RowsProps {
  rows: Life[];
  fromMs: number;
  toMs: number;
  width: number;
  hasNames: boolean;
}

function Rows({ rows, fromMs, toMs, width, hasNames }: RowsProps) {
  const left = hasNames ? Math.min(200, width / 3) : 88;
  const scale = (width - left - 4) / (toMs - fromMs);
  const x = (ms: number): number => left + Math.max(0, ms - fromMs) * scale;
  const bottom = rows.length * ROW;
  const ticks = timeTicks(fromMs, toMs, Math.max(2, Math.floor(width / 110)));
  return (
    <svg width={width} height={bottom + 20} role="img" aria-label={rows.map((life) => lifeText(life, hasNames)).join("; ")}>
      {ticks.map((ms) => (
        <g class="grid">
          <path d={`M${x(ms)} 0V${bottom}`} />
          <text x={x(ms)} y={bottom + 15} text-anchor="middle">
            {x(ms) > left + 20 && x(ms) < width - 24 ? clock(ms) : ""}
          </text>
        </g>
      ))}
      {rows.map((life, index) => (
        <g transform={`translate(0 ${index * ROW})`}>
          <text class="name" x="0" y={ROW / 2 + 4}>
            {hasNames ? cut(life.model, left / 8 - 5) : "version"} {life.version}
          </text>
          {life.segments.map((segment) => (
            <Bar segment={segment} x={x} toMs={toMs} fromMs={fromMs} />
          ))}
        </g>
      ))}
    </svg>
  );
}

function Bar(props: { segment: Segment; x: (ms: number) => number; fromMs: number; toMs: number }) {
  const { segment, x, fromMs, toMs } = props;
  const end = segment.toMs ?? toMs;
  if (end < fromMs) return null;
  const left = x(segment.fromMs);
  const width = Math.max(3, x(end) - left);
  const word = segment.state.toLowerCase();
  const kind = segment.state === "END" ? "none" : kindOf(segment.state);
  return (
    <g class={`bar ${kind} ${segment.state === "UNLOADING" ? "leaving" : ""}`}>
      <title>{segmentText(segment, toMs)}</title>
      <rect x={left} y="4" width={width} height={ROW - 8} rx="3" />
      {width > word.length * 7 + 12 && (
        <text x={left + 7} y={ROW / 2 + 4}>
          {word}
        </text>
      )}
    </g>
  );
}

function AsTable({ rows, now, hasNames }: { rows: Life[]; now: number; hasNames: boolean }) {
  return (
    <details>
      <summary>As a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">State</th>
            <th scope="col">From</th>
            <th scope="col">For</th>
          </tr>
        </thead>
        <tbody>
          {rows.flatMap((life) =>
            [...life.segments].reverse().map((segment) => (
              <tr>
                <th scope="row">
                  {hasNames && `${life.model} `}
                  {life.version}
                </th>
                <td>
                  <Badge state={segment.state} />
                </td>
                <td>{dateTime(segment.fromMs)}</td>
                <td>{segment.state === "END" ? "" : span(((segment.toMs ?? now) - segment.fromMs) / 1000)}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </details>
  );
}

function cut(name: string, most: number): string {
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}

function lifeText(life: Life, hasNames: boolean): string {
  const last = life.segments.at(-1)!;
  return `${hasNames ? `${life.model} ` : ""}version ${life.version}: ${last.state.toLowerCase()} since ${clock(last.fromMs)}`;
}

function segmentText(segment: Segment, now: number): string {
  const lasted = segment.state === "END" ? "" : ` for ${span(((segment.toMs ?? now) - segment.fromMs) / 1000)}`;
  const why = segment.reason ? `: ${segment.reason.code}, ${segment.reason.message}` : "";
  return `${segment.state.toLowerCase()} from ${clock(segment.fromMs)}${lasted}${why}`;
}
