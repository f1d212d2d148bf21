// Light, dark or what the system says; kept in this browser.

export type Theme = "system" | "light" | "dark";

const KEY = "salver-theme";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function theme(): Theme {
  const kept = storage()?.getItem(KEY);
  return THEMES.find((one) => one === kept) ?? "system";
}

export function applyTheme(chosen: Theme = theme()): void {
  storage()?.setItem(KEY, chosen);
  document.documentElement.dataset["theme"] = chosen;
}

function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null; // switched off by the user: the choice lasts as long as the page
  }
}
