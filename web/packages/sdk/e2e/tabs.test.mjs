// Many tabs of one origin in Chromium against the real appliance, which says how many connections it has. hearthd of
// HEARTH_BIN (build/dev/bin). Where it isn't built this is skipped, and fails under CI.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer } from "./server.mjs";
import { bundle, launch, page as htmlOf } from "./support.mjs";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const program = join(process.env.HEARTH_BIN ?? join(root, "build/dev/bin"), "hearthd");
const skip = existsSync(program) || process.env.CI ? false : "hearthd isn't built";

let folder, daemon, ready, server, browser, context;

async function startDaemon() {
  const data = `--data-dir ${folder} --user nobody --shell off --name casa --log-level warning --ready-json`;
  const network = "--http 127.0.0.1:0 --p2p-port 0 --listen-ip 127.0.0.1 --embedded-flock 0";
  daemon = spawn(program, `${data} ${network}`.split(" "), { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const chunk of daemon.stdout) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  ready = JSON.parse(text);
}

/** What the appliance has open to browsers, by transport. */
async function connections() {
  const status = await new Promise((resolve, reject) => {
    request(
      { socketPath: join(folder, "control.sock"), path: "/local/v1/status", headers: { host: "x" } },
      (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += chunk)).on("end", () => resolve(JSON.parse(text)));
      },
    )
      .on("error", reject)
      .end();
  });
  return status.connections
    .filter(({ device_name: name }) => name === "Tabs")
    .map(({ transport }) => transport);
}

async function until(question, good, what, limit = 15_000) {
  for (const end = performance.now() + limit; ;) {
    const answer = await question();
    if (good(answer)) return answer;
    if (performance.now() > end) assert.fail(`never: ${what}; ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

before(async () => {
  if (skip) return;
  assert.ok(existsSync(program), `${program} isn't built`);
  folder = mkdtempSync(join(tmpdir(), "hearth-tabs-"));
  chmodSync(folder, 0o777);
  await startDaemon();
  server = await startServer({
    "/visitor.html": htmlOf("/visitor.js"),
    "/visitor.js": await bundle("visitor.ts"),
    "/tabs.js": await bundle("../src/tabs/switchboard.ts"),
  });
  browser = await launch("--disable-features=WebRtcHideLocalIpsWithMdns");
  context = await browser.newContext();
  // The first to come in; the key stays in this context.
  const first = await newPage();
  await first.evaluate(
    async ([link, multiaddrs]) => {
      const { root, secret } = window.parseLink(link);
      const device = await window.DeviceKeys.open().create();
      const connection = await window.sdk.connect({ root, multiaddrs }, { device });
      await window.sdk.setup(connection, {
        key: device,
        device: { name: "Tabs", remember: true },
        code: secret,
        name: "anna",
        displayName: "Anna",
        password: "correct horse",
      });
      await connection.close();
    },
    [ready.setup_url, direct()],
  );
  await first.close();
});

after(async () => {
  await browser?.close();
  await server?.close();
  if (daemon !== undefined) {
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    await ended;
  }
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const direct = () => ready.addrs.filter((address) => address.includes("webrtc-direct"));

async function newPage() {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error("page:", error.message));
  await page.goto(`http://home.hearth.localhost:${server.port}/visitor.html`);
  await page.waitForFunction(() => window.reach !== undefined);
  return page;
}

let tabs = [];

async function openTab() {
  const page = await newPage();
  await page.evaluate(
    async ([root, multiaddrs]) => {
      const device = await window.DeviceKeys.open().load();
      window.connection = window.sdk.share({ root, multiaddrs }, { device, switchboard: "/tabs.js" });
      await window.connection.ready;
    },
    [ready.root, direct()],
  );
  tabs.push(page);
  return page;
}

const roleOf = (page) => page.evaluate(() => window.connection.role);
/** Who the appliance says is asking. */
const me = (page) =>
  page.evaluate(async () => (await new window.sdk.HearthApi(window.connection).me()).persona.name);

describe("tabs against hearthd", { skip }, () => {
  beforeEach(async () => {
    await until(connections, (open) => open.length === 0, "the last test's connections are gone", 30_000);
  });

  afterEach(async () => {
    const open = tabs.splice(0).filter((page) => !page.isClosed());
    await Promise.all(open.map((page) => page.evaluate(() => window.connection?.close())));
    await Promise.all(open.map((page) => page.close()));
  });

  test("four tabs have one connection at the appliance, and each gets its answers", async () => {
    for (let i = 0; i < 4; ++i) await openTab();
    assert.deepEqual(await Promise.all(tabs.map(roleOf)), ["leading", "following", "following", "following"]);
    for (const page of tabs) assert.equal(await me(page), "anna");
    assert.deepEqual(await connections(), ["webrtc-direct"]);
    assert.deepEqual(
      await Promise.all(tabs.map((page) => page.evaluate(() => window.connection.status.state))),
      ["direct", "direct", "direct", "direct"],
    );
  });

  test("a leader's tab is closed: another leads within a second, and events flow again", async () => {
    const leader = await openTab();
    const follower = await openTab();
    await follower.evaluate(() => {
      window.opened = 0;
      new window.sdk.HearthApi(window.connection).subscribe(
        (event) => void (event === "open" && ++window.opened),
      );
    });
    await follower.waitForFunction(() => window.opened === 1);
    const from = performance.now();
    await leader.close();
    assert.equal(await me(follower), "anna");
    const took = performance.now() - from;
    assert.equal(await roleOf(follower), "leading");
    await follower.waitForFunction(() => window.opened === 2);
    await until(connections, (open) => open.length === 1, "one connection");
    assert.ok(took < 5000, `${took} ms`);
  });

  /** Makes the leader commit late, as an answer would that it found when it woke. */
  const takeCommit = (page) =>
    page.evaluate(async () => {
      await window.connection.fetch("/api/v1/me", { onFields: (_, commit) => void (window.commit = commit) });
      return window.commit(() => localStorage.setItem("written", "in time"));
    });
  const commitLate = (page) =>
    page.evaluate(() => window.commit(() => localStorage.setItem("written", "too late")));

  test("a frozen leader is replaced after a second; thawed, its commit is refused and it follows", async (t) => {
    const leader = await openTab();
    const follower = await openTab();
    assert.equal(await takeCommit(leader), true);
    const devtools = await context.newCDPSession(leader);
    // As deep a sleep as the browser's own freezing, which Playwright's focus emulation prevents.
    await devtools.send("Debugger.enable");
    const paused = new Promise((resolve) => devtools.once("Debugger.paused", resolve));
    await devtools.send("Debugger.pause");
    await paused;
    const from = performance.now();
    await until(
      () => roleOf(follower),
      (role) => role === "leading",
      "the follower takes over",
    );
    t.diagnostic(`replaced after ${(performance.now() - from).toFixed(0)} ms`);
    assert.equal(await me(follower), "anna");
    assert.ok(performance.now() - from > 900, "not before a second");

    await devtools.send("Debugger.resume");
    assert.equal(await commitLate(leader), false);
    assert.equal(await follower.evaluate(() => localStorage.getItem("written")), "in time");
    await until(
      () => roleOf(leader),
      (role) => role === "following",
      "the old leader follows",
    );
    assert.equal(await me(leader), "anna");
    await until(connections, (open) => open.length === 1, "one connection again");
  });

  test("a leader that hangs is replaced, and what it does afterwards changes nothing", async () => {
    const leader = await openTab();
    const follower = await openTab();
    await takeCommit(leader);
    const late = leader.evaluate(async () => {
      // Within one task, as a script that hangs: what comes after it comes before any news.
      for (const end = performance.now() + 4000; performance.now() < end;);
      return window.commit(() => localStorage.setItem("written", "too late"));
    });
    await until(
      () => roleOf(follower),
      (role) => role === "leading",
      "the follower takes over",
      4000,
    );
    assert.equal(await late, false);
    assert.equal(await follower.evaluate(() => localStorage.getItem("written")), "in time");
    await until(
      () => roleOf(leader),
      (role) => role === "following",
      "the old leader follows",
    );
    await until(connections, (open) => open.length === 1, "one connection again");
  });

  test("a leader that goes to another page hands over", async () => {
    const leader = await openTab();
    const follower = await openTab();
    await leader.goto("about:blank");
    await until(
      () => roleOf(follower),
      (role) => role === "leading",
      "the other leads",
    );
    assert.equal(await me(follower), "anna");
    await until(connections, (open) => open.length === 1, "one connection");
  });
});
