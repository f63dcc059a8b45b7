// The bytes that attackers write by hand: multistream, Yamux, STUN, DTLS, protobuf. Nothing here is checked.
import { createHmac, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

export function varint(number) {
  const bytes = [];
  for (let rest = BigInt(number); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}
export const framed = (bytes) => Buffer.concat([varint(bytes.length), bytes]);

/** One message of multistream-select 1.0. */
export const multistream = (text) => framed(Buffer.from(`${text}\n`));
export const multistreamHeader = multistream("/multistream/1.0.0");

export const yamux = { data: 0, window: 1, ping: 2, goAway: 3, syn: 1, ack: 2, fin: 4, rst: 8 };
export function yamuxFrame(type, flags, stream, length, body = Buffer.alloc(0)) {
  const head = Buffer.alloc(12);
  head[1] = type;
  head.writeUInt16BE(flags, 2);
  head.writeUInt32BE(stream, 4);
  head.writeUInt32BE(length >>> 0, 8);
  return Buffer.concat([head, body]);
}

/** Protobuf: a field of bytes. */
export const field = (number, bytes) => Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
export const numberField = (number, value) => Buffer.concat([varint(number << 3), varint(value)]);

function attribute(type, value) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}
function stun(attributes, id = randomBytes(12)) {
  const body = Buffer.concat(attributes);
  const head = Buffer.alloc(8);
  head.writeUInt16BE(1, 0); // Binding request
  head.writeUInt16BE(body.length, 2);
  head.writeUInt32BE(0x2112a442, 4);
  return Buffer.concat([head, id, body]);
}
/** With a length that counts what is still to be added. */
function announced(message, more) {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(message.length - 20 + more, 2);
  return copy;
}
export const bindingRequest = (padding = 0) => stun(padding > 0 ? [attribute(0x8022, Buffer.alloc(padding))] : []);

/** A webrtc-direct dialer's check, right in every respect: anybody can make one. */
export function directCheck(ufrag, { version = 1, password = ufrag } = {}) {
  const text = `libp2p+webrtc+v${version}/${ufrag}`;
  const key = password === ufrag ? text : password;
  const controlling = Buffer.concat([Buffer.alloc(4), randomBytes(4)]);
  let message = stun([
    attribute(0x0006, Buffer.from(`${text}:${text}`)),
    attribute(0x0024, Buffer.from([0x6e, 0, 1, 255])), // PRIORITY
    attribute(0x802a, controlling),
    attribute(0x0025, Buffer.alloc(0)), // USE-CANDIDATE
  ]);
  message = Buffer.concat([
    message,
    attribute(0x0008, createHmac("sha1", key).update(announced(message, 24)).digest()),
  ]);
  message = announced(message, 0);
  const print = Buffer.alloc(4);
  print.writeUInt32BE((crc32(announced(message, 8)) ^ 0x5354554e) >>> 0);
  return announced(Buffer.concat([message, attribute(0x8028, print)]), 0);
}

/** A DTLS 1.2 ClientHello that a server with a certificate on P-256 goes along with. */
export function clientHello() {
  const extension = (type, body) => Buffer.concat([Buffer.from([type >> 8, type & 255, body.length >> 8, body.length & 255]), body]);
  const extensions = Buffer.concat([
    extension(10, Buffer.from([0, 4, 0, 0x1d, 0, 0x17])), // groups: X25519, P-256
    extension(11, Buffer.from([1, 0])),
    extension(13, Buffer.from([0, 4, 4, 3, 8, 4])), // ECDSA on P-256 with SHA-256
    extension(23, Buffer.alloc(0)),
  ]);
  const body = Buffer.concat([
    Buffer.from([0xfe, 0xfd]),
    randomBytes(32),
    Buffer.from([0, 0, 0, 2, 0xc0, 0x2b, 1, 0]), // no session, no cookie, one suite, no compression
    Buffer.from([extensions.length >> 8, extensions.length & 255]),
    extensions,
  ]);
  const size = [0, body.length >> 8, body.length & 255];
  const message = Buffer.concat([Buffer.from([1, ...size, 0, 0, 0, 0, 0, ...size]), body]);
  return Buffer.concat([
    Buffer.from([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, message.length >> 8, message.length & 255]),
    message,
  ]);
}
