import type { Clock } from "../net/clock.ts";

/** Time that only `advance` moves. */
export class FakeClock implements Clock {
  #now = 0;
  #timers: { at: number; call: () => void }[] = [];

  now(): number {
    return this.#now;
  }
  wall(): number {
    return 1_700_000_000_000 + this.#now;
  }
  after(delay: number, call: () => void): () => void {
    const timer = { at: this.#now + delay, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  /** Runs what is due, in order, and lets promises settle in between. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = due.at;
      due.call();
      await settled();
    }
    this.#now = end;
  }
}

/** Everything that waits on nothing but promises has run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; ++i) await new Promise<void>((resolve) => setImmediate(resolve));
}
