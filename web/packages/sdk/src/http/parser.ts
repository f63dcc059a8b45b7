/**
 * HTTP/1.1 responses from bytes (RFC 9112), incremental and strict. No DOM, no I/O: feed with `push`, tell the
 * end with `finish`, take events with `next`.
 *
 * Deviates from RFC 9112 section 6.3 on purpose: a body that only ends with the connection is refused, because a
 * relay that runs out ends a stream exactly as a server does.
 */
import { concat } from "../bytes.ts";

export type ResponseEvent =
  | { kind: "head"; status: number; reason: string; headers: [string, string][] }
  | { kind: "data"; bytes: Uint8Array }
  | { kind: "end" };

export type ParseFault =
  | "bad_status_line"
  | "bad_header"
  | "head_too_large"
  | "bad_framing"
  | "bad_chunk"
  | "too_many_interim"
  | "cut_short";

export class ParseError extends Error {
  override readonly name = "ParseError";
  readonly fault: ParseFault;
  constructor(fault: ParseFault, message: string = fault) {
    super(message);
    this.fault = fault;
  }
}

/** The status line and all header fields together; also the trailers. */
export const maxHeadBytes = 64 * 1024;
const maxFields = 256;
const maxInterim = 8;
/** The size and its extensions. */
const maxChunkLineBytes = 1024;

type State = "head" | "fixed" | "chunk_size" | "chunk_data" | "chunk_end" | "trailers" | "done" | "failed";

export class ResponseParser {
  readonly #bodiless: boolean;
  #state: State = "head";
  #pending: Uint8Array[] = [];
  /** Where the search for a line's end goes on, in bytes from the front of `#pending`. */
  #searched = 0;
  #buffered = 0;
  #remaining = 0;
  #headBytes = 0;
  #interim = 0;
  #finished = false;
  #statusLine: { status: number; reason: string } | undefined;
  #headers: [string, string][] = [];

  readonly #mayUpgrade: boolean;

  /** `mayUpgrade`: a switch of protocols was asked for; then 101 is a head, and what follows it is `rest`. */
  constructor(method: string, { mayUpgrade = false } = {}) {
    this.#bodiless = method === "HEAD";
    this.#mayUpgrade = mayUpgrade;
  }

  /** What was pushed beyond the response. Takes it out. */
  rest(): Uint8Array {
    const rest = concat(...this.#pending);
    this.#pending = [];
    this.#buffered = 0;
    return rest;
  }

  /** The whole response has been taken with `next`. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Bytes held that no event has handed out yet. */
  get buffered(): number {
    return this.#buffered;
  }

  /** The bytes are kept, not copied: don't change them afterwards. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#state === "done" || this.#state === "failed") return;
    this.#pending.push(bytes);
    this.#buffered += bytes.length;
  }

  /** No more bytes will come. */
  finish(): void {
    this.#finished = true;
  }

  /** The next event, or nothing until more bytes come. Throws ParseError, then nothing ever again. */
  next(): ResponseEvent | undefined {
    try {
      const event = this.#step();
      if (event === undefined && this.#finished && this.#state !== "done" && this.#state !== "failed") {
        throw new ParseError("cut_short", "the response ended before its end");
      }
      return event;
    } catch (error) {
      this.#state = "failed";
      this.#pending = [];
      this.#buffered = 0;
      throw error;
    }
  }

  #step(): ResponseEvent | undefined {
    for (;;) {
      switch (this.#state) {
        case "head": {
          const head = this.#head();
          if (head === "more") return undefined;
          if (head !== "interim") return head;
          break;
        }
        case "fixed":
        case "chunk_data": {
          if (this.#remaining === 0) {
            if (this.#state === "chunk_data") {
              this.#state = "chunk_end";
              break;
            }
            this.#state = "done";
            return { kind: "end" };
          }
          const bytes = this.#take(this.#remaining);
          if (bytes === undefined) return undefined;
          this.#remaining -= bytes.length;
          return { kind: "data", bytes };
        }
        case "chunk_size": {
          const line = this.#line(maxChunkLineBytes, "bad_chunk");
          if (line === undefined) return undefined;
          this.#remaining = chunkSize(line);
          this.#headBytes = 0;
          this.#state = this.#remaining === 0 ? "trailers" : "chunk_data";
          break;
        }
        case "chunk_end": {
          const line = this.#line(0, "bad_chunk");
          if (line === undefined) return undefined;
          this.#state = "chunk_size";
          break;
        }
        case "trailers": {
          const line = this.#line(maxHeadBytes - this.#headBytes, "head_too_large");
          if (line === undefined) return undefined;
          this.#headBytes += line.length + 2;
          if (line === "") {
            this.#state = "done";
            return { kind: "end" };
          }
          parseField(line);
          break;
        }
        case "done":
        case "failed":
          return undefined;
      }
    }
  }

  #head(): "more" | "interim" | ResponseEvent {
    for (;;) {
      const line = this.#line(maxHeadBytes - this.#headBytes, "head_too_large");
      if (line === undefined) return "more";
      this.#headBytes += line.length + 2;
      if (this.#statusLine === undefined) {
        this.#statusLine = parseStatusLine(line);
      } else if (line !== "") {
        if (this.#headers.length === maxFields)
          throw new ParseError("head_too_large", "too many header fields");
        this.#headers.push(parseField(line));
      } else {
        const { status, reason } = this.#statusLine;
        const headers = this.#headers;
        this.#statusLine = undefined;
        this.#headers = [];
        this.#headBytes = 0;
        if (status >= 200) return this.#beginBody(status, reason, headers);
        // 101 hands the stream to another protocol.
        if (status === 101 && this.#mayUpgrade) {
          this.#state = "done";
          return { kind: "head", status, reason, headers };
        }
        if (status === 101) throw new ParseError("bad_status_line", "an upgrade nobody asked for");
        if (++this.#interim > maxInterim) throw new ParseError("too_many_interim");
        return "interim";
      }
    }
  }

  #beginBody(status: number, reason: string, headers: [string, string][]): ResponseEvent {
    const codings = values(headers, "transfer-encoding");
    const lengths = values(headers, "content-length");
    if (codings.length > 0 && lengths.length > 0)
      throw new ParseError("bad_framing", "length and coding both");
    if (codings.length > 0 && (codings.length > 1 || codings[0]?.toLowerCase() !== "chunked")) {
      throw new ParseError("bad_framing", "unknown transfer coding");
    }
    const first = lengths[0];
    if (first !== undefined && (!/^\d{1,15}$/.test(first) || lengths.some((other) => other !== first))) {
      throw new ParseError("bad_framing", "content length");
    }
    if (this.#bodiless || status === 204 || status === 304) {
      this.#state = "fixed";
      this.#remaining = 0;
    } else if (codings.length > 0) {
      this.#state = "chunk_size";
    } else if (first !== undefined) {
      this.#state = "fixed";
      this.#remaining = Number(first);
    } else {
      throw new ParseError("bad_framing", "a body without a length");
    }
    return { kind: "head", status, reason, headers };
  }

  /** Up to `limit` bytes of the front, without copying. */
  #take(limit: number): Uint8Array | undefined {
    const front = this.#pending[0];
    if (front === undefined) return undefined;
    const bytes = front.length <= limit ? front : front.subarray(0, limit);
    if (bytes.length === front.length) this.#pending.shift();
    else this.#pending[0] = front.subarray(limit);
    this.#buffered -= bytes.length;
    this.#searched = 0;
    return bytes;
  }

  /** A line without its CRLF, at most `limit` bytes, as Latin-1. A bare CR or LF is a fault. */
  #line(limit: number, tooLong: ParseFault): string | undefined {
    let offset = 0;
    for (const part of this.#pending) {
      const from = Math.max(0, this.#searched - offset);
      const index = from < part.length ? part.indexOf(0x0a, from) : -1;
      if (index >= 0) {
        const length = offset + index + 1;
        if (length - 2 > limit) throw new ParseError(tooLong);
        return this.#takeLine(length);
      }
      offset += part.length;
    }
    this.#searched = offset;
    if (offset - 1 > limit) throw new ParseError(tooLong);
    return undefined;
  }

  #takeLine(length: number): string {
    let text = "";
    for (let left = length; left > 0;) {
      const part = this.#take(left);
      if (part === undefined) break;
      for (const byte of part) text += String.fromCharCode(byte);
      left -= part.length;
    }
    if (!text.endsWith("\r\n") || text.indexOf("\r") !== text.length - 2) {
      throw new ParseError(
        this.#state === "head" ? "bad_header" : "bad_chunk",
        "a line must end with CRLF alone",
      );
    }
    return text.slice(0, -2);
  }
}

function parseStatusLine(line: string): { status: number; reason: string } {
  const match = /^HTTP\/1\.1 ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(line);
  if (match === null) throw new ParseError("bad_status_line");
  return { status: Number(match[1]), reason: match[2] ?? "" };
}

function parseField(line: string): [string, string] {
  const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
  if (match === null) throw new ParseError("bad_header");
  return [match[1] ?? "", (match[2] ?? "").replace(/[\t ]+$/, "")];
}

function chunkSize(line: string): number {
  const match = /^([0-9A-Fa-f]{1,13})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line);
  if (match === null) throw new ParseError("bad_chunk");
  return Number.parseInt(match[1] ?? "", 16);
}

function values(headers: [string, string][], name: string): string[] {
  return headers
    .filter(([field]) => field.toLowerCase() === name)
    .flatMap(([, value]) => value.split(",").map((item) => item.trim()));
}
