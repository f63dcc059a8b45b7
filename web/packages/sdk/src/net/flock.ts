/** A flock: where names are looked up, and what relays until a direct path stands. Nothing it says is trusted. */
import { HearthError } from "../errors.ts";
import { fetchOver } from "../http/fetch.ts";
import type { ByteStream } from "../http/stream.ts";
import { isName, verifyNameRecord, type NameRecord } from "../identity/statements.ts";
import {
  addressOfOrigin,
  circuitAddress,
  dialable,
  othersOf,
  stunAt,
  type PageContext,
} from "./addresses.ts";
import type { Node, Path } from "./node.ts";

/** `GET /.well-known/hearth-flock`. */
export interface FlockInfo {
  peerId: string;
  addrs: string[];
  /** `stun:host:port`, the only ICE server this device will use. */
  stun?: string;
  version?: string;
}

const maxRecordBytes = 4096;
const learnTimeout = 10_000;

export function parseFlockInfo(value: unknown): FlockInfo {
  const info = value as Record<string, unknown> | null;
  if (typeof info !== "object" || info === null || typeof info["peer_id"] !== "string") {
    throw new HearthError("bad_response", "not a flock");
  }
  const { addrs, stun, version } = info;
  return {
    peerId: info["peer_id"],
    addrs: Array.isArray(addrs) ? addrs.filter((address) => typeof address === "string").slice(0, 16) : [],
    // A `turn:` or `stuns:` URL, or a list, is not what the flock's STUN looks like.
    ...(typeof stun === "string" && /^stun:[A-Za-z0-9.\-[\]:]+$/.test(stun) ? { stun } : {}),
    ...(typeof version === "string" ? { version } : {}),
  };
}

/** Where a flock given as `host[:port]`, or nothing for the page's own, answers HTTP. */
export function flockOrigins(flock: string | undefined, page: { origin?: string } & PageContext): string[] {
  if (flock === undefined) return page.origin === undefined ? [] : [page.origin];
  if (!/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/.test(flock)) return [];
  const own = page.origin === undefined ? undefined : flockOfPage(page.origin);
  if (own === flock && page.origin !== undefined) return [page.origin];
  return page.secure ? [`https://${flock}`] : [`https://${flock}`, `http://${flock}`];
}

/** The flock's host and port as people write it: the shell's origin without its `home.` label. */
export function flockOfPage(origin: string): string {
  return new URL(origin).host.replace(/^home\./, "");
}

export class Flock {
  readonly #node: () => Promise<Node>;
  /** A multiaddr with `/p2p`, `host[:port]`, or nothing for the page's own. */
  readonly #where: string | undefined;
  readonly #page: { origin?: string } & PageContext;
  readonly #http: typeof fetch;
  #path: Promise<Path> | undefined;
  #stun: string | undefined;
  #others: readonly string[] = [];

  constructor(
    node: () => Promise<Node>,
    where: string | undefined,
    page: { origin?: string } & PageContext,
    http: typeof fetch = (...call) => fetch(...call),
  ) {
    this.#node = node;
    this.#where = where;
    this.#page = page;
    this.#http = http;
  }

  /** Its STUN server, once it has told. */
  get stun(): string | undefined {
    return this.#stun;
  }

  /** Where else a flock that is known by one address says that it is, over the other family for instance. */
  get others(): readonly string[] {
    return this.#others;
  }

  /** What it said before: it may not answer at its first address any more. */
  remember(others: readonly string[]): void {
    if (this.#others.length === 0) this.#others = others;
  }

  /** The verified record of a name. Throws `name_unknown`, `bad_record` or `flock_unreachable`. */
  async lookUp(name: string, now: number, signal: AbortSignal): Promise<NameRecord> {
    if (!isName(name)) throw new HearthError("name_unknown", "not a name");
    const response = await this.#fetch(`/flock/v1/names/${name}`, signal);
    if (response.status === 404) throw new HearthError("name_unknown", `nobody here is called ${name}`);
    if (!response.ok) throw new HearthError("flock_unreachable", `the flock answered ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > maxRecordBytes) throw new HearthError("bad_record", "the record is too long");
    const record = verifyNameRecord(bytes);
    if (record.name !== name) throw new HearthError("bad_record", "the record of another name");
    if (record.expires <= now / 1000) throw new HearthError("bad_record", "the record is expired");
    return record;
  }

  /** The address of a peer through this flock. */
  async circuitTo(peer: string, signal: AbortSignal): Promise<string> {
    return circuitAddress((await this.#connected(signal)).address, peer);
  }

  async #fetch(path: string, signal: AbortSignal): Promise<Response> {
    const link = await this.#connected(signal);
    return fetchOver(() => link.openStream("/http/1.1", signal), path, { signal, redirect: "error" });
  }

  async #connected(signal: AbortSignal): Promise<Path> {
    const open = await this.#path?.catch(() => undefined);
    if (open?.isOpen === true) return open;
    const dialing = this.#dial(signal);
    this.#path = dialing;
    try {
      return await dialing;
    } catch (cause) {
      this.#path = undefined;
      if (signal.aborted && !HearthError.is(signal.reason)) throw signal.reason;
      throw new HearthError("flock_unreachable", "the flock can't be reached", { cause });
    }
  }

  async #dial(signal: AbortSignal): Promise<Path> {
    const node = await this.#node();
    const direct = this.#where?.startsWith("/") === true;
    const addresses = direct ? [this.#where ?? "", ...this.#others] : await this.#ask(signal);
    const wanted = addresses
      .map((address) => dialable(address, this.#page))
      .filter((target) => target?.kind === "websocket")
      .map((target) => target?.address ?? "");
    if (wanted.length === 0) throw new Error("no address that this page can dial");
    const path = await Promise.any(
      [...new Set(wanted)].map((address) => node.dial("websocket", address, signal)),
    );
    this.#stun = stunAt(this.#stun, path.address);
    // Without STUN a direct path is less likely, nothing more: nobody waits for it, and nothing fails for it.
    if (direct) void this.#learn(path).catch(() => undefined);
    return path;
  }

  /** What a flock that was dialed by its multiaddr says of itself. */
  async #learn(path: Path): Promise<void> {
    const signal = AbortSignal.timeout(learnTimeout);
    const link = (): Promise<ByteStream> => path.openStream("/http/1.1", signal);
    const response = await fetchOver(link, "/.well-known/hearth-flock", { signal });
    if (!response.ok) return;
    const info = parseFlockInfo(await response.json());
    this.#stun = stunAt(info.stun, path.address);
    this.#others = othersOf(this.#where ?? "", info.addrs, this.#page);
  }

  async #ask(signal: AbortSignal): Promise<string[]> {
    const errors: unknown[] = [];
    for (const origin of flockOrigins(this.#where, this.#page)) {
      try {
        const info = await askFlock(origin, this.#http, signal);
        this.#stun = info.stun;
        const own = addressOfOrigin(origin, info.peerId);
        return own === undefined ? info.addrs : [...info.addrs, own];
      } catch (error) {
        errors.push(error);
      }
    }
    throw new AggregateError(errors, "no flock there");
  }
}

export async function askFlock(origin: string, http: typeof fetch, signal: AbortSignal): Promise<FlockInfo> {
  const response = await http(`${origin}/.well-known/hearth-flock`, { signal, credentials: "omit" });
  if (!response.ok) throw new HearthError("flock_unreachable", `${origin} answered ${response.status}`);
  return parseFlockInfo(await response.json());
}
