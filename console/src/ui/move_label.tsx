import { useState } from "preact/hooks";

import type { Change, Model } from "../logic/types.ts";
import { labelPath, type ChangeRequest } from "../net/api.ts";
import type { Live } from "../net/live.ts";
import { Buttons, Dialog } from "./dialog.tsx";
import { Text } from "./model_form.tsx";
import { useNotify } from "./notices.tsx";
import { Preview } from "./preview.tsx";

interface Props {
  live: Live;
  model: Model;
  /** What is chosen at first. */
  version: number;
  label: string;
  onClose: () => void;
}

export function MoveLabel({ live, model, version: firstVersion, label: firstLabel, onClose }: Props) {
  const notify = useNotify();
  const [label, setLabel] = useState(firstLabel);
  const [version, setVersion] = useState(firstVersion);
  const [request, setRequest] = useState<ChangeRequest | null>(null);
  const name = label.trim();
  const next = (event: Event): void => {
    event.preventDefault();
    if (name) setRequest({ method: "PUT", path: labelPath(model.name, name), body: { version } });
  };
  const finish = (change: Change): void => {
    live.accept(change.model);
    notify("done", `${name} is version ${version} of ${model.name}`);
    onClose();
  };
  return (
    <Dialog title={`Move a label of ${model.name}`} onClose={onClose}>
      {request ? (
        <Preview
          live={live}
          request={request}
          verb="Move"
          onDone={finish}
          onClose={onClose}
          onBack={() => setRequest(null)}
        />
      ) : (
        <form onSubmit={next}>
          <div class="fields">
            <Text
              label="Label"
              value={label}
              onInput={setLabel}
              list={Object.keys(model.version_labels)}
              hint="One of the model's, or a new one"
            />
            <label>
              Version
              <select value={version} onChange={(event) => setVersion(Number(event.currentTarget.value))}>
                {model.versions.map((one) => (
                  <option value={one.version}>
                    {one.version}, {one.state.toLowerCase()}
                  </option>
                ))}
              </select>
            </label>
          </div>
          <Buttons>
            <button type="button" onClick={onClose}>
              Cancel
            </button>
            <button type="submit" class="main" disabled={!name}>
              Next: what changes
            </button>
          </Buttons>
        </form>
      )}
    </Dialog>
  );
}
