// What is written in the form of a model, and the specification that it stands for.

import type { Model, ModelSpec, VersionPolicy } from "./types.ts";

export interface ModelForm {
  name: string;
  basePath: string;
  platform: string;
  policy: "latest" | "all" | "specific";
  numVersions: string;
  versions: string;
  aspired: string;
}

export const EMPTY_FORM: ModelForm = {
  name: "",
  basePath: "",
  platform: "tensorflow",
  policy: "latest",
  numVersions: "1",
  versions: "",
  aspired: "",
};

export function formOf(model: Model): ModelForm {
  const policy = model.version_policy;
  return {
    name: model.name,
    basePath: model.base_path,
    platform: model.platform,
    policy: "latest" in policy ? "latest" : "specific" in policy ? "specific" : "all",
    numVersions: "latest" in policy ? String(policy.latest.num_versions) : "1",
    versions: "specific" in policy ? policy.specific.versions.join(", ") : "",
    aspired: model.aspired_version_policy ?? "",
  };
}

/** What is wrong by itself; the server checks all the rest. */
export function problemOf(form: ModelForm): string {
  if (!form.name.trim()) return "The model needs a name.";
  if (!form.basePath.trim()) return "The model needs a base path.";
  if (form.policy === "latest" && !/^[1-9]\d{0,8}$/.test(form.numVersions.trim())) {
    return "The number of versions must be a whole number above 0.";
  }
  if (form.policy === "specific" && versionsOf(form.versions) === null) {
    return "The versions must be whole numbers, with commas between them.";
  }
  return "";
}

export function specOf(form: ModelForm): Omit<ModelSpec, "version_labels"> {
  return {
    name: form.name.trim(),
    base_path: form.basePath.trim(),
    platform: form.platform.trim() || "tensorflow",
    version_policy: policyOf(form),
    aspired_version_policy: form.aspired || null,
  };
}

/** The patch that makes this form of the model; a version policy is replaced as a whole. */
export function patchOf(model: Model, form: ModelForm): Record<string, unknown> {
  const { name: _, ...wanted } = specOf(form);
  const patch: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(wanted)) {
    const present = model[field as keyof Model];
    if (JSON.stringify(value) === JSON.stringify(present)) continue;
    patch[field] = value;
  }
  return patch;
}

function policyOf(form: ModelForm): VersionPolicy {
  switch (form.policy) {
    case "latest":
      return { latest: { num_versions: Number(form.numVersions) } };
    case "specific":
      return { specific: { versions: versionsOf(form.versions) ?? [] } };
    case "all":
      return { all: {} };
  }
}

function versionsOf(text: string): number[] | null {
  const parts = text.split(/[\s,]+/).filter(Boolean);
  return parts.length > 0 && parts.every((part) => /^\d{1,15}$/.test(part)) ? parts.map(Number) : null;
}
