// Numbers, sizes and times as people read them.

export const NOTHING = "–";

/** Three digits that count, with thousands apart. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  if (value !== 0 && Math.abs(value) < 10) return trimmed(value, Math.abs(value) < 1 ? 2 : 1);
  return Math.round(value).toLocaleString("en-US");
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${trimmed(size, size < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

/** A duration such as a latency: microseconds to minutes. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return NOTHING;
  if (seconds === 0) return "0 ms";
  if (seconds < 1e-3) return `${trimmed(seconds * 1e6, 0)} µs`;
  if (seconds < 1) return `${trimmed(seconds * 1e3, seconds < 0.01 ? 2 : seconds < 0.1 ? 1 : 0)} ms`;
  if (seconds < 60) return `${trimmed(seconds, seconds < 10 ? 1 : 0)} s`;
  return span(seconds);
}

/** How long something has lasted, in its two largest units. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

export function ago(at: string, nowMs: number): string {
  const seconds = (nowMs - Date.parse(at)) / 1000;
  if (!Number.isFinite(seconds)) return NOTHING;
  if (seconds < -1) return `in ${span(-seconds)}`;
  return seconds < 5 ? "just now" : `${span(seconds)} ago`;
}

/** The time of day where the reader is, with seconds. */
export function clock(at: string | number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? NOTHING : date.toLocaleTimeString("en-GB", { hour12: false });
}

/** Day and time, for tooltips and tables. */
export function dateTime(at: string | number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return NOTHING;
  return `${date.toLocaleDateString("en-CA")} ${date.toLocaleTimeString("en-GB", { hour12: false })}`;
}

export function percent(part: number, whole: number): string {
  if (!(whole > 0)) return NOTHING;
  const share = (100 * part) / whole;
  return share > 0 && share < 0.1 ? "< 0.1 %" : `${trimmed(share, share < 10 ? 1 : 0)} %`;
}

/** `1 version`, `2 versions`. */
export function counted(amount: number, noun: string): string {
  return `${amount.toLocaleString("en-US")} ${noun}${amount === 1 ? "" : "s"}`;
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}
