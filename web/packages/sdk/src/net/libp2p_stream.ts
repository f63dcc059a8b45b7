import type { Stream, StreamCloseEvent } from "@libp2p/interface";
import { concat } from "../bytes.ts";
import type { ByteStream } from "../http/stream.ts";
import { negotiationOf, type LazyNegotiation } from "./lazy_negotiation.ts";

/** Bytes that may wait here unread before the stream is paused; yamux then stops crediting its window. */
const highWater = 1024 * 1024;
/** Data channels can't be paused: beyond so much unread the stream is cut, earlier where the reader can go on. */
const mostUnread = 64 * 1024 * 1024;
const mostUnreadWhenCut = 8 * 1024 * 1024;
/** Between data channel messages (16 KiB) and what a relay likes to carry at once. */
const maxWrite = 64 * 1024;

/** A libp2p stream, pulled. */
export class Libp2pStream implements ByteStream {
  readonly #stream: Stream;
  readonly #received: (() => void) | undefined;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #wake: (() => void) | undefined;
  #error: Error | undefined;
  readonly #pausable: boolean;
  #mostUnread = mostUnread;
  #offer: Uint8Array | undefined;
  #negotiation: LazyNegotiation | undefined;
  /** Those who wait for its end. */
  #agreed: (() => void)[] = [];

  /** `onReceive` is called whenever bytes come: the peer lives. */
  constructor(stream: Stream, options: { pausable?: boolean; onReceive?: () => void } = {}) {
    this.#stream = stream;
    this.#received = options.onReceive;
    this.#pausable = options.pausable ?? true;
    this.#negotiation = negotiationOf(stream);
    this.#offer = this.#negotiation?.offer;
    stream.addEventListener("message", ({ data }) =>
      this.#take(data instanceof Uint8Array ? data : data.subarray()),
    );
    stream.addEventListener("end", () => this.#tell());
    stream.addEventListener("remoteCloseWrite", () => this.#tell());
    stream.addEventListener("close", (event: StreamCloseEvent) => {
      this.#error ??= event.error;
      this.#tell();
    });
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) {
        this.#queued -= next.length;
        if (this.#queued === 0) this.#resume();
        return next;
      }
      this.#resume();
      if (this.#queue.length > 0) continue;
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended()) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#offer !== undefined) {
      bytes = concat(this.#offer, bytes);
      this.#offer = undefined;
    }
    for (let offset = 0; offset < bytes.length; offset += maxWrite) {
      await this.#writable();
      this.#stream.send(bytes.subarray(offset, offset + maxWrite));
    }
    await this.#writable();
  }

  async closeWrite(): Promise<void> {
    if (this.#offer !== undefined) await this.write(new Uint8Array());
    // js-libp2p as the other side loses what came along with the offer when the end comes with it, too.
    while (this.#negotiation !== undefined && this.#error === undefined && !this.#ended()) {
      await new Promise<void>((resolve) => this.#agreed.push(resolve));
    }
    await this.#stream.close();
  }

  mayBeCut(): void {
    this.#mostUnread = mostUnreadWhenCut;
  }

  abort(reason: Error): void {
    this.#error ??= reason;
    this.#queue = [];
    this.#stream.abort(reason);
    this.#tell();
  }

  /** Something changed for whoever waits. */
  #tell(): void {
    this.#wake?.();
    for (const go of this.#agreed.splice(0)) go();
  }

  #take(bytes: Uint8Array): void {
    this.#received?.();
    if (this.#negotiation !== undefined) {
      try {
        const after = this.#negotiation.take(bytes);
        if (after === undefined) return;
        this.#negotiation = undefined;
        this.#tell();
        if (after.length === 0) return;
        bytes = after;
      } catch (error) {
        this.abort(error as Error);
        return;
      }
    }
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    if (this.#pausable) {
      if (this.#queued >= highWater && this.#stream.readStatus === "readable") this.#stream.pause();
    } else if (this.#queued > this.#mostUnread && this.#error === undefined) {
      // What came is kept and read first; then the reader learns that the rest is missing.
      this.#error = new Error("more came than was read");
      this.#stream.abort(this.#error);
    }
    this.#wake?.();
  }

  /** Resuming hands out at once what waited in the stream. */
  #resume(): void {
    if (this.#stream.readStatus === "paused") this.#stream.resume();
  }

  #ended(): boolean {
    const { readBufferLength, remoteWriteStatus, status } = this.#stream;
    return (
      readBufferLength === 0 &&
      (remoteWriteStatus === "closed" || (status !== "open" && status !== "closing"))
    );
  }

  /** js-libp2p's own `onDrain` stays resolved after its first time, so it holds nothing back. */
  async #writable(): Promise<void> {
    while (this.#stream.writableNeedsDrain) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#stream.status !== "open") throw new Error("the stream is closed");
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#stream.removeEventListener("drain", done);
          this.#stream.removeEventListener("close", done);
          resolve();
        };
        this.#stream.addEventListener("drain", done);
        this.#stream.addEventListener("close", done);
      });
      // What the stream itself held back goes first.
      await Promise.resolve();
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
