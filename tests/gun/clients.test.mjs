// npm gun, unmodified, in node.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scratch, start } from "../e2e/lib/daemon.mjs";
import { connected, gunClient, rawClient, SEA, startRelay, until } from "./lib/relay.mjs";

const put = (chain, value) =>
  new Promise((resolve, reject) =>
    chain.put(value, (ack) => (ack.err ? reject(new Error(ack.err)) : resolve(ack))),
  );
const once = (chain) => new Promise((resolve) => chain.once(resolve, { wait: 50 }));

test("two clients put, get, follow, list and link through the relay", async (t) => {
  const relay = await startRelay(t);
  const one = gunClient(t, relay.url);
  const two = gunClient(t, relay.url);

  await put(one.get("plain"), {
    text: 'äöü \u{1f600} "q" \n',
    number: 1.5,
    yes: true,
    none: null,
  });
  const plain = await until(() => once(two.get("plain")), "the node");
  assert.equal(plain.text, 'äöü \u{1f600} "q" \n');
  assert.equal(plain.number, 1.5);
  assert.equal(plain.yes, true);
  assert.equal(plain.none, null);

  await put(one.get("deep"), { a: { b: { c: "bottom" } } });
  assert.equal(await until(() => once(two.get("deep").get("a").get("b").get("c"))), "bottom");

  const seen = [];
  two
    .get("counter")
    .get("value")
    .on((value) => seen.push(value));
  for (let i = 1; i <= 20; i += 1) await put(one.get("counter").get("value"), i);
  await until(() => seen.includes(20), "the last value");

  const found = new Set();
  two
    .get("list")
    .map()
    .on((item) => item?.name && found.add(item.name));
  for (let i = 0; i < 30; i += 1)
    await put(one.get("list").set({ name: `item ${i}` }), {
      name: `item ${i}`,
    });
  await until(() => found.size === 30, "thirty items");

  await put(one.get("mark"), { name: "Mark" });
  await put(one.get("boss"), { of: "us" });
  await put(one.get("mark").get("boss"), one.get("boss"));
  assert.equal(await until(() => once(two.get("mark").get("boss").get("of"))), "us");

  await put(one.get("plain").get("text"), null);
  assert.equal(
    await until(async () => (await once(gunClient(t, relay.url).get("plain").get("text"))) === null),
    true,
  );
});

test("what was acknowledged survives kill -9, and clients go on by themselves", async (t) => {
  let relay = await startRelay(t);
  const one = gunClient(t, relay.url);
  const two = gunClient(t, relay.url);
  const seen = new Set();
  two
    .get("log")
    .map()
    .on((value, name) => seen.add(`${name}=${value}`));
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 20; i += 1) await put(one.get("log").get(`r${round}n${i}`), i);
    await relay.kill();
    relay = await relay.again();
    const fresh = await rawClient(t, relay.url);
    const answer = await fresh.get("log");
    for (let i = 0; i < 20; i += 1) assert.equal(answer.put.log[`r${round}n${i}`], i);
    // What gun is given while it isn't connected, it never sends.
    await until(() => connected(one) && connected(two), "both clients' reconnection");
  }
  await until(() => seen.size === 60, "all 60 values at the client that only listens");
});

test("users: made on one client, logged in on another; strangers are refused", async (t) => {
  const relay = await startRelay(t);
  const one = gunClient(t, relay.url);
  const two = gunClient(t, relay.url);
  const made = await new Promise((resolve) => one.user().create("alice", "correct horse", resolve));
  assert.equal(made.err, undefined);
  await new Promise((resolve) => one.user().auth("alice", "correct horse", resolve));
  await put(one.user().get("profile").get("name"), "Älice");
  const pub = one.user().is.pub;

  const login = await new Promise((resolve) => two.user().auth("alice", "correct horse", resolve));
  assert.equal(login.err, undefined);
  assert.equal(two.user().is.pub, pub);
  assert.equal(await until(() => once(two.user().get("profile").get("name"))), "Älice");

  const stranger = await rawClient(t, relay.url);
  const refused = await stranger.put(`~${pub}/profile`, { name: "Eve" }, Date.now());
  assert.equal(refused.err, "Unverified data.");
  const held = (await stranger.get(`~${pub}/profile`)).put[`~${pub}/profile`];
  const replayed = await stranger.put(`~${pub}/profile`, { name: held.name }, held._[">"].name + 1);
  assert.equal(replayed.err, "Unverified data.");

  // A certificate for two, which gun's own membership test never matches.
  const sea = SEA();
  const [bob, carol] = [await sea.pair(), await sea.pair()];
  const certificate = JSON.parse(
    (await sea.certify([bob.pub, carol.pub], { "*": "inbox" }, one.user()._.sea)).slice(3),
  );
  const state = Date.now();
  const soul = `~${pub}`;
  const signed = await sea.sign({ "#": soul, ".": "inbox", ":": "hi", ">": state }, carol, null, { raw: 1 });
  const value = JSON.stringify({
    ":": "hi",
    "~": signed.s,
    "+": certificate,
    "*": carol.pub,
  });
  assert.equal((await stranger.put(soul, { inbox: value }, state)).ok, true);
  assert.equal((await stranger.put(soul, { outbox: value }, state)).err, "Unverified data.");
});

test("where gun's own relay fails", async (t) => {
  let relay = await startRelay(t);
  let raw = await rawClient(t, relay.url);
  // Stale, identical and invalid writes are answered.
  assert.equal((await raw.put("s", { a: 2 }, 2000)).ok, true);
  assert.equal((await raw.put("s", { a: 2 }, 2000)).ok, true);
  assert.equal((await raw.put("s", { a: 1 }, 1000)).ok, true);
  assert.ok((await raw.ask({ put: { s: { _: { "#": "s" }, a: 1 } } })).err);
  assert.ok((await raw.put("s", { a: [1] })).err);
  // A property may be called hasOwnProperty.
  assert.equal((await raw.put("odd", { hasOwnProperty: 1, constructor: 2, toString: 3 })).ok, true);
  assert.equal((await raw.get("odd")).put.odd.hasOwnProperty, 1);
  // 20,000 properties are answered.
  const names = Array.from({ length: 20_000 }, (_, i) => [`property${i}`, `value ${i}`]);
  assert.equal((await raw.put("large", Object.fromEntries(names))).ok, true);
  raw.heard.length = 0;
  await raw.get("large");
  const count = () =>
    raw.heard.reduce((n, m) => n + Object.keys(m.put?.large ?? {}).filter((k) => k !== "_").length, 0);
  await until(() => count() === 20_000, "20,000 properties", 30_000);
  // LEX on a soul that was read in full is answered.
  const lex = await raw.ask({ get: { "#": "s", ".": { "*": "a" } } });
  assert.equal(lex.put.s.a, 2);
  assert.ok(
    (
      await raw.ask({
        get: { "#": { "*": "lar" }, ".": { "*": "property1" }, "%": 50 },
      })
    ).put.large,
  );
  // A write for later, and an older one after a restart.
  const due = Date.now() + 2500;
  assert.equal((await raw.put("s", { later: "now" }, due)).ok, true);
  assert.equal((await raw.get("s", "later")).put, undefined);
  await relay.kill();
  relay = await relay.again();
  raw = await rawClient(t, relay.url);
  assert.equal((await raw.put("s", { a: "old" }, 1500)).ok, true);
  assert.equal((await raw.get("s", "a")).put.s.a, 2);
  await until(async () => (await raw.get("s", "later")).put?.s.later === "now", "the write for later", 8000);
  assert.ok(Date.now() >= due);
});

test("junk, large frames and deep nesting neither stop it nor cut anybody off", async (t) => {
  const relay = await startRelay(t);
  const raw = await rawClient(t, relay.url);
  for (const junk of [
    "{bad",
    "[1,2",
    '"str"',
    "",
    "[".repeat(100_000),
    '{"put":'.repeat(100_000),
    "null",
    "[[[]]]",
  ])
    raw.send(junk);
  raw.socket.send(Buffer.from([0xff, 0xfe]));
  const large = "x".repeat(10_000_000);
  assert.equal((await raw.put("large", { value: large })).ok, true);
  assert.equal((await raw.get("large", "value")).put.large.value.length, large.length);
  for (const verb of ["opt", "mob"])
    raw.send({
      dam: verb,
      peers: ["http://127.0.0.1:9/gun"],
      opt: { peers: "http://127.0.0.1:9/gun" },
    });
  assert.equal((await raw.put("after", { ok: 1 })).ok, true);
});

test("it is closed unless it is opened", async (t) => {
  const folder = scratch(t, "hearth-gun-");
  const args = ["--data-dir", folder, "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", "127.0.0.1"];
  const daemon = await start(t, "hearthd", [...args, "--shell", "off", "--ready-json"]);
  assert.equal("gun" in daemon.ready, false);
  await assert.rejects(rawClient(t, `ws://127.0.0.1:${new URL(daemon.ready.http).port}/gun`));
  const open = await startRelay(t);
  const plain = await fetch(open.url.replace("ws:", "http:"));
  assert.equal(plain.status, 426);
});

test("300 clients at once leave the box's own pages reachable, and the space has a bound", async (t) => {
  const relay = await startRelay(t, undefined, undefined, ["--gun-space", "1"]);
  const clients = await Promise.all(Array.from({ length: 300 }, () => rawClient(t, relay.url)));
  const answers = await Promise.all(clients.map((client, i) => client.put(`s${i}`, { i })));
  assert.ok(answers.every((answer) => answer.ok));
  const known = await fetch(new URL("/.well-known/hearth", relay.url.replace("ws:", "http:")));
  assert.equal(known.status, 200);
  const text = "x".repeat(100_000);
  for (let i = 0; i < 40; i += 1) await clients[0].put(`large${i}`, { text: `${text}${Math.random()}` });
  await until(
    async () => (await clients[0].put("more", { i: Math.random() })).err === "This space is full.",
    "the bound",
    15_000,
  );
  assert.equal((await clients[1].get("s1")).put.s1.i, 1);
});
