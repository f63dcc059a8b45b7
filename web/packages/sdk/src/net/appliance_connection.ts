/** A HearthConnection over libp2p: finds the host, verifies it against the root, and keeps paths to it. */
import { checkAgainstPins, type Pins } from "../appliances.ts";
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
import { peerIdText } from "../identity/peer.ts";
import { verifyHostCertificate } from "../identity/statements.ts";
import type { DeviceKey } from "../keys/device.ts";
import { openSession, type SocketOptions, type SocketSession } from "../websocket/session.ts";
import { dialable, peerIdIn, relayOf, type Dialable, type PageContext } from "./addresses.ts";
import { onWake, type Clock } from "./clock.ts";
import type { Flock } from "./flock.ts";
import { Links } from "./links.ts";
import type { Node, Path } from "./node.ts";

export const httpProtocol = "/http/1.1";

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
  readonly #links: Links;
  readonly #listeners = new Set<(status: ConnectionStatus) => void>();
  readonly #stopWaking: () => void;
  #closed = false;

  constructor(options: ApplianceConnectionOptions) {
    this.#options = options;
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
    this.#stopWaking = onWake(options.clock, () => this.#links.wake());
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

  fetch(path: string, init?: HearthRequestInit): Promise<Response> {
    return fetchOver((signal) => this.#links.openStream(httpProtocol, signal), path, init);
  }

  async openSocket(path: string, options: SocketOptions = {}): Promise<SocketSession> {
    const target = checkedPath(path);
    return openSession(await this.#links.openStream(httpProtocol, options.signal), target, options);
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
    const { target, page, flock, pins } = this.#options;
    const known = await pins.get(this.root);
    const texts = new Set([...(target.multiaddrs ?? []), ...(known?.multiaddrs ?? [])]);
    const targets: Dialable[] = [];
    for (const text of texts) {
      const found = dialable(text, page);
      // A host that was replaced may still be listed.
      if (found === undefined || (known?.peerId !== undefined && !this.#mayBe(found.address, known.peerId)))
        continue;
      if (!targets.some(({ address }) => address === found.address)) targets.push(found);
    }
    if (flock === undefined) return targets;
    const flockPeer = target.flock === undefined ? undefined : peerIdIn(target.flock);
    const covered = targets.some(
      ({ kind, address }) => kind === "relay" && peerIdIn(relayOf(address)) === flockPeer,
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
    const address = await flock.circuitTo(await this.#host(flock, signal), signal);
    return node.dial("relay", address, signal);
  }

  /** The PeerId of the root's present host: from its name's record, or the one that was pinned. */
  async #host(flock: Flock, signal: AbortSignal): Promise<string> {
    const { target, pins, clock } = this.#options;
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
    checkAgainstPins(
      { root: record.root, epoch: record.hostCertificate.epoch, sequence: record.sequence },
      await pins.list(),
    );
    await pins.remember(this.root, { epoch: record.hostCertificate.epoch, sequence: record.sequence });
    return peerIdText(record.hostCertificate.peerId);
  }

  /** The peer is who it says (Noise saw to that); here it shows that the root made it the root's host. */
  async #verify(path: Path, signal: AbortSignal): Promise<void> {
    if (path.peerId === this.#peerId) return;
    const { pins, target, clock } = this.#options;
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
    await pins.remember(this.root, {
      epoch: certificate.epoch,
      peerId: path.peerId,
      lastUsed: clock.wall(),
      ...(typeof title === "string" ? { title: title.slice(0, 200) } : {}),
      ...(target.name === undefined ? {} : { name: target.name }),
      ...(target.flock === undefined ? {} : { flock: target.flock }),
      ...(target.multiaddrs === undefined || target.multiaddrs.length === 0
        ? {}
        : { multiaddrs: [...target.multiaddrs] }),
    });
    this.#peerId = path.peerId;
  }
}
