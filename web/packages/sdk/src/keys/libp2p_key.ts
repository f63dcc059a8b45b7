/** A device key as libp2p's PrivateKey, which may sign later: the key itself stays where it can't be read. */
import { publicKeyFromRaw } from "@libp2p/crypto/keys";
import type { Ed25519PrivateKey, Ed25519PublicKey } from "@libp2p/interface";
import { equalBytes } from "../bytes.ts";
import type { DeviceKey } from "./device.ts";

export function toLibp2pKey(key: DeviceKey): Ed25519PrivateKey {
  const publicKey = publicKeyFromRaw(key.publicKey) as Ed25519PublicKey;
  return {
    type: "Ed25519",
    publicKey,
    // Nothing that we run reads it; whoever tries gets no key.
    get raw(): Uint8Array {
      throw new Error("the device key can't be read");
    },
    equals: (other?: unknown) =>
      typeof other === "object" &&
      other !== null &&
      "publicKey" in other &&
      equalBytes((other.publicKey as Ed25519PublicKey).raw, publicKey.raw),
    toCID: () => publicKey.toCID(),
    toMultihash: () => publicKey.toMultihash(),
    toString: () => publicKey.toString(),
    sign: (data) => key.sign(data instanceof Uint8Array ? data : data.subarray()),
  } as Ed25519PrivateKey;
}
