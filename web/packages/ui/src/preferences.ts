/** Theme and language of this browser profile: kept in localStorage, shown on <html>. */
import { chooseLocale, directionOf, locales, type Locale } from "./texts.tsx";

export type Theme = "system" | "light" | "dark";

export interface Preferences {
  theme: Theme;
  locale: Locale;
}

const key = "hearth.preferences";

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((each) => each === value);
}

export function readPreferences(
  storage: Pick<Storage, "getItem">,
  languages: readonly string[],
): Preferences {
  let stored: Partial<Record<keyof Preferences, unknown>> = {};
  try {
    stored = JSON.parse(storage.getItem(key) ?? "{}") as typeof stored;
  } catch {
    // Unreadable or forbidden storage: the defaults do.
  }
  return {
    theme: oneOf(stored.theme, ["system", "light", "dark"]) ?? "system",
    locale: oneOf(stored.locale, locales) ?? chooseLocale(languages),
  };
}

export function writePreferences(storage: Pick<Storage, "setItem">, preferences: Preferences): void {
  try {
    storage.setItem(key, JSON.stringify(preferences));
  } catch {
    // A full or forbidden storage only costs the memory of the choice.
  }
}

export function showPreferences(preferences: Preferences, page: Document): void {
  const html = page.documentElement;
  html.lang = preferences.locale;
  html.dir = directionOf(preferences.locale);
  if (preferences.theme === "system") delete html.dataset.theme;
  else html.dataset.theme = preferences.theme;
}
