/** An appliance in a page, of stock js-libp2p: what answers `/webrtc` until the real one is at hand. */
import { circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { privateKeyFromRaw } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { webRTC } from "@libp2p/webrtc";
import { webSockets } from "@libp2p/websockets";
import { yamux } from "@libp2p/yamux";
import { ed25519 } from "@noble/curves/ed25519.js";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { concat, toBase64url } from "../src/bytes.ts";
import { parsePeerId } from "../src/identity/peer.ts";
import { labels, signStatement } from "../src/identity/statements.ts";
import { Libp2pStream } from "../src/net/libp2p_stream.ts";
import { serveOne } from "../src/testing/http_server.ts";

/** The targets of all requests. */
const asked: string[] = [];

const rootSeed = new Uint8Array(32).fill(9);
const hostSeed = crypto.getRandomValues(new Uint8Array(32));

async function start(flock: string): Promise<{ root: string; peerId: string; address: string }> {
  const box = await createLibp2p({
    privateKey: privateKeyFromRaw(concat(hostSeed, ed25519.getPublicKey(hostSeed))),
    addresses: { listen: [`${flock}/p2p-circuit`, "/webrtc"] },
    transports: [webSockets(), circuitRelayTransport(), webRTC({ rtcConfiguration: { iceServers: [] } })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), ping: ping() },
  });
  const peerId = box.peerId.toString();
  const certificate = await signStatement(
    labels.hostCertificate,
    [1, ed25519.getPublicKey(rootSeed), parsePeerId(peerId), 1, 0],
    (message) => ed25519.sign(message, rootSeed),
  );
  await box.handle(
    "/http/1.1",
    (stream, connection) => {
      const by = connection.remoteAddr.toString().includes("/webrtc") ? "webrtc" : "relay";
      void serve(new Libp2pStream(stream), by, certificate).catch(() => undefined);
    },
    { runOnLimitedConnection: true, maxInboundStreams: 1000 },
  );
  await box.dial(multiaddr(flock));
  while (!box.getMultiaddrs().some((address) => address.toString().includes("p2p-circuit"))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  Object.assign(window, {
    cut: (kind: string) => {
      for (const connection of box.getConnections()) {
        const direct = connection.remoteAddr.toString().includes("/webrtc");
        if (
          kind === "webrtc"
            ? direct
            : !direct && connection.remotePeer.toString() !== multiaddr(flock).getComponents().at(-1)?.value
        ) {
          connection.abort(new Error("cut"));
        }
      }
    },
  });
  return {
    root: toBase64url(ed25519.getPublicKey(rootSeed)),
    peerId,
    address: `${flock}/p2p-circuit/p2p/${peerId}`,
  };
}

async function serve(stream: Libp2pStream, by: string, certificate: Uint8Array): Promise<void> {
  await serveOne(stream, async ({ target, body, headers: given }) => {
    const headers = { "X-By": by };
    asked.push(target);
    switch (target.split("?")[0]) {
      case "/api/v1/appliance":
        return Response.json({ name: "Box", host_certificate: toBase64url(certificate) }, { headers });
      case "/echo":
        return new Response(body as Uint8Array<ArrayBuffer>, { headers });
      case "/slow":
        await new Promise((resolve) => setTimeout(resolve, 2500));
        return new Response(new Uint8Array(1_000_000).fill(7), { headers });
      case "/ranged": {
        const from = Number(/^bytes=(\d+)-/.exec(given.get("range") ?? "bytes=0-")?.[1]);
        const bytes = new Uint8Array(40_000_000 - from).map((_, i) => (from + i) >> 8);
        const range: Record<string, string> =
          from === 0 ? {} : { "Content-Range": `bytes ${from}-39999999/40000000` };
        return new Response(bytes, {
          status: from === 0 ? 200 : 206,
          headers: { ...headers, ...range, ETag: '"v1"', "Accept-Ranges": "bytes", "X-From": String(from) },
        });
      }
      case "/large":
        return new Response(new Uint8Array(20_000_000).fill(5), { headers });
      default:
        return Response.json({ by }, { headers });
    }
  });
}

Object.assign(window, { start, asked });
