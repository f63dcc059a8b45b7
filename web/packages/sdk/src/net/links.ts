/**
 * Keeps the best path to one appliance: relayed at once, direct beside it, direct preferred, the relay kept as
 * what to fall back on. Decides when to dial, and says truthfully what stands. No libp2p, no DOM: paths, time and
 * addresses come in through interfaces.
 */
import type { ConnectionState, ConnectionStatus } from "../connection.ts";
import { HearthError, type HearthErrorCode } from "../errors.ts";
import type { ByteStream } from "../http/stream.ts";
import { hostAndPort, relayOf, webrtcAddress, type Dialable } from "./addresses.ts";
import type { Clock } from "./clock.ts";
import type { Path } from "./node.ts";

export interface LinksOptions {
  clock: Clock;
  /** Where the appliance may be reached now. Asked anew for each round of dials. */
  resolve(signal: AbortSignal): Promise<Dialable[]>;
  dial(target: Dialable, signal: AbortSignal): Promise<Path>;
  /** Proves that the peer is the root's host before anything else is sent. Rejects otherwise; that is final. */
  verify(path: Path, signal: AbortSignal): Promise<void>;
  relayOnly?: boolean;
  onStatus(status: ConnectionStatus): void;
}

const dialTimeout = 10_000;
/** After so long without a direct path the state says relayed and nothing else; the try itself goes on. */
export const upgradePatience = 3_000;
const retryDelays = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000];
/** The first is short: js-libp2p's first try hangs now and then, where the next one takes half a second. */
const upgradeDelays = [2_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000];
/** A path silent for so long is asked whether it lives. */
const silence = 20_000;
const probeTimeout = 3_000;
const openTimeout = 10_000;
/** The first addresses have so long for themselves before the spare ones are dialed, too. */
const spareDelay = 3_000;
/** With another path at hand, waiting longer for this one makes no sense. */
const openTimeoutWithSpare = 3_000;
/** What was entrusted to a path without asking first is answered by then, or the path is asked. */
const answerPatience = 3_000;

const maxStreamFailures = 3;

const pingProtocol = "/ipfs/ping/1.0.0";
/** Errors that another try doesn't mend. */
const final: readonly HearthErrorCode[] = [
  "root_changed",
  "not_authentic",
  "superseded",
  "bad_record",
  "closed",
];

export class Links {
  readonly #options: LinksOptions;
  readonly #paths: Path[] = [];
  readonly #life = new AbortController();
  /** By address, so that an upgrade joins a dial that is under way. */
  readonly #dialing = new Map<string, Promise<void>>();
  readonly #awaited = new Set<Path>();
  #status: ConnectionStatus = { state: "connecting", upgrading: false };
  #waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #connecting = false;
  #upgrading = false;
  #failures = 0;
  #upgradeFailures = 0;
  #cancelRetry: (() => void) | undefined;
  #cancelUpgrade: (() => void) | undefined;
  #cancelWatch: (() => void) | undefined;
  #failure: HearthError | undefined;
  #lastSeen: number | undefined;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  start(): void {
    this.#watch();
    void this.#connect("connecting");
  }

  /** A stream on the best path. Waits while connecting; rejects when offline or with the signal's reason. */
  async openStream(protocol: string, signal?: AbortSignal | null): Promise<ByteStream> {
    for (let failures = 0; ;) {
      signal?.throwIfAborted();
      const path = this.#best();
      if (path === undefined) {
        await this.#untilConnected(signal);
        continue;
      }
      const spare = this.#paths.some((other) => other !== path && other.isOpen);
      const limit = timeout(
        this.#options.clock,
        spare ? openTimeoutWithSpare : openTimeout,
        signal,
        this.#life.signal,
      );
      try {
        const since = this.#options.clock.now();
        const stream = await raced(path.openStream(protocol, limit.signal), limit.signal);
        this.#lastSeen = this.#options.clock.wall();
        this.#awaitAnswer(path, since);
        return stream;
      } catch (error) {
        signal?.throwIfAborted();
        if (this.#life.signal.aborted) throw closed();
        // It looked open and isn't: the next turn takes another, or waits for one.
        if (limit.signal.aborted || !path.isOpen) this.#drop(path, `no stream: ${messageOf(error)}`);
        if (++failures === maxStreamFailures) {
          throw new HearthError("offline", "the box opens no stream", { cause: error });
        }
      } finally {
        limit.clear();
      }
    }
  }

  /** A stream on a path that was heard of just now is opened without an answer. Where none comes, the path is asked. */
  #awaitAnswer(path: Path, since: number): void {
    if (this.#awaited.has(path)) return;
    this.#awaited.add(path);
    this.#options.clock.after(answerPatience, () => {
      this.#awaited.delete(path);
      if (path.isOpen && path.lastReceived < since) void this.#probe(path);
    });
  }

  /** The network may have changed, or somebody asks: look at what stands, and try again now. */
  wake(): void {
    if (this.#life.signal.aborted) return;
    for (const path of [...this.#paths]) void this.#probe(path);
    this.#failures = 0;
    this.#upgradeFailures = 0;
    if (this.#best() === undefined) void this.#connect("connecting");
    else void this.#upgrade();
  }

  /** One of the paths may have died: they are asked, and what carries nothing is left. */
  suspect(): void {
    for (const path of [...this.#paths]) void this.#probe(path);
  }

  close(): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort(closed());
    this.#cancelRetry?.();
    this.#cancelUpgrade?.();
    this.#cancelWatch?.();
    for (const path of this.#paths.splice(0)) path.abort("closed");
    this.#failure = closed();
    this.#publish("offline", { reason: "closed" });
    this.#settle();
  }

  /** WebRTC before WebSocket before relayed; the newest of each. */
  #best(): Path | undefined {
    const open = this.#paths.filter((path) => path.isOpen);
    const webrtc = open.findLast(({ kind }) => kind === "webrtc-direct" || kind === "webrtc");
    return webrtc ?? open.findLast(({ kind }) => kind !== "relay") ?? open.at(-1);
  }

  async #connect(state: ConnectionState): Promise<void> {
    if (this.#connecting || this.#life.signal.aborted) return;
    this.#connecting = true;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (state === "connecting") {
      this.#failure = undefined;
      this.#publish("connecting");
    }
    try {
      const targets = this.#wanted(await this.#resolve());
      if (targets.length === 0) throw new HearthError("offline", "no address that this page can dial");
      await this.#dialWithSpare(targets);
      this.#failures = 0;
      this.#failure = undefined;
      this.#connecting = false;
      this.#refresh();
      this.#settle();
      void this.#upgrade();
    } catch (error) {
      this.#connecting = false;
      if (this.#best() !== undefined || this.#life.signal.aborted) return;
      this.#failed(error);
    }
  }

  async #resolve(): Promise<Dialable[]> {
    const limit = timeout(this.#options.clock, dialTimeout, this.#life.signal);
    try {
      return await raced(this.#options.resolve(limit.signal), limit.signal);
    } finally {
      limit.clear();
    }
  }

  /** Resolves with the first that stands and is verified; the others go on and are kept when they stand. */
  #dialAll(targets: Dialable[]): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = targets.length;
      let decisive: unknown;
      for (const target of targets) {
        this.#dial(target).then(resolve, (error: unknown) => {
          if (decisive === undefined || isFinal(error)) decisive = error;
          // A host that isn't the root's is no reason to trust its other addresses, nor to wait for them.
          if (--left === 0 || isFinal(error)) reject(decisive);
        });
      }
    });
  }

  /** The spare ones follow where the first ones failed, or have nothing to show for a while. */
  async #dialWithSpare(targets: Dialable[]): Promise<void> {
    const spare = targets.filter((target) => target.spare === true);
    const first = targets.filter((target) => target.spare !== true);
    if (spare.length === 0 || first.length === 0) return this.#dialAll(targets);
    const dialing = this.#dialAll(first);
    const limit = timeout(this.#options.clock, spareDelay, this.#life.signal);
    try {
      return await raced(dialing, limit.signal);
    } catch (error) {
      if (this.#life.signal.aborted || isFinal(error)) throw error;
    } finally {
      limit.clear();
    }
    await Promise.any([dialing, this.#dialAll(spare)]).catch(({ errors }: AggregateError) => {
      throw errors.find(isFinal) ?? errors[0];
    });
  }

  #dial(target: Dialable): Promise<void> {
    const { address } = target;
    if (this.#paths.some((path) => path.address === address && path.isOpen)) return Promise.resolve();
    const running = this.#dialing.get(address);
    if (running !== undefined) return running;
    const limit = timeout(this.#options.clock, dialTimeout, this.#life.signal);
    const dialing = this.#dialWithin(target, limit.signal).finally(() => {
      limit.clear();
      this.#dialing.delete(address);
    });
    this.#dialing.set(address, dialing);
    return dialing;
  }

  async #dialWithin(target: Dialable, signal: AbortSignal): Promise<void> {
    const path = await raced(this.#options.dial(target, signal), signal, (late) => late.abort("too late"));
    try {
      await raced(this.#options.verify(path, signal), signal);
    } catch (error) {
      path.abort("not verified");
      throw error;
    }
    if (this.#life.signal.aborted || !path.isOpen) {
      path.abort("closed");
      throw new HearthError("offline", "the connection broke at once");
    }
    this.#paths.push(path);
    path.onClose(() => this.#drop(path, "closed by the peer"));
    this.#lastSeen = this.#options.clock.wall();
    this.#refresh();
    this.#settle();
  }

  /** Looks for a direct path beside the relayed one. A failure is normal. */
  async #upgrade(): Promise<void> {
    if (this.#upgrading || this.#connecting || this.#life.signal.aborted || this.#options.relayOnly === true)
      return;
    const relay = this.#best();
    if (relay?.kind !== "relay") return;
    this.#upgrading = true;
    this.#cancelUpgrade?.();
    this.#cancelUpgrade = undefined;
    const impatient = this.#options.clock.after(upgradePatience, () => {
      if (this.#status.state === "relayed")
        this.#publish("relayed", { directFailure: "no answer within 3 s" });
    });
    this.#publish("relayed", { upgrading: true });
    let failure: string | undefined;
    try {
      const direct = (await this.#resolve()).filter(({ kind }) => kind !== "relay");
      await this.#dialAll([...direct, { kind: "webrtc", address: webrtcAddress(relay.address) }]);
      this.#upgradeFailures = 0;
    } catch (error) {
      failure = messageOf(error);
    } finally {
      impatient();
      this.#upgrading = false;
    }
    if (this.#life.signal.aborted) return;
    if (this.#best()?.kind !== "relay") {
      this.#refresh();
      return;
    }
    this.#publish("relayed", failure === undefined ? {} : { directFailure: failure });
    const delay = upgradeDelays[Math.min(this.#upgradeFailures++, upgradeDelays.length - 1)] ?? 600_000;
    this.#cancelUpgrade = this.#options.clock.after(delay, () => void this.#upgrade());
  }

  #drop(path: Path, reason: string): void {
    const index = this.#paths.indexOf(path);
    if (index < 0) return;
    this.#paths.splice(index, 1);
    path.abort(reason);
    if (this.#life.signal.aborted) return;
    const best = this.#best();
    if (best === undefined) {
      void this.#connect("connecting");
    } else {
      this.#refresh();
      // A direct path that broke is worth a new try at once: the network has changed.
      if (best.kind === "relay" && path.kind !== "relay") void this.#upgrade();
    }
  }

  #failed(error: unknown): void {
    this.#failure = HearthError.is(error)
      ? error
      : new HearthError("offline", messageOf(error), { cause: error });
    if (final.includes(this.#failure.code)) {
      this.#publish("offline", { reason: this.#failure.code });
    } else {
      const delay = retryDelays[Math.min(this.#failures++, retryDelays.length - 1)] ?? 60_000;
      this.#cancelRetry = this.#options.clock.after(delay, () => void this.#connect("offline"));
      this.#publish("offline", {
        reason: this.#failure.code,
        nextAttempt: this.#options.clock.wall() + delay,
      });
    }
    this.#settle();
  }

  /** A path that came up while nobody looked, and one that went silent. */
  #watch(): void {
    this.#cancelWatch = this.#options.clock.after(silence / 2, () => {
      for (const path of [...this.#paths]) {
        if (!path.isOpen) this.#drop(path, "closed");
        else if (this.#options.clock.now() - path.lastReceived > silence) void this.#probe(path);
      }
      this.#watch();
    });
  }

  async #probe(path: Path): Promise<void> {
    // The second chance is for a path that is only full.
    for (let tries = 0; tries < 2; ++tries) {
      const before = path.lastReceived;
      const limit = timeout(this.#options.clock, probeTimeout, this.#life.signal);
      try {
        await raced(ping(path, limit.signal), limit.signal);
        this.#lastSeen = this.#options.clock.wall();
        return;
      } catch {
        if (path.lastReceived > before) return;
      } finally {
        limit.clear();
      }
    }
    if (!this.#life.signal.aborted) this.#drop(path, "no answer");
  }

  #wanted(targets: Dialable[]): Dialable[] {
    return this.#options.relayOnly === true ? targets.filter(({ kind }) => kind === "relay") : targets;
  }

  #untilConnected(signal?: AbortSignal | null): Promise<void> {
    if (this.#failure !== undefined && !this.#connecting) return Promise.reject(this.#failure);
    if (this.#status.state === "offline" && this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const entry = { resolve, reject };
      this.#waiting.push(entry);
      signal?.addEventListener(
        "abort",
        () => {
          this.#waiting = this.#waiting.filter((other) => other !== entry);
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }

  /** Resolves with the first path, rejects with what makes it hopeless; being offline is not final. */
  async ready(): Promise<void> {
    while (this.#best() === undefined) {
      try {
        await this.#untilConnected();
      } catch (error) {
        if (this.#best() === undefined) throw error;
      }
    }
  }

  #settle(): void {
    if (this.#best() === undefined && this.#failure === undefined) return;
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (this.#best() !== undefined) resolve();
      else reject(this.#failure);
    }
  }

  #refresh(): void {
    const best = this.#best();
    if (best === undefined) return;
    if (best.kind === "relay") {
      const { directFailure } = this.#status;
      this.#publish("relayed", {
        upgrading: this.#upgrading,
        ...(directFailure === undefined ? {} : { directFailure }),
      });
    } else {
      this.#publish("direct");
    }
  }

  #publish(state: ConnectionState, facts: Partial<ConnectionStatus> = {}): void {
    const best = state === "direct" || state === "relayed" ? this.#best() : undefined;
    const relay = best?.kind === "relay" ? hostAndPort(relayOf(best.address)) : undefined;
    const next: ConnectionStatus = {
      state,
      upgrading: false,
      ...(best === undefined ? {} : { transport: best.kind, address: best.address }),
      ...(relay === undefined ? {} : { relay }),
      ...(this.#lastSeen === undefined ? {} : { lastSeen: this.#lastSeen }),
      ...facts,
    };
    if (sameStatus(this.#status, next)) return;
    this.#status = next;
    this.#options.onStatus(next);
  }
}

async function ping(path: Path, signal: AbortSignal): Promise<void> {
  const stream = await path.openStream(pingProtocol, signal);
  try {
    await stream.write(crypto.getRandomValues(new Uint8Array(32)));
    for (let got = 0; got < 32;) {
      const bytes = await stream.read();
      if (bytes === undefined) throw new Error("the ping was not answered");
      got += bytes.length;
    }
  } finally {
    stream.abort(new Error("done"));
  }
}

interface Limit {
  signal: AbortSignal;
  clear: () => void;
}

/** A signal that ends after `delay` or with one of the others. */
function timeout(clock: Clock, delay: number, ...others: (AbortSignal | null | undefined)[]): Limit {
  const controller = new AbortController();
  const cancel = clock.after(delay, () =>
    controller.abort(new HearthError("timeout", `no answer in ${delay} ms`)),
  );
  const follow: (() => void)[] = [];
  for (const other of others) {
    if (other == null) continue;
    const forward = (): void => controller.abort(other.reason);
    if (other.aborted) forward();
    other.addEventListener("abort", forward, { once: true });
    follow.push(() => other.removeEventListener("abort", forward));
  }
  return {
    signal: controller.signal,
    clear: () => {
      cancel();
      for (const stop of follow) stop();
    },
  };
}

/** Doesn't trust the work to heed the signal; a result that comes too late is given to `late`. */
function raced<T>(work: Promise<T>, signal: AbortSignal, late?: (value: T) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work
      .then(
        (value) => {
          if (signal.aborted) late?.(value);
          resolve(value);
        },
        (error: unknown) => reject(error as Error),
      )
      .finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function sameStatus(a: ConnectionStatus, b: ConnectionStatus): boolean {
  const keys = [
    "state",
    "transport",
    "address",
    "upgrading",
    "directFailure",
    "reason",
    "nextAttempt",
  ] as const;
  return keys.every((key) => a[key] === b[key]);
}

function isFinal(error: unknown): boolean {
  return HearthError.is(error) && final.includes(error.code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function closed(): HearthError {
  return new HearthError("closed", "the connection was closed");
}
