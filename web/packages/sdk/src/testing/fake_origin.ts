/** Tabs of one origin in memory: a lock, a channel, a switchboard and terms, and tabs that can be frozen. */
import type { Clock } from "../net/clock.ts";
import { Exchange } from "../tabs/exchange.ts";
import type { TabsWorld } from "../tabs/world.ts";
import { FakeClock } from "./fake_clock.ts";

interface Claim {
  tab: FakeTab;
  held: () => Promise<void>;
  resolve: () => void;
  reject: (error: Error) => void;
}

export class FakeOrigin {
  readonly clock = new FakeClock();
  readonly tabs: FakeTab[] = [];
  /** Broadcasts that nobody will hear. */
  lose = 0;
  term = 0;
  holder: Claim | undefined;
  line: Claim[] = [];
  heir = false;
  words = 0;
  readonly exchange = new Exchange();

  tab({ visible = true, switchboard = true } = {}): FakeTab {
    const tab = new FakeTab(this, visible, switchboard);
    this.tabs.push(tab);
    return tab;
  }

  say(from: FakeTab | undefined, message: unknown): void {
    for (const tab of this.tabs) {
      if (tab === from || tab.gone) continue;
      if (this.lose > 0) --this.lose;
      else tab.soon(() => tab.hear?.(structuredClone(message)));
    }
  }

  next(): void {
    if (this.holder !== undefined) return;
    const claim = this.line.shift();
    if (claim !== undefined) this.grant(claim);
  }

  grant(claim: Claim): void {
    this.holder = claim;
    const over = (settle: () => void) => (): void => {
      settle();
      if (this.holder !== claim) return;
      this.holder = undefined;
      this.next();
    };
    claim.tab.soon(() => {
      if (this.holder === claim) claim.held().then(over(claim.resolve), over(claim.resolve));
    });
  }
}

/** Its `world` is what a SharedConnection gets. */
export class FakeTab {
  hear: ((message: unknown) => void) | undefined;
  gone = false;
  readonly world: TabsWorld;
  readonly #origin: FakeOrigin;
  #frozen = false;
  #visible: boolean;
  #backlog: (() => void)[] = [];
  #onVisible: (visible: boolean) => void = () => undefined;
  onLeave: () => void = () => undefined;
  onReturn: () => void = () => undefined;

  constructor(origin: FakeOrigin, visible: boolean, switchboard: boolean) {
    this.#origin = origin;
    this.#visible = visible;
    const clock: Clock = {
      now: () => origin.clock.now(),
      wall: () => origin.clock.wall(),
      after: (delay, call) => origin.clock.after(delay, () => this.run(call)),
    };
    this.world = {
      clock,
      fence: {
        current: () => this.later(() => origin.term),
        next: () => this.later(() => ++origin.term),
        hold: (term, change) =>
          this.later(() => {
            if (term !== origin.term) return false;
            change();
            return true;
          }),
      },
      ready: switchboard ? Promise.resolve() : Promise.reject(new Error("no switchboard")),
      lock: (mode, signal, held) => this.#lock(mode, signal, held),
      alone: async (work) => {
        if (origin.heir) return;
        origin.heir = true;
        await work().finally(() => (origin.heir = false));
      },
      say: (message) => origin.say(this, message),
      onHear: (listener) => (this.hear = listener),
      channel: () => {
        const [port1, port2] = fakeChannel();
        port1.owner = this;
        return { port1: port1 as unknown as MessagePort, port2: port2 as unknown as MessagePort };
      },
      offer: (word, port) => origin.exchange.offer(word, port),
      ask: (word) =>
        new Promise((resolve) => {
          origin.exchange.ask(word, (port) => {
            (port as unknown as FakePort).owner = this;
            this.soon(() => resolve(port));
          });
        }),
      get visible() {
        return visible;
      },
      onVisible: (listener) => (this.#onVisible = listener),
      onLeave: (listener) => (this.onLeave = listener),
      onReturn: (listener) => (this.onReturn = listener),
      word: () => `word ${++origin.words}`,
      close: () => (this.gone = true),
    };
    this.world.ready.catch(() => undefined);
  }

  show(visible: boolean): void {
    this.#visible = visible;
    this.run(() => this.#onVisible(this.#visible));
  }

  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    for (const call of this.#backlog.splice(0)) setImmediate(() => this.run(call));
  }

  /** The page is gone without a word. */
  crash(ports: Iterable<FakePort> = openPorts): void {
    this.gone = true;
    this.#frozen = true;
    for (const port of [...ports]) if (port.owner === this) port.close();
    const { holder } = this.#origin;
    this.#origin.line = this.#origin.line.filter(({ tab }) => tab !== this);
    if (holder?.tab !== this) return;
    this.#origin.holder = undefined;
    this.#origin.next();
  }

  /** A task of its event loop. */
  soon(call: () => void): void {
    setImmediate(() => this.run(call));
  }

  run(call: () => void): void {
    if (this.#frozen) this.#backlog.push(call);
    else call();
  }

  later<T>(value: () => T): Promise<T> {
    return new Promise((resolve) => this.soon(() => resolve(value())));
  }

  #lock(mode: "wait" | "steal", signal: AbortSignal, held: () => Promise<void>): Promise<void> {
    const origin = this.#origin;
    return new Promise<void>((resolve, reject) => {
      const claim: Claim = {
        tab: this,
        held,
        resolve,
        reject: (error) => this.soon(() => reject(error)),
      };
      if (mode === "steal") {
        const robbed = origin.holder;
        origin.grant(claim);
        robbed?.reject(new Error("the lock was stolen"));
        return;
      }
      signal.addEventListener("abort", () => {
        if (!origin.line.includes(claim)) return;
        origin.line = origin.line.filter((other) => other !== claim);
        claim.reject(new Error("aborted"));
      });
      origin.line.push(claim);
      origin.next();
    });
  }
}

const openPorts = new Set<FakePort>();

function fakeChannel(): [FakePort, FakePort] {
  const pair: [FakePort, FakePort] = [new FakePort(), new FakePort()];
  pair[0].peer = pair[1];
  pair[1].peer = pair[0];
  return pair;
}

/** A MessagePort whose messages wait while its owner is frozen. */
class FakePort {
  owner: FakeTab | undefined;
  peer: FakePort | undefined;
  #onMessage: ((event: { data: unknown; ports: unknown[] }) => void) | null = null;
  #onClose: (() => void)[] = [];
  #waiting: { data: unknown; ports: FakePort[] }[] = [];
  #closed = false;

  constructor() {
    openPorts.add(this);
  }

  set onmessage(listener: (event: { data: unknown; ports: unknown[] }) => void) {
    this.#onMessage = listener;
    for (const message of this.#waiting.splice(0)) this.#receive(message);
  }

  start(): void {
    // Setting `onmessage` begins.
  }

  addEventListener(_: "close", listener: () => void): void {
    this.#onClose.push(listener);
  }

  postMessage(data: unknown, transfer: unknown[] = []): void {
    if (this.#closed) return;
    const ports = transfer.filter((each) => each instanceof FakePort);
    if (this.peer !== undefined) this.peer.#receive({ data: structuredClone(data), ports });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    openPorts.delete(this);
    const { peer } = this;
    peer?.owner?.soon(() => {
      if (peer.#closed) return;
      for (const listener of peer.#onClose) listener();
    });
  }

  #receive(message: { data: unknown; ports: FakePort[] }): void {
    if (this.#onMessage === null || this.owner === undefined) {
      this.#waiting.push(message);
      return;
    }
    const { owner } = this;
    for (const port of message.ports) port.owner = owner;
    owner.soon(() => {
      if (!this.#closed) this.#onMessage?.(message);
    });
  }
}
