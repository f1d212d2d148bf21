import type { Change } from "../logic/types.ts";
import type { ChangeRequest } from "../net/api.ts";
import type { Live } from "../net/live.ts";
import { Dialog } from "./dialog.tsx";
import { useNotify } from "./notices.tsx";
import { Preview } from "./preview.tsx";

/** A change that needs no more to be said than which it is. */
export interface Planned {
  title: string;
  verb: string;
  /** What is said once it is done. */
  done: string;
  request: ChangeRequest;
  isDangerous?: boolean;
  /** What else the operator should know. */
  note?: string;
}

interface Props {
  live: Live;
  planned: Planned;
  onDone?: (change: Change) => void;
  onClose: () => void;
}

export function ChangeDialog({ live, planned, onDone, onClose }: Props) {
  const notify = useNotify();
  const finish = (change: Change): void => {
    live.accept(change.model);
    notify("done", planned.done);
    onClose();
    onDone?.(change);
  };
  return (
    <Dialog title={planned.title} onClose={onClose}>
      {planned.note && <p>{planned.note}</p>}
      <Preview
        live={live}
        request={planned.request}
        verb={planned.verb}
        isDangerous={planned.isDangerous ?? false}
        onDone={finish}
        onClose={onClose}
      />
    </Dialog>
  );
}
