/** WebSocket frames at a client (RFC 6455 section 5): masked out, unmasked in. No I/O, no DOM. */
import { concat, utf8 } from "../bytes.ts";

export type SocketMessage =
  | { kind: "message"; data: string | Uint8Array<ArrayBuffer> }
  | { kind: "close"; code: number; reason: string };

export type Frame = SocketMessage | { kind: "ping" | "pong"; payload: Uint8Array };

/** The other side broke the rules; `code` is what it is told. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  readonly code: 1002 | 1007 | 1009;
  constructor(code: 1002 | 1007 | 1009, message: string) {
    super(message);
    this.code = code;
  }
}

/** A message, whole or in fragments. */
export const maxMessageBytes = 128 * 1024 * 1024;
const maxControlBytes = 125;

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** No code was said (RFC 6455 section 7.1.5). */
export const noCode = 1005;

/** One whole frame, masked with `mask` (4 bytes that nobody can foretell). */
export function writeFrame(opcode: number, payload: Uint8Array, mask: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65536 ? 2 : 8;
  const start = 2 + lengthBytes + 4;
  const out = new Uint8Array(start + length);
  const view = new DataView(out.buffer);
  out[0] = 0x80 | opcode;
  out[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) view.setUint16(2, length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  out.set(mask, start - 4);
  for (let i = 0; i < length; ++i) out[start + i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return out;
}

/** What a close frame carries. */
export function closePayload(code: number | undefined, reason = ""): Uint8Array {
  if (code === undefined || code === noCode) return new Uint8Array();
  return concat(Uint8Array.of(code >> 8, code & 255), utf8(reason));
}

interface RawFrame {
  final: boolean;
  opcode: number;
  payload: Uint8Array<ArrayBuffer>;
}

/** Takes a server's bytes as they come, gives messages. After an error nothing more comes out. */
export class FrameReader {
  #parts: Uint8Array[] = [];
  #held = 0;
  #fragments: Uint8Array[] = [];
  #fragmentBytes = 0;
  /** Of the message whose fragments are coming. */
  #opcode: number | undefined;

  push(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#held += bytes.length;
  }

  /** The next message or control frame; nothing: push more. Throws FrameError. */
  next(): Frame | undefined {
    for (;;) {
      const frame = this.#frame();
      if (frame === undefined) return undefined;
      const message = this.#onFrame(frame);
      if (message !== undefined) return message;
    }
  }

  #frame(): RawFrame | undefined {
    const head = this.#peek(10);
    const [first, second] = head;
    if (first === undefined || second === undefined) return undefined;
    if ((first & 0x70) !== 0) throw new FrameError(1002, "a reserved bit is set");
    if ((second & 0x80) !== 0) throw new FrameError(1002, "a server's frame is masked");
    const opcode = first & 15;
    let length = second & 127;
    let start = 2;
    const view = new DataView(head.buffer);
    if (length === 126) {
      if (head.length < 4) return undefined;
      length = view.getUint16(2);
      start = 4;
      if (length < 126) throw new FrameError(1002, "a length isn't in its shortest form");
    } else if (length === 127) {
      if (head.length < 10) return undefined;
      const long = view.getBigUint64(2);
      if (long < 65536n || long >= 1n << 63n)
        throw new FrameError(1002, "a length isn't in its shortest form");
      length = Number(long);
      start = 10;
    }
    if (opcode >= 8 && (length > maxControlBytes || (first & 0x80) === 0))
      throw new FrameError(1002, "a control frame is long or in fragments");
    if (length + this.#fragmentBytes > maxMessageBytes) throw new FrameError(1009, "a message is too large");
    if (this.#held < start + length) return undefined;
    this.#take(start);
    return { final: (first & 0x80) !== 0, opcode, payload: this.#take(length) };
  }

  #onFrame({ final, opcode, payload }: RawFrame): Frame | undefined {
    switch (opcode) {
      case opcodes.ping:
        return { kind: "ping", payload };
      case opcodes.pong:
        return { kind: "pong", payload };
      case opcodes.close:
        return readClose(payload);
      case opcodes.text:
      case opcodes.binary:
        if (this.#opcode !== undefined) throw new FrameError(1002, "a message begins within another");
        this.#opcode = opcode;
        break;
      case opcodes.continuation:
        if (this.#opcode === undefined) throw new FrameError(1002, "a continuation of nothing");
        break;
      default:
        throw new FrameError(1002, "an unknown kind of frame");
    }
    this.#fragments.push(payload);
    this.#fragmentBytes += payload.length;
    if (!final) return undefined;
    const whole = this.#fragments.length === 1 ? payload : concat(...this.#fragments);
    const isText = this.#opcode === opcodes.text;
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.#opcode = undefined;
    return { kind: "message", data: isText ? text(whole) : new Uint8Array(whole) };
  }

  /** A copy of up to `count` of the first bytes. */
  #peek(count: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(Math.min(count, this.#held));
    let at = 0;
    for (const part of this.#parts) {
      if (at === out.length) break;
      const piece = part.subarray(0, out.length - at);
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(count);
    for (let at = 0; at < count;) {
      const part = this.#parts[0] ?? new Uint8Array();
      const piece = part.subarray(0, count - at);
      out.set(piece, at);
      at += piece.length;
      if (piece.length === part.length) this.#parts.shift();
      else this.#parts[0] = part.subarray(piece.length);
    }
    this.#held -= count;
    return out;
  }
}

function readClose(payload: Uint8Array): Frame {
  if (payload.length === 0) return { kind: "close", code: noCode, reason: "" };
  const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
  // Section 7.4: those that are never sent, and those that nobody has defined.
  const known =
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code < 5000);
  if (payload.length === 1 || !known) throw new FrameError(1002, "a close code that isn't one");
  return { kind: "close", code, reason: text(payload.subarray(2)) };
}

function text(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FrameError(1007, "a text isn't UTF-8");
  }
}
