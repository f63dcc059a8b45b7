import { expect, test } from "vitest";
import { applianceErrorCodes, clientErrorCodes } from "../../../packages/sdk/src/errors.ts";
import { ar } from "./ar.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";

const argumentsOf = (text: string) =>
  [...new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1]))]
    .filter((name) => name !== undefined && /^[a-z]/.test(name))
    .sort();

/** Words inside plural forms look like arguments to the pattern; only names used in English count. */
test.each([
  ["German", de],
  ["Arabic", ar],
] as const)("%s says the same with the same arguments", (_, other) => {
  for (const [key, english] of Object.entries(en)) {
    const wanted = argumentsOf(english).filter(
      (name) => english.includes(`{${name}}`) || english.includes(`{${name},`),
    );
    for (const name of wanted)
      expect(other[key as keyof typeof en], key).toMatch(new RegExp(`\\{${name}[},]`));
  }
});

test("every error code has words of its own", () => {
  for (const code of [...applianceErrorCodes, ...clientErrorCodes])
    expect(en).toHaveProperty([`error.${code}`]);
});

test("the five screens of the first run say what they say in under 30 words", () => {
  const screens = [
    ["first.welcome", "first.welcome_lead", "first.begin"],
    ["first.name_box", "first.name_box_lead", "first.box_name", "app.back", "app.continue"],
    ["owner.title", "owner.lead", "owner.name", "owner.login", "password.label", "app.back", "owner.make"],
    ["recovery.title", "recovery.lead", "recovery.explain", "recovery.later", "recovery.show"],
    ["first.done", "first.done_lead", "first.open_files", "first.pair_phone", "first.go_home"],
  ] as const;
  for (const keys of screens) {
    const words = keys
      .map((key) => en[key])
      .join(" ")
      .split(/\s+/);
    expect(words.length, keys[0]).toBeLessThan(30);
  }
});
