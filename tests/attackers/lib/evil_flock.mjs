// A flock that lies, written from the specifications over stock js-libp2p: names, relay and HTTP like one's own flock,
// a host and a root of its own, and a mode that says how it cheats. It keeps all that it can read.
import { connect } from "node:net";
import { createLibp2p, generateKeyPair, identify, multiaddr, noise, tcp, webSockets, yamux } from "../../e2e/lib/parts.mjs";
import { Key, hostCertificate, nameRecord } from "../../e2e/lib/statements.mjs";
import { readingNoise } from "../../e2e/lib/visitor.mjs";
import { field, framed, numberField } from "./wire.mjs";

const hop = "/libp2p/circuit/relay/0.2.0/hop";
const stop = "/libp2p/circuit/relay/0.2.0/stop";
const http = "/http/1.1";
const loopback = "/ip4/127.0.0.1/tcp/0";
const ok = numberField(5, 100);

/** What is read of a stream piece by piece, beginning with a length before it. */
class Pieces {
  constructor(stream) {
    this.chunks = stream[Symbol.asyncIterator]();
    this.held = Buffer.alloc(0);
  }
  async more() {
    const { value, done } = await this.chunks.next();
    if (done) throw new Error("it ended");
    this.held = Buffer.concat([this.held, value.subarray()]);
  }
  async message() {
    for (;;) {
      const length = this.held[0];
      if (this.held.length > 2) {
        const two = length & 128;
        const size = two ? (length & 127) | (this.held[1] << 7) : length;
        const end = (two ? 2 : 1) + size;
        if (this.held.length >= end) {
          const message = this.held.subarray(two ? 2 : 1, end);
          this.held = this.held.subarray(end);
          return message;
        }
      }
      await this.more();
    }
  }
  async *rest() {
    if (this.held.length > 0) yield this.held;
    for (let next = await this.chunks.next(); !next.done; next = await this.chunks.next()) yield Buffer.from(next.value.subarray());
  }
}

/** Fields of a protobuf message: number → last value. */
function fields(message) {
  const found = new Map();
  const number = (at) => {
    let value = 0;
    for (let shift = 1; ; shift *= 128, at++) {
      value += (message[at] & 127) * shift;
      if (message[at] < 128) return [value, at + 1];
    }
  };
  for (let at = 0; at < message.length; ) {
    const [key, next] = number(at);
    const [value, end] = number(next);
    const isNumber = (key & 7) === 0;
    found.set(key >> 3, isNumber ? value : message.subarray(end, end + value));
    at = isNumber ? end : end + value;
  }
  return found;
}

/** One request of HTTP/1.1: {method, path, body}. */
async function readRequest(pieces) {
  let end;
  while ((end = pieces.held.indexOf("\r\n\r\n")) < 0) await pieces.more();
  const head = pieces.held.subarray(0, end).toString("latin1");
  const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  while (pieces.held.length < end + 4 + length) await pieces.more();
  const [method, path] = head.split(" ");
  return { method, path, head, body: pieces.held.subarray(end + 4, end + 4 + length) };
}
const answer = (status, body = Buffer.alloc(0), type = "application/json") =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} -\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`),
    body,
  ]);

export async function startEvilFlock(t, { name }) {
  const read = []; // what the flock itself can read
  const carried = []; // what went through its circuits
  const towardsWhom = []; // PeerIds that circuits were asked for
  const box = { records: [] }; // the true one, as far as it knows it
  const evil = { mode: "honest", asked: [], hijacked: [], told: [], circuits: 0 };

  /** A peer of ours, until the test is over. */
  const node = async (listen, encrypter, key) => {
    const made = await createLibp2p({
      privateKey: key ?? (await generateKeyPair("Ed25519")),
      addresses: { listen },
      transports: [tcp(), webSockets()],
      connectionEncrypters: [encrypter],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      services: { identify: identify() },
    });
    t.after(() => made.stop());
    return made;
  };

  // The box that it passes off as the true one: a host and a root of its own. It answers a login by asking the true box.
  const hostRead = [];
  const [root, key] = [await Key.make(), await Key.make()];
  const certificate = await hostCertificate(root, key);
  const host = await node([loopback], readingNoise(hostRead), key.libp2p);
  await host.handle(
    http,
    async (stream) => {
      const request = await readRequest(new Pieces(stream));
      evil.hijacked.push(`${request.method} ${request.path}`);
      if (request.path === "/api/v1/appliance") {
        // Whichever root the page believes in, this is all the proof there is of being its host.
        const shown = evil.mode === "stolen-certificate" ? box.certificate : certificate;
        const told = { root: root.id, peer_id: host.peerId.toString(), name, version: "1", host_certificate: shown.toString("base64url"), claimed: true, flocks: [] };
        stream.send(answer(200, Buffer.from(JSON.stringify(told))));
      } else if (box.connection) {
        const onward = await box.connection.newStream(http);
        onward.send(Buffer.concat([Buffer.from(`${request.head}\r\n\r\n`, "latin1"), request.body]));
        for await (const chunk of onward) stream.send(chunk);
      } else {
        stream.send(answer(404));
      }
      await stream.close();
    },
    { maxInboundStreams: 1024 },
  );
  const hostPort = Number(String(host.getMultiaddrs()[0]).split("/")[4]);

  const flock = await node([loopback, `${loopback}/ws`], readingNoise(read));
  const address = (ws) => flock.getMultiaddrs().map(String).find((one) => one.includes("/ws") === ws);

  /** The record it tells for the name. */
  async function told() {
    const last = box.records.at(-1);
    const now = { name, root, host: key, certificate, sequence: 4_000_000_000 };
    switch (evil.mode) {
      case "other-root":
      case "other-host":
        return nameRecord(now); // signed by its own root throughout
      case "stolen-certificate":
        return nameRecord({ ...now, root: box.root, certificate: box.certificate }); // the true root's, signed by another host
      case "other-name":
        return nameRecord({ ...now, name: "somebody" });
      case "altered": {
        const copy = Buffer.from(last);
        copy[copy.length - 80] ^= 1;
        return copy;
      }
      case "rolled-back":
        return box.records[0];
      case "cut":
        return last.subarray(0, last.length - 10);
      case "gone":
        return undefined;
      default:
        return last;
    }
  }

  await flock.handle(
    http,
    async (stream) => {
      const { method, path, body } = await readRequest(new Pieces(stream));
      evil.asked.push(`${method} ${path}`);
      if (path === "/.well-known/hearth-flock") {
        const info = { peer_id: flock.peerId.toString(), addrs: [address(true)], version: "1" };
        stream.send(answer(200, Buffer.from(JSON.stringify(info))));
      } else if (method === "PUT") {
        box.records.push(Buffer.from(body));
        stream.send(answer(201));
      } else if (path.startsWith("/flock/v1/names/")) {
        const record = await told();
        evil.told.push(evil.mode);
        stream.send(record ? answer(200, Buffer.from(record), "application/cbor") : answer(404));
      } else {
        stream.send(answer(404));
      }
      await stream.close();
    },
    { maxInboundStreams: 1024 },
  );

  /** Carries both ways, cheating as the mode says. */
  function splice(pieces, source, towards) {
    const said = (evil.lastSaid = []); // what the device says on it
    const carry = async (from, send, end, which) => {
      let count = 0;
      for await (const chunk of from) {
        carried.push(chunk);
        if (which === "forth") said.push(chunk);
        let out = chunk;
        if (evil.mode === "downgraded") out = Buffer.from(chunk.toString("latin1").replaceAll("/noise", "/plain"), "latin1");
        if (evil.mode === "tampering" && which === "back" && count > 300) (out = Buffer.from(chunk))[out.length >> 1] ^= 1;
        if (evil.mode === "delaying") await new Promise((resolve) => setTimeout(resolve, 60));
        count += chunk.length;
        if (evil.mode === "doubling" && count > 300) send(out);
        if (evil.mode !== "dropping" || count < 300) send(out);
      }
      end();
    };
    carry(pieces.rest(), towards.send, towards.end, "forth").catch(() => towards.end());
    carry(towards.from, (bytes) => source.send(bytes), () => source.close().catch(() => {}), "back").catch(() => source.abort(new Error("cut")));
  }
  const toOwnHost = () =>
    new Promise((resolve, reject) => {
      const socket = connect(hostPort, "127.0.0.1", () => resolve({ from: socket, send: (bytes) => socket.write(bytes), end: () => socket.destroy() }));
      socket.on("error", reject);
      t.after(() => socket.destroy());
    });
  const toBox = async (source) => {
    const stream = await box.relayed.newStream(stop);
    const pieces = new Pieces(stream);
    stream.send(framed(Buffer.concat([numberField(1, 0), field(2, field(1, source.toMultihash().bytes))])));
    await pieces.message();
    return { from: pieces.rest(), send: (bytes) => stream.send(bytes), end: () => stream.close().catch(() => {}) };
  };

  await flock.handle(
    hop,
    async (stream, connection) => {
      const pieces = new Pieces(stream);
      const message = fields(await pieces.message());
      if ((message.get(1) ?? 0) === 0) {
        box.relayed = connection;
        const expire = numberField(1, Math.floor(Date.now() / 1000) + 3600);
        const reservation = Buffer.concat([expire, field(2, multiaddr(address(false)).bytes)]);
        stream.send(framed(Buffer.concat([numberField(1, 2), field(3, reservation), ok])));
        return stream.close();
      }
      evil.circuits++;
      towardsWhom.push(fields(message.get(2)).get(1).toString("hex"));
      const ours = ["other-root", "other-host", "stolen-certificate", "switched"].includes(evil.mode);
      const towards = await (ours ? toOwnHost() : toBox(connection.remotePeer));
      stream.send(framed(Buffer.concat([numberField(1, 2), ok])));
      splice(pieces, stream, towards);
    },
    { maxInboundStreams: 1024 },
  );

  return Object.assign(evil, {
    /** How many circuits to this PeerId were asked for. */
    circuitsTo: (peer) => towardsWhom.filter((one) => Buffer.from(multiaddr(`/p2p/${peer}`).bytes).toString("hex").endsWith(one)).length,
    plain: address(false),
    ws: address(true),
    root,
    hostId: host.peerId.toString(),
    box,
    carried,
    /** Its own line to the true box, for what it passes on. */
    async knowBox(to, { root: trueRoot, certificate: shown }) {
      box.connection = await host.dial(multiaddr(to));
      box.root = { bytes: Buffer.from(trueRoot, "base64url") };
      box.certificate = Buffer.from(shown, "base64url");
    },
    recorded: () => Buffer.concat([...read, ...carried, ...hostRead]),
    hostRead: () => Buffer.concat(hostRead),
    /** Says again to the box what a device has said to it through here, on a circuit of its own. */
    async replay(bytes) {
      const towards = await toBox(flock.peerId);
      let back = 0;
      (async () => {
        for await (const chunk of towards.from) back += chunk.length;
      })().catch(() => {});
      for (const piece of bytes) towards.send(piece);
      await new Promise((resolve) => setTimeout(resolve, 700));
      towards.end();
      return back;
    },
  });
}
