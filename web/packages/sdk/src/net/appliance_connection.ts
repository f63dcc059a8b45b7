/** A HearthConnection over libp2p: finds the host, verifies it against the root, and keeps paths to it. */
import { checkAgainstPins, FencedPins, type Pins } from "../appliances.ts";
import { fromBase64url } from "../bytes.ts";
import type { RootTarget } from "../connect.ts";
import type {
  ConnectionState,
  ConnectionStatus,
  DeviceId,
  HearthConnection,
  HearthRequestInit,
  Root,
} from "../connection.ts";
import { HearthError } from "../errors.ts";
import { checkedPath, fetchOver } from "../http/fetch.ts";
import type { ByteStream } from "../http/stream.ts";
import { peerIdText } from "../identity/peer.ts";
import { verifyHostCertificate } from "../identity/statements.ts";
import type { DeviceKey } from "../keys/device.ts";
import { openSession, type SocketOptions, type SocketSession } from "../websocket/session.ts";
import {
  circuitAddress,
  dialable,
  flocksOf,
  peerIdIn,
  relayOf,
  type Dialable,
  type PageContext,
} from "./addresses.ts";
import { onWake, type Clock } from "./clock.ts";
import type { Flock } from "./flock.ts";
import { onIceSilence } from "./ice_silence.ts";
import { Links } from "./links.ts";
import type { Node, Path } from "./node.ts";

export const httpProtocol = "/http/1.1";

/** For what nobody waits for. */
const certifyTimeout = 30_000;

/** Stands for "through the flock, whatever host it names": looked up when it is dialed. */
const throughFlock: Dialable = { kind: "relay", address: "flock" };

export interface ApplianceConnectionOptions {
  target: RootTarget;
  device: DeviceKey;
  pins: Pins;
  node: () => Promise<Node>;
  flock: Flock | undefined;
  page: PageContext;
  clock: Clock;
  relayOnly?: boolean;
}

export class ApplianceConnection implements HearthConnection {
  readonly root: Root;
  readonly device: DeviceId;
  readonly ready: Promise<void>;
  #peerId = "";
  readonly #options: ApplianceConnectionOptions;
  readonly #pins: FencedPins;
  readonly #links: Links;
  readonly #listeners = new Set<(status: ConnectionStatus) => void>();
  readonly #stopWaking: () => void;
  #doubted: string | undefined;
  #closed = false;

  constructor(options: ApplianceConnectionOptions) {
    this.#options = options;
    this.#pins = new FencedPins(options.pins);
    this.root = options.target.root;
    this.device = options.device.id;
    this.#links = new Links({
      clock: options.clock,
      relayOnly: options.relayOnly === true,
      resolve: () => this.#resolve(),
      dial: (target, signal) => this.#dial(target, signal),
      verify: (path, signal) => this.#verify(path, signal),
      onStatus: (status) => {
        for (const listener of this.#listeners) listener(status);
      },
    });
    const stops = [
      onWake(options.clock, () => this.#links.wake()),
      onIceSilence(() => this.#links.suspect()),
    ];
    this.#stopWaking = () => stops.forEach((stop) => stop());
    this.#links.start();
    this.ready = this.#links.ready();
    this.ready.catch(() => undefined);
  }

  get peerId(): string {
    return this.#peerId;
  }

  get state(): ConnectionState {
    return this.#links.status.state;
  }

  get status(): ConnectionStatus {
    return this.#links.status;
  }

  subscribe(listener: (status: ConnectionStatus) => void): () => void {
    // The same function may be given twice: each subscription ends alone.
    const own = (status: ConnectionStatus): void => listener(status);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** From here on, what is learned of the box is written for as long as `term` lasts; `null`: not at all. */
  fence(term: number | null, onOver?: () => void): void {
    this.#pins.fence(term, onOver);
  }

  /** For one request. Waits while connecting. */
  openStream(signal?: AbortSignal | null): Promise<ByteStream> {
    return this.#links.openStream(httpProtocol, signal);
  }

  fetch(path: string, init?: HearthRequestInit): Promise<Response> {
    return fetchOver((signal) => this.openStream(signal), path, init);
  }

  async openSocket(path: string, options: SocketOptions = {}): Promise<SocketSession> {
    const target = checkedPath(path);
    return openSession(await this.openStream(options.signal), target, options);
  }

  retry(): void {
    this.#links.wake();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopWaking();
    this.#links.close();
    await this.#options
      .node()
      .then((node) => node.stop())
      .catch(() => undefined);
  }

  async #resolve(): Promise<Dialable[]> {
    const { target, page, flock } = this.#options;
    const known = await this.#pins.get(this.root);
    const texts = new Set([...(target.multiaddrs ?? []), ...(known?.multiaddrs ?? [])]);
    const targets: Dialable[] = [];
    for (const text of texts) {
      const found = dialable(text, page);
      // A host that was replaced may still be listed.
      if (found === undefined || (known?.peerId !== undefined && !this.#mayBe(found.address, known.peerId)))
        continue;
      if (!targets.some(({ address }) => address === found.address)) targets.push(found);
    }
    for (const address of known?.flocks ?? []) {
      const through = known?.peerId === undefined ? undefined : circuitAddress(address, known.peerId);
      if (through !== undefined && !targets.some((other) => other.address === through))
        targets.push({ kind: "relay", address: through, spare: true });
    }
    if (flock === undefined) return targets;
    const flockPeer = target.flock === undefined ? undefined : peerIdIn(target.flock);
    const covered = targets.some(
      ({ kind, address, spare }) =>
        kind === "relay" && spare !== true && peerIdIn(relayOf(address)) === flockPeer,
    );
    return covered ? targets : [...targets, throughFlock];
  }

  /** Addresses given with the target are tried even when the pin knows another host: it may have been rotated. */
  #mayBe(address: string, pinned: string): boolean {
    const given = this.#options.target.multiaddrs ?? [];
    return (
      peerIdIn(address) === pinned ||
      given.some((text) => dialable(text, this.#options.page)?.address === address)
    );
  }

  async #dial(target: Dialable, signal: AbortSignal): Promise<Path> {
    const node = await this.#options.node();
    if (target !== throughFlock) return node.dial(target.kind, target.address, signal);
    const { flock } = this.#options;
    if (flock === undefined) throw new HearthError("offline", "no flock is known for this box");
    const known = await this.#pins.get(this.root);
    flock.remember(known?.flockOthers ?? this.#options.target.flockOthers ?? []);
    const through = async (peer: string, within: AbortSignal): Promise<Path> =>
      node.dial("relay", await flock.circuitTo(peer, within), within);
    if (known?.peerId === undefined) return through(await this.#host(flock, signal), signal);
    // Nearly always it is the host of last time: dialed while the name is looked up, and left when it leads elsewhere.
    const guess = new AbortController();
    const guessed = through(known.peerId, AbortSignal.any([signal, guess.signal]));
    const leave = (): void => {
      guess.abort(new Error("another host, or none"));
      void guessed.then((path) => path.abort("not its host")).catch(() => undefined);
    };
    guessed.catch(() => undefined);
    const host = await this.#host(flock, signal).catch((error: unknown) => {
      leave();
      throw error;
    });
    if (host === known.peerId) return guessed;
    leave();
    return through(host, signal);
  }

  /** The PeerId of the root's present host: from its name's record, or the one that was pinned. */
  async #host(flock: Flock, signal: AbortSignal): Promise<string> {
    const { target, clock } = this.#options;
    const pins = this.#pins;
    const known = await pins.get(this.root);
    const name = target.name ?? known?.name;
    if (name === undefined) {
      const peer =
        known?.peerId ??
        target.multiaddrs?.map((text) => peerIdIn(text)).find((found) => found !== undefined);
      if (peer === undefined)
        throw new HearthError("offline", "neither a name nor an address is known for this box");
      return peer;
    }
    const record = await flock.lookUp(name, clock.wall(), signal);
    if (record.root !== this.root)
      throw new HearthError("root_changed", `${name} leads to another box than before`);
    const { epoch } = record.hostCertificate;
    const { sequence } = record;
    checkAgainstPins({ root: record.root, epoch, sequence }, await pins.list());
    const peerId = peerIdText(record.hostCertificate.peerId);
    // The host goes with its epoch: what was pinned for a lower one is no host any more.
    await pins.remember(this.root, { epoch, sequence, peerId });
    return peerId;
  }

  /** Flocks at which the box is too: the ways to it when the one that led here is gone. */
  #otherFlocks(told: readonly unknown[]): string[] {
    const { target, page } = this.#options;
    const own = target.flock === undefined ? undefined : peerIdIn(target.flock);
    const texts = told.filter((each) => typeof each === "string").slice(0, 16);
    return flocksOf(
      target.flock,
      texts.filter((text) => peerIdIn(text) !== own),
      page,
    );
  }

  /**
   * The peer is who it says (Noise saw to that). That the root made it the root's host it has shown before, or shows now.
   */
  async #verify(path: Path, signal: AbortSignal): Promise<void> {
    if (path.peerId === this.#peerId) return;
    const known = await this.#pins.get(this.root);
    if (known?.peerId !== path.peerId || this.#doubted === path.peerId) return this.#certify(path, signal);
    // Nobody waits for what is pinned. It shows its certificate all the same: the box may have got another title.
    this.#peerId = path.peerId;
    this.#certify(path, AbortSignal.timeout(certifyTimeout)).catch((error: unknown) => {
      if (!HearthError.is(error) || error.code === "offline") return;
      // The next path to it is waited for, and ends with what is wrong.
      this.#doubted = path.peerId;
      this.#peerId = "";
      path.abort(error.message);
    });
  }

  async #certify(path: Path, signal: AbortSignal): Promise<void> {
    const { target, clock, flock } = this.#options;
    const pins = this.#pins;
    const response = await fetchOver(() => path.openStream(httpProtocol, signal), "/api/v1/appliance", {
      signal,
      redirect: "error",
    });
    if (!response.ok) throw new HearthError("offline", `the box answered ${response.status}`);
    const told = (await response.json().catch(() => null)) as Record<string, unknown> | null;
    const encoded = told?.["host_certificate"];
    const bytes = typeof encoded === "string" ? fromBase64url(encoded) : undefined;
    if (bytes === undefined) throw new HearthError("not_authentic", "the host shows no certificate");
    const certificate = verifyHostCertificate(bytes);
    if (certificate.root !== this.root)
      throw new HearthError("not_authentic", "the host belongs to another root");
    if (peerIdText(certificate.peerId) !== path.peerId) {
      throw new HearthError("not_authentic", "the certificate is another host's");
    }
    checkAgainstPins({ root: this.root, epoch: certificate.epoch }, await pins.list());
    const title = told?.["name"];
    const flocks = told?.["flocks"];
    await pins.remember(this.root, {
      epoch: certificate.epoch,
      peerId: path.peerId,
      lastUsed: clock.wall(),
      ...(typeof title === "string" ? { title: title.slice(0, 200) } : {}),
      ...(target.name === undefined ? {} : { name: target.name }),
      ...(target.flock === undefined ? {} : { flock: target.flock }),
      ...(flock === undefined || flock.others.length === 0 ? {} : { flockOthers: flock.others }),
      ...(Array.isArray(flocks) ? { flocks: this.#otherFlocks(flocks) } : {}),
      ...(target.multiaddrs === undefined || target.multiaddrs.length === 0
        ? {}
        : { multiaddrs: [...target.multiaddrs] }),
    });
    this.#peerId = path.peerId;
  }
}
