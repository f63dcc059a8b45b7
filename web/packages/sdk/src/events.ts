/** The appliance's Server-Sent Events, over a connection that comes and goes. */
import type { ApiEvent } from "./api.ts";
import type { HearthConnection } from "./connection.ts";

const kinds: readonly string[] = ["devices", "personas", "apps", "flocks"] satisfies ApiEvent[];
const firstPause = 1_000;
const longestPause = 30_000;
/** A line this long is no event of ours. */
const maxLine = 64 * 1024;

/**
 * Names of events from the bytes of an event stream (the HTML standard's, 9.2): a blank line ends an event; `data` and
 * comments are passed over, since our events say nothing but that something changed.
 */
export class EventNames {
  readonly #decoder = new TextDecoder();
  #line = "";
  #name = "";

  push(bytes: Uint8Array): string[] {
    const out: string[] = [];
    const lines = (this.#line + this.#decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    this.#line = lines.pop() ?? "";
    if (this.#line.length > maxLine) throw new Error("an endless line");
    for (const line of lines) {
      if (line === "") {
        if (this.#name !== "") out.push(this.#name);
        this.#name = "";
      } else if (line.startsWith("event:")) {
        this.#name = line.slice("event:".length).trim();
      }
    }
    return out;
  }
}

export function followEvents(
  connection: Pick<HearthConnection, "fetch" | "subscribe" | "state">,
  listener: (event: ApiEvent) => void,
): () => void {
  const life = new AbortController();
  let wake: (() => void) | undefined;
  const unsubscribe = connection.subscribe(({ state }) => {
    if (state === "direct" || state === "relayed") wake?.();
  });

  void (async () => {
    let pause = firstPause;
    while (!life.signal.aborted) {
      try {
        const response = await connection.fetch("/api/v1/events", {
          headers: { Accept: "text/event-stream" },
          signal: life.signal,
        });
        if (!response.ok || response.body === null) throw new Error(`events: ${response.status}`);
        pause = firstPause;
        listener("open");
        const names = new EventNames();
        const reader = response.body.getReader();
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
          for (const name of names.push(next.value)) if (kinds.includes(name)) listener(name as ApiEvent);
        }
      } catch {
        // Not reachable, or cut: try again below.
      }
      if (life.signal.aborted) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, pause);
      });
      wake = undefined;
      pause = Math.min(pause * 2, longestPause);
    }
  })();

  return () => {
    life.abort();
    unsubscribe();
    wake?.();
  };
}
