// Before a change: what it would do, as the server says, and a button that does it. The change is sent with the tag of the
// configuration that was looked at; where somebody else was faster, nothing is changed and the new state is shown.

import { useEffect, useRef, useState } from "preact/hooks";

import type { Change, Difference } from "../logic/types.ts";
import { ApiError, send, type ChangeRequest } from "../net/api.ts";
import type { Live } from "../net/live.ts";
import { Diff } from "./diff.tsx";
import { Buttons } from "./dialog.tsx";
import { errorText } from "./notices.tsx";

interface Props {
  live: Live;
  request: ChangeRequest;
  /** The word on the button. */
  verb: string;
  isDangerous?: boolean;
  onDone: (change: Change) => void;
  onClose: () => void;
  /** Where the request was written by hand: leads back to it. */
  onBack?: () => void;
}

interface Shown {
  change: Change | null;
  problem: string;
  isConflict: boolean;
  isBusy: boolean;
}

export function Preview({ live, request, verb, isDangerous, onDone, onClose, onBack }: Props) {
  const [shown, setShown] = useState<Shown>({ change: null, problem: "", isConflict: false, isBusy: true });
  const lastSeen = useRef(live.events.at(-1)?.id ?? 0);
  const confirm = useRef<HTMLButtonElement>(null);

  const look = async (isConflict: boolean): Promise<void> => {
    try {
      const change = await send<Change>(request, { dryRun: true });
      setShown({ change, problem: "", isConflict, isBusy: false });
    } catch (error) {
      setShown({ change: null, problem: errorText(error), isConflict, isBusy: false });
    }
  };
  const apply = async (): Promise<void> => {
    if (!shown.change) return;
    setShown({ ...shown, isBusy: true, problem: "" });
    try {
      onDone(await send<Change>(request, { etag: shown.change.etag }));
    } catch (error) {
      if (error instanceof ApiError && error.isConflict) await look(true);
      else setShown({ ...shown, isBusy: false, problem: errorText(error) });
    }
  };
  useEffect(() => void look(false), []);
  useEffect(() => confirm.current?.focus(), [shown.change]);

  const { change } = shown;
  return (
    <>
      <div aria-live="polite">
        {shown.isBusy && !change && <p class="dim">Asking what this would change…</p>}
        {shown.isConflict && <Conflict others={othersSince(live, lastSeen.current)} />}
        {change && <What change={change} />}
        {shown.problem && (
          <p class="problem" role="alert">
            {shown.problem}
          </p>
        )}
      </div>
      <Buttons>
        {onBack && (
          <button type="button" onClick={onBack}>
            Back
          </button>
        )}
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        {change?.is_changed && (
          <button
            type="button"
            ref={confirm}
            class={isDangerous ? "main danger" : "main"}
            disabled={shown.isBusy}
            onClick={() => void apply()}
          >
            {shown.isBusy ? "Changing…" : shown.isConflict ? `${verb} all the same` : verb}
          </button>
        )}
      </Buttons>
    </>
  );
}

function What({ change }: { change: Change }) {
  if (!change.is_changed) return <p>Nothing would change: this is so already.</p>;
  return (
    <>
      <p class="dim">This changes the configuration:</p>
      <Diff diff={change.diff} most={500} />
    </>
  );
}

function Conflict({ others }: { others: Difference[] }) {
  return (
    <div class="problem">
      <p>Somebody else changed the configuration meanwhile; nothing was changed by you.</p>
      {others.length > 0 && <Diff diff={others} />}
    </div>
  );
}

function othersSince(live: Live, id: number): Difference[] {
  return live.events.filter((event) => event.type === "config" && event.id > id).flatMap((event) => event.diff ?? []);
}
