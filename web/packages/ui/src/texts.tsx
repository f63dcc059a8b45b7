/**
 * Texts: ICU messages by key, one catalogue a language. English is in the bundle and defines the keys, so a missing
 * German or Arabic text is a type error; the others are loaded when chosen.
 */
import { setupI18n, type I18n } from "@lingui/core";
import { compileMessage } from "@lingui/message-utils/compileMessage";
import { createContext, useContext, useSyncExternalStore, type ReactNode } from "react";
import { I18nProvider as AriaLocale } from "react-aria-components";

export const locales = ["en", "de", "ar"] as const;
export type Locale = (typeof locales)[number];

/** What each language calls itself. */
export const localeNames: Record<Locale, string> = { en: "English", de: "Deutsch", ar: "العربية" };

export type Values = Record<string, string | number | Date>;
export type Loader = (locale: Locale) => Promise<Record<string, string>>;

export function directionOf(locale: Locale): "ltr" | "rtl" {
  return locale === "ar" ? "rtl" : "ltr";
}

/** The best of our languages for what the browser asks for. */
export function chooseLocale(wanted: readonly string[]): Locale {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split("-")[0];
    const found = locales.find((locale) => locale === base);
    if (found) return found;
  }
  return "en";
}

export class Texts {
  readonly #i18n: I18n;
  readonly #load: Loader;
  readonly #listeners = new Set<() => void>();
  #wanted: Locale = "en";

  constructor(english: Record<string, string>, load: Loader) {
    this.#i18n = setupI18n({ locale: "en", messages: { en: english } });
    this.#i18n.setMessagesCompiler(compileMessage);
    this.#load = load;
  }

  get locale(): Locale {
    return this.#i18n.locale as Locale;
  }

  /** Switches language; the last call wins when several are under way. */
  async use(locale: Locale): Promise<void> {
    this.#wanted = locale;
    if (!(locale in this.#i18n.messages) && locale !== "en") {
      const messages = await this.#load(locale);
      this.#i18n.load(locale, messages);
    }
    if (this.#wanted !== locale) return;
    this.#i18n.activate(locale);
    for (const listener of this.#listeners) listener();
  }

  readonly say = (key: string, values?: Values): string => this.#i18n._(key, values);

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  date(time: number, options: Intl.DateTimeFormatOptions = { dateStyle: "medium" }): string {
    return new Intl.DateTimeFormat(this.locale, options).format(time);
  }

  number(value: number, options?: Intl.NumberFormatOptions): string {
    return new Intl.NumberFormat(this.locale, options).format(value);
  }

  /** "just now", "5 minutes ago", "yesterday", then the date. Times in milliseconds. */
  ago(time: number, now: number): string {
    const relative = new Intl.RelativeTimeFormat(this.locale, { numeric: "auto" });
    const seconds = Math.round((time - now) / 1000);
    const minutes = Math.round(seconds / 60);
    const hours = Math.round(minutes / 60);
    const days = Math.round(hours / 24);
    if (minutes > -1) return relative.format(0, "second");
    if (hours > -1) return relative.format(minutes, "minute");
    if (days > -1) return relative.format(hours, "hour");
    if (days > -7) return relative.format(days, "day");
    return this.date(time);
  }

  /** Bytes as people say them: "3.4 MB". Powers of 1000, as the labels of disks do. */
  size(bytes: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
    let step = 0;
    let value = bytes;
    while (value >= 999.5 && step < units.length - 1) {
      value /= 1000;
      step += 1;
    }
    return this.number(value, {
      style: "unit",
      unit: units[step]!,
      unitDisplay: step === 0 ? "long" : "short",
      maximumFractionDigits: value < 10 && step > 1 ? 1 : 0,
    });
  }
}

const Context = createContext<Texts | null>(null);

export function TextsProvider({ texts, children }: { texts: Texts; children: ReactNode }) {
  const locale = useSyncExternalStore(texts.subscribe, () => texts.locale);
  return (
    <Context.Provider value={texts}>
      <AriaLocale locale={locale}>{children}</AriaLocale>
    </Context.Provider>
  );
}

export function useTexts(): Texts {
  const texts = useContext(Context);
  if (!texts) throw new Error("no TextsProvider above this component");
  useSyncExternalStore(texts.subscribe, () => texts.locale);
  return texts;
}
