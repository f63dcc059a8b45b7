import type { Root } from "./connection.ts";
import { HearthError } from "./errors.ts";

/** `GET /.well-known/hearth-flock`. */
export interface FlockInfo {
  peerId: string;
  addrs: string[];
  /** `stun:host:port`, the only ICE server this device will use. */
  stun?: string;
  version?: string;
}

/** `GET /.well-known/hearth` of the loopback page of `hearthd`. */
export interface LocalAppliance {
  root: Root;
  peerId: string;
  /** The box's name. */
  name: string;
  addrs: string[];
  /** Somebody owns it already. */
  claimed: boolean;
}

/** The appliance that serves this page, or nothing when it comes from elsewhere. The host certificate is verified. */
export async function discoverLocal(origin?: string): Promise<LocalAppliance | undefined> {
  void origin;
  throw new HearthError("unavailable", "not built yet");
}

/** The flock at `host[:port]`, by default the one that serves this page; nothing when there is none. */
export async function discoverFlock(host?: string): Promise<FlockInfo | undefined> {
  void host;
  throw new HearthError("unavailable", "not built yet");
}
