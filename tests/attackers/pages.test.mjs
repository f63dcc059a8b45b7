// Hostile pages in a browser on the box's own machine: they reach the loopback port, and nothing comes of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openProfile } from "../e2e/lib/chromium.mjs";
import { ask, status } from "../e2e/lib/console.mjs";
import { scratch, startAppliance } from "../e2e/lib/daemon.mjs";
import { Visitor } from "../e2e/lib/visitor.mjs";

const name = "anna";
const password = "plum kettle rivers nine";
const script = readFileSync(new URL("lib/page_attacks.js", import.meta.url), "utf8");
const home = "/api/graph/v1/spaces/home";

/** What would change something if it were taken. */
const wishes = (persona, device) => [
  ["POST", "/api/v1/nonce", {}],
  ["POST", "/api/v1/setup/start", { code: "AAAA-AAAA", persona, registration_request: "AA" }],
  ["POST", "/api/v1/login/start", { name, ke1: Buffer.alloc(96, 1).toString("base64url") }],
  ["POST", "/api/v1/session", { device, nonce: "AA", signature: "AA" }],
  ["POST", "/api/v1/pairings", { device_name: "evil" }],
  ["PATCH", "/api/v1/appliance", { name: "Owned" }],
  ["POST", "/api/v1/flocks", { multiaddr: "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5" }],
  ["DELETE", `/api/v1/devices/${device}`],
  ["DELETE", `/api/v1/personas/${persona}`],
  ["POST", "/api/v1/recovery/reveal", {}],
  ["POST", "/api/v1/recovery/rotate", {}],
  ["PUT", `${home}/nodes/evil`, { properties: { a: 1 } }],
  ["POST", `${home}/updates`, { edits: [{ put: "evil", properties: { a: 1 } }] }],
  ["POST", "/api/graph/v1/spaces", { name: "evil", kind: "public" }],
  ["POST", "/app/files/api/v1/folders", { path: "evil" }],
  ["POST", "/local/v1/graph/backup", { directory: "/tmp/hearth-evil-backup" }],
];
const sockets = ["/gun", "/api/graph/v1/socket", "/api/v1/events", `${home}/changes?prefix=`, "/app/files/", "/"];

/**
 * One page in Chromium, at `origin`. Its names resolve to this machine: one of the attacker's own server here, or, as
 * rebinding has it, one that led elsewhere when the page was loaded.
 */
async function evilPage(t, origin) {
  const profile = await openProfile(t, {
    args: ["--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1"],
  });
  const opened = await profile.page();
  await opened.goto(`${origin}/`);
  await opened.addScriptTag({ content: script });
  return opened;
}

describe("hostile pages on the box's own machine", () => {
  const ends = [];
  const whole = { after: (end) => ends.push(end) }; // as a test has it, for all of them
  let box, dataDir, port, owner, persona, origins, device, site;

  before(async () => {
    const kittens = createServer((request, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html><body>Kittens"));
    await new Promise((resolve) => kittens.listen(0, "127.0.0.1", resolve));
    whole.after(() => (kittens.closeAllConnections(), kittens.close()));
    site = `http://evil.example:${kittens.address().port}`;
    dataDir = join(scratch(whole), "data");
    box = await startAppliance(whole, dataDir);
    port = new URL(box.ready.http).port;
    owner = await Visitor.at(whole, box.ready.addrs.find((one) => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//.test(one)));
    persona = (await owner.setUp(box.ready.setup_url, { name, password })).id;
    device = owner.key.id;
    const [app] = (await owner.json("GET", "/api/v1/apps")).apps;
    const label = app?.label ?? "a".repeat(26);
    origins = [`127.0.0.1:${port}`, `localhost:${port}`, `home.hearth.localhost:${port}`, `${label}.hearth.localhost:${port}`].map(
      (host) => `http://${host}`,
    );
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** All that the box holds and a request might change. */
  const state = async () => ({
    personas: await ask(dataDir, "GET", "/api/v1/personas"),
    devices: (await owner.json("GET", "/api/v1/devices")).devices.map(({ last_seen, ...rest }) => rest),
    pairings: await owner.json("GET", "/api/v1/pairings"),
    flocks: (await owner.json("GET", "/api/v1/flocks")).flocks.map(({ multiaddr }) => multiaddr),
    recovery: await owner.json("GET", "/api/v1/recovery"),
    name: (await status(dataDir)).name,
    spaces: await owner.json("GET", "/api/graph/v1/spaces"),
    nodes: await owner.json("GET", `${home}/nodes`),
    stats: await owner.json("GET", `${home}/stats`),
  });

  /** Of five free guesses a stranger has all: no page has used one up. */
  const fiveGuesses = async (t) => {
    const stranger = await Visitor.at(t, box.ready.addrs.find((one) => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//.test(one)));
    const right = { root: box.ready.root, name };
    const told = [];
    for (let guess = 0; guess < 6; guess++)
      told.push(await stranger.login({ ...right, password: `guess ${guess}` }).then(() => "in", ({ status, message }) => status ?? message));
    assert.deepEqual(told, [...Array(5).fill("the password is wrong"), 429]);
  };

  test("the attacks work: a naive server on this machine takes them", async (t) => {
    const taken = { posts: 0, upgrades: 0, gets: 0 };
    const naive = createServer((request, response) => {
      if (request.method === "POST") taken.posts++;
      else taken.gets++;
      response.setHeader("Content-Type", "image/svg+xml");
      response.end('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>');
    });
    naive.on("upgrade", (request, socket) => (taken.upgrades++, socket.destroy()));
    await new Promise((resolve) => naive.listen(0, "127.0.0.1", resolve));
    t.after(() => (naive.closeAllConnections(), naive.close()));
    const victim = `http://127.0.0.1:${naive.address().port}`;
    const evil = await evilPage(t, site);
    await evil.evaluate(([to, what]) => forge(to, what), [victim, wishes(persona, device).slice(0, 4)]);
    await evil.evaluate(([to, what]) => listen(to, what), [victim, sockets]);
    const loaded = await evil.evaluate((to) => load([`${to}/a.svg`]), victim);
    assert.ok(taken.posts >= 4 * 8, `${taken.posts} requests that change something`);
    assert.ok(taken.upgrades >= sockets.length, `${taken.upgrades} WebSockets`);
    for (const way of ["fetch", "img"]) assert.ok(loaded.some((one) => one.startsWith(way)), `${way}: it can tell that a server is there`);
  });

  test("S10: forms, no-cors fetches, beacons, sockets and event streams of another site change nothing and hear nothing", async (t) => {
    const before = await state();
    const evil = await evilPage(t, site);
    const attack = async ([all, what, paths]) =>
      Promise.all(all.map(async (to) => ({ to, read: await forge(to, what), heard: await listen(to, paths) })));
    for (const { to, read, heard } of await evil.evaluate(attack, [origins, wishes(persona, device), sockets])) {
      assert.deepEqual(read, [], `read from ${to}`);
      assert.deepEqual(heard, [], `heard from ${to}`);
    }
    assert.deepEqual(await state(), before);
  });

  test("S10: a name made to resolve to this machine (DNS rebinding) makes no page the box's own", async (t) => {
    const before = await state();
    const origin = `http://rebound.example:${port}`;
    const evil = await evilPage(t, origin);
    assert.deepEqual(await evil.evaluate(([to, what]) => forge(to, what), [origin, wishes(persona, device)]), []);
    assert.deepEqual(await evil.evaluate(([to, what]) => listen(to, what), [origin, sockets]), []);
    const statuses = await evil.evaluate(
      (paths) => Promise.all(paths.map(async (path) => (await fetch(path)).status)),
      ["/", "/api/v1/appliance", "/.well-known/hearth", "/.hearth/boot.html", "/index.html"],
    );
    assert.deepEqual(statuses, [421, 421, 421, 421, 421], "every answer is that no such site is here");
    assert.deepEqual(await state(), before);
  });

  test("S10: no page of another site frames the shell, an app's origin or an answer of the API", async (t) => {
    const evil = await evilPage(t, site);
    const urls = origins.flatMap((origin) => ["/", "/devices", "/.hearth/boot.html", "/.well-known/hearth"].map((path) => origin + path));
    await evil.evaluate((all) => {
      for (const url of all) document.body.append(Object.assign(document.createElement("iframe"), { src: url }));
    }, urls);
    await evil.waitForTimeout(1000);
    const shown = evil.frames().filter((frame) => frame !== evil.mainFrame());
    assert.equal(shown.length, urls.length);
    for (const frame of shown) {
      const text = await frame.evaluate(() => document.body?.innerText ?? "").catch(() => "");
      const url = frame.url();
      assert.ok(url.startsWith("chrome-error:") || /^\{"error"/.test(text), `framed: ${url} ${text.slice(0, 80)}`);
    }
  });

  test("S10: to a page that looks for servers on this machine the box's port loads nothing, as a closed one", async (t) => {
    const evil = await evilPage(t, site);
    const paths = ["/", "/favicon.svg", "/manifest.webmanifest", "/index.html", "/.hearth/boot.html", "/.hearth/sw.js", "/.well-known/hearth", "/api/v1/appliance"];
    const loaded = await evil.evaluate((all) => load(all), origins.flatMap((origin) => paths.map((path) => origin + path)));
    assert.deepEqual(loaded, []);
  });

  test("S10: a request with a forged Host, a foreign Origin or none of a browser's marks changes nothing without a session", async () => {
    const before = await state();
    const send = (headers, method, path, body) =>
      new Promise((resolve, reject) => {
        const asked = httpRequest({ host: "127.0.0.1", port, method, path, headers, setHost: false }, (answer) => {
          answer.resume().on("end", () => resolve(answer.statusCode));
        });
        asked.on("error", reject).end(body);
      });
    const hosts = [
      "evil.example", `evil.example:${port}`, `127.0.0.1.nip.io:${port}`, `home.hearth.localhost.evil.example:${port}`,
      `127.0.0.1:${port}@evil.example`, `evil.home.hearth.localhost:${port}`, `HOME.hearth.localhost:${port} `, `[::ffff:127.0.0.1]:${port}`, "127.0.0.1", "",
    ];
    for (const host of hosts)
      for (const [method, path, json] of wishes(persona, device)) {
        const headers = { Host: host, "Content-Type": "application/json", Connection: "close" };
        const told = await send(headers, method, path, json && JSON.stringify(json));
        assert.ok([400, 404, 405, 421].includes(told), `${host} ${method} ${path}: ${told}`);
      }
    const right = { Host: `127.0.0.1:${port}`, "Content-Type": "application/json", Connection: "close" };
    for (const foreign of [{ Origin: "http://evil.example" }, { Origin: "null" }, { "Sec-Fetch-Site": "cross-site" }, { "Sec-Fetch-Site": "same-site" }])
      assert.equal(await send({ ...right, ...foreign }, "POST", "/api/v1/nonce", "{}"), 403, JSON.stringify(foreign));
    assert.deepEqual(await state(), before);
  });

  test("S8: no page has used up one of a stranger's five guesses, nor the owner's way in", async (t) => {
    await fiveGuesses(t);
    assert.equal(await owner.standing(), 200);
    await owner.json("POST", "/api/v1/pairings", {});
  });
});
