import { useState } from "preact/hooks";

import { bytes, number } from "../logic/format.ts";
import type { ListView } from "../logic/route.ts";
import { countByStatus, pageOf, type Row } from "../logic/rows.ts";
import { quantile } from "../logic/metrics.ts";
import { lastChanged } from "../logic/timeline.ts";
import type { Model } from "../logic/types.ts";
import type { Live } from "../net/live.ts";
import { AddModel } from "./add_model.tsx";
import type { Go } from "./app.tsx";
import { Shape, kindOf } from "./badge.tsx";
import { LatencyChart, TrafficChart } from "./charts.tsx";
import { EventList } from "./events_page.tsx";
import { ModelTable } from "./model_table.tsx";
import { TimeLine } from "./timeline_view.tsx";
import { Tile, TrafficTiles } from "./tiles.tsx";

const NUM_EVENTS = 8;
const NUM_CHANGING = 5;

export function ModelsPage({ live, view, go }: { live: Live; view: ListView; go: Go }) {
  const [isAdding, setIsAdding] = useState(false);
  const show = (more: Partial<ListView>): void => go({ at: "models", view: { ...view, page: 0, ...more } }, true);
  const page = pageOf(live.modelList, view, (model) => rowOf(live, model));
  return (
    <>
      <div class="title">
        <h1 tabIndex={-1}>Models</h1>
        <button type="button" class="main" onClick={() => setIsAdding(true)}>
          Add a model…
        </button>
      </div>
      <dl class="tiles">
        <TrafficTiles history={live.history} />
        <Tile name="In flight" value={number(live.server?.num_in_flight)} more="requests" />
        <Tile name="Memory" value={bytes(live.server?.resident_bytes)} more="resident" />
        <Tile name="Available" value={number(live.server?.num_versions_available)} more="versions" />
      </dl>
      <div class="pair">
        <TrafficChart history={live.history} />
        <LatencyChart history={live.history} />
      </div>
      <section aria-labelledby="list">
        <h2 id="list" class="unseen">
          All models
        </h2>
        <Filters live={live} view={view} show={show} />
        <ModelTable page={page} view={view} show={show} hasModels={live.models.size > 0} />
      </section>
      <Changing live={live} />
      <section aria-labelledby="latest">
        <h2 id="latest">Latest events</h2>
        <EventList live={live} events={live.events.slice(-NUM_EVENTS).reverse()} />
      </section>
      {isAdding && <AddModel live={live} go={go} onClose={() => setIsAdding(false)} />}
    </>
  );
}

/** The lives of what changed last, of a few models. */
function Changing({ live }: { live: Live }) {
  const models = lastChanged(live.events, NUM_CHANGING).flatMap((name) => live.models.get(name) ?? []);
  if (models.length === 0) return null;
  return <TimeLine live={live} models={models} events={live.events} title="Versions that changed last" hasNames />;
}

function Filters({ live, view, show }: { live: Live; view: ListView; show: (more: Partial<ListView>) => void }) {
  const counts = countByStatus(live.models.values());
  return (
    <div class="filters" role="search" aria-label="Models">
      <input
        type="search"
        aria-label="Filter by name, label or platform"
        placeholder="Filter by name, label or platform"
        value={view.filter}
        onInput={(event) => show({ filter: event.currentTarget.value })}
      />
      <div class="choices" role="group" aria-label="Status">
        <button type="button" aria-pressed={view.status === ""} onClick={() => show({ status: "" })}>
          All <span class="count">{live.models.size.toLocaleString("en-US")}</span>
        </button>
        {[...counts].map(([status, count]) => (
          <button type="button" aria-pressed={view.status === status} onClick={() => show({ status })}>
            <span class={`ink ${kindOf(status)}`}>
              <Shape kind={kindOf(status)} />
            </span>
            {status.charAt(0) + status.slice(1).toLowerCase()} <span class="count">{count.toLocaleString("en-US")}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

function rowOf(live: Live, model: Model): Row {
  const rates = live.history.rates(model.name);
  const minute = live.history.minute(model.name);
  return {
    model,
    requestsPerS: rates?.requestsPerS ?? (live.history.rates() ? 0 : null),
    errorsPerS: rates?.errorsPerS ?? (live.history.rates() ? 0 : null),
    p99: quantile(minute?.latency, 0.99),
    memoryBytes: model.memory_bytes,
  };
}
