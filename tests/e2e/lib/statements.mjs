// What devices, personas and hosts sign (docs/protocol/identity.md), written a second time and small.
import { hkdfSync, randomBytes } from "node:crypto";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
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
