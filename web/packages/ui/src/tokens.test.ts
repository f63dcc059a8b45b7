import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

type Theme = "light" | "dark";

/** Luminance as WCAG 2.2 defines it, of an `oklch(l c h)`. */
function luminance(text: string): number {
  const match = /^oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)$/.exec(text.trim());
  if (!match) throw new Error(`not an opaque oklch colour: ${text}`);
  const [l = 0, c = 0, h = 0] = match.slice(1).map(Number);
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clamp = (value: number) => Math.min(1, Math.max(0, value));
  const red = clamp(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short);
  const green = clamp(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short);
  const blue = clamp(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function colour(name: string, theme: Theme): string {
  const both = new RegExp(`--${name}:\\s*light-dark\\((oklch\\([^)]*\\)),\\s*(oklch\\([^)]*\\))\\)`).exec(
    css,
  );
  const found = both
    ? both[theme === "light" ? 1 : 2]
    : new RegExp(`--${name}:\\s*(oklch\\([^)]*\\))`).exec(css)?.[1];
  if (found === undefined) throw new Error(`no colour --${name}`);
  return found;
}

function contrast(front: string, back: string, theme: Theme): number {
  const [high = 0, low = 0] = [luminance(colour(front, theme)), luminance(colour(back, theme))].sort(
    (a, b) => b - a,
  );
  return (high + 0.05) / (low + 0.05);
}

describe.each(["light", "dark"] as const)("colours, %s", (theme) => {
  test.each([
    ["ink", "paper"],
    ["ink", "surface"],
    ["ink", "float"],
    ["ink", "sunken"],
    ["ink", "hover"],
    ["ink-soft", "paper"],
    ["ink-soft", "surface"],
    ["ember-ink", "paper"],
  ])("%s on %s is AAA for text (7:1)", (front, back) => {
    expect(contrast(front, back, theme)).toBeGreaterThanOrEqual(7);
  });
  test.each([
    ["ink-soft", "hover"],
    ["ink-soft", "ember-wash"],
    ["ink-soft", "sunken"],
    ["ink-soft", "float"],
    ["on-ember", "ember-fill"],
    ["on-ember", "ember-fill-hover"],
    ["ember-ink", "ember-wash"],
    ["ember-ink", "ember-wash-strong"],
    ["good-ink", "good-wash"],
    ["warn-ink", "warn-wash"],
    ["bad-ink", "bad-wash"],
    ["bad-ink", "surface"],
  ])("%s on %s is AA for text (4.5:1)", (front, back) => {
    expect(contrast(front, back, theme)).toBeGreaterThanOrEqual(4.5);
  });
  test.each([
    ["edge", "surface"],
    ["edge", "paper"],
    ["ember", "paper"],
    ["good", "paper"],
    ["bad", "paper"],
  ])("%s on %s is AA for controls and marks (3:1)", (front, back) => {
    expect(contrast(front, back, theme)).toBeGreaterThanOrEqual(3);
  });
});
