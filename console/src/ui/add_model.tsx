import { useState } from "preact/hooks";

import { EMPTY_FORM, formOf, patchOf, specOf } from "../logic/model_form.ts";
import type { Change, Model } from "../logic/types.ts";
import { modelPath, type ChangeRequest } from "../net/api.ts";
import type { Live } from "../net/live.ts";
import type { Go } from "./app.tsx";
import { Dialog } from "./dialog.tsx";
import { ModelFields } from "./model_form.tsx";
import { useNotify } from "./notices.tsx";
import { Preview } from "./preview.tsx";

export function AddModel({ live, go, onClose }: { live: Live; go: Go; onClose: () => void }) {
  const notify = useNotify();
  const [form, setForm] = useState(EMPTY_FORM);
  const finish = (change: Change): void => {
    live.accept(change.model);
    const name = form.name.trim();
    notify("done", `${name} was added; its versions are loading`);
    onClose();
    go({ at: "model", name });
  };
  return (
    <TwoSteps
      live={live}
      title="Add a model"
      verb="Add"
      fields={{ form, setForm, isNew: true }}
      request={() => ({ method: "POST", path: "/v1/models", body: specOf(form) })}
      onDone={finish}
      onClose={onClose}
    />
  );
}

export function EditModel({ live, model, onClose }: { live: Live; model: Model; onClose: () => void }) {
  const notify = useNotify();
  const [form, setForm] = useState(() => formOf(model));
  const finish = (change: Change): void => {
    live.accept(change.model);
    notify("done", `${model.name} was changed`);
    onClose();
  };
  return (
    <TwoSteps
      live={live}
      title={`Edit ${model.name}`}
      verb="Change"
      fields={{ form, setForm, isNew: false }}
      request={() => ({ method: "PATCH", path: modelPath(model.name), body: patchOf(model, form) })}
      onDone={finish}
      onClose={onClose}
    />
  );
}

interface Props {
  live: Live;
  title: string;
  verb: string;
  fields: Pick<Parameters<typeof ModelFields>[0], "form" | "setForm" | "isNew">;
  request: () => ChangeRequest;
  onDone: (change: Change) => void;
  onClose: () => void;
}

/** A form, then what it would change; what was written stays when one goes back. */
function TwoSteps({ live, title, verb, fields, request, onDone, onClose }: Props) {
  const [isWritten, setIsWritten] = useState(false);
  const platforms = [...new Set(["tensorflow", "tflite", "python", ...live.modelList.map((model) => model.platform)])];
  return (
    <Dialog title={title} onClose={onClose}>
      {isWritten ? (
        <Preview
          live={live}
          request={request()}
          verb={verb}
          onDone={onDone}
          onClose={onClose}
          onBack={() => setIsWritten(false)}
        />
      ) : (
        <ModelFields {...fields} platforms={platforms} onNext={() => setIsWritten(true)} onClose={onClose} />
      )}
    </Dialog>
  );
}
