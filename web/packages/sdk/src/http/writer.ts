/** Request heads and chunks as bytes (RFC 9112). No DOM. */
import { utf8 } from "../bytes.ts";

export interface RequestHead {
  method: string;
  /** Origin form: begins with `/`, visible ASCII. */
  target: string;
  headers: readonly (readonly [string, string])[];
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Throws TypeError on anything that could be read as more than one request. */
export function writeHead({ method, target, headers }: RequestHead): Uint8Array {
  if (!token.test(method)) throw new TypeError(`not a method: ${JSON.stringify(method)}`);
  if (!/^\/[\x21-\x7e]*$/.test(target)) throw new TypeError(`not a path: ${JSON.stringify(target)}`);
  let text = `${method} ${target} HTTP/1.1\r\n`;
  for (const [name, value] of headers) {
    if (!token.test(name)) throw new TypeError(`not a header name: ${JSON.stringify(name)}`);
    if (/[^\t\x20-\x7e\x80-\uffff]/.test(value)) throw new TypeError(`not a header value: ${name}`);
    text += `${name}: ${value}\r\n`;
  }
  return utf8(text + "\r\n");
}

export function chunkHead(size: number): Uint8Array {
  return utf8(`${size.toString(16)}\r\n`);
}

export const chunkEnd: Uint8Array = utf8("\r\n");
export const lastChunk: Uint8Array = utf8("0\r\n\r\n");
