// What came of batching, for each signature of each version that serves.

import { counted, duration, number, percent } from "../logic/format.ts";
import type { BatchingReport } from "../logic/types.ts";
import { Share } from "./phases.tsx";

export function Batching({ reports }: { reports: BatchingReport[] | null }) {
  const on = (reports ?? []).filter((report) => report.mode !== "off");
  const busy = on.filter(hasRequests);
  return (
    <section aria-labelledby="batching">
      <h2 id="batching">Batching</h2>
      {on.length === 0 && <None reports={reports} />}
      {busy.map((report) => (
        <Report key={`${report.version} ${report.signature}`} report={report} />
      ))}
      {busy.length < on.length && (
        <p class="empty small">
          {counted(on.length - busy.length, "signature")} {busy.length > 0 && "more "}that no request came for,{" "}
          {modes(on)}
        </p>
      )}
    </section>
  );
}

function hasRequests(report: BatchingReport): boolean {
  const numRefused = Object.values(report.refusals).reduce((sum, count) => sum + count, 0);
  return report.num_requests + report.num_in_flight + report.num_queued_rows + numRefused > 0;
}

function modes(reports: BatchingReport[]): string {
  return [...new Set(reports.map((report) => report.mode))].join(" and ");
}

function None({ reports }: { reports: BatchingReport[] | null }) {
  if (reports === null) return <p class="empty small">Nothing is known of it.</p>;
  if (reports.length === 0) return <p class="empty small">No version serves.</p>;
  return <p class="empty small">Off: each request runs alone. The flag --enable_batching joins them.</p>;
}

function Report({ report }: { report: BatchingReport }) {
  const { policy } = report;
  const goal = policy.latency_slo_s ? `, 99 of 100 requests within ${duration(policy.latency_slo_s)}` : "";
  const wait = policy.batch_timeout_s > 0 ? `, waiting ${duration(policy.batch_timeout_s)} at most` : "";
  return (
    <div class="report">
      <h3>
        Version {report.version}, {report.signature}
        <span class="dim">
          {" "}
          {report.mode}: up to {number(policy.max_batch_size)} rows a batch
          {goal}
          {report.mode === "static" ? wait : ""}
        </span>
      </h3>
      <dl class="facts">
        <Fact name="Now">
          {number(report.num_in_flight)} running, {number(report.num_queued_rows)} rows waiting
        </Fact>
        <Fact name="Batches">
          {number(report.num_batches)} of {number(report.num_requests)} requests
        </Fact>
        <Fact name="Rows a batch">{number(report.num_batches ? report.num_rows / report.num_batches : null)}</Fact>
        <Fact name="Padding">{percent(report.num_padding_rows, report.num_rows + report.num_padding_rows)}</Fact>
        <Fact name="Wait p50, p99">
          {duration(report.wait?.p50_s)}, {duration(report.wait?.p99_s)}
        </Fact>
        <Fact name="Run p50, p99">
          {duration(report.run?.p50_s)}, {duration(report.run?.p99_s)}
        </Fact>
      </dl>
      <div class="pair">
        <Counts title="Why batches left" counts={report.departures} />
        <Counts title="Why requests did not run" counts={report.refusals} />
      </div>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Counts({ title, counts }: { title: string; counts: Record<string, number> }) {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  if (some.length === 0) return null;
  const whole = some.reduce((sum, [, count]) => sum + count, 0);
  return (
    <table>
      <caption>{title}</caption>
      <tbody>
        {some
          .sort(([, a], [, b]) => b - a)
          .map(([reason, count]) => (
            <tr>
              <th scope="row">{reason.replaceAll("_", " ")}</th>
              <td>
                <Share part={count} whole={whole} />
              </td>
              <td class="figure">{number(count)}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
