/** The appliance's Server-Sent Events, over a connection that comes and goes. */
import type { ApiEvent } from "./api.ts";
import type { HearthConnection } from "./connection.ts";

const kinds: readonly string[] = ["devices", "personas", "apps", "flocks"] satisfies ApiEvent[];
const firstPause = 1_000;
const longestPause = 30_000;
/** A line or an event this long is none of ours. */
const maxLength = 64 * 1024;

export interface StreamEvent {
  /** Empty where the stream gives none. */
  name: string;
  data: string;
}

/** Events from the bytes of an event stream (the HTML standard's, 9.2): a blank line ends an event; comments are passed over. */
export class EventReader {
  readonly #decoder = new TextDecoder();
  #line = "";
  #name = "";
  #data: string[] = [];
  #size = 0;

  push(bytes: Uint8Array): StreamEvent[] {
    const out: StreamEvent[] = [];
    const lines = (this.#line + this.#decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    this.#line = lines.pop() ?? "";
    if (this.#line.length > maxLength) throw new Error("an endless line");
    for (const line of lines) {
      if (line === "") {
        if (this.#name !== "" || this.#data.length > 0)
          out.push({ name: this.#name, data: this.#data.join("\n") });
        this.#name = "";
        this.#data = [];
        this.#size = 0;
        continue;
      }
      const field = /^(event|data):\s?(.*)$/.exec(line);
      if (field?.[1] === "event") this.#name = field[2]!;
      else if (field) {
        this.#data.push(field[2]!);
        this.#size += line.length;
        if (this.#size > maxLength) throw new Error("an endless event");
      }
    }
    return out;
  }
}

export interface EventListener {
  /** After each (re)connection: what happened in between is unknown. */
  open(): void;
  event(event: StreamEvent): void;
}

/** Reads the stream at `path`, and again after it ended, for as long as nobody calls what this returns. */
export function followStream(
  connection: Pick<HearthConnection, "fetch" | "subscribe" | "state">,
  path: string,
  listener: EventListener,
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
        const response = await connection.fetch(path, {
          headers: { Accept: "text/event-stream" },
          signal: life.signal,
        });
        if (!response.ok || response.body === null) throw new Error(`events: ${response.status}`);
        pause = firstPause;
        listener.open();
        const events = new EventReader();
        const reader = response.body.getReader();
        for (let next = await reader.read(); !next.done; next = await reader.read())
          for (const event of events.push(next.value)) listener.event(event);
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

export function followEvents(
  connection: Pick<HearthConnection, "fetch" | "subscribe" | "state">,
  listener: (event: ApiEvent) => void,
): () => void {
  return followStream(connection, "/api/v1/events", {
    open: () => listener("open"),
    event: ({ name }) => {
      if (kinds.includes(name)) listener(name as ApiEvent);
    },
  });
}
