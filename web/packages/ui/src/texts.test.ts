import { expect, test } from "vitest";
import { chooseLocale, directionOf, Texts } from "./texts.tsx";
import { readPreferences } from "./preferences.ts";
import { hueOf, initialsOf } from "./marks.tsx";
import { Toasts } from "./toast.tsx";

const english = { hello: "Hello {name}", files: "{count, plural, =0 {none} one {# file} other {# files}}" };
const make = () =>
  new Texts(english, (locale) =>
    Promise.resolve(locale === "de" ? { hello: "Hallo {name}", files: "{count} Dateien" } : english),
  );

test("messages are ICU: arguments and plurals", () => {
  const texts = make();
  expect(texts.say("hello", { name: "Anna" })).toBe("Hello Anna");
  expect([0, 1, 5].map((count) => texts.say("files", { count }))).toEqual(["none", "1 file", "5 files"]);
});

test("a language is loaded when chosen, and listeners hear of it", async () => {
  const texts = make();
  let heard = 0;
  texts.subscribe(() => (heard += 1));
  await texts.use("de");
  expect(texts.say("hello", { name: "Anna" })).toBe("Hallo Anna");
  expect(heard).toBe(1);
});

test("the last language chosen wins, whichever arrives first", async () => {
  const waiting: Record<string, (messages: Record<string, string>) => void> = {};
  const texts = new Texts(english, (locale) => new Promise((resolve) => (waiting[locale] = resolve)));
  const german = texts.use("de");
  const arabic = texts.use("ar");
  waiting.ar?.({ hello: "أهلا" });
  await arabic;
  waiting.de?.({ hello: "Hallo" });
  await german;
  expect(texts.locale).toBe("ar");
});

test("sizes read as on a disk's label", () => {
  const texts = make();
  expect([0, 1, 999, 1000, 1_234_567, 48_200_000_000].map((size) => texts.size(size))).toEqual([
    "0 bytes",
    "1 byte",
    "999 bytes",
    "1 kB",
    "1.2 MB",
    "48 GB",
  ]);
});

test("times read as people say them", () => {
  const texts = make();
  const now = Date.UTC(2026, 5, 15, 12);
  const minute = 60_000;
  expect([0, 5 * minute, 3 * 60 * minute, 26 * 60 * minute].map((ago) => texts.ago(now - ago, now))).toEqual([
    "now",
    "5 minutes ago",
    "3 hours ago",
    "yesterday",
  ]);
  expect(texts.ago(now - 40 * 24 * 60 * minute, now)).toBe("May 6, 2026");
});

test("the browser's languages choose ours, English when none fits", () => {
  expect(chooseLocale(["fr-FR", "de-CH"])).toBe("de");
  expect(chooseLocale(["ar-EG"])).toBe("ar");
  expect(chooseLocale(["xx"])).toBe("en");
  expect([directionOf("ar"), directionOf("de")]).toEqual(["rtl", "ltr"]);
});

test("damaged preferences fall back to the system's", () => {
  const stored = (value: string | null) => readPreferences({ getItem: () => value }, ["de"]);
  expect(stored("{nonsense")).toEqual({ theme: "system", locale: "de" });
  expect(stored('{"theme":"purple","locale":7}')).toEqual({ theme: "system", locale: "de" });
  expect(stored('{"theme":"dark","locale":"ar"}')).toEqual({ theme: "dark", locale: "ar" });
});

test("initials come from the first and last word, in any script", () => {
  expect(["Anna Lindqvist", "jonas", "ليلى حداد", "👩‍🚀 x", ""].map(initialsOf)).toEqual([
    "AL",
    "J",
    "لح",
    "👩X",
    "?",
  ]);
  expect(hueOf("p-anna")).toBe(hueOf("p-anna"));
});

test("at most three notices stand at once; the oldest makes room", () => {
  const toasts = new Toasts();
  for (const text of ["a", "b", "c", "d"]) toasts.show({ text });
  expect(toasts.list().map((toast) => toast.text)).toEqual(["b", "c", "d"]);
  toasts.dismiss(toasts.list()[0]!.id);
  expect(toasts.list().map((toast) => toast.text)).toEqual(["c", "d"]);
});
