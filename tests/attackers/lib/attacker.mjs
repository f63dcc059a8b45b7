// A hostile peer as a program of its own: `node attacker.mjs '{"attack", "host", "port", "peer", "ms", …}'`. It says when it begins,
// goes on for `ms` milliseconds, and then says in one line of JSON what it got done. It never waits for leave, nor for the end of anything.
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { multiaddr } from "../../e2e/lib/parts.mjs";
import { capturingNoise, createAttacker } from "./peer.mjs";
import * as wire from "./wire.mjs";

const order = JSON.parse(process.argv[2]);
const { host, port, peer, ms } = order;
let until = performance.now() + 10_000;
const going = () => performance.now() < until;
/** Its time begins with the first connection; it says so. */
function begin() {
  if (begin.done) return;
  begin.done = true;
  until = performance.now() + ms;
  console.log(JSON.stringify({ begun: true }));
}
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const told = { connections: 0, sent: 0, received: 0, refused: 0 };
process.on("uncaughtException", () => {});
process.on("unhandledRejection", () => {});

/** A TCP connection that writes `pieces` and then stays, or goes as soon as they are gone. */
function raw(pieces, { stay = true } = {}) {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      told.connections++;
      begin();
      for (const piece of pieces) {
        told.sent += piece.length;
        socket.write(piece);
      }
      if (stay) resolve(socket);
      else socket.end(() => resolve(socket));
    });
    socket.on("data", (data) => (told.received += data.length));
    socket.on("error", () => (told.refused++, resolve(undefined)));
    socket.on("close", () => resolve(socket));
  });
}
/** Opens `count` connections for each of `kinds` (lists of pieces) at a time, again and again. */
async function raids(kinds, { count = 4, linger = 30 } = {}) {
  while (going()) {
    const open = await Promise.all(kinds.flatMap((pieces) => Array.from({ length: count }, () => Promise.race([raw(pieces), pause(300)]))));
    await pause(linger);
    for (const socket of open) socket?.destroy();
  }
}
/** Keeps as many connections as it gets, each fed by `drip` now and then. */
async function hold(first, drip, { count = 300, every = 100 } = {}) {
  const sockets = await Promise.all(Array.from({ length: count }, () => Promise.race([raw(first), pause(500)])));
  while (going()) {
    for (const socket of sockets) if (socket && !socket.destroyed) socket.write(drip());
    await pause(every);
  }
}

/** Authenticated libp2p connections, each with what lies below its streams: {connection, wire}. */
async function peers(count) {
  const made = [];
  for (let i = 0; i < count && going(); i++) {
    const captured = {};
    const node = await createAttacker({ encrypter: capturingNoise(captured) });
    try {
      const connection = await node.dial(multiaddr(`/ip4/${host}/tcp/${port}/p2p/${peer}`), { signal: AbortSignal.timeout(1500) });
      told.connections++;
      begin();
      made.push({ node, connection, secured: captured.connection });
    } catch {
      told.refused++;
      await node.stop();
    }
  }
  return made;
}
/** Writes below the streams, as fast as it is taken; anew after it was thrown out. */
async function below(make, { count = 4, each = Infinity } = {}) {
  while (going()) {
    const all = await peers(count);
    await Promise.all(
      all.map(async ({ connection, secured }) => {
        for (let i = 0; going() && connection.status === "open"; i++) {
          if (i >= each) {
            await pause(10); // all of them stay
            continue;
          }
          const bytes = make(i);
          told.sent += bytes.length;
          if (!secured.send(bytes)) await Promise.race([secured.onDrain?.().catch(() => {}), pause(50)]);
          if (i % 64 === 0) await pause(0);
        }
      }),
    );
    for (const { node } of all) node.stop();
    if (all.length === 0) await pause(50);
  }
}
/** The peer's frames by hand: opens streams of a protocol and writes into each, without hearing a word. */
const flood = (protocol, write, { count = 2, each = 256 } = {}) =>
  below(
    (i) => {
      const hello = Buffer.concat([multistreamHeader, multistream(protocol), write(i)]);
      const frames = [];
      // Within the window that a stream has from the start.
      for (let at = 0; at < Math.min(hello.length, 262_144); at += 65_536) {
        const piece = hello.subarray(at, Math.min(at + 65_536, 262_144));
        frames.push(yamuxFrame(yamux.data, at === 0 ? yamux.syn : 0, odd, piece.length, piece));
      }
      odd += 2;
      return Buffer.concat(frames);
    },
    { count, each },
  );
/** The same as any user does, hearing what comes back. */
async function streams(protocol, write, { count = 2, each = 256 } = {}) {
  const all = await peers(count);
  while (going()) {
    await Promise.all(
      all.map(async ({ connection }) => {
        if (connection.status !== "open") return;
        await Promise.all(
          Array.from({ length: each }, async (_, i) => {
            try {
              const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(1000), maxOutboundStreams: 4096 });
              stream.addEventListener?.("message", ({ data }) => (told.received += data.byteLength));
              const bytes = write(i);
              told.sent += bytes.length;
              stream.send(bytes);
            } catch {
              told.refused++;
            }
          }),
        );
      }),
    );
    await pause(50);
  }
}
/** Datagrams from as many sockets, and what comes back to each. */
async function datagrams(make, { sockets = 32, burst = 16 } = {}) {
  const all = Array.from({ length: sockets }, () => createSocket("udp4"));
  for (const socket of all) {
    socket.on("message", (data) => (told.received += data.length));
    socket.on("error", () => {});
  }
  begin();
  for (let i = 0; going(); i++) {
    for (const socket of all)
      for (let n = 0; n < burst; n++) {
        const bytes = make(i * burst + n);
        told.sent += bytes.length;
        socket.send(bytes, port, host);
      }
    await pause(2);
  }
  await pause(20);
}

const { yamux, yamuxFrame, multistream, multistreamHeader } = wire;
const noiseOffer = [multistreamHeader, multistream("/noise")];
const upgrade = `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`;
const text = (string) => [Buffer.from(string)];
const length64 = (first) => Buffer.concat([Buffer.from([first, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]), randomBytes(1024)]);
const addresses = (count) => Buffer.concat(Array.from({ length: count }, (_, i) => wire.field(2, Buffer.from([4, 10, i >> 16, i >> 8, i, 6, 0, 80]))));
const protocols = (count) => Buffer.concat(Array.from({ length: count }, (_, i) => wire.field(3, Buffer.from(`/bomb/${i}`))));
let odd = 1_000_001; // far from the ids that js-libp2p takes by itself

const attacks = {
  /** Below any handshake: noise without sense, lengths without end, halves of greetings. */
  garbage: () =>
    raids([
      [randomBytes(4096)],
      [wire.varint(2 ** 32), randomBytes(65_536)],
      [Buffer.alloc(64, 0xff)],
      [multistreamHeader, wire.varint(2 ** 32)],
      [multistreamHeader.subarray(0, 7)],
      [...noiseOffer, Buffer.from([0xff, 0xff]), randomBytes(65_535)],
      [...noiseOffer, Buffer.from([0, 0]), Buffer.from([0, 1, 0])],
      Array.from({ length: 500 }, () => multistream("/nothing/1.0.0")),
    ]),
  /** Connections that begin and never end their handshake. */
  halfOpen: () => Promise.all([hold([], () => Buffer.alloc(0)), hold([...noiseOffer, Buffer.from([0, 32]), randomBytes(31)], () => Buffer.alloc(0))]),
  /** A byte now and then, at every layer. */
  slowloris: () =>
    Promise.all([
      hold(text("GET / HTTP/1.1\r\nHost: x\r\n"), () => Buffer.from("X-A: b\r\n"), { every: 20 }),
      hold([multistreamHeader.subarray(0, 3)], () => Buffer.from("m")),
      hold(text("POST /api/v1/nonce HTTP/1.1\r\nHost: x\r\nContent-Length: 16384\r\n\r\n"), () => Buffer.from("x")),
    ]),
  /** Heads, bodies and frames of HTTP and WebSocket that promise more than anybody could hold. */
  http: () =>
    raids(
      [
        text(`GET / HTTP/1.1\r\nHost: x\r\nX-Bomb: ${"b".repeat(1 << 20)}\r\n\r\n`),
        text(`GET / HTTP/1.1\r\nHost: x\r\n${"a: b\r\n".repeat(100_000)}\r\n`),
        text(`GET /${"x".repeat(1 << 18)} HTTP/1.1\r\nHost: x\r\n\r\n`),
        text(`PUT /flock/v1/names/evil HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n${"x".repeat(65_536)}`),
        text(`PUT /flock/v1/names/evil HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 4294967296\r\n\r\n${"x".repeat(65_536)}`),
        text("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2000)),
        [Buffer.from(upgrade), length64(0x82)],
        [Buffer.from(upgrade), length64(0xc2)],
        [Buffer.from(upgrade), ...Array.from({ length: 2000 }, () => Buffer.from([0x02, 0x80, 0, 0, 0, 0]))],
        [Buffer.from(upgrade), ...Array.from({ length: 2000 }, () => Buffer.from([0x89, 0x80, 0, 0, 0, 0]))],
      ],
      { count: 2 },
    ),
  /** Within an authenticated connection: frames that announce 4 GiB, overflows, unknown kinds. */
  frames: () =>
    below((i) => {
      const stream = (odd += 2);
      return [
        yamuxFrame(yamux.data, yamux.syn, stream, 0xffffffff, randomBytes(1024)),
        yamuxFrame(yamux.window, yamux.syn, stream, 0xffffffff),
        yamuxFrame(yamux.data, 0, 999_999, 65_536, randomBytes(65_536)),
        yamuxFrame(9, 0xffff, stream, 0xffffffff),
        randomBytes(4096),
      ][i % 5];
    }),
  /** Streams opened and given up at once, with a first word and without, as fast as it goes. */
  rapidReset: () =>
    below((n) => {
      const hello = Buffer.concat([multistreamHeader, multistream("/http/1.1")]);
      const all = [];
      for (let i = 0; i < 50; i++) {
        odd += 2;
        all.push(n % 2 ? yamuxFrame(yamux.data, yamux.syn, odd, hello.length, hello) : yamuxFrame(yamux.window, yamux.syn, odd, 0));
        all.push(yamuxFrame(yamux.window, yamux.rst, odd, 0));
      }
      return Buffer.concat(all);
    }),
  /** Streams opened and never used; and pings. */
  streamFlood: () =>
    below((i) => {
      odd += 2;
      return i % 2 ? yamuxFrame(yamux.window, yamux.syn, odd, 0) : Buffer.concat(Array.from({ length: 100 }, () => yamuxFrame(yamux.ping, yamux.syn, 0, i)));
    }),
  /** Heads that never end, on as many streams as there are. */
  streamHeads: () => flood("/http/1.1", () => Buffer.from(`GET / HTTP/1.1\r\nHost: x\r\nX-Bomb: ${"b".repeat(60_000)}`), { count: 4, each: 512 }),
  /** Guesses and nonces without end. */
  requests: () =>
    streams(
      "/http/1.1",
      (i) => {
        const body = i % 2 ? "{}" : JSON.stringify({ name: `name${i}`, ke1: Buffer.alloc(96, 7).toString("base64url") });
        return Buffer.from(`POST /api/v1/${i % 2 ? "nonce" : "login/start"} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      },
      { count: 2, each: 64 },
    ),
  /** Identify messages of absurd size and number. */
  identify: () =>
    flood(
      "/ipfs/id/push/1.0.0",
      (i) =>
        [
          Buffer.concat([wire.varint(2 ** 32), randomBytes(65_536)]),
          wire.framed(addresses(50_000)),
          wire.framed(protocols(50_000)),
          Buffer.concat(Array.from({ length: 2000 }, () => wire.framed(protocols(20)))),
        ][i % 4],
      { each: 64 },
    ),
  /** Everything a relay could be talked into. */
  relay: () =>
    flood(
      "/libp2p/circuit/relay/0.2.0/hop",
      (i) =>
        [
          wire.framed(wire.numberField(1, 0)), // RESERVE
          wire.framed(Buffer.concat([wire.numberField(1, 1), wire.field(2, wire.field(1, Buffer.concat([Buffer.from([0x12, 0x20]), randomBytes(32)])))])), // CONNECT to nobody
          Buffer.concat([wire.varint(2 ** 32), randomBytes(8192)]),
          wire.framed(randomBytes(4096)),
        ][i % 4],
      { count: 8, each: 512 },
    ),
  /** STUN from everywhere, checks of sessions that are begun and left, DTLS that nobody asked for. */
  udp: () =>
    datagrams(
      (i) =>
        [
          () => wire.bindingRequest(),
          () => wire.bindingRequest(1000),
          () => wire.directCheck(randomBytes(12).toString("hex")),
          () => wire.directCheck(randomBytes(12).toString("hex"), { password: "another" }),
          () => wire.clientHello(),
          () => randomBytes(1200),
          () => Buffer.concat([wire.bindingRequest().subarray(0, 20), randomBytes(30)]),
        ][i % 7](),
    ),
};

const attack = attacks[order.attack]();
while (going()) await pause(50);
begin(); // all were refused
await Promise.race([attack, pause(500)]);
console.log(JSON.stringify(told));
process.exit(0);
