// Lines over the last ten minutes. The figure under the pointer is shown; for those who see no lines, and at a glance, the
// heading says what is now and what was most.

import { useState } from "preact/hooks";

import { clock, duration, number } from "../logic/format.ts";
import type { History, Point } from "../logic/history.ts";
import { timeTicks } from "../logic/timeline.ts";
import { useWidth } from "./hooks.ts";

const HEIGHT = 116;
const LEFT = 52;
const BOTTOM = 18;
const TOP = 6;

interface Line {
  name: string;
  /** The class that gives it its colour and dashes. */
  style: string;
  of: (point: Point) => number | null;
}

interface Props {
  title: string;
  points: Point[];
  lines: readonly Line[];
  text: (value: number | null) => string;
}

const TRAFFIC: readonly Line[] = [
  { name: "requests", style: "one", of: (point) => point.requestsPerS },
  { name: "errors", style: "error", of: (point) => point.errorsPerS },
];
const LATENCY: readonly Line[] = [
  { name: "p50", style: "one", of: (point) => point.p50 },
  { name: "p99", style: "two", of: (point) => point.p99 },
];

export function TrafficChart({ history, model }: { history: History; model?: string }) {
  return <Chart title="Requests a second" points={history.series(model)} lines={TRAFFIC} text={number} />;
}

export function LatencyChart({ history, model }: { history: History; model?: string }) {
  return <Chart title="Latency" points={history.series(model)} lines={LATENCY} text={duration} />;
}

function Chart({ title, points, lines, text }: Props) {
  const [ref, width] = useWidth<HTMLElement>(480);
  const [at, setAt] = useState<number | null>(null);
  const shown = (at === null ? points.at(-1) : nearest(points, at)) ?? null;
  return (
    <figure class="chart" ref={ref}>
      <figcaption>
        <h2>{title}</h2>
        {lines.map((line) => (
          <span class="key">
            <svg width="18" height="8" aria-hidden="true">
              <path class={`line ${line.style}`} d="M1 4h16" />
            </svg>
            {line.name} <b>{shown ? text(line.of(shown)) : "–"}</b>
          </span>
        ))}
        <span class="dim key">{at !== null && shown ? clock(shown.atMs) : ""}</span>
      </figcaption>
      {points.length < 2 ? (
        <p class="empty small">The line begins here, and grows with time.</p>
      ) : (
        <Plot title={title} points={points} lines={lines} text={text} width={width} at={at} setAt={setAt} />
      )}
    </figure>
  );
}

function Plot(props: Props & { width: number; at: number | null; setAt: (at: number | null) => void }) {
  const { title, points, lines, text, width, at, setAt } = props;
  const toMs = points.at(-1)!.atMs;
  const fromMs = Math.min(points[0]!.atMs, toMs - 60_000);
  const values = points.flatMap((point) => lines.map((line) => line.of(point) ?? 0));
  const most = roundUp(Math.max(...values));
  const x = (ms: number): number => LEFT + ((width - LEFT - 4) * (ms - fromMs)) / (toMs - fromMs);
  const y = (value: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most);
  const point = (event: PointerEvent): void => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    setAt(fromMs + ((event.clientX - box.left - LEFT) / (width - LEFT - 4)) * (toMs - fromMs));
  };
  const marked = at === null ? null : nearest(points, at);
  return (
    <svg
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={summary(title, points, lines, text)}
      onPointerMove={point}
      onPointerLeave={() => setAt(null)}
    >
      {[0, 0.5, 1].map((share) => (
        <g class="grid">
          <path d={`M${LEFT} ${y(most * share)}H${width - 4}`} />
          <text x={LEFT - 6} y={y(most * share) + 4} text-anchor="end">
            {text(most * share)}
          </text>
        </g>
      ))}
      {timeTicks(fromMs, toMs, Math.max(2, Math.floor(width / 120))).map((ms) => (
        <text class="tick" x={x(ms)} y={HEIGHT - 4} text-anchor="middle">
          {x(ms) > LEFT + 20 && x(ms) < width - 24 ? clock(ms) : ""}
        </text>
      ))}
      {lines.map((line) => (
        <path class={`line ${line.style}`} d={pathOf(points, line, x, y)} />
      ))}
      {marked && <path class="mark" d={`M${x(marked.atMs)} ${TOP}V${HEIGHT - BOTTOM}`} />}
    </svg>
  );
}

function pathOf(points: Point[], line: Line, x: (ms: number) => number, y: (value: number) => number): string {
  let path = "";
  let isBroken = true;
  for (const point of points) {
    const value = line.of(point);
    if (value !== null) path += `${isBroken ? "M" : "L"}${x(point.atMs).toFixed(1)} ${y(value).toFixed(1)}`;
    // A lone point is a short stroke.
    if (value !== null && isBroken) path += "h1";
    isBroken = value === null;
  }
  return path;
}

function nearest(points: Point[], at: number): Point | undefined {
  let found: Point | undefined;
  for (const point of points) if (!found || Math.abs(point.atMs - at) < Math.abs(found.atMs - at)) found = point;
  return found;
}

function summary(title: string, points: Point[], lines: readonly Line[], text: Props["text"]): string {
  const parts = lines.map((line) => {
    const most = Math.max(...points.map((point) => line.of(point) ?? 0));
    return `${line.name} now ${text(line.of(points.at(-1)!))}, at most ${text(most)}`;
  });
  return `${title} since ${clock(points[0]!.atMs)}: ${parts.join("; ")}`;
}

/** A round number that is not below; lines that are all zero get an axis too. */
function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 5, 10].find((step) => step * power >= value) ?? 10);
}
