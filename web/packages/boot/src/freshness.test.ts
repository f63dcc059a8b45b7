import { expect, test } from "vitest";
import { age, isFresh, lifetime, mayBeKept, mayBeStale, storedAt } from "./freshness.ts";

const now = Date.UTC(2026, 10, 21, 12);
const at = (ms: number): string => new Date(now + ms).toUTCString();
const answer = (fields: Record<string, string>, stored = now): Headers =>
  new Headers({ Date: at(0), [storedAt]: String(stored), "Content-Type": "text/plain", ...fields });

test.each([
  [{ "Cache-Control": "max-age=60" }, 60],
  [{ "Cache-Control": 'public, Max-Age="60"' }, 60],
  [{ "Cache-Control": "max-age=60", Expires: "0" }, 60],
  [{ Expires: at(5000) }, 5],
  [{ Expires: "0" }, 0],
  [{ Expires: at(-5000) }, 0],
  [{ "Last-Modified": at(-100_000) }, 10],
  [{ "Cache-Control": "s-maxage=60" }, 0],
  [{ "Cache-Control": "max-age=x" }, 0],
  [{}, 0],
])("the lifetime of %j is %i s", (fields, seconds) => {
  expect(lifetime(answer(fields as Record<string, string>))).toBe(seconds);
});

test("age counts what was said, how old it came, and how long it has lain here", () => {
  expect(age(answer({ Age: "30" }, now - 10_000), now)).toBe(40);
  expect(age(answer({ Date: at(-60_000) }), now)).toBe(60);
  expect(isFresh(answer({ "Cache-Control": "max-age=60" }, now - 59_000), now)).toBe(true);
  expect(isFresh(answer({ "Cache-Control": "max-age=60" }, now - 60_000), now)).toBe(false);
  expect(isFresh(answer({ "Cache-Control": "max-age=60, no-cache" }), now)).toBe(false);
});

test("what is stale is shown without the box unless its server forbids it", () => {
  expect(mayBeStale(answer({ ETag: '"a"' }))).toBe(true);
  expect(mayBeStale(answer({ "Cache-Control": "max-age=1, must-revalidate" }))).toBe(false);
  expect(mayBeStale(answer({ "Cache-Control": "no-cache" }))).toBe(false);
});

test.each<[number, Record<string, string>, boolean]>([
  [200, { ETag: '"a"' }, true],
  [200, {}, false],
  [200, { "Cache-Control": "no-store, max-age=60" }, false],
  [200, { "Cache-Control": "max-age=60", Vary: "Accept, *" }, false],
  [200, { "Cache-Control": "max-age=60", Vary: "Accept-Encoding, Cookie" }, false],
  [200, { "Cache-Control": "max-age=60", Vary: "X-Cookie" }, true],
  [206, { "Cache-Control": "max-age=60" }, false],
  [302, { "Cache-Control": "max-age=60" }, false],
  [404, { "Cache-Control": "max-age=60" }, true],
  [404, { ETag: '"a"' }, false],
  [200, { ETag: '"a"', "Content-Type": "video/mp4" }, false],
  [200, { ETag: '"a"', "Content-Type": "video/mp4", "Content-Length": "1000" }, true],
  [200, { ETag: '"a"', "Content-Length": "1000000000" }, false],
])("an answer of %i with %j", (status, fields, kept) => {
  expect(mayBeKept(status, answer(fields))).toBe(kept);
});
