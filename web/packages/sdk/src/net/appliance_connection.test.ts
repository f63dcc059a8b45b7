/** Against stock js-libp2p as flock and appliance, over real WebSockets on loopback: no browser, so relayed only. */
import { circuitRelayServer, circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { identify } from "@libp2p/identify";
import type { Libp2p, PrivateKey } from "@libp2p/interface";
import { privateKeyFromRaw } from "@libp2p/crypto/keys";
import { noise } from "@libp2p/noise";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { ping } from "@libp2p/ping";
import { webSockets } from "@libp2p/websockets";
import { yamux } from "@libp2p/yamux";
import { ed25519 } from "@noble/curves/ed25519.js";
import { concat, toBase64url } from "../bytes.ts";
import { createLibp2p } from "libp2p";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemoryPins } from "../appliances.ts";
import type { RootTarget } from "../connect.ts";
import type { ConnectionStatus } from "../connection.ts";
import { HearthError } from "../errors.ts";
import { labels, signStatement } from "../identity/statements.ts";
import { parsePeerId } from "../identity/peer.ts";
import { DeviceKeys } from "../keys/device_keys.ts";
import { serveOne, type TestRequest } from "../testing/http_server.ts";
import { ApplianceConnection } from "./appliance_connection.ts";
import { systemClock } from "./clock.ts";
import { Flock } from "./flock.ts";
import { Libp2pStream } from "./libp2p_stream.ts";
import { startNode, type Node } from "./node.ts";

const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const keyFrom = (fill: number): PrivateKey =>
  privateKeyFromRaw(concat(seed(fill), ed25519.getPublicKey(seed(fill))));
const rootOf = (fill: number): string => toBase64url(ed25519.getPublicKey(seed(fill)));

let flock: Libp2p;
let box: Libp2p;
let flockAddress = "";
let certificate: Uint8Array;
let record: Uint8Array;
const requests: TestRequest[] = [];
/** What the box waits for before it shows its certificate. */
let shows: Promise<void> = Promise.resolve();

async function host(fill: number, extra: object): Promise<Libp2p> {
  return createLibp2p({
    privateKey: keyFrom(fill),
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0/ws"] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // Five a second from one address is its default, and every test here comes from 127.0.0.1.
    connectionManager: { inboundConnectionThreshold: 1000 },
    services: { identify: identify(), ping: ping() },
    ...extra,
  } as Parameters<typeof createLibp2p>[0]);
}

async function certify(fill: number, peer: string, epoch: number): Promise<Uint8Array> {
  return signStatement(
    labels.hostCertificate,
    [1, ed25519.getPublicKey(seed(fill)), parsePeerId(peer), epoch, 0],
    (message) => ed25519.sign(message, seed(fill)),
  );
}

function recordOf(
  name: string,
  sequence: number,
  expires: number,
  inner: Uint8Array,
  root: number,
): Promise<Uint8Array> {
  return signStatement(
    labels.nameRecord,
    [1, name, ed25519.getPublicKey(seed(root)), sequence, expires, inner],
    (message) => ed25519.sign(message, seed(2)),
  );
}

beforeAll(async () => {
  flock = await host(1, {
    services: {
      identify: identify(),
      ping: ping(),
      relay: circuitRelayServer({ reservations: { applyDefaultLimit: false } }),
    },
  });
  flockAddress = flock.getMultiaddrs()[0]?.toString() ?? "";
  await flock.handle("/http/1.1", (stream) => {
    void serveOne(new Libp2pStream(stream), ({ target }) => {
      if (target === "/flock/v1/names/alice") return new Response(record as Uint8Array<ArrayBuffer>);
      if (target === "/.well-known/hearth-flock")
        return Response.json({ peer_id: flock.peerId.toString(), addrs: [], stun: "stun:127.0.0.1:3478" });
      return new Response(null, { status: 404 });
    });
  });
  const peer = peerIdFromPrivateKey(keyFrom(2) as never).toString();
  certificate = await certify(9, peer, 3);
  record = await recordOf(
    "alice",
    5,
    Date.now() / 1000 + 60 > 0 ? Math.floor(Date.now() / 1000) + 60 : 0,
    certificate,
    9,
  );
  box = await host(2, {
    addresses: { listen: [`${flockAddress}/p2p-circuit`] },
    transports: [webSockets(), circuitRelayTransport()],
  });
  await box.handle(
    "/http/1.1",
    (stream) => {
      void serveOne(new Libp2pStream(stream), async (request) => {
        requests.push(request);
        if (request.target === "/api/v1/appliance") {
          await shows;
          return Response.json({
            name: "Box",
            host_certificate: toBase64url(certificate),
            flocks: [flockAddress],
          });
        }
        if (request.target === "/echo") return new Response(request.body as Uint8Array<ArrayBuffer>);
        return Response.json({ error: { code: "not_found", message: "no" } }, { status: 404 });
      }).catch(() => undefined);
    },
    { runOnLimitedConnection: true, maxInboundStreams: 1000 },
  );
  while (!box.getMultiaddrs().some((address) => address.toString().includes("p2p-circuit"))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}, 20_000);

afterAll(async () => {
  await box.stop();
  await flock.stop();
});

async function open(target: Omit<RootTarget, "root"> & { root?: string }, pins = new MemoryPins()) {
  const device = await DeviceKeys.open().createEphemeral();
  let node: Promise<Node> | undefined;
  const started = (): Promise<Node> => (node ??= startNode(device, []));
  const page = { secure: false };
  const at = target.flock === undefined ? undefined : new Flock(started, target.flock, page);
  const full = { root: rootOf(9), ...target };
  const connection = new ApplianceConnection({
    target: full,
    device,
    pins,
    node: started,
    flock: at,
    page,
    clock: systemClock,
  });
  return { connection, pins, flock: at, device };
}

const circuit = (): string => `${flockAddress}/p2p-circuit/p2p/${box.peerId.toString()}`;

describe("ApplianceConnection", () => {
  test("finds a box by its name, verifies it, and carries requests over the relay", async () => {
    const { connection, pins, flock: at } = await open({ name: "alice", flock: flockAddress });
    const seen: ConnectionStatus[] = [];
    connection.subscribe((status) => seen.push(status));
    await connection.ready;
    expect(connection).toMatchObject({ state: "relayed", peerId: box.peerId.toString(), root: rootOf(9) });
    expect(connection.status.transport).toBe("relay");
    expect(at?.stun).toBe("stun:127.0.0.1:3478");
    const pinned = { epoch: 3, sequence: 5, title: "Box", peerId: box.peerId.toString() };
    await expect.poll(() => pins.get(rootOf(9))).toMatchObject(pinned);
    expect((await connection.fetch("/nothing")).status).toBe(404);
    await connection.close();
    expect(seen.at(-1)).toMatchObject({ state: "offline", reason: "closed" });
  });

  test("carries 3 MB each way, and fifty requests at once", async () => {
    const { connection } = await open({ multiaddrs: [circuit()] });
    const bytes = new Uint8Array(3_000_000).map((_, i) => (i * 31) & 0xff);
    const response = await connection.fetch("/echo", { method: "POST", body: bytes });
    expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
    const many = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const echoed = await connection.fetch("/echo", { method: "POST", body: `n${i}` });
        return echoed.text();
      }),
    );
    expect(many).toEqual(Array.from({ length: 50 }, (_, i) => `n${i}`));
    await connection.close();
  }, 20_000);

  test("a stream whose protocol the box doesn't speak fails, with or without waiting for its answer", async () => {
    const device = await DeviceKeys.open().createEphemeral();
    const node = await startNode(device, []);
    const path = await node.dial("relay", circuit(), AbortSignal.timeout(5000));
    for (const heard of [performance.now(), performance.now() - 5000]) {
      Object.assign(path, { lastReceived: heard });
      const asking = path.openStream("/nothing/1.0.0").then(async (stream) => {
        await stream.write(new Uint8Array(3));
        return stream.read();
      });
      await expect(asking).rejects.toThrow(/doesn't speak|Protocol selection failed/);
    }
    await node.stop();
  });

  test("sends nothing but the question for the certificate to a host that isn't the root's", async () => {
    requests.length = 0;
    const { connection } = await open({ root: rootOf(8), multiaddrs: [circuit()] });
    await expect(connection.ready).rejects.toMatchObject({ code: "not_authentic" });
    await expect(connection.fetch("/api/v1/me")).rejects.toBeInstanceOf(HearthError);
    expect(connection.status).toMatchObject({ state: "offline", reason: "not_authentic" });
    expect(requests.map(({ target }) => target)).toEqual(["/api/v1/appliance"]);
    await connection.close();
  });

  test("refuses a host whose epoch is lower than one seen before", async () => {
    const pins = new MemoryPins();
    await pins.remember(rootOf(9), { epoch: 4 });
    const { connection } = await open({ multiaddrs: [circuit()] }, pins);
    await expect(connection.ready).rejects.toMatchObject({ code: "superseded" });
    await connection.close();
  });

  test("a host that is pinned is asked at once; that it is the root's it shows beside that", async () => {
    const pins = new MemoryPins();
    const peerId = box.peerId.toString();
    await pins.remember(rootOf(9), { epoch: 3, peerId });
    let show = (): void => undefined;
    shows = new Promise((resolve) => (show = resolve));
    const { connection } = await open({ name: "alice", flock: flockAddress }, pins);
    const echoed = await connection.fetch("/echo", { method: "POST", body: "soon" });
    expect(await echoed.text()).toBe("soon");
    expect((await pins.get(rootOf(9)))?.title).toBeUndefined();
    show();
    await expect.poll(async () => (await pins.get(rootOf(9)))?.title).toBe("Box");
    await connection.close();
  });

  test("a host that is pinned and shows another root's certificate is left", async () => {
    const pins = new MemoryPins();
    await pins.remember(rootOf(8), { epoch: 3, peerId: box.peerId.toString() });
    const { connection } = await open({ root: rootOf(8), multiaddrs: [circuit()] }, pins);
    await connection.ready;
    await expect.poll(() => connection.status.reason).toBe("not_authentic");
    await connection.close();
  });

  test("after a rotation the record leads to the new host, and the old one is asked nothing", async () => {
    const pins = new MemoryPins();
    await pins.remember(rootOf(9), { epoch: 2, peerId: flock.peerId.toString() });
    const { connection } = await open({ name: "alice", flock: flockAddress }, pins);
    await connection.ready;
    expect(connection.peerId).toBe(box.peerId.toString());
    expect(await pins.get(rootOf(9))).toMatchObject({ epoch: 3, peerId: box.peerId.toString() });
    await connection.close();
  });

  test("takes no record of a flock that lies", async () => {
    const { connection, flock: at } = await open({ name: "alice", flock: flockAddress, root: rootOf(8) });
    await expect(connection.ready).rejects.toMatchObject({ code: "root_changed" });
    const signal = AbortSignal.timeout(5000);
    await expect(at?.lookUp("nobody", Date.now(), signal)).rejects.toMatchObject({ code: "name_unknown" });
    await expect(at?.lookUp("alice", Date.now() + 3_600_000, signal)).rejects.toMatchObject({
      code: "bad_record",
    });
    const honest = record;
    record = await recordOf("bob", 6, Math.floor(Date.now() / 1000) + 60, certificate, 9);
    await expect(at?.lookUp("alice", Date.now(), signal)).rejects.toMatchObject({ code: "bad_record" });
    record = honest;
    await connection.close();
  });

  test("is offline with a reason when nobody listens, and says when it tries again", async () => {
    const dead = `/ip4/127.0.0.1/tcp/1/ws/p2p/${box.peerId.toString()}`;
    const { connection } = await open({ multiaddrs: [dead] });
    await expect(connection.ready).rejects.toMatchObject({ code: "offline" });
    expect(connection.status.nextAttempt).toBeGreaterThan(Date.now());
    await connection.close();
  });

  test("goes through another flock that the box said it is at, when the one that led there is gone", async () => {
    const { connection: before, pins } = await open({ multiaddrs: [circuit()] });
    await before.ready;
    // Loopback, told to somebody from elsewhere.
    expect((await pins.get(rootOf(9)))?.flocks).toEqual([]);
    await before.close();

    const gone = `/ip4/127.0.0.1/tcp/1/ws/p2p/${peerIdFromPrivateKey(keyFrom(3) as never).toString()}`;
    const near = await open({ flock: gone, multiaddrs: [circuit()] }, pins);
    await near.connection.ready;
    await expect.poll(async () => (await pins.get(rootOf(9)))?.flocks).toEqual([flockAddress]);
    await near.connection.close();

    await pins.remember(rootOf(9), { multiaddrs: [] });
    const { connection } = await open({ flock: gone }, pins);
    await connection.ready;
    expect(connection.status).toMatchObject({ state: "relayed", address: circuit() });
    await connection.close();
  });

  test("comes back after its relayed path is cut", async () => {
    const { connection, device } = await open({ multiaddrs: [circuit()] });
    await connection.ready;
    for (const other of flock.getConnections())
      if (other.remotePeer.toString() === device.peerId) other.abort(new Error("cut"));
    for (const other of box.getConnections())
      if (other.remotePeer.toString() === device.peerId) other.abort(new Error("cut"));
    expect((await connection.fetch("/echo", { method: "PUT", body: "again" })).status).toBe(200);
    await connection.close();
  }, 20_000);
});
