// Bytes, CBOR, keys and values, as docs/protocol/graph.md encodes and orders them.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";

export const hex = (bytes) => Buffer.from(bytes).toString("hex");
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
export const compareBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
export const concat = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));

function head(major, value) {
  const first = major << 5;
  if (value < 24) return Buffer.from([first | value]);
  for (const [size, code] of [
    [1, 24],
    [2, 25],
    [4, 26],
    [8, 27],
  ]) {
    if (BigInt(value) >= 1n << BigInt(8 * size)) continue;
    const bytes = Buffer.alloc(1 + size);
    bytes[0] = first | code;
    let rest = BigInt(value);
    for (let i = size; i > 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
    return bytes;
  }
  throw new Error("too large");
}

function half(value) {
  // Every half, tried: there are only 65,536.
  half.table ??= (() => {
    const table = new Map();
    for (let bits = 0; bits < 0x10000; bits++) {
      const exponent = (bits >> 10) & 31;
      if (exponent === 31) continue;
      const fraction = bits & 1023;
      const size = exponent === 0 ? fraction * 2 ** -24 : (fraction + 1024) * 2 ** (exponent - 25);
      const number = bits & 0x8000 ? -size : size;
      if (!Object.is(number, -0)) table.set(number, bits);
    }
    return table;
  })();
  return half.table.get(value);
}

function float(value) {
  const bits = half(value);
  if (bits !== undefined) return Buffer.from([0xf9, bits >> 8, bits & 255]);
  const bytes = Buffer.alloc(Math.fround(value) === value ? 5 : 9);
  bytes[0] = bytes.length === 5 ? 0xfa : 0xfb;
  if (bytes.length === 5) bytes.writeFloatBE(value, 1);
  else bytes.writeDoubleBE(value, 1);
  return bytes;
}

export function encode(item) {
  if (item === null) return Buffer.from([0xf6]);
  if (item === true) return Buffer.from([0xf5]);
  if (item === false) return Buffer.from([0xf4]);
  if (typeof item === "number") {
    if (!Number.isSafeInteger(item)) return float(item);
    return item >= 0 ? head(0, item) : head(1, -1 - item);
  }
  if (typeof item === "string") return concat(head(3, Buffer.byteLength(item)), Buffer.from(item));
  if (item instanceof Uint8Array) return concat(head(2, item.length), item);
  return concat(head(4, item.length), ...item.map(encode));
}

// --- keys ---

const labelled = (label, payload) => concat(Buffer.from(label), [0], payload);

export class Key {
  constructor(number) {
    const seed = Buffer.alloc(32);
    seed[0] = number;
    seed[1] = 0x76;
    this.private = createPrivateKey({
      key: concat(Buffer.from("302e020100300506032b657004220420", "hex"), seed),
      format: "der",
      type: "pkcs8",
    });
    this.public = createPublicKey(this.private).export({ format: "der", type: "spki" }).subarray(-32);
  }
  sign(label, payload) {
    return sign(null, labelled(label, payload), this.private);
  }
  statement(label, payload) {
    return encode([payload, this.sign(label, payload)]);
  }
}

export const certificateOf = (persona, device) =>
  persona.statement(
    "hearth/device-certificate",
    encode([1, persona.public, device.public, "cli", 1763731139, Buffer.alloc(0)]),
  );

// --- values (section 1) ---

const isLink = (value) => Array.isArray(value);
export const isBytes = (value) => value instanceof Uint8Array;
export const jsonOf = (value) => JSON.stringify(isLink(value) ? { "#": value[0] } : value);

export function compareValues(a, b) {
  if (isBytes(a) && isBytes(b)) return compareBytes(a, b);
  if (isBytes(a) !== isBytes(b)) return isBytes(a) ? 1 : -1;
  const [x, y] = [jsonOf(a), jsonOf(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}
