import { forgetCookies } from "./app/cookie_storage.ts";
import type { PersonaId, Root } from "./connection.ts";
import { HearthError } from "./errors.ts";
import { Database, TermOver } from "./keys/database.ts";
import { fenceOf } from "./tabs/fence.ts";

/** A box this browser has met. Its root is pinned: nothing else is ever accepted for it silently. */
export interface KnownAppliance {
  root: Root;
  /** The name at the flock by which it was found, without the flock. */
  name?: string;
  /** A multiaddr with `/p2p`, or `host[:port]`. */
  flock?: string;
  /** Where that flock is, too, as it said itself. */
  flockOthers?: readonly string[];
  /** Other flocks, as the box said itself: multiaddrs with `/p2p`. */
  flocks?: readonly string[];
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

export type ApplianceFacts = Partial<Omit<KnownAppliance, "root" | "firstSeen">>;

/** What `connect` needs of a store of pins. */
export interface Pins {
  list(): Promise<KnownAppliance[]>;
  get(root: Root): Promise<KnownAppliance | undefined>;
  /** With `term`: unless that is over, then it rejects with TermOver. */
  remember(root: Root, facts: ApplianceFacts, term?: number): Promise<KnownAppliance>;
}

/** The pins and known boxes of this browser, in IndexedDB. */
export class KnownAppliances implements Pins {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  static open(database: Database = new Database()): KnownAppliances {
    return new KnownAppliances(database);
  }

  /** By last use, newest first. */
  async list(): Promise<KnownAppliance[]> {
    const all = await this.#database.all<KnownAppliance>("appliances");
    return all.sort((a, b) => b.lastUsed - a.lastUsed);
  }

  get(root: Root): Promise<KnownAppliance | undefined> {
    return this.#database.get<KnownAppliance>("appliances", root);
  }

  /** Merges into what is known; never lowers an epoch or sequence. */
  remember(root: Root, facts: ApplianceFacts, term?: number): Promise<KnownAppliance> {
    return this.#database.update<KnownAppliance>(
      "appliances",
      root,
      (old) => merge(root, old, facts, Date.now()),
      term,
    );
  }

  /** The same for what is known still; what another tab has forgotten stays forgotten. */
  async amend(root: Root, facts: ApplianceFacts): Promise<void> {
    await this.#database.update<KnownAppliance | undefined>("appliances", root, (old) =>
      old === undefined ? undefined : merge(root, old, facts, Date.now()),
    );
  }

  /** Forgets the box and its pin. Only on the person's explicit wish. No tab that is late brings it back. */
  async forget(root: Root): Promise<void> {
    try {
      await fenceOf(root, this.#database).next();
    } finally {
      forgetCookies(root);
    }
    await this.#database.remove("appliances", root);
  }
}

/** Pins that are written for as long as a term lasts. Until there is one, as they come. */
export class FencedPins implements Pins {
  readonly #pins: Pins;
  #term: number | null | undefined;
  #onOver: (() => void) | undefined;

  constructor(pins: Pins) {
    this.#pins = pins;
  }

  /** `null`: nothing is written. `onOver`: a write was refused. */
  fence(term: number | null, onOver?: () => void): void {
    this.#term = term;
    this.#onOver = onOver;
  }

  list(): Promise<KnownAppliance[]> {
    return this.#pins.list();
  }

  get(root: Root): Promise<KnownAppliance | undefined> {
    return this.#pins.get(root);
  }

  async remember(root: Root, facts: ApplianceFacts): Promise<KnownAppliance> {
    if (this.#term === null) return merge(root, await this.#pins.get(root), facts, Date.now());
    try {
      return await this.#pins.remember(root, facts, this.#term);
    } catch (error) {
      if (error instanceof TermOver) this.#onOver?.();
      throw error;
    }
  }
}

/** Pins that live as long as the page. */
export class MemoryPins implements Pins {
  readonly #known = new Map<Root, KnownAppliance>();

  list(): Promise<KnownAppliance[]> {
    return Promise.resolve([...this.#known.values()].sort((a, b) => b.lastUsed - a.lastUsed));
  }

  get(root: Root): Promise<KnownAppliance | undefined> {
    return Promise.resolve(this.#known.get(root));
  }

  remember(root: Root, facts: ApplianceFacts): Promise<KnownAppliance> {
    const merged = merge(root, this.#known.get(root), facts, Date.now());
    this.#known.set(root, merged);
    return Promise.resolve(merged);
  }
}

function merge(
  root: Root,
  old: KnownAppliance | undefined,
  facts: ApplianceFacts,
  now: number,
): KnownAppliance {
  const base = old ?? { root, multiaddrs: [], epoch: 0, sequence: 0, firstSeen: now, lastUsed: now };
  const given = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  return {
    ...base,
    ...given,
    epoch: Math.max(base.epoch, facts.epoch ?? 0),
    sequence: Math.max(base.sequence, facts.sequence ?? 0),
  };
}

/**
 * The pin rules for a name: it leads to the root it led to before, and its sequence and epoch never fall.
 * Throws `root_changed`, `bad_record` or `superseded`.
 */
export function checkAgainstPins(
  seen: { root: Root; name?: string; flock?: string; epoch: number; sequence?: number },
  known: readonly KnownAppliance[],
): void {
  if (seen.name !== undefined) {
    const pinned = known.find((box) => box.name === seen.name && box.flock === seen.flock);
    if (pinned !== undefined && pinned.root !== seen.root) {
      throw new HearthError("root_changed", `${seen.name} leads to another box than before`);
    }
  }
  const pinned = known.find((box) => box.root === seen.root);
  if (pinned === undefined) return;
  if (seen.epoch < pinned.epoch)
    throw new HearthError("superseded", "a newer host of this box was seen before");
  if (seen.sequence !== undefined && seen.sequence < pinned.sequence) {
    throw new HearthError("bad_record", "an older record than the one seen before");
  }
}
