// Debian's Chromium, headless, with a fresh profile and no traffic of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** A profile: what one person's browser on one device keeps. Close it; `reopen` finds everything again. */
export async function openProfile(
  t,
  { args = [], viewport = { width: 1280, height: 800 }, folder, executablePath = "/usr/bin/chromium" } = {},
) {
  const profile = folder ?? mkdtempSync(join(tmpdir(), "hearth-profile-"));
  const launch = () =>
    chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      viewport,
      acceptDownloads: true,
      args: [
        ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
        ...args,
      ],
    });
  let context = await launch();
  context.setDefaultTimeout(20_000);
  t.after(async () => {
    await context.close().catch(() => {});
    if (!folder) rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    folder: profile,
    get context() {
      return context;
    },
    page: async () => context.pages()[0] ?? (await context.newPage()),
    async reopen() {
      await context.close();
      context = await launch();
    },
  };
}

/** Collects what a page complains of, so that a test can insist on silence. */
export function watch(page) {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    // Said for browsers that heed it (packages/boot); Chromium only remarks on it.
    if (/Unrecognized Content-Security-Policy directive 'webrtc'/.test(message.text())) return;
    if (message.type() === "error") complaints.push(message.text());
  });
  return complaints;
}

const screenshots = new URL("../../../build/screenshots/", import.meta.url).pathname;
export const shoot = (page, name) => page.screenshot({ path: `${screenshots}${name}.png` });
