/** PeerIds of Ed25519 keys: base58btc text, identity multihash `00 24 08 01 12 20` + key. */
import { base58btc } from "multiformats/bases/base58";
import { concat } from "../bytes.ts";
import { HearthError } from "../errors.ts";

const prefix = new Uint8Array([0x00, 0x24, 0x08, 0x01, 0x12, 0x20]);

export function peerIdBytes(publicKey: Uint8Array): Uint8Array {
  return concat(prefix, publicKey);
}

export function peerIdText(multihash: Uint8Array): string {
  return base58btc.baseEncode(multihash);
}

/** The multihash of a PeerId's text. Throws `bad_record`. */
export function parsePeerId(text: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = base58btc.baseDecode(text);
  } catch (cause) {
    throw new HearthError("bad_record", "peer id", { cause });
  }
  hostKeyOf(bytes);
  return bytes;
}

/** The Ed25519 key inside. Throws `bad_record` for other kinds of PeerId: hosts of Hearth have none. */
export function hostKeyOf(multihash: Uint8Array): Uint8Array {
  if (multihash.length !== 38 || prefix.some((byte, i) => multihash[i] !== byte)) {
    throw new HearthError("bad_record", "not the peer id of an Ed25519 key");
  }
  return multihash.subarray(prefix.length);
}
