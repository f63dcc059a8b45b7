/** js-libp2p with our settings, behind the few things the SDK needs of it. */
import { circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { identify } from "@libp2p/identify";
import type { Connection, NewStreamOptions, Transport } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { webSockets } from "@libp2p/websockets";
import { yamux } from "@libp2p/yamux";
import { multiaddr, type Multiaddr } from "@multiformats/multiaddr";
import { createLibp2p, type Libp2p } from "libp2p";
import type { ByteStream } from "../http/stream.ts";
import type { DeviceKey } from "../keys/device.ts";
import { toLibp2pKey } from "../keys/libp2p_key.ts";
import { peerIdIn, relayOf, type PathKind } from "./addresses.ts";
import { allowLazyStreams } from "./lazy_negotiation.ts";
import { Libp2pStream } from "./libp2p_stream.ts";

/** For so many ms after bytes came a path is taken for alive. */
const alive = 1_000;

/** One authenticated connection. */
export interface Path {
  readonly kind: PathKind;
  readonly address: string;
  readonly peerId: string;
  readonly isOpen: boolean;
  /** When bytes last came, `performance.now()`. */
  readonly lastReceived: number;
  openStream(protocol: string, signal?: AbortSignal): Promise<ByteStream>;
  onClose(listener: () => void): void;
  /** Ends it at once. Idempotent. */
  abort(reason: string): void;
}

export interface Node {
  readonly peerId: string;
  /** Always a new connection by exactly this address. Rejects when it doesn't stand in time. */
  dial(kind: PathKind, address: string, signal: AbortSignal): Promise<Path>;
  stop(): Promise<void>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- js-libp2p's own components differ per transport
export type TransportFactory = (components: any) => Transport;

interface Dialer {
  dial(address: Multiaddr, options: { signal: AbortSignal }): Promise<Connection>;
}

/**
 * Dials nothing by itself, listens to nothing, and asks no third party: no DNS over HTTPS, no default STUN
 * servers, no addresses that peers tell.
 */
export async function startNode(key: DeviceKey, transports: TransportFactory[]): Promise<Node> {
  /** Only what we were told to dial; peers could announce anything. */
  const allowed = new Set<string>();
  const libp2p = (await createLibp2p({
    privateKey: toLibp2pKey(key),
    nodeInfo: { name: "hearth-sdk", version: "0.1.0" },
    addresses: { listen: [] },
    transports: [webSockets(), circuitRelayTransport(), ...transports],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: {
      denyDialMultiaddr: (address) => !allowed.has(withoutPeer(address.toString())),
      denyInboundConnection: () => true,
    },
    connectionManager: { resolvers: {}, maxConnections: 16, reconnectRetries: 0, dialTimeout: 10_000 },
    // It would cut connections that are merely busy; ApplianceLink watches for silence instead.
    connectionMonitor: { enabled: false },
    dns: { query: () => Promise.reject(new Error("no resolver")) },
    services: {
      identify: identify(),
      ping: ping(),
      // The dial queue joins dials to one peer; a relayed and a direct one must run side by side.
      dialer: (components: { transportManager: Dialer }) => components.transportManager,
    },
  } as Parameters<typeof createLibp2p>[0])) as unknown as Libp2p<{ dialer: Dialer }>;

  return {
    peerId: libp2p.peerId.toString(),
    async dial(kind, address, signal) {
      allowed.add(withoutPeer(address));
      if (address.includes("/p2p-circuit")) allowed.add(withoutPeer(relayOf(address)));
      const target = multiaddr(address);
      const attempt = (): Promise<Connection> => libp2p.services.dialer.dial(target, { signal });
      const connection = await attempt().catch(async (error: unknown) => {
        // The relay's connection may be dying without being gone yet: the circuit transport takes it all the same.
        const stale = kind === "relay" ? openTo(libp2p, peerIdIn(relayOf(address))) : [];
        if (signal.aborted || stale.length === 0 || isRelaysAnswer(error)) throw error;
        for (const old of stale) old.abort(new Error("it carries nothing any more"));
        await new Promise((resolve) => setTimeout(resolve));
        return attempt();
      });
      const expected = peerIdIn(address);
      if (connection.remotePeer.toString() !== expected) {
        connection.abort(new Error("another peer"));
        throw new Error("another peer answered");
      }
      return new Libp2pPath(kind, address, connection);
    },
    stop: () => Promise.resolve(libp2p.stop()),
  };
}

function openTo(libp2p: Libp2p, peer: string | undefined): Connection[] {
  return libp2p.getConnections().filter(({ remotePeer }) => remotePeer.toString() === peer);
}

/** The relay lives and said no, for instance since the box isn't there. */
function isRelaysAnswer(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === "InvalidMessageError" || error.name === "UnsupportedProtocolError")
  );
}

function withoutPeer(address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, "");
}

class Libp2pPath implements Path {
  readonly kind: PathKind;
  readonly address: string;
  readonly peerId: string;
  lastReceived = performance.now();
  readonly #connection: Connection;

  constructor(kind: PathKind, address: string, connection: Connection) {
    this.kind = kind;
    this.address = address;
    this.peerId = connection.remotePeer.toString();
    this.#connection = connection;
    allowLazyStreams(connection);
  }

  get isOpen(): boolean {
    return this.#connection.status === "open";
  }

  async openStream(protocol: string, signal?: AbortSignal): Promise<ByteStream> {
    const options: NewStreamOptions & { lazily: boolean } = {
      ...(signal === undefined ? {} : { signal }),
      runOnLimitedConnection: true,
      maxOutboundStreams: 900,
      // A path that was silent first shows that it still carries something: only then is a request entrusted to it.
      lazily: performance.now() - this.lastReceived < alive,
    };
    const stream = await this.#connection.newStream([protocol], options);
    if (!options.lazily) this.lastReceived = performance.now();
    return new Libp2pStream(stream, {
      pausable: this.kind === "relay" || this.kind === "websocket",
      onReceive: () => (this.lastReceived = performance.now()),
    });
  }

  onClose(listener: () => void): void {
    this.#connection.addEventListener("close", listener, { once: true });
  }

  abort(reason: string): void {
    if (this.#connection.status === "open") this.#connection.abort(new Error(reason));
  }
}
