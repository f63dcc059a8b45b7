/**
 * A HearthConnection that all tabs of a shell have together: one tab's page holds it, the others send their streams
 * through that tab. Which one, machine.ts decides; here its word is carried out.
 */
import type {
  Commit,
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
import { openSession, type SocketOptions, type SocketSession } from "../websocket/session.ts";
import { LeaderLink, serveFollower } from "./link.ts";
import { Lease } from "./lease.ts";
import { Machine, tabsVersion, tickLength, type Input, type Output, type Role } from "./machine.ts";
import { lead, readCall, who } from "./messages.ts";
import type { TabsWorld } from "./world.ts";

/** What one tab holds: ApplianceConnection. */
export interface Upstream extends Pick<
  HearthConnection,
  "peerId" | "status" | "subscribe" | "retry" | "close"
> {
  openStream(signal?: AbortSignal | null): Promise<ByteStream>;
  fence(term: number | null, onOver?: () => void): void;
}

export interface SharedConnectionOptions {
  root: Root;
  device: DeviceId;
  world: TabsWorld;
  /** A connection anew, for when this tab comes to lead. */
  open(): Upstream;
  /** One that stands already, to begin with. */
  first?: Upstream;
}

/** Where this tab's streams go at present. */
interface Route {
  openStream(signal: AbortSignal | null): Promise<ByteStream>;
  readonly commit: Commit;
}

/** Offers of links that wait for an answer. */
const maxOffers = 8;

export class SharedConnection implements HearthConnection {
  readonly root: Root;
  readonly device: DeviceId;
  readonly ready: Promise<void>;
  readonly #world: TabsWorld;
  readonly #open: () => Upstream;
  readonly #machine = new Machine();
  readonly #listeners = new Set<(status: ConnectionStatus) => void>();
  readonly #ready = Promise.withResolvers<void>();
  #first: Upstream | undefined;
  #status: ConnectionStatus = { state: "connecting", upgrading: false };
  #peerId: string;
  #closed = false;
  #started = false;

  #route: Route | undefined;
  #onRoute: (() => void)[] = [];
  #upstream: Upstream | undefined;
  #lease: Lease | undefined;
  /** Ends the service of one follower each. */
  readonly #followers = new Set<(() => void) & { tell(): void }>();
  #link: LeaderLink | undefined;
  #offers: MessagePort[] = [];
  #line: AbortController | undefined;
  #letGo: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;

  constructor({ root, device, world, open, first }: SharedConnectionOptions) {
    this.root = root;
    this.device = device;
    this.#world = world;
    this.#open = open;
    this.#first = first;
    this.#peerId = first?.peerId ?? "";
    if (first !== undefined) this.#status = first.status;
    this.ready = this.#ready.promise;
    this.ready.catch(() => undefined);
    world.onHear((data) => this.#hear(data));
    world.onVisible((visible) => this.#take({ kind: "shown", visible }));
    world.onLeave(() => this.#take({ kind: "leave" }));
    world.onReturn(() => void this.#begin());
    void this.#begin();
  }

  get peerId(): string {
    return this.#peerId;
  }

  get state(): ConnectionState {
    return this.#status.state;
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** For "Details", and tests. */
  get role(): Role {
    return this.#machine.role;
  }

  subscribe(listener: (status: ConnectionStatus) => void): () => void {
    const own = (status: ConnectionStatus): void => listener(status);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  fetch(path: string, init: HearthRequestInit = {}): Promise<Response> {
    let commit: Commit | undefined;
    const { onFields } = init;
    return fetchOver(
      async (signal) => {
        const opened = await this.#openStream(signal);
        commit = opened.commit;
        return opened.stream;
      },
      path,
      onFields === undefined ? init : { ...init, onFields: (fields) => onFields(fields, commit) },
    );
  }

  async openSocket(path: string, options: SocketOptions = {}): Promise<SocketSession> {
    const target = checkedPath(path);
    const { stream, commit } = await this.#openStream(options.signal ?? null);
    const { onFields } = options;
    return openSession(
      stream,
      target,
      onFields === undefined ? options : { ...options, onFields: (fields) => onFields(fields, commit) },
    );
  }

  retry(): void {
    this.#upstream?.retry();
    this.#link?.retry();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const upstream = this.#upstream ?? this.#first;
    this.#first = undefined;
    this.#take({ kind: "leave" });
    this.#publish({ state: "offline", upgrading: false, reason: "closed" });
    this.#world.close();
    for (const go of this.#onRoute.splice(0)) go();
    await upstream?.close();
  }

  /** Nothing of a request was sent before its stream stands: until then it may take another way. */
  async #openStream(signal: AbortSignal | null): Promise<{ stream: ByteStream; commit: Commit }> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#closed) throw new HearthError("closed", "the connection was closed");
      const route = this.#route;
      if (route === undefined) {
        await this.#untilRoute(signal);
        continue;
      }
      try {
        return { stream: await route.openStream(signal), commit: route.commit };
      } catch (error) {
        if (this.#route === route) throw error;
      }
    }
  }

  #untilRoute(signal: AbortSignal | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        signal?.removeEventListener("abort", refuse);
        resolve();
      };
      const refuse = (): void => reject(signal?.reason as Error);
      signal?.addEventListener("abort", refuse, { once: true });
      this.#onRoute.push(settle);
    });
  }

  async #begin(): Promise<void> {
    if (this.#closed) return;
    const term = await this.#world.fence.current().catch(() => undefined);
    if (this.#closed || this.#machine.role !== "gone") return;
    this.#take({ kind: "begin", term: term ?? 0, visible: this.#world.visible });
    if (term === undefined) return this.#take({ kind: "unable" });
    if (this.#started) return this.#tick();
    // Nobody is judged while this tab itself can't be reached yet.
    this.#started = true;
    await this.#world.ready.then(
      () => this.#tick(),
      () => this.#take({ kind: "unable" }),
    );
  }

  #tick(): void {
    this.#cancelTick?.();
    if (this.#machine.role === "gone" || this.#machine.role === "alone") return;
    this.#cancelTick = this.#world.clock.after(tickLength, () => {
      this.#lease?.tick();
      this.#take({ kind: "tick" });
      this.#tick();
    });
  }

  #take(input: Input): void {
    for (const output of this.#machine.take(input)) this.#do(output);
  }

  #do(output: Output): void {
    switch (output) {
      case "queue":
        return void this.#stand("wait");
      case "release":
        this.#line?.abort();
        this.#line = undefined;
        this.#letGo?.();
        this.#dropOffers();
        return;
      case "call":
        return this.#call();
      case "announce":
        return this.#world.say(lead(this.#machine.term));
      case "ping":
        return this.#link?.ping();
      case "steal":
        return void this.#steal();
      case "lead":
        return this.#lead();
      case "stepDown":
        return this.#stepDown();
      case "follow":
        return;
      case "unlink":
        return this.#unlink();
      case "goAlone":
        return this.#goAlone();
    }
  }

  async #stand(mode: "wait" | "steal"): Promise<void> {
    if (mode === "wait" && this.#line !== undefined) return;
    const line = new AbortController();
    if (mode === "steal") this.#line?.abort();
    this.#line = line;
    let elected = false;
    const over = (): void => {
      if (this.#line === line) this.#line = undefined;
      if (elected) this.#take({ kind: "deposed" });
    };
    await this.#world
      .lock(mode, line.signal, async () => {
        if (line.signal.aborted) return;
        elected = true;
        const released = new Promise<void>((resolve) => (this.#letGo = resolve));
        line.signal.addEventListener("abort", () => this.#letGo?.(), { once: true });
        this.#take({ kind: "granted" });
        const term = await this.#world.fence.next().catch(() => undefined);
        if (this.#line !== line) return;
        this.#take(term === undefined ? { kind: "unable" } : { kind: "elected", term });
        await released;
        elected = false;
      })
      .catch(() => undefined);
    over();
  }

  /** One heir at a time, and none for who is replaced already. */
  async #steal(): Promise<void> {
    const { term } = this.#machine;
    await this.#world
      .alone(async () => {
        const current = await this.#world.fence.current();
        if (this.#machine.role !== "seeking") return;
        if (current > term) return this.#take({ kind: "announced", term: current, version: tabsVersion });
        const rising = new Promise<void>((resolve) => {
          void this.#stand("steal").finally(resolve);
          // The next heir may look once our term stands.
          this.#onRoute.push(resolve);
        });
        await rising;
      })
      .catch(() => undefined);
  }

  #call(): void {
    const { port1, port2 } = this.#world.channel();
    const word = this.#world.word();
    this.#offers.push(port1);
    if (this.#offers.length > maxOffers) this.#offers.shift()?.close();
    LeaderLink.await(port1, this.#world, (link) => this.#linked(link));
    this.#world.offer(word, port2);
    this.#world.say(who(word));
  }

  #linked(link: LeaderLink): void {
    this.#take({ kind: "linked", term: link.term });
    if (this.#machine.role !== "following" || this.#link !== undefined) return link.close();
    this.#link = link;
    this.#offers = this.#offers.filter((port) => port !== link.port);
    this.#dropOffers();
    this.#closeFirst();
    link.onHeard = () => this.#link === link && this.#take({ kind: "heard" });
    link.onStatus = () => {
      if (this.#link !== link) return;
      this.#peerId = link.peerId;
      this.#publish(link.status);
    };
    link.onGone = () => this.#link === link && this.#take({ kind: "unlinked" });
    link.onStatus();
    // What another tab carries was answered to this one: it is awake.
    this.#setRoute({ openStream: (signal) => link.openStream(signal), commit: now });
  }

  #unlink(): void {
    this.#setRoute(undefined);
    this.#link?.close();
    this.#link = undefined;
    this.#connecting();
  }

  #hear(data: unknown): void {
    const call = readCall(data);
    if (call === undefined) return;
    if (call.kind === "lead") {
      return this.#take({ kind: "announced", term: call.term, version: call.version });
    }
    if (this.#machine.role !== "leading") return;
    if (call.version === tabsVersion) void this.#serve(call.word);
    else this.#world.say(lead(this.#machine.term));
  }

  #lead(): void {
    this.#dropOffers();
    const { term } = this.#machine;
    const depose = (): void => {
      if (this.#machine.role === "leading" && this.#machine.term === term) this.#take({ kind: "deposed" });
    };
    const lease = new Lease(this.#world.clock, this.#world.fence, term, depose);
    this.#lease = lease;
    const upstream = this.#hold();
    upstream.fence(term, depose);
    this.#setRoute({
      openStream: (signal) => upstream.openStream(signal),
      commit: async (change) => {
        const held = await this.#world.fence.hold(term, change);
        if (!held) depose();
        return held;
      },
    });
  }

  #goAlone(): void {
    const upstream = this.#hold();
    // Where there are leaders, theirs is what is kept.
    if (this.#machine.term > 0) upstream.fence(null);
    this.#setRoute({ openStream: (signal) => upstream.openStream(signal), commit: now });
  }

  #hold(): Upstream {
    const upstream = this.#first ?? this.#open();
    this.#first = undefined;
    this.#upstream = upstream;
    const onStatus = (): void => {
      if (this.#upstream !== upstream) return;
      this.#peerId = upstream.peerId;
      this.#publish(upstream.status);
    };
    upstream.subscribe(onStatus);
    onStatus();
    return upstream;
  }

  #stepDown(): void {
    this.#lease?.end();
    this.#lease = undefined;
    this.#setRoute(undefined);
    for (const end of [...this.#followers]) end();
    void this.#upstream?.close().catch(() => undefined);
    this.#upstream = undefined;
    this.#line = undefined;
    this.#letGo?.();
    this.#connecting();
  }

  async #serve(word: string): Promise<void> {
    const port = await this.#world.ask(word);
    const upstream = this.#upstream;
    const lease = this.#lease;
    if (this.#machine.role !== "leading" || upstream === undefined || lease === undefined)
      return port.close();
    const { tell, end } = serveFollower(port, {
      term: this.#machine.term,
      upstream,
      mayAct: () => lease.check(),
      onEnd: () => void this.#followers.delete(follower),
    });
    const follower = Object.assign(end, { tell });
    this.#followers.add(follower);
  }

  #closeFirst(): void {
    void this.#first?.close().catch(() => undefined);
    this.#first = undefined;
  }

  #dropOffers(): void {
    for (const port of this.#offers.splice(0)) port.close();
  }

  #setRoute(route: Route | undefined): void {
    this.#route = route;
    if (route !== undefined) for (const go of this.#onRoute.splice(0)) go();
  }

  #connecting(): void {
    const { lastSeen } = this.#status;
    if (!this.#closed)
      this.#publish({
        state: "connecting",
        upgrading: false,
        ...(lastSeen === undefined ? {} : { lastSeen }),
      });
  }

  #publish(status: ConnectionStatus): void {
    if (this.#closed && status.reason !== "closed") return;
    this.#status = status;
    if (status.state === "direct" || status.state === "relayed") this.#ready.resolve();
    if (status.state === "offline")
      this.#ready.reject(new HearthError(status.reason ?? "offline", "the box can't be reached"));
    for (const { tell } of this.#followers) tell();
    for (const listener of [...this.#listeners]) listener(status);
  }
}

const now: Commit = (change) => {
  change();
  return Promise.resolve(true);
};
