import { checkAgainstPins, KnownAppliances, MemoryPins, type Pins } from "./appliances.ts";
import type { HearthConnection, Root } from "./connection.ts";
import { discoverLocal } from "./discover.ts";
import { HearthError } from "./errors.ts";
import { looksLikeLink, parseLink, type HearthLink } from "./identity/link.ts";
import type { DeviceKey } from "./keys/device.ts";
import { ApplianceConnection } from "./net/appliance_connection.ts";
import { sorted } from "./net/addresses.ts";
import { systemClock } from "./net/clock.ts";
import { Flock, flockOfPage } from "./net/flock.ts";
import { startNode, type Node } from "./net/node.ts";
import { browserTransports } from "./net/transports.ts";
import { SharedConnection } from "./tabs/shared_connection.ts";
import { browserTabs, canShare } from "./tabs/world.ts";

/** An appliance whose root is known: from a link, a pin, or the loopback page. */
export interface RootTarget {
  root: Root;
  /** Where it may be reached; direct addresses and relayed ones, in any order. */
  multiaddrs?: readonly string[];
  /** A flock that knows it: a multiaddr, or `host[:port]`. */
  flock?: string;
  /** Where that flock is, too: multiaddrs with `/p2p`. */
  flockOthers?: readonly string[];
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
  appliances?: Pins | null;
  signal?: AbortSignal;
  /** Never try a direct path (to save battery, or to avoid the browser's local network prompt). */
  relayOnly?: boolean;
}

export interface ShareOptions extends ConnectOptions {
  /** Where the script of the switchboard (@hearth/sdk/switchboard) lies: one address for all versions of the page. */
  switchboard: string;
}

/**
 * Finds, dials and verifies. Resolves when requests can be made. Rejects with `name_unknown`,
 * `flock_unreachable`, `offline`, `root_changed`, `bad_record`, `not_authentic` or `bad_link`; nothing secret
 * has been sent before the host has shown its root's certificate.
 */
export async function connect(target: ConnectTarget, options: ConnectOptions): Promise<HearthConnection> {
  const { signal } = options;
  signal?.throwIfAborted();
  const pins = pinsOf(options);
  const network = new Network(options.device);
  let connection: HearthConnection;
  try {
    const found = await find(target, pins, network, signal);
    connection = network.open(found, pins, options);
  } catch (error) {
    await network.stop();
    throw error;
  }
  const onAbort = (): void => void connection.close();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await connection.ready;
    return connection;
  } catch (error) {
    await connection.close();
    throw signal?.aborted === true ? signal.reason : error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** The same for a known root, at once: the connection goes on trying until it is closed. */
export function open(target: RootTarget, options: ConnectOptions): HearthConnection {
  return new Network(options.device).open(target, pinsOf(options), options);
}

/**
 * The same, but one connection for all tabs of this origin: one of them holds it, the others go through that one.
 * `first`: one to the same box and by the same device that stands already. Where a browser can't, each tab has its own.
 */
export function share(target: RootTarget, options: ShareOptions, first?: HearthConnection): HearthConnection {
  const own = first instanceof ApplianceConnection ? first : undefined;
  const openOwn = (): ApplianceConnection =>
    new Network(options.device).open(target, pinsOf(options), options);
  // A key that dies with the page is no other tab's.
  if (!canShare() || !options.device.remembered) return own ?? openOwn();
  return new SharedConnection({
    root: target.root,
    device: options.device.id,
    world: browserTabs(target.root, options.device.id, options.switchboard),
    open: openOwn,
    ...(own === undefined ? {} : { first: own }),
  });
}

/** What a name, link or root leads to. Only an unknown name needs the network. */
async function find(
  target: ConnectTarget,
  pins: Pins,
  network: Network,
  signal: AbortSignal | undefined,
): Promise<RootTarget> {
  if (typeof target === "string") {
    if (looksLikeLink(target)) return withLocal(fromLink(parseLink(target)));
    const [name = "", flock, ...rest] = target.trim().toLowerCase().split("@");
    if (rest.length > 0) throw new HearthError("name_unknown", "not a name");
    return find(flock === undefined ? { name } : { name, flock }, pins, network, signal);
  }
  if ("secret" in target) return withLocal(fromLink(target));
  if ("root" in target) return withLocal(target);

  const { name } = target;
  const flockName = target.flock ?? (page.origin === undefined ? undefined : flockOfPage(page.origin));
  const flock: { flock?: string } = flockName === undefined ? {} : { flock: flockName };
  const known = await pins.list();
  const pinned = known.find((box) => box.name === name && box.flock === flockName);
  if (pinned !== undefined) return { root: pinned.root, name, ...flock };

  const limit = AbortSignal.any([AbortSignal.timeout(15_000), ...(signal === undefined ? [] : [signal])]);
  const record = await network.flock(flockName).lookUp(name, Date.now(), limit);
  const { root, sequence } = record;
  checkAgainstPins({ root, epoch: record.hostCertificate.epoch, sequence, name, ...flock }, known);
  return { root, name, ...flock };
}

function fromLink({ root, flock, multiaddrs }: HearthLink): RootTarget {
  if (flock === undefined) return { root, multiaddrs };
  return { root, flock, ...sorted(flock, multiaddrs, page) };
}

/** The box that serves this page tells its own addresses; its certificate is verified like any other's. */
async function withLocal(target: RootTarget): Promise<RootTarget> {
  if (page.origin === undefined) return target;
  const local = await discoverLocal(page.origin).catch(() => undefined);
  if (local?.root !== target.root) return target;
  return { ...target, multiaddrs: [...new Set([...local.addrs, ...(target.multiaddrs ?? [])])] };
}

/** One libp2p node, started when it is first needed, and the flock it knows. */
class Network {
  readonly #device: DeviceKey;
  #node: Promise<Node> | undefined;
  #flock: { where: string | undefined; flock: Flock } | undefined;

  constructor(device: DeviceKey) {
    this.#device = device;
  }

  flock(where: string | undefined): Flock {
    if (this.#flock === undefined || this.#flock.where !== where) {
      this.#flock = { where, flock: new Flock(this.#started, where, page) };
    }
    return this.#flock.flock;
  }

  open(target: RootTarget, pins: Pins, options: ConnectOptions): ApplianceConnection {
    const origin = page.origin;
    return new ApplianceConnection({
      target,
      device: options.device,
      pins,
      node: this.#started,
      // Without a flock of its own the box may be known where this page came from, but only by name.
      flock:
        target.flock !== undefined || (target.name !== undefined && origin !== undefined)
          ? this.flock(target.flock)
          : undefined,
      page,
      clock: systemClock,
      relayOnly: options.relayOnly === true,
    });
  }

  async stop(): Promise<void> {
    await this.#node?.then((node) => node.stop()).catch(() => undefined);
  }

  readonly #started = (): Promise<Node> => {
    this.#node ??= startNode(
      this.#device,
      browserTransports(() => this.#flock?.flock.stun),
    );
    return this.#node;
  };
}

function pinsOf(options: ConnectOptions): Pins {
  if (options.appliances === null) return new MemoryPins();
  return options.appliances ?? KnownAppliances.open();
}

/** Where this code runs; a worker or a test has no origin worth asking. */
const page: { origin?: string; secure: boolean } = {
  ...(globalThis.location?.origin?.startsWith("http") === true ? { origin: globalThis.location.origin } : {}),
  secure: globalThis.location?.protocol === "https:",
};
