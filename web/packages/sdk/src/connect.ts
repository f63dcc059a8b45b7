import type { HearthConnection, Root } from "./connection.ts";
import type { DeviceKey } from "./keys/device.ts";
import type { KnownAppliances } from "./appliances.ts";
import type { HearthLink } from "./identity/link.ts";
import { HearthError } from "./errors.ts";

/** An appliance whose root is known: from a link, a pin, or the loopback page. */
export interface RootTarget {
  root: Root;
  /** Where it may be reached; direct addresses and relayed ones, in any order. */
  multiaddrs?: readonly string[];
  /** A flock that knows it: a multiaddr, or `host[:port]`. */
  flock?: string;
  /** Its name there; needed when neither `multiaddrs` nor a remembered PeerId leads to it. */
  name?: string;
}

/**
 * - text: a link (`…#1.pair.…`), or a name: `alice`, `alice@flock.example`
 * - a parsed link
 * - a name and perhaps a flock; the default is the flock this page came from
 * - a root
 */
export type ConnectTarget = string | HearthLink | { name: string; flock?: string } | RootTarget;

export interface ConnectOptions {
  device: DeviceKey;
  /** Pins and the list of known boxes. Default: the ones in this browser. `null`: nothing is kept. */
  appliances?: KnownAppliances | null;
  signal?: AbortSignal;
  /** Never try a direct path (to save battery, or to avoid the browser's local network prompt). */
  relayOnly?: boolean;
}

/**
 * Finds, dials and verifies. Resolves when requests can be made. Rejects with `name_unknown`,
 * `flock_unreachable`, `offline`, `root_changed`, `bad_record`, `not_authentic` or `bad_link`; nothing secret
 * has been sent before the host has shown its root's certificate.
 */
export async function connect(target: ConnectTarget, options: ConnectOptions): Promise<HearthConnection> {
  void target, options;
  throw new HearthError("unavailable", "not built yet");
}

/** The same for a known root, at once: the connection goes on trying until it is closed. */
export function open(target: RootTarget, options: ConnectOptions): HearthConnection {
  void target, options;
  throw new HearthError("unavailable", "not built yet");
}
