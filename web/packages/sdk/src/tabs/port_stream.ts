/** A byte stream over a MessagePort: what a tab without a connection sends its requests on. */
import type { Bytes } from "../bytes.ts";
import { HearthError, type HearthErrorCode } from "../errors.ts";
import type { ByteStream } from "../http/stream.ts";

type Message =
  /** The stream stands, or it doesn't; before anything else from the side that was asked. */
  | { k: "opened" }
  | { k: "refused"; code: HearthErrorCode; message: string }
  | { k: "data"; bytes: Bytes }
  | { k: "end" }
  /** The reader took so many bytes. */
  | { k: "taken"; bytes: number }
  | { k: "may_be_cut" }
  | { k: "abort"; message: string };

/** Sent and not yet taken; one write more may be. */
const window = 1024 * 1024;
/** For the last messages to leave before the port closes. */
const linger = 1000;

export class PortStream implements ByteStream {
  /** Settles when the other side has said whether it stands. */
  readonly opened: Promise<void>;
  /** The other end's reader can go on elsewhere. */
  onMayBeCut: () => void = () => undefined;
  /** The other end gave up, or is gone. What came before can still be read. */
  onBroken: (reason: Error) => void = () => undefined;
  /** The port is about to close. */
  onOver: () => void = () => undefined;
  readonly #port: MessagePort;
  readonly #queue: Bytes[] = [];
  #ahead = 0;
  #ended = false;
  #closed = false;
  #failure: Error | undefined;
  #onArrival: (() => void) | undefined;
  readonly #onRoom: (() => void)[] = [];
  readonly #opening = Promise.withResolvers<void>();

  constructor(port: MessagePort) {
    this.#port = port;
    this.opened = this.#opening.promise;
    this.opened.catch(() => undefined);
    port.onmessage = ({ data }: MessageEvent<Message>) => this.#take(data);
    // Where a browser doesn't tell, the end of the link does.
    port.addEventListener("close", () => this.#broken(new Error("the other tab is gone")));
    port.start();
  }

  /** At the side that was asked: the stream stands. */
  open(): void {
    this.#post({ k: "opened" });
  }

  /** Or it doesn't, and this is over. */
  refuse(error: unknown): void {
    if (this.#failure !== undefined) return;
    const code = HearthError.is(error) ? error.code : "offline";
    const message = error instanceof Error ? error.message : String(error);
    this.#post({ k: "refused", code, message });
    this.#fail(new Error(message));
    this.#leave();
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#queue.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#onArrival = resolve));
    }
    const bytes = this.#queue.shift()!;
    if (this.#failure === undefined) this.#post({ k: "taken", bytes: bytes.length });
    return bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    while (this.#ahead >= window && this.#failure === undefined) {
      await new Promise<void>((resolve) => this.#onRoom.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (bytes.length === 0) return;
    this.#ahead += bytes.length;
    // A copy goes: the writer's bytes may be part of something larger.
    const copy = bytes.slice();
    this.#post({ k: "data", bytes: copy }, [copy.buffer]);
  }

  closeWrite(): Promise<void> {
    if (!this.#closed && this.#failure === undefined) this.#post({ k: "end" });
    this.#closed = true;
    this.#leaveWhenOver();
    return Promise.resolve();
  }

  mayBeCut(): void {
    this.#post({ k: "may_be_cut" });
  }

  abort(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#post({ k: "abort", message: reason.message });
    this.#queue.length = 0;
    this.#fail(reason);
    this.#leave();
  }

  #take(message: Message): void {
    switch (message.k) {
      case "opened":
        this.#opening.resolve();
        return;
      case "refused":
        this.#opening.reject(new HearthError(message.code, message.message));
        this.#broken(new Error(message.message));
        this.#leave();
        return;
      case "data":
        this.#queue.push(message.bytes);
        break;
      case "end":
        this.#ended = true;
        this.#leaveWhenOver();
        break;
      case "taken":
        this.#ahead -= message.bytes;
        for (const go of this.#onRoom.splice(0)) go();
        return;
      case "may_be_cut":
        this.onMayBeCut();
        return;
      case "abort":
        this.#broken(new Error(message.message));
        this.#leave();
        return;
    }
    this.#onArrival?.();
  }

  #broken(reason: Error): void {
    // After both ends have said all, the port may close.
    if (this.#failure !== undefined || (this.#ended && this.#closed)) return;
    this.#fail(reason);
    this.onBroken(reason);
    this.onOver();
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#opening.reject(error);
    this.#onArrival?.();
    for (const go of this.#onRoom.splice(0)) go();
  }

  #post(message: Message, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  #leaveWhenOver(): void {
    if (this.#ended && this.#closed) this.#leave();
  }

  #leave(): void {
    this.onOver();
    setTimeout(() => this.#port.close(), linger);
  }
}

/** Carries both directions until both are over. `mayWrite` is asked before anything goes to `inner`; false ends it. */
export async function splice(
  outer: PortStream,
  inner: ByteStream,
  mayWrite: () => boolean | Promise<boolean>,
): Promise<void> {
  outer.onMayBeCut = () => inner.mayBeCut?.();
  outer.onBroken = (reason) => inner.abort(reason);
  const forth = async (): Promise<void> => {
    for (;;) {
      const bytes = await outer.read();
      const allowed = mayWrite();
      if (!(allowed === true || (await allowed))) throw new Error("this tab leads no more");
      if (bytes === undefined) return inner.closeWrite();
      await inner.write(bytes);
    }
  };
  const back = async (): Promise<void> => {
    for (;;) {
      const bytes = await inner.read();
      if (bytes === undefined) return outer.closeWrite();
      await outer.write(bytes);
    }
  };
  const both = [forth(), back()];
  await Promise.all(both).catch((error: unknown) => {
    const reason = error instanceof Error ? error : new Error(String(error));
    outer.abort(reason);
    inner.abort(reason);
  });
  await Promise.allSettled(both);
}
