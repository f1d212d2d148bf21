import { useState } from "preact/hooks";

import { bytes, number } from "../logic/format.ts";
import { policyText } from "../logic/words.ts";
import { FIRST_VIEW, writeRoute } from "../logic/route.ts";
import type { Model, Version } from "../logic/types.ts";
import { labelPath, modelPath, send, versionPath, type ChangeRequest } from "../net/api.ts";
import type { Live } from "../net/live.ts";
import { EditModel } from "./add_model.tsx";
import type { Go } from "./app.tsx";
import { Badge } from "./badge.tsx";
import { Batching } from "./batching.tsx";
import { ChangeDialog, type Planned } from "./change_dialog.tsx";
import { LatencyChart, TrafficChart } from "./charts.tsx";
import { EventList } from "./events_page.tsx";
import { MoveLabel } from "./move_label.tsx";
import { errorText, useNotify } from "./notices.tsx";
import { Phases } from "./phases.tsx";
import { Signatures } from "./signatures.tsx";
import { TimeLine } from "./timeline_view.tsx";
import { Tile, TrafficTiles } from "./tiles.tsx";
import { Versions, type VersionActions } from "./versions.tsx";

const NUM_EVENTS = 15;

type Open =
  | { kind: "none" }
  | { kind: "edit" }
  | { kind: "change"; planned: Planned; isRemoval?: boolean }
  | { kind: "label"; version: number; label: string };

export function ModelPage({ live, name, go }: { live: Live; name: string; go: Go }) {
  const [open, setOpen] = useState<Open>({ kind: "none" });
  const model = live.models.get(name);
  const close = (): void => setOpen({ kind: "none" });
  if (!model) return <Missing name={name} />;
  const events = live.events.filter((event) => event.model === name);
  return (
    <>
      <Title model={model} setOpen={setOpen} />
      {model.reason && (
        <p class="problem">
          <strong>{model.reason.code}</strong>: {model.reason.message}
        </p>
      )}
      <dl class="tiles">
        <TrafficTiles history={live.history} model={name} />
        <Tile name="In flight" value={number(model.num_in_flight)} more="requests" />
        <Tile name="Memory" value={bytes(model.memory_bytes)} />
      </dl>
      <Facts model={model} />
      <Versions live={live} model={model} actions={useVersionActions(model, setOpen)} />
      <TimeLine live={live} models={[model]} events={events} title="Life of versions" />
      <div class="pair">
        <TrafficChart history={live.history} model={name} />
        <LatencyChart history={live.history} model={name} />
      </div>
      <div class="pair">
        <Phases history={live.history} model={name} />
        <Batching reports={live.batching} />
      </div>
      <Signatures model={model} />
      <section aria-labelledby="events">
        <h2 id="events">Events</h2>
        <EventList live={live} events={events.slice(-NUM_EVENTS).reverse()} />
      </section>
      {open.kind === "edit" && <EditModel live={live} model={model} onClose={close} />}
      {open.kind === "label" && <MoveLabel live={live} model={model} {...open} onClose={close} />}
      {open.kind === "change" && (
        <ChangeDialog
          live={live}
          planned={open.planned}
          onClose={close}
          onDone={() => {
            if (!open.isRemoval) return;
            live.accept(null, name);
            go({ at: "models", view: FIRST_VIEW });
          }}
        />
      )}
    </>
  );
}

function Missing({ name }: { name: string }) {
  return (
    <div class="empty">
      <h1 tabIndex={-1}>{name}</h1>
      <p>There is no model of this name, or no more.</p>
      <a href={writeRoute({ at: "models", view: FIRST_VIEW })}>All models</a>
    </div>
  );
}

function Title({ model, setOpen }: { model: Model; setOpen: (open: Open) => void }) {
  const act = useAct();
  const path = modelPath(model.name);
  const plan = (planned: Planned, isRemoval = false): void => setOpen({ kind: "change", planned, isRemoval });
  const remove: Planned = {
    title: `Remove ${model.name}`,
    verb: "Remove",
    done: `${model.name} was removed; its versions are unloading`,
    request: { method: "DELETE", path },
    isDangerous: true,
    note: "Its versions are unloaded once their last requests have ended. Files stay where they are.",
  };
  const unpin: Planned = {
    title: `Unpin ${model.name}`,
    verb: "Unpin",
    done: `${model.name} goes by its version policy again`,
    request: { method: "POST", path: `${path}:unpin`, body: {} },
  };
  return (
    <div class="title">
      <a class="back" href={writeRoute({ at: "models", view: FIRST_VIEW })} aria-label="All models">
        ‹
      </a>
      <h1 tabIndex={-1}>{model.name}</h1>
      <Badge state={model.status} />
      {model.is_pinned && <span class="mark">pinned</span>}
      {model.source === "program" ? (
        <span class="dim">This servable is brought by the program of the server, and changed there.</span>
      ) : (
        <div class="actions">
          <button
            type="button"
            onClick={() => act({ method: "POST", path: `${path}:reload`, body: {} }, `The base path of ${model.name} was looked at`)}
          >
            Look for versions
          </button>
          {model.is_pinned && (
            <button type="button" onClick={() => plan(unpin)}>
              Unpin…
            </button>
          )}
          <button type="button" onClick={() => setOpen({ kind: "edit" })}>
            Edit…
          </button>
          <button type="button" class="danger" onClick={() => plan(remove, true)}>
            Remove…
          </button>
        </div>
      )}
    </div>
  );
}

function Facts({ model }: { model: Model }) {
  const facts: [string, preact.ComponentChildren][] = [
    ["Base path", <code>{model.base_path || "none"}</code>],
    ["Platform", model.platform],
    ["Serves", policyText(model.version_policy)],
    ["Order of a change", model.aspired_version_policy?.replace("_", " ") ?? "as the server is set"],
    ["Batching", model.batching],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Sends what changes no configuration, and says what came of it. */
function useAct(): (request: ChangeRequest, done: string) => void {
  const notify = useNotify();
  return (request, done) => {
    send(request).then(
      () => notify("done", done),
      (error: unknown) => notify("failed", errorText(error)),
    );
  };
}

function useVersionActions(model: Model, setOpen: (open: Open) => void): VersionActions {
  const act = useAct();
  const path = modelPath(model.name);
  const of = (version: Version): string => versionPath(model.name, version.version);
  return {
    pin: ({ version }) =>
      setOpen({
        kind: "change",
        planned: {
          title: `Pin ${model.name} to version ${version}`,
          verb: "Pin",
          done: `${model.name} is pinned to version ${version}`,
          request: { method: "POST", path: `${path}:pin`, body: { version } },
          note: "Only this version is served until the model is unpinned.",
        },
      }),
    label: ({ version }, label) => setOpen({ kind: "label", version, label }),
    removeLabel: (label) =>
      setOpen({
        kind: "change",
        planned: {
          title: `Remove label ${label} of ${model.name}`,
          verb: "Remove",
          done: `${model.name} has no label ${label} any more`,
          request: { method: "DELETE", path: labelPath(model.name, label) },
          isDangerous: true,
          note: "Requests that ask for this label are refused from then on.",
        },
      }),
    reload: (version) =>
      act({ method: "POST", path: `${of(version)}:reload`, body: {} }, `Version ${version.version} is loaded anew`),
    retry: (version) =>
      act({ method: "POST", path: `${of(version)}:retry`, body: {} }, `Version ${version.version} is tried again`),
  };
}
