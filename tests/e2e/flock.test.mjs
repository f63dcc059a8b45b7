// hearth-flock as a process: what it listens on, what it refuses to start with, and its coming back.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "node:tls";
import { multiaddr } from "@multiformats/multiaddr";
import { ask, until } from "./lib/console.mjs";
import { bin, scratch, start } from "./lib/daemon.mjs";
import { startPeer } from "./lib/visitor.mjs";

/** How long the flock stays away. The appliance tries again after 1, 2, 4 … 30 s. */
const absence = Number(process.env.HEARTH_FLOCK_ABSENCE_S ?? 5) * 1000;

const flockArguments = (folder, more = []) => [
  ...["--data-dir", join(folder, "flock"), "--listen-ip", "127.0.0.1", "--shell", "off", "--ready-json", ...more],
];
const startFlock = (t, folder, port, more) => start(t, "hearth-flock", flockArguments(folder, ["--port", port, ...(more ?? [])]));
const plain = (flock) => flock.ready.addrs.find((one) => !one.includes("/ws"));
const portOf = (flock) => plain(flock).split("/")[4];

function makeCertificate(folder) {
  const certificate = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
      ...["-subj", "/CN=flock.test", "-addext", "subjectAltName=DNS:flock.test", "-keyout", key, "-out", certificate],
    ],
    { stdio: "ignore" },
  );
  chmodSync(key, 0o644); // hearth-flock started as root reads it as a user of its own
  return { certificate, key };
}

/** The first line of the answer to a WebSocket's beginning, over TLS. */
function upgrade(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () =>
      socket.write(
        "GET / HTTP/1.1\r\nHost: flock.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
      ),
    );
    socket.once("data", (bytes) => (socket.destroy(), resolve(bytes.toString("latin1").split("\r\n")[0])));
    socket.once("error", reject);
  });
}

/** What a Binding request (RFC 8489 section 6) is answered with: the address that it came from. */
async function askStun(port) {
  const socket = createSocket("udp4");
  try {
    await new Promise((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const magic = 0x2112a442;
    const question = Buffer.alloc(20);
    question.writeUInt16BE(0x0001, 0);
    question.writeUInt32BE(magic, 4);
    randomBytes(12).copy(question, 8);
    // Sent once more, as RFC 8489 has it: so that it is of no use against others, a server's answer is never longer
    // than what it got.
    for (let i = 0; i < 2; i++) socket.send(question, port, "127.0.0.1");
    const [answer] = await once(socket, "message", { signal: AbortSignal.timeout(5000) });
    assert.equal(answer.readUInt16BE(0), 0x0101);
    assert.deepEqual(answer.subarray(4, 20), question.subarray(4, 20));
    for (let at = 20; at < answer.length; at += 4 + ((answer.readUInt16BE(at + 2) + 3) & ~3)) {
      if (answer.readUInt16BE(at) !== 0x0020) continue; // XOR-MAPPED-ADDRESS
      const address = (answer.readUInt32BE(at + 8) ^ magic) >>> 0;
      return {
        address: [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join("."),
        port: answer.readUInt16BE(at + 6) ^ (magic >>> 16),
        own: socket.address().port,
      };
    }
    throw new Error("no XOR-MAPPED-ADDRESS");
  } finally {
    socket.close();
  }
}

test("a flock that went away and came back has the appliance again within 35 s, without a restart", async (t) => {
  const folder = scratch(t);
  const first = await startFlock(t, folder, "0");
  const data = join(folder, "data");
  await start(t, "hearthd", [
    ...["--data-dir", data, "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", "127.0.0.1"],
    ...["--flock", plain(first), "--name", "casa", "--ready-json"],
  ]);
  const flock = async () => (await ask(data, "GET", "/api/v1/flocks")).flocks[0];
  await until(flock, ({ state }) => state === "joined", "joined");
  await first.kill();
  await until(flock, ({ state }) => state === "unreachable", "its absence noticed");
  await new Promise((resolve) => setTimeout(resolve, absence));

  const again = await startFlock(t, folder, portOf(first));
  assert.equal(again.ready.peer_id, first.ready.peer_id);
  const from = performance.now();
  await until(flock, ({ state }) => state === "joined", "joined again", 35_000);
  t.diagnostic(`away for ${absence / 1000} s, joined ${Math.round(performance.now() - from)} ms after its return`);
  const metrics = await (await fetch(`http://127.0.0.1:${portOf(again)}/metrics`)).text();
  assert.match(metrics, /^hearth_flock_relay_reserved_total 1$/m);
  assert.equal((await fetch(`http://127.0.0.1:${portOf(again)}/flock/v1/names/casa`)).status, 200);
});

test("every listener answers: TCP, WebSocket, wss, https, STUN", async (t) => {
  const folder = scratch(t);
  const { certificate, key } = makeCertificate(folder);
  const tls = ["--tls-certificate", certificate, "--tls-key", key, "--tls-port", "0"];
  const flock = await startFlock(t, folder, "0", tls);
  const port = Number(portOf(flock));
  const peer = await startPeer(t, { listen: [] });
  const ws = flock.ready.addrs.find((one) => /\/tcp\/\d+\/ws\//.test(one));
  for (const address of [plain(flock), ws]) {
    const connection = await peer.dial(multiaddr(address), { signal: AbortSignal.timeout(5000) });
    assert.equal(connection.remotePeer.toString(), flock.ready.peer_id, address);
    await connection.close();
  }
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text(), "ok\n");

  // wss and https are one port; the certificate is the one given.
  const secure = flock.ready.addrs.find((one) => one.includes("/tls/ws"));
  const told = await new Promise((resolve, reject) =>
    request(
      { host: "127.0.0.1", port: secure.split("/")[4], path: "/.well-known/hearth-flock", rejectUnauthorized: false },
      async (answer) => {
        const subject = answer.socket.getPeerCertificate().subject.CN;
        resolve({ subject, ...JSON.parse(Buffer.concat(await answer.toArray())) });
      },
    )
      .on("error", reject)
      .end(),
  );
  assert.equal(told.subject, "flock.test");
  assert.equal(told.peer_id, flock.ready.peer_id);
  assert.ok(told.addrs.includes(secure));

  assert.equal(await upgrade(Number(secure.split("/")[4])), "HTTP/1.1 101 Switching Protocols");

  const { address, port: seen, own } = await askStun(port);
  assert.deepEqual([address, seen], ["127.0.0.1", own]);
});

test("with a bad flag it ends with 2, and with a bad certificate not with 0 and names the file", (t) => {
  const folder = scratch(t);
  const run = (args) => spawnSync(bin("hearth-flock"), flockArguments(folder, args), { encoding: "utf8", timeout: 10_000 });
  for (const args of [["--fly"], ["--port", "http"], ["--port", "65536"], ["--listen-ip", "here"], ["--log-level", "loud"]]) {
    const { status, stderr } = run(args);
    assert.equal(status, 2, args.join(" "));
    assert.notEqual(stderr, "");
  }
  const { certificate, key } = makeCertificate(folder);
  const nowhere = join(folder, "nowhere.pem");
  const rubbish = join(folder, "rubbish.pem");
  writeFileSync(rubbish, "no certificate");
  for (const [pem, secret, bad] of [
    [nowhere, key, nowhere],
    [certificate, nowhere, nowhere],
    [rubbish, key, rubbish],
    [certificate, rubbish, rubbish],
  ]) {
    const { status, stderr } = run(["--port", "0", "--tls-port", "0", "--tls-certificate", pem, "--tls-key", secret]);
    assert.ok(status > 0, `${pem}: ${status}`);
    assert.ok(stderr.includes(bad), `${bad}: ${stderr}`);
  }
});
