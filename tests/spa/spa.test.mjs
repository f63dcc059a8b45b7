// Unmodified single-page applications, clicked through as a person does: see README.md.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openProfile } from "../e2e/lib/chromium.mjs";
import { until } from "../e2e/lib/console.mjs";
import { web } from "../e2e/lib/daemon.mjs";
import * as shell from "../e2e/lib/shell.mjs";
import { skip, startWithApp } from "../../web/packages/sdk/e2e/sandboxed.mjs";
import { buildShop } from "./build.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

describe("unmodified single-page applications", { skip }, () => {
  const undo = [];
  const scope = { after: (each) => undo.push(each) };
  let box, profile, page, app, manifest;

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), "hearth-spa-"));
    scope.after(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(join(here, "server"), join(folder, "app"), { recursive: true });
    manifest = await buildShop(join(folder, "app/shop"));
    const pages = ["--shell", join(web, "shell"), "--boot", join(web, "boot")];
    const folders = { app: join(folder, "app"), "app/node_modules": join(here, "node_modules") };
    box = await startWithApp("spa", folders, pages);
    scope.after(() => box.close());
    profile = await openProfile(scope);
    page = await profile.page();
    await page.goto(box.ready.setup_url);
    await shell.becomeOwner(page, { box: "Casa", name: "Anna", password: "plum kettle rivers nine" });
    app = page.frameLocator("iframe").frameLocator("iframe");
  });
  after(async () => {
    for (const each of undo.reverse()) await each();
  });

  /** The app's own frame. */
  const frame = () => page.frames().find((each) => each.parentFrame()?.parentFrame() === page.mainFrame());
  const run = (...args) => frame().evaluate(...args);
  const text = (path) => run((at) => fetch(at).then((answer) => answer.text()), path);
  /** A place of the app, opened through the shell as from a bookmark. */
  const open = async (path) => {
    await page.goto(new URL(`/apps/spa?at=${encodeURIComponent(path)}`, page.url()).href);
    await app.locator("#app > *").first().waitFor();
  };
  const controller = () => run(() => navigator.serviceWorker.controller?.state);
  const version = () => run(() => window.workbox.messageSW({ type: "VERSION" }));

  test("a published application shows itself, and talks with its server by WebSocket", async () => {
    await open("/admin/");
    const url = app.getByLabel("Server URL");
    await url.waitFor();
    await url.fill(await url.evaluate(() => location.origin));
    await app.getByRole("button", { name: "Connect" }).click();
    await app.getByText("Dashboard").first().waitFor();
    await app.getByText("websocket", { exact: false }).first().waitFor();
  });

  test("one built with stock tools splits its code, and has its font, its film and its WebSocket", async () => {
    await open("/");
    await app.getByRole("heading", { name: "Shop" }).waitFor();
    assert.ok(await run(() => document.fonts.load("16px Inter").then((fonts) => fonts.length > 0)));

    await app.getByRole("link", { name: "Film" }).click();
    const film = app.locator("video");
    await film.evaluate((video) => video.readyState >= 2 || new Promise((done) => (video.oncanplay = done)));
    await film.evaluate((video) => {
      video.currentTime = 15;
      return new Promise((done) => (video.onseeked = done));
    });
    const [width, length, at] = await film.evaluate((video) => [video.videoWidth, video.duration, video.currentTime]);
    assert.deepEqual([width, Math.round(length), Math.round(at)], [160, 20, 15]);
    await film.evaluate((video) => video.play());
    await until(() => film.evaluate((video) => video.currentTime), (now) => now > 15.5, "that it plays");

    await app.getByRole("link", { name: "Chat" }).click();
    await app.getByLabel("Say").fill("hello shop");
    await app.getByRole("button", { name: "Send" }).click();
    await app.getByText("hello shop").waitFor();
    const loaded = await run(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname));
    assert.equal(loaded.filter((path) => /film-|chat-/.test(path)).length, 2, loaded.join());
  });

  test("its own service worker holds its whole origin, precaches, answers and is spoken to; the origin's worker stays ours", async () => {
    const origin = await run(() => location.origin);
    assert.equal(await run(() => window.registered), `${origin}/`);
    await until(controller, (state) => state === "activated", "control");
    assert.equal(await text("/from-worker"), "the worker says so");
    assert.equal(await version(), "release 1");
    const told = await run(
      () =>
        new Promise((resolve) => {
          navigator.serviceWorker.addEventListener("message", ({ data }) => resolve(data), { once: true });
          navigator.serviceWorker.controller.postMessage({ type: "WHO" });
        }),
    );
    assert.equal(new URL(told.you).origin, origin);
    const kept = await run(async () => {
      const name = (await caches.keys()).find((each) => each.startsWith("workbox-precache"));
      return (await (await caches.open(name)).keys()).length;
    });
    assert.equal(kept, manifest.length);
    // What it leaves alone has the page's own fields.
    assert.equal(JSON.parse(await text("/asked"))["sec-fetch-mode"], "cors");

    const real = await frame()
      .parentFrame()
      .evaluate(async () =>
        (await navigator.serviceWorker.getRegistrations()).map(({ active }) => new URL(active.scriptURL).pathname),
      );
    assert.deepEqual(real, ["/.hearth/sw.js"]);
  });

  test("its worker's pages are confined like the server's: they reach no other host", async () => {
    assert.equal(
      await run(() =>
        fetch("https://example.com/").then(
          () => "reached",
          () => "refused",
        ),
      ),
      "refused",
    );
    await run(() => location.assign("/chat"));
    await app.getByLabel("Say").waitFor();
    const blocked = await run(
      () =>
        new Promise((resolve) => {
          document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective));
          document.body.append(Object.assign(new Image(), { src: "https://example.com/x.png" }));
        }),
    );
    assert.equal(blocked, "img-src");
  });

  test("with its server broken it opens at any of its places from its own worker's cache", async () => {
    const before = await text("/now");
    await run(() => fetch("/control/break"));
    assert.equal(await run(() => fetch("/control/elsewhere").then(({ status }) => status)), 503);
    await page.reload();
    await open("/chat");
    await app.getByLabel("Say").waitFor();
    assert.equal(await controller(), "activated");
    assert.equal(await text("/from-worker"), "the worker says so");
    // Network first: the network says 503, which is an answer.
    assert.notEqual(await text("/now"), before);
    await run(() => fetch("/control/mend"));
  });

  test("a second tab has the same worker, and goes on with it when the first is closed", async () => {
    const first = page;
    page = await profile.context.newPage();
    app = page.frameLocator("iframe").frameLocator("iframe");
    await page.goto(first.url());
    await app.locator("#app > *").first().waitFor();
    assert.equal(await controller(), "activated");
    const tabs = () => run(() => navigator.serviceWorker.getRegistrations().then((all) => all.length));
    assert.equal(await tabs(), 1);
    await first.close();
    await until(() => text("/from-worker"), (said) => said === "the worker says so", "that another tab hosts");
    assert.equal(await version(), "release 1");
  });

  test("a new release takes over the page that is open", async () => {
    await run(() => fetch("/control/release"));
    const turned = run(() => new Promise((resolve) => (navigator.serviceWorker.oncontrollerchange = () => resolve(true))));
    await run(() => navigator.serviceWorker.ready.then((registration) => void registration.update()));
    assert.equal(await turned, true);
    await until(version, (said) => said === "release 2.0", "the new one");
  });

  test("it unregisters its worker, and the next page is the server's again", async () => {
    assert.equal(
      await run(() => navigator.serviceWorker.getRegistration().then((registration) => registration.unregister())),
      true,
    );
    assert.equal(await run(() => navigator.serviceWorker.getRegistrations().then((all) => all.length)), 0);
    assert.equal(await text("/from-worker"), "the worker says so");
    await run(() => fetch("/control/break"));
    await run(() => location.reload());
    await until(() => text("/from-worker").catch(() => ""), (said) => said !== "the worker says so", "that it is gone");
  });
});
