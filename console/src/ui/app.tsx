import { useEffect, useRef } from "preact/hooks";

import { writeRoute, type Route } from "../logic/route.ts";
import type { Live } from "../net/live.ts";
import { Announcer } from "./announcer.tsx";
import { AuditPage } from "./audit_page.tsx";
import { EventsPage } from "./events_page.tsx";
import { Header } from "./header.tsx";
import { useLive, useRoute } from "./hooks.ts";
import { ModelPage } from "./model_page.tsx";
import { ModelsPage } from "./models_page.tsx";
import { Notices } from "./notices.tsx";

export type Go = (route: Route, isReplacing?: boolean) => void;

export function App({ live }: { live: Live }) {
  useLive(live);
  const [route, go] = useRoute();
  const main = useRef<HTMLElement>(null);
  const place = route.at === "model" ? writeRoute(route) : route.at;
  const first = useRef(place);
  useEffect(() => {
    document.title = `${route.at === "model" ? route.name : { models: "Models", events: "Events", audit: "Audit" }[route.at]} · Salver`;
    live.watch(route.at === "model" ? route.name : null);
    // A new page begins at its heading, for those who read with their ears too.
    if (first.current !== place) main.current?.querySelector<HTMLElement>("h1")?.focus();
    first.current = place;
  }, [place]);
  return (
    <Notices>
      <a class="skip" href="#content" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <Header live={live} route={route} />
      <Disconnected live={live} />
      <main id="content" ref={main} tabIndex={-1} class={live.connection === "lost" ? "old" : ""}>
        {live.server ? <Content live={live} route={route} go={go} /> : <Waiting live={live} />}
      </main>
      <Announcer live={live} />
    </Notices>
  );
}

function Content({ live, route, go }: { live: Live; route: Route; go: Go }) {
  switch (route.at) {
    case "models":
      return <ModelsPage live={live} view={route.view} go={go} />;
    case "model":
      return <ModelPage key={route.name} live={live} name={route.name} go={go} />;
    case "events":
      return <EventsPage live={live} filter={route.filter} go={go} />;
    case "audit":
      return <AuditPage live={live} />;
  }
}

function Disconnected({ live }: { live: Live }) {
  const isLost = live.connection === "lost";
  return (
    <div role="alert">
      {isLost && (
        <p class="banner">
          <strong>{live.problem ? "The server refuses." : "The server does not answer."}</strong>{" "}
          {live.problem || "It may be starting anew."} This page tries again by itself
          {live.server ? "; what it shows is from before." : "."}
        </p>
      )}
    </div>
  );
}

function Waiting({ live }: { live: Live }) {
  return (
    <div class="waiting">
      <h1 tabIndex={-1}>{live.connection === "lost" ? "No answer yet" : "Asking the server…"}</h1>
      <p class="dim">What is served comes here as soon as the server answers.</p>
    </div>
  );
}
