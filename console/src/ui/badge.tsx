// A state as a word with a shape beside it: no meaning is in the colour alone.

const KINDS: Record<string, string> = {
  AVAILABLE: "good",
  SERVING: "good",
  LOADING: "busy",
  START: "busy",
  STARTING: "busy",
  UNLOADING: "busy",
  DRAINING: "busy",
  FAILED: "bad",
  END: "none",
  EMPTY: "none",
};

export function kindOf(state: string): string {
  return KINDS[state] ?? "none";
}

export function Badge({ state }: { state: string }) {
  const kind = kindOf(state);
  return (
    <span class={`badge ${kind}`}>
      <Shape kind={kind} />
      {state.charAt(0) + state.slice(1).toLowerCase()}
    </span>
  );
}

export function Shape({ kind }: { kind: string }) {
  return (
    <svg class="shape" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
      {kind === "good" && <circle cx="5" cy="5" r="4" fill="currentColor" />}
      {kind === "busy" && <path d="M5 1a4 4 0 1 1-4 4" fill="none" stroke="currentColor" stroke-width="2" />}
      {kind === "bad" && <path d="M5 .8 9.600 9.200H.4z" fill="currentColor" />}
      {kind === "none" && <circle cx="5" cy="5" r="3.400" fill="none" stroke="currentColor" stroke-width="1.400" />}
    </svg>
  );
}
