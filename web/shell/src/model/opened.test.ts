import { expect, test } from "vitest";
import { maybeLinked } from "./opened.ts";

const origin = "https://home.flock.example";
const linked = {
  place: "/#/open/abc?path=%2Fdelete",
  referrer: "https://evil.example/",
  origin,
  type: "navigate",
} as const;

test("an app's page counts as opened by a link from elsewhere, unless the shell itself or a reload led there", () => {
  expect(maybeLinked(linked)).toBe(true);
  expect(maybeLinked({ ...linked, referrer: "" })).toBe(true);
  expect(maybeLinked({ ...linked, place: "/apps/files" })).toBe(true);
  expect(maybeLinked({ ...linked, referrer: `${origin}.evil.example/` })).toBe(true);
  expect(maybeLinked({ ...linked, type: undefined })).toBe(true);
  expect(maybeLinked({ ...linked, referrer: `${origin}/` })).toBe(false);
  expect(maybeLinked({ ...linked, type: "reload" })).toBe(false);
  expect(maybeLinked({ ...linked, type: "back_forward" })).toBe(false);
  expect(maybeLinked({ ...linked, place: "/" })).toBe(false);
  expect(maybeLinked({ ...linked, place: "/devices" })).toBe(false);
});
