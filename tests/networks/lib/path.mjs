// A running hearth-path: what lies between two namespaces, changed while it runs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { bin } from "../../e2e/lib/daemon.mjs";

/** Ideal: what a path is unless told otherwise. */
export const ideal = {
  delay_ms: 0,
  loss: 0,
  reordered: 0,
  bits_per_second: 0,
  queue_bytes: 1 << 20,
  mtu: 0,
  tells: true,
  outage_ms: 0,
  outage_every_ms: 0,
};

export class EmulatedPath {
  #child;
  #lines;
  #turn = Promise.resolve();

  /** `a` and `b` are NAMESPACE:DEVICE; it makes the devices. Ended with the test. */
  static async start(t, a, b, { seed = 1 } = {}) {
    const path = new EmulatedPath();
    path.#child = spawn(bin("hearth-path"), ["--a", a, "--b", b, "--seed", String(seed)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = once(path.#child, "exit");
    path.#lines = createInterface({ input: path.#child.stdout })[Symbol.asyncIterator]();
    t.after(async () => {
      path.#child.stdin.end();
      await ended;
    });
    const { value } = await path.#lines.next();
    if (!value) throw new Error("hearth-path didn't start");
    return path;
  }

  /** Gives an order; the answer is the counters of both directions. */
  ask(order = {}) {
    this.#turn = this.#turn.then(async () => {
      this.#child.stdin.write(JSON.stringify(order) + "\n");
      const answer = JSON.parse((await this.#lines.next()).value);
      if (answer.error) throw new Error(answer.error);
      return answer;
    });
    return this.#turn;
  }
  counters() {
    return this.ask();
  }
  /** These conditions and no others, in both directions. */
  become(conditions = {}) {
    return this.ask({ both: { ...ideal, ...conditions } });
  }
  /** Nothing passes for so long. */
  cut(ms) {
    return this.ask({ cut_ms: ms });
  }
}
