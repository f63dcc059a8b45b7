// What the web promises to web applications, asked of an ordinary application in hearthd's sandbox over the connection; with
// REFERENCE=1 also as a browser reaches it by itself, which shows that the cases are right. The differences are listed, each with its
// reason, in docs/protocol/web.md; here they are told from faults.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { skip, startWithApp } from "./sandboxed.mjs";
import { startServer } from "./server.mjs";
import { bundle, launch, page as htmlOf } from "./support.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../../../..");
const app = join(here, "semantics");

let box, ready, server, browser, context, page, direct;

before(async () => {
  if (skip) return;
  box = await startWithApp("semantics", {
    app,
    "app/node_modules/ws": join(root, "web/node_modules/ws"),
  });
  ready = box.ready;
  execFileSync(process.execPath, [join(here, "../../boot/tools/build.mjs")], { stdio: "inherit" });
  server = await startServer({
    "/index.html": htmlOf("/shell.js"),
    "/shell.js": await bundle("semantics_shell.ts"),
  });
  browser = await launch("--disable-features=WebRtcHideLocalIpsWithMdns");
  context = await browser.newContext();
  page = await openShell();
});

after(async () => {
  await browser?.close();
  await server?.close();
  direct?.kill();
  await box?.close();
});

async function openShell() {
  const opened = await context.newPage();
  if (process.env.VERBOSE) opened.on("console", (message) => console.log(message.text()));
  await opened.goto(`http://home.hearth.localhost:${server.port}/`);
  await opened.waitForFunction(() => window.start !== undefined);
  const addrs = ready.addrs.filter((address) => address.includes(process.env.HEARTH_PATH ?? "/ws/"));
  await opened.evaluate(([link, addrs]) => window.start(link, addrs), [ready.setup_url, addrs]);
  return opened;
}

/** The app's own frame in a shell's page, once its cases are there. */
async function show(shell = page, path = "/") {
  await shell.evaluate((path) => window.show("semantics", path), path);
  for (let i = 0; i < 300; ++i) {
    const frame = shell.frames().find((each) => each.parentFrame()?.parentFrame() === shell.mainFrame());
    if (frame !== undefined && (await frame.evaluate(() => window.runCases !== undefined).catch(() => false)))
      return frame;
    await shell.waitForTimeout(50);
  }
  throw new Error("the app didn't come up");
}

/** Of a page and of a dedicated worker, by name. */
async function results(frame) {
  const [inPage, inWorker] = await Promise.all([
    frame.evaluate(() => window.runCases()),
    frame.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker("/worker.js");
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = (event) => reject(new Error(event.message));
        }),
    ),
  ]);
  return new Map(
    [...inPage, ...inWorker.map(({ name, why }) => ({ name: `${name} (worker)`, why }))].map(
      ({ name, why }) => [name, why],
    ),
  );
}

/** The list of docs/protocol/web.md: name to reason. */
function known() {
  const text = readFileSync(join(root, "docs/protocol/web.md"), "utf8");
  const rows = text.slice(text.indexOf("## What differs")).matchAll(/^\| `([^`]+)` \| ([^|]+) \|$/gm);
  return new Map(Array.from(rows, ([, name, reason]) => [name, reason]));
}

describe("the web's semantics", { skip }, () => {
  let native;

  test("the cases hold for a browser by itself", { skip: !process.env.REFERENCE }, async () => {
    direct = spawn(process.execPath, [join(app, "app.mjs"), "0"], { stdio: ["ignore", "pipe", "inherit"] });
    const port = Number(await new Promise((resolve) => direct.stdout.once("data", resolve)));
    const other = await context.newPage();
    await other.goto(`http://localhost:${port}/`);
    native = await results(other);
    await other.close();
    const failed = [...native].filter(([, why]) => why !== undefined);
    console.log(`semantics, a browser by itself: ${native.size - failed.length} of ${native.size}`);
    for (const [name, why] of failed) console.log(`  ${name}: ${why}`);
    assert.deepEqual(
      failed.map(([name]) => name),
      [],
    );
  });

  test("at least 95 % hold over the connection, and the rest is listed with its reason", async () => {
    const through = await results(await show());
    const failed = new Map([...through].filter(([, why]) => why !== undefined));
    const passed = through.size - failed.size;
    console.log(
      `semantics, over the connection: ${passed} of ${through.size} (${((100 * passed) / through.size).toFixed(1)} %)`,
    );
    for (const [name, why] of failed) console.log(`  ${name}: ${why}`);
    const listed = known();
    assert.deepEqual(
      [...failed.keys()].filter((name) => !listed.has(name)),
      [],
      "fails and isn't listed",
    );
    assert.deepEqual(
      [...listed.keys()].filter((name) => !failed.has(name)),
      [],
      "listed and doesn't fail",
    );
    assert.ok(passed >= 0.95 * through.size);
  });

  test("an app's pages reach the spaces of the graph that were granted to it, and lose them", async () => {
    const frame = await show();
    const spaces = () => frame.evaluate(() => fetch("/.hearth/graph/v1/spaces").then((r) => r.json()));
    const put = (soul) =>
      frame.evaluate(
        (soul) =>
          fetch(`/.hearth/graph/v1/spaces/home/nodes/${encodeURIComponent(soul)}`, {
            method: "PUT",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ properties: { title: "Soup" } }),
          }).then(({ status }) => status),
        soul,
      );
    assert.deepEqual(await spaces(), { spaces: [] });
    assert.equal(await put("soup"), 404);
    assert.equal(await page.evaluate(() => window.grant("read")), 204);
    assert.deepEqual(
      (await spaces()).spaces.map(({ name, role }) => [name, role]),
      [["home", "reader"]],
    );
    assert.equal(await put("soup"), 403);
    assert.equal(await page.evaluate(() => window.grant("write")), 204);
    assert.equal(await put("soup"), 200);
    const told = frame.evaluate(
      () =>
        new Promise((resolve) => {
          const socket = new WebSocket("/.hearth/graph/v1/socket", ["hearth.graph.v1"]);
          const frames = [];
          socket.onopen = () => socket.send('{"id":1,"subscribe":{"space":"home","prefix":"soup"}}');
          socket.onmessage = ({ data }) => {
            frames.push(JSON.parse(data));
            window.heard = frames.length;
            if (frames.at(-1).ended) resolve(frames);
          };
        }),
    );
    await frame.waitForFunction(() => window.heard === 1);
    assert.equal(await put("soup/2"), 200);
    await frame.waitForFunction(() => window.heard === 2);
    assert.equal(await page.evaluate(() => window.grant("none")), 204);
    const frames = await told;
    assert.deepEqual(frames[0], { id: 1, status: 200, body: {} });
    assert.deepEqual(frames[1].changes, [{ soul: "soup/2", property: "title" }]);
    assert.equal(await put("soup"), 404);
  });

  test("what was seen is there when the box is out of reach", async () => {
    const frame = await show();
    const hit = (init) =>
      frame.evaluate(
        (init) =>
          fetch("/hit?h=Cache-Control:max-age=1&h=ETag:%22o%22&offline", init).then(
            (r) => r.text(),
            (e) => e.name,
          ),
        init,
      );
    const first = await hit();
    await page.evaluate(() => (window.state.offline = true));
    await page.waitForTimeout(1500);
    assert.equal(await hit(), first);
    assert.equal(await hit({ cache: "no-store" }), "TypeError");
    assert.equal(
      await frame.evaluate(() =>
        fetch("/hit?h=ETag:%22n%22&h=Cache-Control:no-cache&offline").then(
          () => "came",
          () => "failed",
        ),
      ),
      "failed",
    );
    await page.evaluate(() => (window.state.offline = false));
  });

  test("cookies outlive the shell's tab, are one jar for all of them, and go with the sign-out", async () => {
    const set = (frame, line) =>
      frame.evaluate((line) => fetch(`/echo?cookie=${encodeURIComponent(line)}`).then(() => undefined), line);
    const cookies = (frame) => frame.evaluate(() => fetch("/cookies").then((response) => response.text()));
    const frame = await show();
    await set(frame, "kept=1; Max-Age=1000; HttpOnly");
    await set(frame, "session=1");
    await page.reload();
    await page.evaluate(
      ([link, addrs]) => window.start(link, addrs),
      [ready.setup_url, ready.addrs.filter((each) => each.includes("/ws/"))],
    );
    assert.match(await cookies(await show()), /kept=1.*session=1|session=1.*kept=1/);
    const second = await openShell();
    assert.match(await cookies(await show(second)), /kept=1/);
    const held = await second.evaluate(() => JSON.stringify(window.localStorage));
    assert.match(held, /kept/);
    await second.evaluate(() => window.signOut());
    assert.doesNotMatch(await second.evaluate(() => JSON.stringify(window.localStorage)), /hearth-cookies/);
    await second.close();
  });

  test("SameSite=Strict cookies stay behind when a link from elsewhere opens the first page, and go with all that follow", async () => {
    const frame = await show();
    for (const line of ["strict=1; SameSite=Strict", "lax=1; SameSite=Lax"])
      await frame.evaluate(
        (line) => fetch(`/echo?cookie=${encodeURIComponent(line)}`).then(() => undefined),
        line,
      );
    const opened = async (path, fromElsewhere) => {
      await page.evaluate(([path, far]) => window.show("semantics", path, far), [path, fromElsewhere]);
      for (;;) {
        const inner = page.frames().find((each) => each.parentFrame()?.parentFrame() === page.mainFrame());
        const text = await inner
          ?.locator("p")
          .textContent({ timeout: 10_000 })
          .catch(() => undefined);
        if (typeof text === "string") return [inner, text];
        await page.waitForTimeout(50);
      }
    };
    const frame1 = "/frame.html?h=Cache-Control:no-store";
    const redirected = `/redirect?to=${encodeURIComponent(frame1)}`;
    for (const path of [frame1, redirected]) {
      const [inner, first] = await opened(path, true);
      assert.match(first, /lax=1/, path);
      assert.doesNotMatch(first, /strict=1/, path);
      assert.match(await inner.evaluate(() => fetch("/cookies").then((r) => r.text())), /strict=1/);
      await inner.evaluate(() => location.assign("/frame.html?h=Cache-Control:no-store&then"));
      await inner.waitForURL(/then/);
      assert.match(await inner.locator("p").textContent(), /strict=1/, "a link of the app's own");
    }
    assert.match((await opened(frame1, false))[1], /strict=1/);
  });

  test("a socket ends with the page that opened it, and when the app is closed", async () => {
    const open = (frame, id) =>
      frame.evaluate((id) => {
        window.held = new WebSocket(`/ws/echo?id=${id}`);
        return new Promise((resolve) => (window.held.onopen = () => resolve()));
      }, id);
    const ended = async (frame, id) => {
      for (let i = 0; i < 100; ++i) {
        const end = await frame.evaluate(
          (id) =>
            new Promise((resolve) => {
              const socket = new WebSocket(`/ws/end?of=${id}`);
              socket.onmessage = ({ data }) => (socket.close(), resolve(data));
            }),
          id,
        );
        if (end !== "null") return;
        await page.waitForTimeout(50);
      }
      assert.fail("the app still has it");
    };
    let frame = await show();
    await open(frame, "reloaded");
    await frame.evaluate(() => location.reload());
    frame = await show();
    await ended(frame, "reloaded");
    await open(frame, "revoked");
    frame = await show();
    await ended(frame, "revoked");
  });
});
