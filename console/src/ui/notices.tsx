// What came of what was done: shown for a while at the lower edge, errors until they are put away.

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";

import { ApiError } from "../net/api.ts";

export interface Notice {
  id: number;
  kind: "done" | "failed";
  text: string;
}

export type Notify = (kind: Notice["kind"], text: string) => void;

const LASTS_MS = 6_000;
const MAX_NOTICES = 4;
const Context = createContext<Notify>(() => {});

export const useNotify = (): Notify => useContext(Context);

/** An error as the server said it. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return `${error.code}: ${error.message}`;
  return "The server did not answer";
}

export function Notices({ children }: { children: preact.ComponentChildren }) {
  const [notices, setNotices] = useState<Notice[]>([]);
  const close = (id: number): void => setNotices((shown) => shown.filter((notice) => notice.id !== id));
  const notify: Notify = (kind, text) => {
    const notice = { id: performance.now(), kind, text };
    setNotices((shown) => [...shown.slice(1 - MAX_NOTICES), notice]);
  };
  return (
    <Context.Provider value={notify}>
      {children}
      <div class="notices" role="status" aria-live="polite">
        {notices.map((notice) => (
          <One key={notice.id} notice={notice} onClose={() => close(notice.id)} />
        ))}
      </div>
    </Context.Provider>
  );
}

function One({ notice, onClose }: { notice: Notice; onClose: () => void }) {
  useEffect(() => {
    if (notice.kind === "failed") return;
    const timer = window.setTimeout(onClose, LASTS_MS);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <div class={`notice ${notice.kind}`}>
      <span>{notice.text}</span>
      <button type="button" class="quiet" aria-label="Put this notice away" onClick={onClose}>
        ×
      </button>
    </div>
  );
}
