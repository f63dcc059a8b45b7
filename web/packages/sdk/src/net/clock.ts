/** Time and the page's signals, behind an interface with a fake. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Milliseconds since 1970. */
  wall(): number;
  /** Calls once after `delay` ms; the result cancels. */
  after(delay: number, call: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delay, call) {
    const timer = setTimeout(call, delay);
    return () => clearTimeout(timer);
  },
};

/**
 * Calls when the world may have changed: back online, another network, the page seen again, or the machine woke up
 * (a timer that comes far too late).
 */
export function onWake(clock: Clock, listener: () => void): () => void {
  const target = globalThis as Partial<Window> & typeof globalThis;
  const connection = (globalThis.navigator as { connection?: EventTarget } | undefined)?.connection;
  const visible = (): void => {
    if (globalThis.document?.visibilityState === "visible") listener();
  };
  target.addEventListener?.("online", listener);
  target.addEventListener?.("pageshow", listener);
  globalThis.document?.addEventListener("visibilitychange", visible);
  connection?.addEventListener("change", listener);

  const step = 5_000;
  let last = clock.wall();
  let cancel = clock.after(step, tick);
  function tick(): void {
    const now = clock.wall();
    if (now - last > 4 * step) listener();
    last = now;
    cancel = clock.after(step, tick);
  }
  return () => {
    cancel();
    target.removeEventListener?.("online", listener);
    target.removeEventListener?.("pageshow", listener);
    globalThis.document?.removeEventListener("visibilitychange", visible);
    connection?.removeEventListener("change", listener);
  };
}
