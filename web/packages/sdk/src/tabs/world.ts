/** What tabs have in common, behind an interface with a fake: a lock, a channel, a switchboard, terms; and time. */
import type { DeviceId, Root } from "../connection.ts";
import { systemClock, type Clock } from "../net/clock.ts";
import type { SwitchboardAnswer, SwitchboardMessage } from "./exchange.ts";
import { fenceOf, type Fence } from "./fence.ts";

export interface TabsWorld {
  readonly clock: Clock;
  readonly fence: Fence;
  /** Resolves when this browser has all it takes and the switchboard answers; rejects when that is hopeless. */
  readonly ready: Promise<void>;
  /**
   * Holds the lock for as long as what `held` returns takes. Resolves then; rejects when the wait was aborted, and when
   * the lock was taken away.
   */
  lock(mode: "wait" | "steal", signal: AbortSignal, held: () => Promise<void>): Promise<void>;
  /** Runs `work` unless another tab is about the same. */
  alone(work: () => Promise<void>): Promise<void>;
  /** To all other tabs of this box and device. */
  say(message: unknown): void;
  onHear(listener: (message: unknown) => void): void;
  channel(): Pick<MessageChannel, "port1" | "port2">;
  /** A port for whoever asks for `word`. */
  offer(word: string, port: MessagePort): void;
  ask(word: string): Promise<MessagePort>;
  readonly visible: boolean;
  onVisible(listener: (visible: boolean) => void): void;
  /** The page is left, perhaps to be shown again. */
  onLeave(listener: () => void): void;
  onReturn(listener: () => void): void;
  word(): string;
  close(): void;
}

/** For the switchboard to begin. */
const patience = 10_000;

/** `switchboard`: where the worker's script lies, under the same name for every version of the shell. */
export function browserTabs(root: Root, device: DeviceId, switchboard: string): TabsWorld {
  const name = `hearth-tabs:${root}:${device}`;
  const life = new AbortController();
  const { signal } = life;
  const channel = new BroadcastChannel(name);
  const answers = new Map<string, (port: MessagePort) => void>();
  const begun = Promise.withResolvers<void>();
  begun.promise.catch(() => undefined);
  let worker: MessagePort | undefined;
  try {
    const shared = new SharedWorker(switchboard, { type: "module", name: "hearth-tabs" });
    shared.onerror = () => begun.reject(new Error("no switchboard"));
    worker = shared.port;
    worker.onmessage = ({ data, ports }: MessageEvent<SwitchboardAnswer>) => {
      if ("ready" in data) return begun.resolve();
      if (ports[0] !== undefined) answers.get(data.word)?.(ports[0]);
      answers.delete(data.word);
    };
    setTimeout(() => begun.reject(new Error("the switchboard doesn't answer")), patience);
  } catch (error) {
    begun.reject(error as Error);
  }
  const listen = (target: EventTarget, kind: string, listener: (event: Event) => void): void =>
    target.addEventListener(kind, listener, { signal });
  return {
    clock: systemClock,
    fence: fenceOf(root),
    ready: begun.promise,
    lock: (mode, wait, held) =>
      navigator.locks.request(name, mode === "steal" ? { steal: true } : { signal: wait }, held),
    alone: (work) =>
      navigator.locks.request(`${name}:heir`, { ifAvailable: true }, (lock) =>
        lock === null ? undefined : work(),
      ),
    say: (message) => channel.postMessage(message),
    onHear: (listener) => (channel.onmessage = ({ data }) => listener(data)),
    channel: () => new MessageChannel(),
    offer: (word, port) => worker?.postMessage({ word } satisfies SwitchboardMessage, [port]),
    ask: (word) =>
      new Promise((resolve) => {
        answers.set(word, resolve);
        worker?.postMessage({ word } satisfies SwitchboardMessage);
      }),
    get visible() {
      return document.visibilityState === "visible";
    },
    onVisible: (listener) =>
      listen(document, "visibilitychange", () => listener(document.visibilityState === "visible")),
    onLeave: (listener) => listen(window, "pagehide", listener),
    onReturn: (listener) =>
      listen(window, "pageshow", (event) => (event as PageTransitionEvent).persisted && listener()),
    word: () => crypto.randomUUID(),
    close: () => {
      life.abort();
      channel.close();
      worker?.close();
    },
  };
}

/** Whether this browser has what tabs need to share a connection. */
export function canShare(): boolean {
  return (
    typeof SharedWorker === "function" &&
    typeof BroadcastChannel === "function" &&
    globalThis.navigator?.locks !== undefined &&
    globalThis.document !== undefined
  );
}
