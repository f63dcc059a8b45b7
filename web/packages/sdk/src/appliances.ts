import type { PersonaId, Root } from "./connection.ts";
import { HearthError } from "./errors.ts";

/** A box this browser has met. Its root is pinned: nothing else is ever accepted for it silently. */
export interface KnownAppliance {
  root: Root;
  /** The name at the flock by which it was found, without the flock. */
  name?: string;
  /** A multiaddr with `/p2p`, or `host[:port]`. */
  flock?: string;
  /** What its owner calls it. */
  title?: string;
  peerId?: string;
  multiaddrs: string[];
  /** Who is signed in here on this device. */
  persona?: PersonaId;
  personaName?: string;
  /** Highest epoch and record sequence seen; lower ones are refused. */
  epoch: number;
  sequence: number;
  /** Milliseconds since 1970. */
  firstSeen: number;
  lastUsed: number;
}

export class KnownAppliances {
  static open(): KnownAppliances {
    return new KnownAppliances();
  }
  /** By last use, newest first. */
  async list(): Promise<KnownAppliance[]> {
    throw new HearthError("unavailable", "not built yet");
  }
  async get(root: Root): Promise<KnownAppliance | undefined> {
    void root;
    throw new HearthError("unavailable", "not built yet");
  }
  /** Merges into what is known; never lowers an epoch or sequence. */
  async remember(root: Root, facts: Partial<Omit<KnownAppliance, "root">>): Promise<KnownAppliance> {
    void root, facts;
    throw new HearthError("unavailable", "not built yet");
  }
  /** Forgets the box and its pin. Only on the person's explicit wish. */
  async forget(root: Root): Promise<void> {
    void root;
    throw new HearthError("unavailable", "not built yet");
  }
}
