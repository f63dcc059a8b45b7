/**
 * Which tab holds the connection to one box: a machine without clocks, locks or ports. The driver tells it what
 * happened, one input at a time, and does what it says.
 *
 * The tab that holds the lock leads. A tab in line for the lock takes over when the leader is gone; one that is seen
 * and gets no answer takes the lock away. Each leader has a term, higher than all before it, without which nothing is
 * committed to what the tabs share: a leader that was replaced in its sleep can do no harm when it wakes.
 */

/** Of what tabs say to each other (docs/protocol/tabs.md). */
export const tabsVersion = 1;

/** Between two ticks, milliseconds. */
export const tickLength = 250;
/** Ticks of silence before a visible tab takes over: one second. Ticks, not time: a tab that was busy itself isn't wronged. */
const patience = 4;
/** Takeovers that didn't help make patient, by doubling. */
const maxDoublings = 6;

/**
 * - `rising`: holds the lock, its term is on the way
 * - `alone`: has a connection of its own, for good: a newer shell leads, or this browser can't share
 */
export type Role = "seeking" | "following" | "rising" | "leading" | "alone" | "gone";

export type Input =
  /** `term`: the highest that was ever taken. */
  | { kind: "begin"; term: number; visible: boolean }
  /** The lock is ours. */
  | { kind: "granted" }
  /** And so is the term. */
  | { kind: "elected"; term: number }
  /** The lock was taken away, or a commit refused. */
  | { kind: "deposed" }
  /** Somebody says that it leads. */
  | { kind: "announced"; term: number; version: number }
  /** A link stands to who leads in `term`. */
  | { kind: "linked"; term: number }
  | { kind: "unlinked" }
  /** The leader answered. */
  | { kind: "heard" }
  | { kind: "tick" }
  | { kind: "shown"; visible: boolean }
  /** Locks, storage or the way between tabs don't work here. */
  | { kind: "unable" }
  | { kind: "leave" };

export type Output =
  /** Wait in line for the lock. Again is harmless. */
  | "queue"
  /** Leave the line, or give up the lock. */
  | "release"
  /** Ask who leads, and offer it a link. */
  | "call"
  /** Say that we lead. */
  | "announce"
  | "ping"
  /** Take the lock away, unless a term above ours was taken meanwhile. */
  | "steal"
  /** Open the connection and serve the others, in `term`. */
  | "lead"
  /** Close it. */
  | "stepDown"
  /** Send requests over the link. */
  | "follow"
  /** End the link and all that goes over it. */
  | "unlink"
  /** Open a connection for this tab only. */
  | "goAlone";

export class Machine {
  #role: Role = "gone";
  #term = 0;
  #visible = false;
  #silence = 0;
  #takeovers = 0;

  get role(): Role {
    return this.#role;
  }

  /** The highest seen; while leading, ours. */
  get term(): number {
    return this.#term;
  }

  take(input: Input): Output[] {
    if (input.kind === "begin") return this.#begin(input.term, input.visible);
    if (this.#role === "gone") return [];
    if (input.kind === "leave") return this.#leave("gone");
    if (this.#role === "alone") return [];
    switch (input.kind) {
      case "granted":
        return this.#granted();
      case "elected":
        return this.#elected(input.term);
      case "deposed":
        return this.#deposed();
      case "announced":
        return this.#announced(input.term, input.version);
      case "linked":
        return this.#linked(input.term);
      case "unlinked":
        return this.#role === "following" ? this.#seek(["unlink"]) : [];
      case "heard":
        this.#silence = 0;
        return [];
      case "tick":
        return this.#tick();
      case "shown":
        this.#visible = input.visible;
        this.#silence = 0;
        return [];
      case "unable":
        // Who leads already does no harm.
        return this.#role === "leading" ? [] : [...this.#leave("alone"), "goAlone"];
    }
  }

  #begin(term: number, visible: boolean): Output[] {
    if (this.#role !== "gone") return [];
    this.#term = Math.max(this.#term, term);
    this.#visible = visible;
    return this.#seek(["queue"]);
  }

  #granted(): Output[] {
    const before = this.#role;
    if (before === "leading") return [];
    this.#role = "rising";
    return before === "following" ? ["unlink"] : [];
  }

  #elected(term: number): Output[] {
    // The lock went as it came, or its term was overtaken.
    if (this.#role !== "rising" || term <= this.#term) return [];
    this.#role = "leading";
    this.#term = term;
    return ["lead", "announce"];
  }

  #deposed(): Output[] {
    if (this.#role === "leading") return this.#seek(["stepDown", "queue"]);
    if (this.#role === "rising") return this.#seek(["queue"]);
    return [];
  }

  #announced(term: number, version: number): Output[] {
    // Two versions never serve each other: the newer one leads, and the older keeps to itself until it is reloaded.
    if (version > tabsVersion) return [...this.#leave("alone"), "goAlone"];
    if (version < tabsVersion) {
      if (this.#role !== "seeking") return [];
      this.#term = Math.max(this.#term, term);
      return this.#takeOver();
    }
    if (term < this.#term) return [];
    const newer = term > this.#term;
    this.#term = term;
    if (this.#role === "seeking") return ["call"];
    if (newer && this.#role === "following") return this.#seek(["unlink"]);
    if (newer && this.#role === "leading") return this.#seek(["stepDown", "queue"]);
    return [];
  }

  #linked(term: number): Output[] {
    if (this.#role !== "seeking" || term < this.#term) return [];
    this.#role = "following";
    this.#term = term;
    this.#silence = 0;
    this.#takeovers = 0;
    return ["follow"];
  }

  /** Who isn't seen doesn't judge: what it hears when it is, counts. */
  #tick(): Output[] {
    if (this.#role !== "seeking" && this.#role !== "following") return [];
    if (this.#visible && this.#silence >= patience << Math.min(this.#takeovers, maxDoublings))
      return this.#takeOver();
    ++this.#silence;
    if (this.#role === "seeking") return ["call"];
    return this.#visible ? ["ping"] : [];
  }

  #takeOver(): Output[] {
    const out: Output[] = this.#role === "following" ? ["unlink"] : [];
    this.#role = "seeking";
    this.#silence = 0;
    ++this.#takeovers;
    return [...out, "steal"];
  }

  #seek(first: Output[]): Output[] {
    this.#role = "seeking";
    this.#silence = 0;
    return [...first, "call"];
  }

  #leave(to: "gone" | "alone"): Output[] {
    const out: Output[] =
      this.#role === "leading" ? ["stepDown"] : this.#role === "following" ? ["unlink"] : [];
    this.#role = to;
    return [...out, "release"];
  }
}
