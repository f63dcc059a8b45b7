import type { ByteStream } from "../http/stream.ts";

/** Both ends of a stream in memory; a write waits until the other end has read it. */
export function pipe(): [ByteStream & { aborted?: Error }, ByteStream & { aborted?: Error }] {
  const forth = new Half();
  const back = new Half();
  return [new End(back, forth), new End(forth, back)];
}

class Half {
  #queue: { bytes: Uint8Array | undefined; taken: () => void }[] = [];
  #waiting: { resolve: (bytes: Uint8Array | undefined) => void; reject: (error: Error) => void } | undefined;
  #failed: Error | undefined;
  #ended = false;

  read(): Promise<Uint8Array | undefined> {
    const next = this.#queue.shift();
    if (next !== undefined) {
      if (next.bytes === undefined) this.#ended = true;
      next.taken();
      return Promise.resolve(next.bytes);
    }
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  write(bytes: Uint8Array | undefined): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    if (this.#waiting !== undefined) {
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      if (bytes === undefined) this.#ended = true;
      resolve(bytes);
      return Promise.resolve();
    }
    return new Promise((taken) => this.#queue.push({ bytes, taken }));
  }

  fail(error: Error): void {
    this.#failed ??= error;
    this.#waiting?.reject(error);
    for (const { taken } of this.#queue.splice(0)) taken();
  }
}

class End implements ByteStream {
  aborted?: Error;
  readonly #incoming: Half;
  readonly #outgoing: Half;
  constructor(incoming: Half, outgoing: Half) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }
  read(): Promise<Uint8Array | undefined> {
    return this.#incoming.read();
  }
  write(bytes: Uint8Array): Promise<void> {
    return this.#outgoing.write(bytes);
  }
  async closeWrite(): Promise<void> {
    void this.#outgoing.write(undefined).catch(() => undefined);
  }
  abort(reason: Error): void {
    this.aborted = reason;
    this.#incoming.fail(reason);
    this.#outgoing.fail(reason);
  }
}
