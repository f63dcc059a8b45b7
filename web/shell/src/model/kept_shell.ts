/**
 * The shell as this browser keeps it: which bundle, and what of the origin's offers was refused. The service worker
 * (worker/) does the work; this is the page's view of it.
 */
import type { KeptShell } from "../../worker/keeper.ts";

export type { KeptShell };

export interface ShellKeeping {
  /** Nothing: this browser keeps no shell. */
  readonly snapshot: () => KeptShell | null;
  readonly subscribe: (listener: () => void) => () => void;
  /** Has the worker look at what the origin offers now. */
  check(): void;
}

/** For builds that nobody signed, and browsers without service workers. */
export const keepsNothing: ShellKeeping = {
  snapshot: () => null,
  subscribe: () => () => {},
  check: () => {},
};

const every = 6 * 3600 * 1000;

/** Registers the worker when `settled`, and looks for a newer bundle a few times a day for as long as the page is open. */
export function keepShell(container: ServiceWorkerContainer, settled: Promise<unknown>): ShellKeeping {
  let kept: KeptShell | null = null;
  const listeners = new Set<() => void>();
  const tell = (to: "status" | "check") =>
    void container.getRegistration("/").then((found) => found?.active?.postMessage(to));
  new BroadcastChannel("hearth-shell").addEventListener("message", ({ data }: MessageEvent<KeptShell>) => {
    kept = data;
    for (const listener of listeners) listener();
  });
  tell("status");
  // Fails when the origin's files aren't as its list says, or nobody signed one: then nothing is kept.
  void settled
    .then(() => container.register("/sw.js", { scope: "/", updateViaCache: "none" }))
    .then(
      () => tell("status"),
      () => undefined,
    );
  setInterval(() => tell("check"), every);
  return {
    snapshot: () => kept,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    check: () => tell("check"),
  };
}
