import { useEffect, useState } from "preact/hooks";

import { readRoute, writeRoute, type Route } from "../logic/route.ts";
import type { Live } from "../net/live.ts";

/** Draws anew whenever something is known that was not. */
export function useLive(live: Live): void {
  const [, draw] = useState(0);
  useEffect(() => live.subscribe(() => draw((count) => count + 1)), [live]);
}

/** The place in the address, and how to go to another. */
export function useRoute(): [Route, (route: Route, isReplacing?: boolean) => void] {
  const [route, setRoute] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const read = (): void => setRoute(readRoute(location.hash));
    window.addEventListener("hashchange", read);
    return () => window.removeEventListener("hashchange", read);
  }, []);
  const go = (next: Route, isReplacing = false): void => {
    if (!isReplacing) location.hash = writeRoute(next);
    else {
      history.replaceState(null, "", writeRoute(next));
      setRoute(next);
    }
  };
  return [route, go];
}

/** The time by the server's clock, drawn anew every so often. */
export function useNow(live: Live, everyMs: number): number {
  const [now, setNow] = useState(() => live.nowMs());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(live.nowMs()), everyMs);
    return () => window.clearInterval(timer);
  }, [live, everyMs]);
  return now;
}

/** The width of an element, as the reader's window leaves it. */
export function useWidth<E extends Element>(first: number): [(element: E | null) => void, number] {
  const [width, setWidth] = useState(first);
  const [element, setElement] = useState<E | null>(null);
  useEffect(() => {
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.max(120, Math.floor(entry.contentRect.width))));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, width];
}
