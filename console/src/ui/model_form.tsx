import { problemOf, type ModelForm } from "../logic/model_form.ts";
import { Buttons } from "./dialog.tsx";

interface Props {
  form: ModelForm;
  setForm: (form: ModelForm) => void;
  isNew: boolean;
  platforms: string[];
  onNext: () => void;
  onClose: () => void;
}

const POLICIES: readonly (readonly [ModelForm["policy"], string])[] = [
  ["latest", "The latest"],
  ["all", "All"],
  ["specific", "Specific ones"],
];

export function ModelFields({ form, setForm, isNew, platforms, onNext, onClose }: Props) {
  const set = (more: Partial<ModelForm>): void => setForm({ ...form, ...more });
  const problem = problemOf(form);
  return (
    <form onSubmit={(event) => (event.preventDefault(), problem || onNext())}>
      <div class="fields">
        {isNew && (
          <Text label="Name" value={form.name} onInput={(name) => set({ name })} hint="What clients ask for" />
        )}
        <Text
          label="Base path"
          value={form.basePath}
          onInput={(basePath) => set({ basePath })}
          hint="The folder, on the server, that has a folder for each version"
        />
        <Text label="Platform" value={form.platform} onInput={(platform) => set({ platform })} list={platforms} />
        <VersionFields form={form} set={set} />
        <label>
          Order of a change
          <select value={form.aspired} onChange={(event) => set({ aspired: event.currentTarget.value })}>
            <option value="">as the server is set</option>
            <option value="availability_preserving">load the new version, then unload the old one</option>
            <option value="resource_preserving">unload the old version, then load the new one</option>
          </select>
        </label>
      </div>
      <p class="hint" aria-live="polite">
        {problem}
      </p>
      <Buttons>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="main" disabled={problem !== ""}>
          Next: what changes
        </button>
      </Buttons>
    </form>
  );
}

function VersionFields({ form, set }: { form: ModelForm; set: (more: Partial<ModelForm>) => void }) {
  return (
    <fieldset>
      <legend>Versions to serve</legend>
      <select
        aria-label="Which versions"
        value={form.policy}
        onChange={(event) => set({ policy: event.currentTarget.value as ModelForm["policy"] })}
      >
        {POLICIES.map(([policy, name]) => (
          <option value={policy}>{name}</option>
        ))}
      </select>
      {form.policy === "latest" && (
        <input
          aria-label="How many"
          inputMode="numeric"
          value={form.numVersions}
          onInput={(event) => set({ numVersions: event.currentTarget.value })}
        />
      )}
      {form.policy === "specific" && (
        <input
          aria-label="Version numbers"
          placeholder="1, 3"
          value={form.versions}
          onInput={(event) => set({ versions: event.currentTarget.value })}
        />
      )}
    </fieldset>
  );
}

interface TextProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: string;
  list?: string[];
}

export function Text({ label, value, onInput, hint, list }: TextProps) {
  const id = `list-${label.replaceAll(" ", "-")}`;
  return (
    <label>
      {label}
      <input
        value={value}
        autoComplete="off"
        spellcheck={false}
        list={list ? id : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {hint && <span class="hint">{hint}</span>}
      {list && (
        <datalist id={id}>
          {list.map((item) => (
            <option value={item} />
          ))}
        </datalist>
      )}
    </label>
  );
}
