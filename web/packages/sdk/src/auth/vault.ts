/** The persona's seed, sealed under the password's export key. The appliance keeps it and can't open it. */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, utf8 } from "../bytes.ts";
import { HearthError } from "../errors.ts";

const label = utf8("hearth/persona-vault");
const nonceBytes = 24;

export function sealVault(seed: Uint8Array, exportKey: Uint8Array, nonce = randomNonce()): Uint8Array {
  return concat(nonce, xchacha20poly1305(vaultKey(exportKey), nonce, label).encrypt(seed));
}

/** Throws `bad_record` when it was sealed by another password, or changed. */
export function openVault(vault: Uint8Array, exportKey: Uint8Array): Uint8Array {
  const nonce = vault.subarray(0, nonceBytes);
  try {
    const seed = xchacha20poly1305(vaultKey(exportKey), nonce, label).decrypt(vault.subarray(nonceBytes));
    if (seed.length !== 32) throw new Error("seed length");
    return seed;
  } catch (cause) {
    throw new HearthError("bad_record", "the vault doesn't open", { cause });
  }
}

function vaultKey(exportKey: Uint8Array): Uint8Array {
  return hkdf(sha256, exportKey, undefined, label, 32);
}

function randomNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(nonceBytes));
}
