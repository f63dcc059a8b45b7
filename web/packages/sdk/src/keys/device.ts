import type { DeviceId } from "../connection.ts";
import { toBase64url } from "../bytes.ts";
import { peerIdBytes, peerIdText } from "../identity/peer.ts";

/** This browser profile's own Ed25519 key at this shell origin. Its PeerId is the device's id to libp2p. */
export interface DeviceKey {
  /** base64url of the 32 public key bytes. */
  readonly id: DeviceId;
  readonly peerId: string;
  readonly publicKey: Uint8Array;
  /** Kept in this browser; `false` for a key that dies with the page. */
  readonly remembered: boolean;
  /** `webcrypto`: the key can't leave the browser's key store. `wrapped`: sealed by such a key. */
  readonly protection: "webcrypto" | "wrapped" | "memory";
  sign(message: Uint8Array): Promise<Uint8Array>;
}

export function makeDeviceKey(
  publicKey: Uint8Array,
  facts: Pick<DeviceKey, "remembered" | "protection" | "sign">,
): DeviceKey {
  return {
    id: toBase64url(publicKey),
    peerId: peerIdText(peerIdBytes(publicKey)),
    publicKey,
    ...facts,
  };
}
