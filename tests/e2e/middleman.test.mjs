// Who carries a login's bytes gains nothing by it: neither one who answers in the box's place, nor the relay.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { circuitRelayServer } from "@libp2p/circuit-relay-v2";
import { noise } from "@libp2p/noise";
import { multiaddr } from "@multiformats/multiaddr";
import { openProfile } from "./lib/chromium.mjs";
import { pairingLink, status, until } from "./lib/console.mjs";
import { scratch, start } from "./lib/daemon.mjs";
import * as shell from "./lib/shell.mjs";
import { Visitor, deviceOf, startPeer } from "./lib/visitor.mjs";

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

/** Noise that keeps a copy of all it decrypts and is about to encrypt: what this peer can read. */
function readingNoise(pieces) {
  return (components) => {
    const inner = noise()(components);
    for (const side of ["secureInbound", "secureOutbound"]) {
      const secure = inner[side].bind(inner);
      inner[side] = async (...call) => {
        const secured = await secure(...call);
        for (const way of ["onData", "send"]) {
          const pass = secured.connection[way].bind(secured.connection);
          secured.connection[way] = (data) => (pieces.push(Buffer.from(data.slice())), pass(data));
        }
        return secured;
      };
    }
    return inner;
  };
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

  // A login by name and password, and a folder, through the relay.
  const visitor = await Visitor.at(t, `${plain}/p2p-circuit/p2p/${box.ready.peer_id}`);
  await visitor.login(box.right);
  await visitor.json("POST", "/app/files/api/v1/folders", { path: "Letters to Sigrid" });

  // A browser that is paired and makes its direct connection, signaled through the relay.
  const browser = await openProfile(t);
  const page = await browser.page();
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

  const read = Buffer.concat(pieces);
  t.diagnostic(`the relay read ${read.length} bytes`);
  assert.ok(read.length > 10_000, `${read.length} bytes went through the relay`);
  for (const seen of ["/libp2p/circuit/relay/0.2.0/stop", "/noise"])
    assert.ok(read.includes(seen), `it does read what is meant for it: ${seen}`);
  const secrets = ["Letters to Sigrid", "a=candidate", "a=ice-ufrag", "a=fingerprint", "webrtc-datachannel"];
  for (const secret of [name, password, "HTTP/1.1", ...secrets])
    assert.ok(!read.includes(secret), `it reads ${secret}`);
});
