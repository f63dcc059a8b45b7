import assert from "node:assert/strict";
import { test } from "node:test";
import { flat, slope, windows } from "./judge.mjs";

const mebibyte = 2 ** 20;
/** Deterministic noise of both signs. */
const noise = (i) => (((i * 2654435761) >>> 7) % 1000) / 500 - 1;
const series = (of, seconds = 3600) => Array.from({ length: seconds }, (_, s) => ({ s, value: of(s) }));

test("the slope of a line is found, and how far off it may be", () => {
  const { perHour, within } = slope(windows(series((s) => 1000 + s)));
  assert.ok(Math.abs(perHour - 3600) < 40 && within < 40);
});
test("what rises while it warms up and then wavers is flat", () => {
  assert.ok(flat(series((s) => (60 + 20 * Math.min(1, s / 600) + 5 * noise(s)) * mebibyte)).ok);
});
test("a leak of 12 MiB in an hour isn't flat, however it wavers", () => {
  const { ok, grown } = flat(series((s) => (80 + (12 * s) / 3600 + 5 * noise(s)) * mebibyte));
  assert.ok(!ok && grown > 4 * mebibyte);
});
test("peaks that last for seconds don't count", () => {
  assert.ok(flat(series((s) => (80 + (s % 60 < 20 ? s / 60 : 0) + noise(s)) * mebibyte)).ok);
});
test("descriptors that grow by one a minute are seen in ten minutes", () => {
  assert.ok(!flat(series((s) => 1000 + Math.floor(s / 60) * 8 + noise(s), 600), { least: 16, allowance: 0.02 }).ok);
});
