// What devices, personas and hosts sign (docs/protocol/identity.md), written a second time and small.
import { hkdfSync, randomBytes } from "node:crypto";
import assert from "node:assert/strict";
import { generateKeyPairFromSeed, publicKeyFromRaw } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey, peerIdFromPublicKey } from "@libp2p/peer-id";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";

/** An Ed25519 key: a root's, a host's, a persona's or a device's. */
export class Key {
  static async make(seed = randomBytes(32)) {
    const key = new Key();
    key.seed = seed;
    key.libp2p = await generateKeyPairFromSeed("Ed25519", seed);
    key.bytes = Buffer.from(key.libp2p.publicKey.raw);
    key.id = key.bytes.toString("base64url");
    key.peer = Buffer.from(peerIdFromPrivateKey(key.libp2p).toMultihash().bytes);
    return key;
  }
  sign(message) {
    return this.libp2p.sign(message);
  }
}

function head(major, number) {
  if (number < 24) return Buffer.from([(major << 5) | number]);
  if (number < 0x100) return Buffer.from([(major << 5) | 24, number]);
  if (number < 0x10000) return Buffer.from([(major << 5) | 25, number >> 8, number & 0xff]);
  const four = Buffer.alloc(5);
  four[0] = (major << 5) | 26;
  four.writeUInt32BE(number, 1);
  return four;
}

/** Deterministic CBOR (RFC 8949 4.2.1) of unsigned numbers, texts, bytes and arrays. */
export function cbor(value) {
  if (typeof value === "number") return head(0, value);
  if (typeof value === "string")
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  return Buffer.concat([head(2, value.length), value]);
}

/** One value of CBOR: [value, the rest]. */
function parse(bytes) {
  const small = bytes[0] & 31;
  const size = small < 24 ? 0 : 1 << (small - 24);
  const number = size === 0 ? small : Number(BigInt(`0x${bytes.subarray(1, 1 + size).toString("hex")}`));
  let rest = bytes.subarray(1 + size);
  const major = bytes[0] >> 5;
  if (major === 0) return [number, rest];
  if (major < 4) {
    const content = rest.subarray(0, number);
    return [major === 3 ? content.toString() : content, rest.subarray(number)];
  }
  const items = [];
  for (let i = 0, item; i < number; i++) {
    [item, rest] = parse(rest);
    items.push(item);
  }
  return [items, rest];
}

/** The payload of a statement that `key` signed. */
async function opened(label, statement, key) {
  const [[payload, signature]] = parse(statement);
  assert.ok(await key.verify(Buffer.concat([Buffer.from(`${label}\0`), payload]), signature), `${label}: signature`);
  return parse(payload)[0];
}

/** What a name record says, if its host and the host's root have signed it. */
export async function readNameRecord(record) {
  const [, , rootBytes, , , certificate] = parse(parse(record)[0][0])[0];
  const [, root, peer, epoch] = await opened("hearth/host-certificate", certificate, publicKeyFromRaw(rootBytes));
  assert.deepEqual(root, rootBytes);
  const host = publicKeyFromRaw(peer.subarray(-32)); // an Ed25519 key stands in its PeerId
  const [, name, , sequence] = await opened("hearth/name-record", record, host);
  const peerId = peerIdFromPublicKey(host).toString();
  return { name, root: Buffer.from(root).toString("base64url"), peerId, epoch, sequence };
}

async function signed(label, payload, key) {
  const bytes = cbor(payload);
  const message = Buffer.concat([Buffer.from(`${label}\0`), bytes]);
  return cbor([bytes, Buffer.from(await key.sign(message))]);
}

const now = () => Math.floor(Date.now() / 1000);

export const hostCertificate = (root, host) =>
  signed("hearth/host-certificate", [1, root.bytes, host.peer, 1, now()], root);

export const nameRecord = ({ name, root, host, certificate, sequence }) =>
  signed("hearth/name-record", [1, name, root.bytes, sequence, now() + 30 * 86_400, certificate], host);

/** By the persona itself. */
export const deviceCertificate = (persona, device, kind) =>
  signed(
    "hearth/device-certificate",
    [1, persona.bytes, Buffer.from(device, "base64url"), kind, now(), Buffer.alloc(0)],
    persona,
  );

const label = "hearth/persona-vault";

export function sealVault(seed, exportKey) {
  const key = new Uint8Array(hkdfSync("sha256", exportKey, Buffer.alloc(0), label, 32));
  const nonce = randomBytes(24);
  return Buffer.concat([nonce, xchacha20poly1305(key, nonce, Buffer.from(label)).encrypt(seed)]);
}

const len16 = (bytes) => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);

/** What a pairing key signs for one connection. */
export const pairingMessage = (device, server, nonce) =>
  Buffer.concat([Buffer.from("hearth/pair\0"), len16(device.peer), len16(server), nonce, device.bytes]);

/** What a device signs for a session on the loopback port. */
export const sessionMessage = (root, nonce, host) =>
  Buffer.concat([Buffer.from("hearth/session\0"), root, nonce, len16(Buffer.from(host))]);
