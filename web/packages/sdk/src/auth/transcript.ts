/** What each side proves and signs on the transport (docs/protocol/identity.md). */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, len16, utf8 } from "../bytes.ts";
import type { DeviceId, PersonaId, Root } from "../connection.ts";
import { parsePeerId } from "../identity/peer.ts";
import { keyBytes } from "../identity/statements.ts";

export interface LoginParties {
  clientPeer: string;
  serverPeer: string;
  root: Root;
  persona: PersonaId;
  device: DeviceId;
}

const version = 1;
const suite = 1;

/** HMAC-SHA-256 under the OPAQUE session key: the login happened on this connection, for this device. */
export function loginProof(
  side: "client" | "server",
  sessionKey: Uint8Array,
  parties: LoginParties,
): Uint8Array {
  const transcript = concat(
    utf8(`hearth/login/${side}`),
    new Uint8Array([0, version, suite]),
    len16(parsePeerId(parties.clientPeer)),
    len16(parsePeerId(parties.serverPeer)),
    keyBytes(parties.root),
    keyBytes(parties.persona),
    keyBytes(parties.device),
  );
  return hmac(sha256, sessionKey, transcript);
}

/** What a pairing key signs. */
export function pairingMessage(
  clientPeer: string,
  serverPeer: string,
  nonce: Uint8Array,
  device: DeviceId,
): Uint8Array {
  return concat(
    utf8("hearth/pair"),
    new Uint8Array([0]),
    len16(parsePeerId(clientPeer)),
    len16(parsePeerId(serverPeer)),
    nonce,
    keyBytes(device),
  );
}
