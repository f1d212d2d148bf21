// What is shown is in the address after `#`, so that a reload, a bookmark or a link leads to the same place.

export type Sort = "name" | "status" | "versions" | "traffic" | "errors" | "latency" | "memory";

export interface ListView {
  filter: string;
  status: string;
  sort: Sort;
  isDescending: boolean;
  /** From 0. */
  page: number;
}

export type Route =
  | { at: "models"; view: ListView }
  | { at: "model"; name: string }
  | { at: "events"; filter: string }
  | { at: "audit" };

const SORTS: readonly Sort[] = ["name", "status", "versions", "traffic", "errors", "latency", "memory"];
export const FIRST_VIEW: ListView = { filter: "", status: "", sort: "name", isDescending: false, page: 0 };

export function readRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const asked = new URLSearchParams(query);
  const [, first = "", second = ""] = path.split("/");
  if (first === "models" && second) return { at: "model", name: decoded(second) };
  if (first === "events") return { at: "events", filter: asked.get("filter") ?? "" };
  if (first === "audit") return { at: "audit" };
  return { at: "models", view: readView(asked) };
}

export function writeRoute(route: Route): string {
  switch (route.at) {
    case "model":
      return `#/models/${encodeURIComponent(route.name)}`;
    case "events":
      return `#/events${query({ filter: route.filter })}`;
    case "audit":
      return "#/audit";
    case "models": {
      const { filter, status, sort, isDescending, page } = route.view;
      const order = sort === "name" && !isDescending ? "" : `${isDescending ? "-" : ""}${sort}`;
      return `#/models${query({ filter, status, sort: order, page: page > 0 ? String(page + 1) : "" })}`;
    }
  }
}

function readView(asked: URLSearchParams): ListView {
  const order = asked.get("sort") ?? "";
  const sort = SORTS.find((one) => one === order.replace(/^-/, "")) ?? "name";
  const page = Number.parseInt(asked.get("page") ?? "1", 10);
  return {
    filter: asked.get("filter") ?? "",
    status: asked.get("status") ?? "",
    sort,
    isDescending: order.startsWith("-"),
    page: page > 0 ? page - 1 : 0,
  };
}

function query(given: Record<string, string>): string {
  const text = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== "")).toString();
  return text ? `?${text}` : "";
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
