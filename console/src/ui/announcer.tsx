// Says events to screen readers, politely, and many at once as one.

import { useEffect, useState } from "preact/hooks";

import type { LifeEvent } from "../logic/types.ts";
import { counted } from "../logic/format.ts";
import { eventText } from "../logic/words.ts";
import type { Live } from "../net/live.ts";

const GATHER_MS = 1_000;
const MAX_SAID = 3;

export function Announcer({ live }: { live: Live }) {
  const [text, setText] = useState("");
  useEffect(() => {
    let waiting: LifeEvent[] = [];
    let timer = 0;
    const say = (): void => {
      const texts = waiting.map(eventText);
      setText(texts.length > MAX_SAID ? `${counted(texts.length, "event")}; the last: ${texts.at(-1)}` : texts.join(". "));
      waiting = [];
      timer = 0;
    };
    const end = live.onEvent((event) => {
      waiting.push(event);
      if (!timer) timer = window.setTimeout(say, GATHER_MS);
    });
    return () => {
      end();
      window.clearTimeout(timer);
    };
  }, [live]);
  return (
    <div class="unseen" role="log" aria-live="polite" aria-label="Events">
      {text}
    </div>
  );
}
