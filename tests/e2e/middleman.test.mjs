// Who carries a login's bytes gains nothing by it: neither one who answers in the box's place, nor the relay.
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, readSync, readdirSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { circuitRelayServer } from "@libp2p/circuit-relay-v2";
import { multiaddr } from "@multiformats/multiaddr";
import { openProfile } from "./lib/chromium.mjs";
import { pairingLink, status, until } from "./lib/console.mjs";
import { scratch, start } from "./lib/daemon.mjs";
import * as shell from "./lib/shell.mjs";
import { Visitor, deviceOf, readingNoise, startPeer } from "./lib/visitor.mjs";

const name = "ingrid.solberg";
const password = "plum kettle rivers nine";
const httpProtocol = "/http/1.1";
const loopback = "/ip4/127.0.0.1/tcp/0";

/** A box with an owner, reached on loopback; and that owner's first device. */
async function ownedBox(t, args = []) {
  const dataDir = join(scratch(t), "data");
  const box = await start(t, "hearthd", [
    ...["--data-dir", dataDir, "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", "127.0.0.1"],
    ...["--ready-json", ...args],
  ]);
  const address = box.ready.addrs.find((one) => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//.test(one));
  const owner = await Visitor.at(t, address);
  await owner.setUp(box.ready.setup_url, { name, password });
  const right = { root: box.ready.root, name, password };
  const devices = async () => (await owner.json("GET", "/api/v1/devices")).devices.map(({ id }) => id);
  return { ...box, dataDir, address, right, devices };
}

/**
 * A peer with a key of its own that ends the client's connection, begins one to the box, and carries every
 * HTTP stream across. `change` may alter what the client sends.
 */
async function startMiddleman(t, address, change = (bytes) => bytes) {
  const pieces = [];
  const node = await startPeer(t, { listen: [loopback], encrypter: readingNoise(pieces) });
  const toBox = await node.dial(multiaddr(address));
  const carry = async (from, to, through) => {
    for await (const chunk of from) to.send(through(Buffer.from(chunk.subarray())));
    await to.close();
  };
  await node.handle(httpProtocol, async (stream) => {
    const onward = await toBox.newStream(httpProtocol);
    carry(stream, onward, (bytes) => change(bytes, node)).catch(() => onward.abort(new Error("cut")));
    carry(onward, stream, (bytes) => bytes).catch(() => stream.abort(new Error("cut")));
  });
  return { address: String(node.getMultiaddrs()[0]), read: () => Buffer.concat(pieces) };
}

const secrets = [name, password, "Letters to Sigrid"].concat(
  ["a=candidate", "a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "webrtc-datachannel"],
);

/** A visit through a relay, until it is direct: by name and password, then by a paired browser. Resolves to its page, with Files open. */
async function visit(t, box, { plain, ws }) {
  // A login by name and password, and a folder, through the relay.
  const visitor = await Visitor.at(t, `${plain}/p2p-circuit/p2p/${box.ready.peer_id}`);
  await visitor.login(box.right);
  await visitor.json("POST", "/app/files/api/v1/folders", { path: "Letters to Sigrid" });

  // A browser that is paired and makes its direct connection, signaled through the relay.
  const browser = await openProfile(t);
  const page = await browser.page();
  // As on a page from elsewhere: it isn't told the box's own addresses, and has the relay's alone.
  await page.route("**/.well-known/hearth", (route) => route.fulfill({ status: 404 }));
  const circuit = `${ws}/p2p-circuit/p2p/${box.ready.peer_id}`;
  const link = await pairingLink(box.dataDir, { flock: ws, multiaddrs: [circuit] });
  await page.goto(`${box.ready.http}/${link}`);
  await shell.joinByLink(page);
  await until(
    () => status(box.dataDir),
    ({ connections }) => connections.some(({ transport }) => transport === "webrtc"),
    "a connection signaled through the relay",
  );
  await shell.entry(await shell.openFiles(page), "Letters to Sigrid").waitFor();
  return page;
}

/** Carries TCP connections to `target` and keeps all of it. */
async function startRecorder(t) {
  const pieces = [];
  const open = new Set();
  const recorder = { target: 0, read: () => Buffer.concat(pieces) };
  const server = createServer((near) => {
    const far = connect(recorder.target, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      open.add(from);
      from.on("data", (data) => pieces.push(data));
      from.on("error", () => to.destroy());
      from.on("close", () => open.delete(from));
      from.pipe(to);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  recorder.port = server.address().port;
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return recorder;
}

const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => readFileSync(join(one.parentPath, one.name)));

/** What a process could write to, which is what a core dump of it would hold beyond its program. */
function writableMemory(pid) {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const pieces = [];
  for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").trimEnd().split("\n")) {
    const [, from, to, rights] = /^([0-9a-f]+)-([0-9a-f]+) (....)/.exec(line);
    if (!rights.startsWith("rw")) continue;
    const piece = Buffer.alloc(parseInt(to, 16) - parseInt(from, 16));
    try {
      readSync(memory, piece, 0, piece.length, parseInt(from, 16));
      pieces.push(piece);
    } catch {
      // The kernel's own, as [vvar].
    }
  }
  closeSync(memory);
  return Buffer.concat(pieces);
}

test("the stock OPAQUE client logs in directly, and has a session", async (t) => {
  const box = await ownedBox(t);
  const visitor = await Visitor.at(t, box.address);
  assert.equal(await visitor.standing(), 401, "a stranger before");
  const { persona } = await visitor.login(box.right);
  assert.equal(persona.name, name);
  assert.equal(await visitor.standing(), 200);
});

test("through a middleman who carries every byte unchanged, the right password opens nothing", async (t) => {
  const box = await ownedBox(t);
  const middleman = await startMiddleman(t, box.address);
  const visitor = await Visitor.at(t, middleman.address);
  const told = await visitor.json("GET", "/api/v1/appliance");
  assert.equal(told.root, box.ready.root, "everything seems as it should be");
  const before = await box.devices();
  await assert.rejects(visitor.login(box.right), { status: 403, code: "denied" });
  assert.equal(await visitor.standing(), 401, "neither of them has a session");
  assert.deepEqual(await box.devices(), before);
  assert.ok(middleman.read().includes(name), "he reads what is said");
  assert.ok(!middleman.read().includes(password), "the password isn't");
});

test("nor when the middleman passes himself off as the device: the proof names the peers", async (t) => {
  const box = await ownedBox(t);
  let visitor;
  const middleman = await startMiddleman(t, box.address, (bytes, node) =>
    Buffer.from(bytes.toString("latin1").replaceAll(visitor.key.id, deviceOf(node)), "latin1"),
  );
  visitor = await Visitor.at(t, middleman.address);
  const before = await box.devices();
  await assert.rejects(visitor.login(box.right), { code: "denied", message: /Somebody stands between/ });
  assert.equal(await visitor.standing(), 401);
  assert.deepEqual(await box.devices(), before);
});

test("a relay that keeps all it can read finds no password, name, file or session description in it", async (t) => {
  const pieces = [];
  const relay = await startPeer(t, {
    listen: [loopback, `${loopback}/ws`],
    encrypter: readingNoise(pieces),
    services: { relay: circuitRelayServer({ reservations: { applyDefaultLimit: false } }) },
  });
  const [plain, ws] = [false, true].map((wanted) =>
    relay
      .getMultiaddrs()
      .map(String)
      .find((one) => one.includes("/ws") === wanted),
  );
  const box = await ownedBox(t, ["--flock", plain]);
  await until(
    async () => relay.services.relay.reservations.size,
    (size) => size > 0,
    "a reservation",
  );

  await visit(t, box, { plain, ws });

  const read = Buffer.concat(pieces);
  t.diagnostic(`the relay read ${read.length} bytes`);
  assert.ok(read.length > 10_000, `${read.length} bytes went through the relay`);
  for (const seen of ["/libp2p/circuit/relay/0.2.0/stop", "/noise"])
    assert.ok(read.includes(seen), `it does read what is meant for it: ${seen}`);
  for (const secret of [...secrets, "HTTP/1.1"]) assert.ok(!read.includes(secret), `it reads ${secret}`);
});

test("hearth-flock itself: nothing of it is in what it gets, keeps, logs or has in memory, and a direct session passes it by", async (t) => {
  const folder = scratch(t);
  const proxy = await startRecorder(t);
  const flock = await start(t, "hearth-flock", [
    ...["--data-dir", join(folder, "flock"), "--listen-ip", "127.0.0.1", "--port", "0", "--shell", "off"],
    ...["--log-level", "debug", "--ready-json"],
  ]);
  const id = flock.ready.peer_id;
  proxy.target = Number(flock.ready.addrs[0].split("/")[4]);
  const plain = `/ip4/127.0.0.1/tcp/${proxy.port}/p2p/${id}`;
  const ws = `/ip4/127.0.0.1/tcp/${proxy.port}/ws/p2p/${id}`;
  const box = await ownedBox(t, ["--flock", plain, "--name", "casa"]);
  const page = await visit(t, box, { plain, ws });
  const relayed = async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${proxy.target}/metrics`)).text();
    return Number(/^hearth_flock_relay_bytes_total (\d+)$/m.exec(metrics)[1]);
  };
  const carried = await relayed();
  assert.ok(carried > 5_000, `it carried ${carried} bytes`);

  // Direct from here on: a picture of some megabytes goes past it, up and down.
  const photo = "/usr/share/backgrounds/mate/nature/YellowFlower.jpg";
  const files = page.frameLocator("iframe").frameLocator("iframe");
  await shell.upload(files, [photo]);
  await shell.openEntry(files, "YellowFlower.jpg");
  await files.getByRole("dialog").getByRole("img").first().waitFor();
  const more = (await relayed()) - carried;
  t.diagnostic(`${carried} bytes relayed until the session was direct, ${more} afterwards`);
  assert.ok(more < 16_384 && more < statSync(photo).size / 20, `${more} bytes still went through the flock`);

  const places = {
    "its connections": proxy.read(),
    "its log": Buffer.from(flock.errors + flock.output),
    "its files": Buffer.concat(filesBelow(join(folder, "flock"))),
    "its memory": writableMemory(flock.child.pid),
  };
  // These are looked into, and hold what is the flock's business.
  assert.ok(places["its connections"].includes("/noise"));
  assert.ok(places["its log"].includes("relay.reserved"));
  assert.ok(places["its files"].includes("casa"));
  assert.ok(places["its memory"].includes(box.ready.peer_id) || places["its memory"].includes("casa"));
  for (const [place, bytes] of Object.entries(places))
    for (const secret of [...secrets, "YellowFlower"])
      assert.ok(!bytes.includes(secret), `${secret} is in ${place}`);
});
