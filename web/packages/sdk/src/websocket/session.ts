/** A WebSocket on a stream of its own (RFC 6455 at a client). */
import { toBase64, utf8 } from "../bytes.ts";
import type { Commit } from "../connection.ts";
import { HearthError } from "../errors.ts";
import { asHearthError } from "../http/exchange.ts";
import { ResponseParser } from "../http/parser.ts";
import type { ByteStream } from "../http/stream.ts";
import { writeHead } from "../http/writer.ts";
import { closePayload, FrameError, FrameReader, opcodes, writeFrame, type SocketMessage } from "./frames.ts";

export interface SocketOptions {
  protocols?: readonly string[];
  headers?: readonly (readonly [string, string])[];
  signal?: AbortSignal | null;
  /** The answer's fields as they were sent, also of one that refuses. */
  onFields?(fields: readonly (readonly [string, string])[], commit?: Commit): void;
}

export type SocketEnd = {
  kind: "end";
  code: number;
  reason: string;
  /** Both sides said that they close. */
  clean: boolean;
  /** The server broke the rules, rather than the connection. */
  failed: boolean;
};

export interface SocketSession {
  /** The subprotocol that the server chose, or "". */
  readonly protocol: string;
  /** The next message, or how it ended: then for ever. One at a time; not reading slows the server. */
  read(): Promise<Extract<SocketMessage, { kind: "message" }> | SocketEnd>;
  /** Resolves when more may be sent. Rejects once it is over. */
  send(data: string | Uint8Array): Promise<void>;
  /** Begins to close; messages may still come before the end. */
  close(code?: number, reason?: string): Promise<void>;
  /** Ends it at once. */
  abort(reason: Error): void;
}

/** Between our close frame and the server's. */
const closeTimeout = 10_000;
/** For the server to end the stream once both have closed. */
const leaveTimeout = 5000;

/** Asks for a WebSocket. Rejects with HearthError unless the server agrees by the rules. */
export async function openSession(
  stream: ByteStream,
  target: string,
  options: SocketOptions = {},
): Promise<SocketSession> {
  const { protocols = [], headers = [], signal } = options;
  signal?.throwIfAborted();
  const onAbort = (): void => stream.abort(new Error("taken back"));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const key = toBase64(crypto.getRandomValues(new Uint8Array(16)));
    const asked: [string, string][] = [
      ["Host", "appliance"],
      ["Connection", "Upgrade"],
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Version", "13"],
      ["Sec-WebSocket-Key", key],
      ...headers.map(([name, value]): [string, string] => [name, value]),
    ];
    if (protocols.length > 0) asked.push(["Sec-WebSocket-Protocol", protocols.join(", ")]);
    await stream.write(writeHead({ method: "GET", target, headers: asked }));

    const parser = new ResponseParser("GET", { mayUpgrade: true });
    let head = parser.next();
    while (head === undefined) {
      const bytes = await stream.read();
      if (bytes === undefined) parser.finish();
      else parser.push(bytes);
      head = parser.next();
    }
    if (head.kind !== "head") throw new HearthError("bad_response", "no head");
    options.onFields?.(head.headers);
    if (head.status !== 101)
      throw new HearthError("bad_response", `no WebSocket: it answered ${head.status}`);
    const protocol = await checkAgreement(head.headers, key, protocols);
    signal?.throwIfAborted();
    return new Session(stream, parser.rest(), protocol);
  } catch (error) {
    const known = signal?.aborted === true ? signal.reason : asHearthError(error);
    stream.abort(known instanceof Error ? known : new Error(String(known)));
    throw known;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** RFC 6455 section 4.1, and the Fetch standard's stricter word about subprotocols. Gives the one chosen. */
async function checkAgreement(
  fields: [string, string][],
  key: string,
  protocols: readonly string[],
): Promise<string> {
  const field = (name: string): string | undefined => {
    const found = fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
    return found.length === 0 ? undefined : found.join(", ");
  };
  const refuse = (why: string): never => {
    throw new HearthError("bad_response", `no WebSocket: ${why}`);
  };
  const digest = await crypto.subtle.digest("SHA-1", utf8(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`));
  if (field("upgrade")?.toLowerCase() !== "websocket") refuse("it speaks something else");
  if (!/(^|,)[\t ]*upgrade[\t ]*(,|$)/i.test(field("connection") ?? ""))
    refuse("the connection isn't upgraded");
  if (field("sec-websocket-accept") !== toBase64(new Uint8Array(digest)))
    refuse("a wrong Sec-WebSocket-Accept");
  if (field("sec-websocket-extensions") !== undefined) refuse("an extension nobody asked for");
  const protocol = field("sec-websocket-protocol");
  if (
    protocols.length === 0 ? protocol !== undefined : protocol === undefined || !protocols.includes(protocol)
  )
    refuse("the subprotocol isn't one of those asked for");
  return protocol ?? "";
}

const broken: SocketEnd = { kind: "end", code: 1006, reason: "", clean: false, failed: false };

class Session implements SocketSession {
  readonly protocol: string;
  readonly #stream: ByteStream;
  readonly #frames = new FrameReader();
  #end: SocketEnd | undefined;
  #closeSent = false;
  #writing: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(stream: ByteStream, first: Uint8Array, protocol: string) {
    this.#stream = stream;
    this.#frames.push(first);
    this.protocol = protocol;
  }

  async read(): Promise<Extract<SocketMessage, { kind: "message" }> | SocketEnd> {
    while (this.#end === undefined) {
      try {
        const frame = this.#frames.next();
        if (frame === undefined) {
          const bytes = await this.#stream.read();
          if (bytes === undefined) this.#finish(broken);
          else this.#frames.push(bytes);
        } else if (frame.kind === "message") {
          return frame;
        } else if (frame.kind === "close") {
          const { code, reason } = frame;
          if (!this.#closeSent) this.#sendClose(code, reason).catch(() => undefined);
          this.#finish({ kind: "end", code, reason, clean: true, failed: false });
        } else if (frame.kind === "ping" && !this.#closeSent) {
          await this.#write(opcodes.pong, frame.payload);
        }
      } catch (error) {
        // What broke the rules is told so; of a stream that broke there is nobody to tell.
        const failed = error instanceof FrameError;
        if (failed && !this.#closeSent) this.#sendClose(error.code, "").catch(() => undefined);
        this.#finish({ ...broken, failed });
      }
    }
    return this.#end;
  }

  async send(data: string | Uint8Array): Promise<void> {
    if (this.#closeSent || this.#end !== undefined) throw new HearthError("closed", "the socket is closed");
    if (typeof data === "string") await this.#write(opcodes.text, utf8(data));
    else await this.#write(opcodes.binary, data);
  }

  async close(code?: number, reason?: string): Promise<void> {
    if (this.#closeSent || this.#end !== undefined) return;
    this.#timer = setTimeout(() => this.abort(new Error("the server doesn't close")), closeTimeout);
    await this.#sendClose(code, reason);
  }

  abort(reason: Error): void {
    this.#finish(broken);
    this.#stream.abort(reason);
  }

  #sendClose(code: number | undefined, reason: string | undefined): Promise<void> {
    this.#closeSent = true;
    return this.#write(opcodes.close, closePayload(code, reason));
  }

  /** Frames go out whole, one after another. */
  #write(opcode: number, payload: Uint8Array): Promise<void> {
    const frame = writeFrame(opcode, payload, crypto.getRandomValues(new Uint8Array(4)));
    const written = this.#writing.then(() => this.#stream.write(frame));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  #finish(end: SocketEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    clearTimeout(this.#timer);
    void this.#writing.then(() => this.#leave()).catch(() => undefined);
  }

  /** Ended at once, the stream would take our close frame with it. */
  async #leave(): Promise<void> {
    const over = (): void => this.#stream.abort(new Error("the socket is closed"));
    const timer = setTimeout(over, leaveTimeout);
    try {
      await this.#stream.closeWrite();
      while ((await this.#stream.read()) !== undefined);
    } finally {
      clearTimeout(timer);
      over();
    }
  }
}
