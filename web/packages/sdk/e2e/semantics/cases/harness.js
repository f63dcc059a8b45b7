/*
 * What the web promises, as cases in our own words, named after the tests of the Web Platform Tests that ask the same
 * (https://web-platform-tests.org). Each runs in a page; those without "page" in a dedicated worker too. Run them with
 * `runCases()`: straight against the app they show that a browser passes; through Hearth, that Hearth adds nothing.
 */
"use strict";
const cases = [];
const isPage = typeof document !== "undefined";
const test = (name, run) => cases.push({ name, run });
const pageTest = (name, run) => isPage && test(name, run);
const equal = (got, want, what = "") => {
  const [a, b] = [got, want].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${what} got ${String(a).slice(0, 200)}, not ${String(b).slice(0, 200)}`);
};
const ok = (value, what) => {
  if (!value) throw new Error(what ?? "not so");
};
const rejects = async (promise, name) => {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  ok(error, "it was fulfilled");
  equal(error.name, name);
};
const throws = (run, name) => {
  let error;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  ok(error, "nothing was thrown");
  equal(error.name, name);
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let unique = 0;
const id = () => `${isPage ? "p" : "w"}${Date.now().toString(36)}${++unique}`;
const echo = async (url = "/echo", init) => (await fetch(url, init)).json();
const pattern = (size) => new Uint8Array(size).map((_, i) => (i * 7) % 251);
const sum = async (bytes) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (b) =>
    b.toString(16).padStart(2, "0"),
  ).join("");
