// The versions of a model, and what can be done to each.

import { ago, bytes, counted, duration, number } from "../logic/format.ts";
import type { History } from "../logic/history.ts";
import { stateWord } from "../logic/timeline.ts";
import type { Model, Version } from "../logic/types.ts";
import type { Live } from "../net/live.ts";
import { Badge } from "./badge.tsx";

export interface VersionActions {
  pin: (version: Version) => void;
  label: (version: Version, label: string) => void;
  removeLabel: (label: string) => void;
  reload: (version: Version) => void;
  retry: (version: Version) => void;
}

interface Props {
  live: Live;
  model: Model;
  actions: VersionActions;
}

export function Versions({ live, model, actions }: Props) {
  return (
    <section aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      {model.versions.length === 0 ? (
        <p class="empty small">There is none: the base path has no version that the policy asks for.</p>
      ) : (
        <table class="versions">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">State</th>
              <th scope="col">Labels</th>
              <th scope="col" class="figure">
                Requests/s
              </th>
              <th scope="col" class="figure wide">
                In flight
              </th>
              <th scope="col" class="figure wide">
                Memory
              </th>
              <th scope="col" class="figure wide">
                Load
              </th>
              <th scope="col">
                <span class="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {model.versions.map((version) => (
              <VersionRow key={version.version} live={live} model={model} version={version} actions={actions} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function VersionRow({ live, model, version, actions }: Props & { version: Version }) {
  const state = stateWord(version.state, version.reason);
  return (
    <tr>
      <th scope="row">{version.version}</th>
      <td>
        <Badge state={state} /> <span class="dim wide">{ago(version.since, live.nowMs())}</span>
        <Trouble version={version} nowMs={live.nowMs()} />
      </td>
      <td class="labels">
        <Labels model={model} version={version} actions={actions} />
      </td>
      <td class="figure">{number(perSecond(live.history, model, version))}</td>
      <td class="figure wide">{number(version.num_in_flight)}</td>
      <td class="figure wide">{bytes(version.memory_bytes)}</td>
      <td class="figure wide">{duration(version.load_s)}</td>
      <td class="actions">{model.source === "config" && <Actions {...{ model, version, actions, state }} />}</td>
    </tr>
  );
}

function Trouble({ version, nowMs }: { version: Version; nowMs: number }) {
  if (!version.reason && version.num_failed_loads === 0) return null;
  const failed = version.num_failed_loads > 0 ? `${counted(version.num_failed_loads, "attempt")} failed` : "";
  const isDue = version.next_retry_at !== null && Date.parse(version.next_retry_at) <= nowMs;
  const next = version.next_retry_at ? `next ${isDue ? "at once" : ago(version.next_retry_at, nowMs)}` : "";
  return (
    <span class="why">
      {version.reason && `${version.reason.code}: ${version.reason.message}`}
      {(failed || next) && <span class="dim"> {[failed, next].filter(Boolean).join(", ")}</span>}
    </span>
  );
}

function Labels({ model, version, actions }: { model: Model; version: Version; actions: VersionActions }) {
  const own = Object.entries(model.version_labels).filter(([, number]) => number === version.version);
  return (
    <>
      {own.map(([label]) => (
        <span
          class={`label ${version.labels.includes(label) ? "" : "pending"}`}
          title={version.labels.includes(label) ? undefined : "It takes effect once the version is available"}
        >
          {label}
          {!version.labels.includes(label) && <span class="dim">&nbsp;pending</span>}
          {model.source === "config" && (
            <button
              type="button"
              class="quiet"
              aria-label={`Remove label ${label} from version ${version.version}`}
              onClick={() => actions.removeLabel(label)}
            >
              ×
            </button>
          )}
        </span>
      ))}
    </>
  );
}

function Actions(props: { model: Model; version: Version; actions: VersionActions; state: string }) {
  const { model, version, actions, state } = props;
  const of = `version ${version.version}`;
  return (
    <>
      {state === "FAILED" && (
        <button type="button" aria-label={`Retry ${of}`} onClick={() => actions.retry(version)}>
          Retry
        </button>
      )}
      {state === "AVAILABLE" && (
        <button type="button" aria-label={`Reload ${of}`} onClick={() => actions.reload(version)}>
          Reload
        </button>
      )}
      <button type="button" aria-label={`Move a label to ${of}`} onClick={() => actions.label(version, "")}>
        Label…
      </button>
      {!(model.is_pinned && state !== "END") && (
        <button type="button" aria-label={`Pin ${of}`} onClick={() => actions.pin(version)}>
          Pin…
        </button>
      )}
    </>
  );
}

function perSecond(history: History, model: Model, version: Version): number | null {
  if (!history.rates()) return null;
  return history.rates(model.name, String(version.version))?.requestsPerS ?? 0;
}
