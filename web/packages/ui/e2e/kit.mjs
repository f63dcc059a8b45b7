// What the browser tests share: a static server with the strictest CSP we mean to live under, a fresh Chromium,
// axe, and screenshots in build/screenshots.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join, normalize, resolve } from "node:path";
import { after, test } from "node:test";
import { chromium } from "playwright-core";

export const top = resolve(import.meta.dirname, "../../../..");
const shots = join(top, "build/screenshots");
const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".jpg": "image/jpeg",
  ".wasm": "application/wasm",
};

export const csp = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "frame-src 'self' http://127.0.0.1:*",
  "base-uri 'none'",
  "form-action 'self'",
].join("; ");

/** Serves `directory`; paths without a file get index.html. `extra(request, response)` may answer first. */
export async function serve(directory, extra = async () => false) {
  const server = createServer(async (request, response) => {
    try {
      if (await extra(request, response)) return;
      const { pathname } = new URL(request.url, "http://x");
      const wanted = join(directory, normalize(decodeURIComponent(pathname)));
      const isFile = wanted.startsWith(directory) && statSync(wanted, { throwIfNoEntry: false })?.isFile();
      const file = isFile ? wanted : join(directory, "index.html");
      const body = await readFile(file);
      response.writeHead(200, {
        "content-type": types[extname(file)] ?? "application/octet-stream",
        "content-security-policy": csp,
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
      });
      response.end(body);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

export async function launch() {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--headless",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Pages of the test that runs. */
const open = new Set();

/** A page that notes every error and every breach of the CSP; `check()` fails on them. */
export async function openPage(browser, { width = 1440, height = 900, theme = "light", ...context } = {}) {
  const made = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: "reduce",
    ...context,
  });
  const page = await made.newPage();
  open.add(page);
  page.once("close", () => open.delete(page));
  const problems = [];
  page.on("pageerror", (error) => problems.push(`error: ${error.stack}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
  page.check = (allowed = /$^/) => {
    const bad = problems.filter((problem) => !allowed.test(problem));
    assert.deepEqual(bad, []);
  };
  return page;
}

/** Until then lines may break elsewhere, and what is being pressed moves away. */
export async function fontsAreThere(page) {
  await page.evaluate(async () => {
    await new Promise(requestAnimationFrame);
    await document.fonts.ready;
  });
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * react-aria's announcer is left out: what it says of a pending button names an element that is gone a moment later.
 * Otherwise: no finding of axe, and nothing wider than the window. */
export async function assertAccessible(page, what, { skip = [] } = {}) {
  await page.evaluate(axe);
  const found = await page.evaluate(
    async (rules) => {
      const { violations } = await globalThis.axe.run(
        { exclude: [["[data-live-announcer]"]] },
        {
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
          rules,
          // Frames of apps are looked at on their own.
          iframes: false,
        },
      );
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
      );
    },
    Object.fromEntries(skip.map((rule) => [rule, { enabled: false }])),
  );
  assert.deepEqual(found, [], what);
  // A page that hides its overflow would cut off what doesn't fit.
  const overflow = await page.evaluate(
    () =>
      Math.max(...[...document.querySelectorAll("html, body, #root")].map((each) => each.scrollWidth)) -
      innerWidth,
  );
  assert.ok(overflow <= 0, `${what}: ${overflow} px wider than the window`);
}

export async function shoot(page, name, options = {}) {
  mkdirSync(shots, { recursive: true });
  await fontsAreThere(page);
  await page.screenshot({ path: join(shots, `${name}.png`), animations: "disabled", ...options });
}

/** Hands named tests to the test runner, in order; `finish` runs after the last. One that fails says what its pages showed. */
export function run(tests, finish) {
  for (const [name, body] of Object.entries(tests))
    test(name, { timeout: 60_000 }, async (t) => {
      try {
        await body(t);
      } catch (error) {
        for (const page of open) {
          const shown = await page.innerText("body", { timeout: 2000 }).catch(String);
          t.diagnostic(`${page.url()}: ${shown.slice(0, 1000)}`);
        }
        throw error;
      } finally {
        for (const page of open) await page.context().close();
      }
    });
  after(finish);
}
