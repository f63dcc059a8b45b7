/**
 * Whether a leader may still act. One that ran all the while knows that it leads: it would have heard otherwise. One
 * that slept asks first, since nothing that it finds in its ports may still be wanted, or it was given to another.
 */
import type { Clock } from "../net/clock.ts";
import type { Fence } from "./fence.ts";

/** Nobody is replaced sooner. */
const longest = 900;

export class Lease {
  readonly #clock: Clock;
  readonly #fence: Fence;
  readonly #term: number;
  readonly #onOver: () => void;
  #seen: number;
  #checking: Promise<boolean> | undefined;
  #over = false;

  constructor(clock: Clock, fence: Fence, term: number, onOver: () => void) {
    this.#clock = clock;
    this.#fence = fence;
    this.#term = term;
    this.#onOver = onOver;
    this.#seen = clock.now();
  }

  /** The leader runs. */
  tick(): void {
    void this.check();
  }

  /** True at once where there was no pause. */
  check(): boolean | Promise<boolean> {
    if (this.#over) return false;
    if (this.#checking !== undefined) return this.#checking;
    const now = this.#clock.now();
    if (now - this.#seen <= longest) {
      this.#seen = now;
      return true;
    }
    this.#checking = this.#ask().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  end(): void {
    this.#over = true;
  }

  async #ask(): Promise<boolean> {
    const asked = this.#clock.now();
    const term = await this.#fence.current().catch(() => -1);
    if (this.#over) return false;
    if (term === this.#term) {
      this.#seen = asked;
      return true;
    }
    this.#over = true;
    this.#onOver();
    return false;
  }
}
