import { useState } from "preact/hooks";

import { bytes, counted, span } from "../logic/format.ts";
import { FIRST_VIEW, writeRoute, type Route } from "../logic/route.ts";
import type { Live } from "../net/live.ts";
import { Badge } from "./badge.tsx";
import { THEMES, applyTheme, theme, type Theme } from "./theme.ts";

const PLACES: readonly (readonly [string, Route])[] = [
  ["Models", { at: "models", view: FIRST_VIEW }],
  ["Events", { at: "events", filter: "" }],
  ["Audit", { at: "audit" }],
];

export function Header({ live, route }: { live: Live; route: Route }) {
  return (
    <header class="top">
      <a class="brand" href="#/models">
        <img src="icon.svg" alt="" width="22" height="22" />
        Salver
      </a>
      <nav aria-label="Pages">
        {PLACES.map(([name, to]) => (
          <a href={writeRoute(to)} aria-current={isAt(route, to) ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <ServerState live={live} />
      <ThemeChoice />
    </header>
  );
}

function isAt(route: Route, to: Route): boolean {
  return route.at === to.at || (route.at === "model" && to.at === "models");
}

function ServerState({ live }: { live: Live }) {
  const { server } = live;
  if (!server) return <div class="server" />;
  return (
    <div class="server">
      {live.connection === "lost" ? <Badge state="LOST" /> : <Badge state={server.state} />}
      <span class="dim wide" title={`Process ${server.pid}, Python ${server.python_version}`}>
        {server.version} · up {span(server.uptime_s)} · {bytes(server.resident_bytes)} resident ·{" "}
        {counted(server.num_models, "model")}
      </span>
    </div>
  );
}

function ThemeChoice() {
  const [chosen, setChosen] = useState(theme);
  const choose = (next: Theme): void => {
    applyTheme(next);
    setChosen(next);
  };
  return (
    <label class="theme">
      <span class="unseen">Colours</span>
      <select value={chosen} onChange={(event) => choose(event.currentTarget.value as Theme)}>
        {THEMES.map((one) => (
          <option value={one}>{one === "system" ? "System" : one === "light" ? "Light" : "Dark"}</option>
        ))}
      </select>
    </label>
  );
}
