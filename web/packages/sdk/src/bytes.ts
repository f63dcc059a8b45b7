/** Bytes and their text forms. */

export type Bytes = Uint8Array<ArrayBuffer>;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8(text: string): Bytes {
  return utf8Encoder.encode(text);
}

/** Throws TypeError on ill-formed UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes);
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** The same bytes, over an ArrayBuffer, as WebCrypto and `postMessage` want them. */
export function owned(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : new Uint8Array(bytes);
}

/** In time that depends on the lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; ++i) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

const base64urlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** RFC 4648 section 4. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** RFC 4648 section 5, without padding. */
export function toBase64url(bytes: Uint8Array): string {
  return encodeBits(bytes, 6, base64urlAlphabet);
}

/** The inverse; `undefined` for padding, foreign characters, impossible lengths and stray bits. */
export function fromBase64url(text: string): Bytes | undefined {
  return decodeBits(text, 6, base64urlAlphabet);
}

/** RFC 4648 section 6, lower case, without padding. */
export function toBase32(bytes: Uint8Array): string {
  return encodeBits(bytes, 5, "abcdefghijklmnopqrstuvwxyz234567");
}

/** Crockford's base32: case and hyphens don't matter, O is 0, I and L are 1. */
export function fromCrockford32(text: string): Bytes | undefined {
  const plain = text.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  return decodeBits(plain, 5, "0123456789ABCDEFGHJKMNPQRSTVWXYZ");
}

export function len16(bytes: Uint8Array): Bytes {
  return concat(new Uint8Array([bytes.length >> 8, bytes.length & 0xff]), bytes);
}

function encodeBits(bytes: Uint8Array, width: number, alphabet: string): string {
  let out = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= width) {
      bits -= width;
      out += alphabet[(buffer >> bits) & ((1 << width) - 1)] ?? "";
    }
  }
  if (bits > 0) out += alphabet[(buffer << (width - bits)) & ((1 << width) - 1)] ?? "";
  return out;
}

function decodeBits(text: string, width: number, alphabet: string): Bytes | undefined {
  const size = Math.floor((text.length * width) / 8);
  // A character more than the bytes need would carry bits that mean nothing.
  if (Math.ceil((size * 8) / width) !== text.length) return undefined;
  const out = new Uint8Array(size);
  let buffer = 0;
  let bits = 0;
  let index = 0;
  for (const character of text) {
    const value = alphabet.indexOf(character);
    if (value < 0) return undefined;
    buffer = ((buffer << width) | value) & 0xffff;
    bits += width;
    if (bits >= 8) {
      bits -= 8;
      out[index++] = (buffer >> bits) & 0xff;
    }
  }
  return (buffer & ((1 << bits) - 1)) === 0 ? out : undefined;
}
