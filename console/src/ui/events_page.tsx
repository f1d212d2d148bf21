import { useState } from "preact/hooks";

import { ago, clock, dateTime } from "../logic/format.ts";
import { writeRoute } from "../logic/route.ts";
import { stateWord } from "../logic/timeline.ts";
import type { LifeEvent } from "../logic/types.ts";
import { eventText } from "../logic/words.ts";
import type { Live } from "../net/live.ts";
import type { Go } from "./app.tsx";
import { Shape, kindOf } from "./badge.tsx";
import { Diff } from "./diff.tsx";
import { useNow } from "./hooks.ts";

const MAX_SHOWN = 200;

export function EventsPage({ live, filter, go }: { live: Live; filter: string; go: Go }) {
  const [isAll, setIsAll] = useState(false);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = live.events.filter((event) => words.every((word) => eventText(event).toLowerCase().includes(word)));
  const shown = isAll ? found : found.slice(-MAX_SHOWN);
  return (
    <>
      <div class="title">
        <h1 tabIndex={-1}>Events</h1>
      </div>
      <div class="filters" role="search" aria-label="Events">
        <input
          type="search"
          aria-label="Filter events"
          placeholder="Filter: a model, available, failed…"
          value={filter}
          onInput={(event) => go({ at: "events", filter: event.currentTarget.value }, true)}
        />
      </div>
      <EventList live={live} events={[...shown].reverse()} />
      {shown.length < found.length && (
        <button type="button" onClick={() => setIsAll(true)}>
          Show {found.length - shown.length} more
        </button>
      )}
    </>
  );
}

export function EventList({ live, events }: { live: Live; events: LifeEvent[] }) {
  const now = useNow(live, 10_000);
  if (!live.hasEvents) return <p class="empty small">This server keeps no events.</p>;
  if (events.length === 0) return <p class="empty small">No such event.</p>;
  return (
    <ol class="events">
      {events.map((event) => (
        <li key={event.id}>
          <time dateTime={event.at} title={dateTime(event.at)}>
            {clock(event.at)}
          </time>
          <span class={`ink ${kindOfEvent(event)}`}>
            <Shape kind={kindOfEvent(event)} />
          </span>
          <span class="text">
            <Text event={event} />
            {event.diff && event.diff.length > 0 && <Diff diff={event.diff} />}
          </span>
          <span class="dim wide">{ago(event.at, now)}</span>
        </li>
      ))}
    </ol>
  );
}

function Text({ event }: { event: LifeEvent }) {
  const text = eventText(event);
  if (event.model === undefined || !text.startsWith(event.model)) return <>{text}</>;
  return (
    <>
      <a href={writeRoute({ at: "model", name: event.model })}>{event.model}</a>
      {text.slice(event.model.length)}
    </>
  );
}

function kindOfEvent(event: LifeEvent): string {
  if (event.type === "source") return event.reason ? "bad" : "good";
  if (event.type === "lost") return "bad";
  return kindOf(stateWord((event.state ?? "").toUpperCase(), event.reason));
}
