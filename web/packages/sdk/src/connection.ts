import type { HearthErrorCode } from "./errors.ts";
import type { SocketOptions, SocketSession } from "./websocket/session.ts";

/** The base64url text (43 characters) of an Ed25519 public key. */
export type Root = string;
export type PersonaId = string;
export type DeviceId = string;

export type ConnectionState = "connecting" | "direct" | "relayed" | "offline";

/** A snapshot, replaced at each change and never mutated, so it can be a React store's value. */
export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** What carries new requests now; absent while connecting or offline. */
  readonly transport?: "webrtc-direct" | "webrtc" | "websocket" | "relay";
  /** The multiaddr in use, for "Details". */
  readonly address?: string;
  /** The flock's host and port, while relayed. */
  readonly relay?: string;
  /** A direct path is being tried beside the relayed one. */
  readonly upgrading: boolean;
  /** Why the last try for a direct path failed, for "Details". A failure is normal behind some networks. */
  readonly directFailure?: string;
  /** Why it is offline. */
  readonly reason?: HearthErrorCode;
  /** When the box last answered, milliseconds since 1970. */
  readonly lastSeen?: number;
  /** When the next try begins, milliseconds since 1970, while offline. */
  readonly nextAttempt?: number;
}

/** As `fetch` takes it. Bodies stream both ways; `ReadableStream` needs no `duplex`. */
export interface HearthRequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | ReadableStream<Uint8Array> | null;
  signal?: AbortSignal | null;
  /** Redirects lead to paths on the same appliance only. Default `follow`. */
  redirect?: RequestRedirect;
  /** The answer's fields as they were sent, of each hop; a Response hides `Set-Cookie`. */
  onFields?(fields: readonly (readonly [string, string])[], commit?: Commit): void;
}

/**
 * Runs a change of what all tabs share that an answer asks for, and which must not wait for anything. False: it was
 * not run, since the tab that got the answer slept meanwhile and another has taken its place.
 */
export type Commit = (change: () => void) => Promise<boolean>;

/** One appliance, reached peer to peer, whatever carries it at the moment. */
export interface HearthConnection {
  /** The pinned root this connection was verified against. */
  readonly root: Root;
  /** The appliance's PeerId. Empty until the first connection stands. */
  readonly peerId: string;
  /** This device's id (its public key). */
  readonly device: DeviceId;
  readonly state: ConnectionState;
  readonly status: ConnectionStatus;
  /** Settles when the first connection stands and the host certificate is verified. */
  readonly ready: Promise<void>;
  /** Called after each change of `status`, not at once. */
  subscribe(listener: (status: ConnectionStatus) => void): () => void;
  /**
   * HTTP to the appliance: `/api/v1/…` or `/app/<id>/…`. Uses the best path standing; waits while
   * connecting; rejects with `offline` when there is none. A body cut short errors its stream with `cut_short`.
   */
  fetch(path: string, init?: HearthRequestInit): Promise<Response>;
  /** A WebSocket to an app: `/app/<id>/…`. Ends with the path that carries it. */
  openSocket(path: string, options?: SocketOptions): Promise<SocketSession>;
  /** Tries now instead of at `nextAttempt`; also looks for a direct path again. */
  retry(): void;
  /** Ends all requests and the node underneath. Idempotent. */
  close(): Promise<void>;
}
