// The table of models: fifty at a time, so that thousands are no burden.

import { bytes, counted, duration, number } from "../logic/format.ts";
import { writeRoute, type ListView, type Sort } from "../logic/route.ts";
import { numAvailable, type Page, type Row } from "../logic/rows.ts";
import { Badge } from "./badge.tsx";

interface Column {
  sort: Sort;
  name: string;
  isFigure?: boolean;
  /** Left out where there is no room. */
  isWide?: boolean;
  /** Whether the largest are of most interest. */
  isDescending?: boolean;
}

const COLUMNS: readonly Column[] = [
  { sort: "name", name: "Model" },
  { sort: "status", name: "Status" },
  { sort: "versions", name: "Versions", isWide: true, isDescending: true },
  { sort: "traffic", name: "Requests/s", isFigure: true, isDescending: true },
  { sort: "errors", name: "Errors/s", isFigure: true, isWide: true, isDescending: true },
  { sort: "latency", name: "p99", isFigure: true, isWide: true, isDescending: true },
  { sort: "memory", name: "Memory", isFigure: true, isWide: true, isDescending: true },
];

interface Props {
  page: Page;
  view: ListView;
  show: (more: Partial<ListView>) => void;
  hasModels: boolean;
}

export function ModelTable({ page, view, show, hasModels }: Props) {
  if (page.numFound === 0) return <Nothing hasModels={hasModels} show={show} />;
  return (
    <>
      <table class="models">
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <Head column={column} view={view} show={show} />
            ))}
          </tr>
        </thead>
        <tbody>
          {page.rows.map((row) => (
            <ModelRow key={row.model.name} row={row} />
          ))}
        </tbody>
      </table>
      {page.numPages > 1 && <Pages page={page} show={show} />}
    </>
  );
}

function Head({ column, view, show }: { column: Column; view: ListView; show: Props["show"] }) {
  const isSorted = view.sort === column.sort;
  const turn = (): void =>
    show({ sort: column.sort, isDescending: isSorted ? !view.isDescending : (column.isDescending ?? false) });
  const order = isSorted ? (view.isDescending ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" class={classOf(column)} aria-sort={order}>
      <button type="button" class="head" onClick={turn}>
        {column.name}
        <span aria-hidden="true">{isSorted ? (view.isDescending ? " ↓" : " ↑") : ""}</span>
      </button>
    </th>
  );
}

function classOf(column: Column): string {
  return `${column.isFigure ? "figure" : ""} ${column.isWide ? "wide" : ""}`.trim();
}

function ModelRow({ row }: { row: Row }) {
  const { model } = row;
  return (
    <tr>
      <th scope="row">
        <a href={writeRoute({ at: "model", name: model.name })}>{model.name}</a>
        {model.is_pinned && <span class="mark">pinned</span>}
        {model.source === "program" && <span class="mark">of the program</span>}
        {model.reason && <span class="why">{model.reason.message}</span>}
      </th>
      <td>
        <Badge state={model.status} />
      </td>
      <td class="wide">
        <Versions row={row} />
      </td>
      <td class="figure">{number(row.requestsPerS)}</td>
      <td class={`figure wide ${row.errorsPerS ? "ink bad" : ""}`}>{number(row.errorsPerS)}</td>
      <td class="figure wide">{duration(row.p99)}</td>
      <td class="figure wide">{bytes(row.memoryBytes)}</td>
    </tr>
  );
}

function Versions({ row }: { row: Row }) {
  const available = row.model.versions.filter((version) => version.state === "AVAILABLE");
  const others = row.model.versions.length - numAvailable(row.model);
  return (
    <>
      {available.slice(0, 4).map(({ version, labels }) => (
        <span class="version">
          {version}
          {labels.map((label) => (
            <span class="label">{label}</span>
          ))}
        </span>
      ))}
      {available.length > 4 && <span class="dim">and {available.length - 4} more </span>}
      {others > 0 && <span class="dim">{available.length > 0 ? `+ ${others} not serving` : `${others} not serving`}</span>}
    </>
  );
}

function Pages({ page, show }: { page: Page; show: Props["show"] }) {
  return (
    <nav class="pages" aria-label="Pages of models">
      <button type="button" disabled={page.page === 0} onClick={() => show({ page: page.page - 1 })}>
        Previous
      </button>
      <span aria-live="polite">
        Page {page.page + 1} of {page.numPages}, {counted(page.numFound, "model")}
      </span>
      <button type="button" disabled={page.page + 1 >= page.numPages} onClick={() => show({ page: page.page + 1 })}>
        Next
      </button>
    </nav>
  );
}

function Nothing({ hasModels, show }: { hasModels: boolean; show: Props["show"] }) {
  if (!hasModels) {
    return (
      <div class="empty">
        <p>No model is configured.</p>
        <p class="dim">Add one above, with salver ctl load, or in the model config file.</p>
      </div>
    );
  }
  return (
    <div class="empty">
      <p>No model is like that.</p>
      <button type="button" onClick={() => show({ filter: "", status: "" })}>
        Show all
      </button>
    </div>
  );
}
