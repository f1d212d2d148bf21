import { useEffect, useState } from "preact/hooks";

import { ago, clock, dateTime } from "../logic/format.ts";
import type { AuditEntry } from "../logic/types.ts";
import { getIfThere } from "../net/api.ts";
import type { Live } from "../net/live.ts";
import { Diff } from "./diff.tsx";
import { useNow } from "./hooks.ts";
import { errorText } from "./notices.tsx";

export function AuditPage({ live }: { live: Live }) {
  const [entries, setEntries] = useState<AuditEntry[] | null>(null);
  const [problem, setProblem] = useState("");
  const now = useNow(live, 5_000); // attempts that failed make no event
  useEffect(() => {
    let isOver = false;
    getIfThere<{ audit: AuditEntry[] }>("/v1/audit").then(
      (answer) => {
        if (isOver) return;
        setEntries(answer?.audit ?? []);
        setProblem("");
      },
      (error: unknown) => !isOver && setProblem(errorText(error)),
    );
    return () => {
      isOver = true;
    };
  }, [now, live.connection]);
  return (
    <>
      <div class="title">
        <h1 tabIndex={-1}>Audit</h1>
      </div>
      <p class="dim">Who tried to change what, latest first. Names are what callers say of themselves.</p>
      {problem && <p class="problem">{problem}</p>}
      {entries?.length === 0 && <p class="empty">Nobody has changed anything since the server was started.</p>}
      {entries && entries.length > 0 && <Entries entries={entries} nowMs={now} />}
    </>
  );
}

function Entries({ entries, nowMs }: { entries: AuditEntry[]; nowMs: number }) {
  return (
    <table class="audit">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">What</th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr>
            <td>
              <time dateTime={entry.at} title={dateTime(entry.at)}>
                {clock(entry.at)}
              </time>{" "}
              <span class="dim wide">{ago(entry.at, nowMs)}</span>
            </td>
            <td>
              {entry.actor ?? "nobody named"} <span class="dim wide">{entry.address ?? ""}</span>
            </td>
            <td>
              <code>{entry.request}</code>
              <Diff diff={entry.diff} />
            </td>
            <td class={entry.outcome === "OK" ? "" : "ink bad"}>
              {entry.outcome}
              {entry.is_dry_run && <span class="mark">dry run</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
