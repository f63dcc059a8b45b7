/**
 * multistream-select without waiting: which protocol a stream is for goes out along with its first bytes, and that the
 * other side agrees comes along with its answer. One round trip instead of two.
 * https://github.com/multiformats/multistream-select
 */
import type { Connection, Stream } from "@libp2p/interface";
import { concat, utf8 } from "../bytes.ts";

const multistream = "/multistream/1.0.0";

/** js-libp2p's own connection: its muxer is no part of the interface. */
interface Muxed {
  muxer?: { createStream(options?: StreamOptions): Promise<Stream> };
}
interface StreamOptions {
  protocol?: string;
  lazily?: boolean;
}

/** From now on its streams that are opened with `lazily: true`, for one protocol, are left to their user to negotiate. */
export function allowLazyStreams(connection: Connection): void {
  const { muxer } = connection as Connection & Muxed;
  if (muxer === undefined) return;
  const create = muxer.createStream.bind(muxer);
  muxer.createStream = async (options) => {
    const stream = await create(options);
    // What has a protocol already isn't negotiated.
    if (options?.lazily === true && options.protocol !== undefined && stream.protocol === "") {
      stream.protocol = options.protocol;
      lazy.add(stream);
    }
    return stream;
  };
}

const lazy = new WeakSet<Stream>();

/** What is still to be said and heard on a stream, or nothing where that is done. */
export function negotiationOf(stream: Stream): LazyNegotiation | undefined {
  return lazy.delete(stream) ? new LazyNegotiation(stream.protocol) : undefined;
}

export class LazyNegotiation {
  /** Goes before anything else. */
  readonly offer: Uint8Array;
  #awaited: string[];
  #received = new Uint8Array();

  constructor(protocol: string) {
    this.#awaited = [multistream, protocol];
    this.offer = concat(...this.#awaited.map(line));
  }

  /** What of `bytes` comes after the answer; `undefined` while the answer isn't whole. Throws when it is no. */
  take(bytes: Uint8Array): Uint8Array | undefined {
    this.#received = concat(this.#received, bytes);
    for (;;) {
      const awaited = this.#awaited[0];
      if (awaited === undefined) return this.#received;
      const expected = line(awaited);
      const got = this.#received.subarray(0, expected.length);
      if (!got.every((byte, i) => byte === expected[i])) throw new Error(refusal(this.#received, awaited));
      if (got.length < expected.length) return undefined;
      this.#received = this.#received.subarray(expected.length);
      this.#awaited.shift();
    }
  }
}

/** A length (all that is said here is shorter than 128 bytes), the text and a line feed. */
function line(text: string): Uint8Array {
  const bytes = utf8(`${text}\n`);
  return concat(Uint8Array.of(bytes.length), bytes);
}

function refusal(answer: Uint8Array, awaited: string): string {
  const no = line("na").every((byte, i) => byte === answer[i]);
  return no ? `the peer doesn't speak ${awaited}` : "the peer speaks no multistream";
}
