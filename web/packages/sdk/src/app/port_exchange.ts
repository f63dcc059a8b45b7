/**
 * One HTTP exchange over one MessagePort, with both bodies streamed and pulled. The side that asks is the service
 * worker, the side that answers the shell.
 */
import { owned } from "../bytes.ts";

export interface PortHead {
  status: number;
  statusText: string;
  headers: [string, string][];
  hasBody: boolean;
}

export interface PortFailure {
  code: string;
  message: string;
}

type PortMessage =
  | { k: "accepted" }
  /** The asker wants it from this one: only now is anything done, so that nothing is done twice. */
  | { k: "go" }
  | ({ k: "head" } & PortHead)
  | ({ k: "fail" } & PortFailure)
  /** The sender's own body. */
  | { k: "data"; bytes: Uint8Array }
  | { k: "end" }
  | { k: "broken"; message: string }
  /** About the other's body: so many more chunks are welcome; no more are. */
  | { k: "pull"; chunks: number }
  | { k: "cancel" };

/** Chunks on their way before the reader has taken any; network chunks are 16 to 256 KiB. */
const window = 8;

export class PortError extends Error {
  override readonly name = "PortError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Both bodies of one exchange on one port. */
class PortBodies {
  readonly port: MessagePort;
  /** Called with what is neither body's. */
  onOther: (message: PortMessage) => void = () => undefined;
  /** The other side doesn't want our body any more. */
  onCancel: () => void = () => undefined;
  onGone: () => void = () => undefined;
  #credit = 0;
  #credited: (() => void) | undefined;
  #cancelled = false;
  #queue: (Uint8Array | "end" | Error)[] = [];
  #arrived: (() => void) | undefined;
  #sending: boolean;
  #receiving = false;
  #closed = false;

  /** `owes`: this side still has to say something, and the port stays until it has, however late. */
  constructor(port: MessagePort, owes: boolean) {
    this.port = port;
    this.#sending = owes;
    port.onmessage = ({ data }: MessageEvent<PortMessage>) => this.#take(data);
    // Chromium and Firefox tell when the other end is gone; elsewhere its owner's page goes with it.
    port.addEventListener("close", () => this.#gone());
    port.start();
  }

  post(message: PortMessage, transfer: Transferable[] = []): void {
    if (!this.#closed) this.port.postMessage(message, transfer);
  }

  /** Sends a body, as fast as it is pulled. Resolves when it is over, one way or another. */
  async send(body: ReadableStream<Uint8Array>): Promise<void> {
    this.#sending = true;
    const reader = body.getReader();
    const cancel = (): void => void reader.cancel().catch(() => undefined);
    try {
      for (;;) {
        while (this.#credit === 0 && !this.#cancelled) {
          await new Promise<void>((resolve) => (this.#credited = resolve));
        }
        if (this.#cancelled) return cancel();
        const next = await Promise.race([reader.read(), this.#whenCancelled()]);
        if (next === "cancelled") return cancel();
        if (next.done) break;
        if (next.value.length === 0) continue;
        --this.#credit;
        // A view into something larger is copied: transferring it would take the rest away too.
        const whole =
          next.value.byteLength === next.value.buffer.byteLength && next.value.buffer instanceof ArrayBuffer;
        const bytes = whole ? owned(next.value) : next.value.slice();
        this.post({ k: "data", bytes }, [bytes.buffer]);
      }
      this.post({ k: "end" });
    } catch (error) {
      this.post({ k: "broken", message: error instanceof Error ? error.message : String(error) });
    } finally {
      this.closeSoon();
    }
  }

  /** The other side's body. */
  receive(onDone: () => void = () => undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#receiving = true;
    const done = (): void => {
      if (!this.#receiving) return;
      this.#receiving = false;
      onDone();
      this.#closeWhenDone();
    };
    let granted = false;
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: async (controller) => {
          if (!granted) this.post({ k: "pull", chunks: window });
          granted = true;
          while (this.#queue.length === 0) await new Promise<void>((resolve) => (this.#arrived = resolve));
          const next = this.#queue.shift();
          if (next instanceof Uint8Array) {
            this.post({ k: "pull", chunks: 1 });
            controller.enqueue(owned(next));
          } else {
            if (next instanceof Error) controller.error(next);
            else controller.close();
            done();
          }
        },
        cancel: () => {
          this.post({ k: "cancel" });
          done();
        },
      },
      { highWaterMark: 0 },
    );
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.port.close();
  }

  /** Nothing more will be sent. */
  closeSoon(): void {
    this.#sending = false;
    this.#closeWhenDone();
  }

  #whenCancelled(): Promise<"cancelled"> {
    return new Promise((resolve) => {
      if (this.#cancelled) resolve("cancelled");
      this.#credited = () => {
        if (this.#cancelled) resolve("cancelled");
      };
    });
  }

  #take(message: PortMessage): void {
    switch (message.k) {
      case "pull":
        this.#credit += Math.max(0, Math.min(window, Math.trunc(message.chunks)));
        this.#credited?.();
        break;
      case "cancel":
        this.#cancelled = true;
        this.#credited?.();
        this.onCancel();
        break;
      case "data":
        // Beyond what was granted there is nothing to expect.
        if (message.bytes instanceof Uint8Array && this.#queue.length <= 2 * window)
          this.#arrive(message.bytes);
        break;
      case "end":
        this.#arrive("end");
        break;
      case "broken":
        this.#arrive(new PortError("cut_short", message.message));
        break;
      default:
        this.onOther(message);
    }
  }

  #arrive(item: Uint8Array | "end" | Error): void {
    this.#queue.push(item);
    this.#arrived?.();
  }

  #gone(): void {
    this.#cancelled = true;
    this.#credited?.();
    this.#arrive(new PortError("offline", "the other side is gone"));
    this.onGone();
  }

  #closeWhenDone(): void {
    // The last message must leave before the port closes.
    if (!this.#sending && !this.#receiving) setTimeout(() => this.close(), 1000);
  }
}

export interface Asked {
  /** The other side has taken the request up. */
  accepted: Promise<void>;
  /** Rejects with PortError. */
  head: Promise<PortHead>;
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Settles when the response's body is over. */
  done: Promise<void>;
  /** With `hold`: asks this side to do it, now that it has accepted. */
  go(): void;
  cancel(): void;
}

/** The asking side: sends `body`, if any, and gives what comes back. `hold`: nothing is done before `go`. */
export function ask(
  port: MessagePort,
  body: ReadableStream<Uint8Array> | null,
  { hold = false } = {},
): Asked {
  const bodies = new PortBodies(port, false);
  const accepted = Promise.withResolvers<void>();
  const head = Promise.withResolvers<PortHead>();
  const done = Promise.withResolvers<void>();
  const stream = bodies.receive(done.resolve);
  const fail = (error: PortError): void => {
    accepted.reject(error);
    head.reject(error);
    done.resolve();
  };
  for (const { promise } of [accepted, head]) promise.catch(() => undefined);
  let going = false;
  // Whoever doesn't answer in time does nothing and gets nothing of the body, and another may be asked.
  const go = (): void => {
    if (going) return;
    going = true;
    bodies.post({ k: "go" });
    if (body !== null) void bodies.send(body);
  };
  bodies.onOther = (message) => {
    if (message.k === "accepted") {
      accepted.resolve();
      if (!hold) go();
    } else if (message.k === "head") {
      head.resolve(message);
      if (!message.hasBody) void stream.cancel();
    } else if (message.k === "fail") {
      fail(new PortError(message.code, message.message));
    }
  };
  bodies.onGone = () => fail(new PortError("offline", "the other side is gone"));
  return {
    accepted: accepted.promise,
    head: head.promise,
    body: stream,
    done: done.promise,
    go,
    cancel: () => {
      bodies.post({ k: "cancel" });
      fail(new PortError("cancelled", "cancelled"));
      setTimeout(() => bodies.close(), 100);
    },
  };
}

export interface Asking {
  /** Ends when the asking side loses interest or is gone. */
  signal: AbortSignal;
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

/** The answering side. `serve` rejects with something that has a `code`, or anything; with `hold` it waits for "go". */
export async function answer(
  port: MessagePort,
  hasBody: boolean,
  serve: (asking: Asking) => Promise<Response>,
  ended?: AbortSignal,
  hold = false,
): Promise<void> {
  const bodies = new PortBodies(port, true);
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  bodies.onCancel = abort;
  bodies.onGone = abort;
  ended?.addEventListener("abort", abort, { once: true });
  const going = new Promise<void>((resolve, reject) => {
    bodies.onOther = (message) => {
      if (message.k === "go") resolve();
    };
    controller.signal.addEventListener("abort", () => reject(new PortError("cancelled", "cancelled")));
  });
  going.catch(() => undefined);
  bodies.post({ k: "accepted" });
  try {
    if (hold) await going;
    const response = await serve({ signal: controller.signal, body: hasBody ? bodies.receive() : null });
    const { status, statusText, body } = response;
    bodies.post({ k: "head", status, statusText, headers: [...response.headers], hasBody: body !== null });
    if (body !== null) await bodies.send(body);
    else bodies.closeSoon();
  } catch (error) {
    const { code, message } = error as Partial<PortFailure>;
    bodies.post({ k: "fail", code: typeof code === "string" ? code : "internal", message: String(message) });
    bodies.closeSoon();
  } finally {
    ended?.removeEventListener("abort", abort);
  }
}
