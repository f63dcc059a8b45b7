import { ed25519 } from "@noble/curves/ed25519.js";
import { forgetCookies } from "../app/cookie_storage.ts";
import { owned } from "../bytes.ts";
import { HearthError } from "../errors.ts";
import { Database } from "./database.ts";
import { makeDeviceKey, type DeviceKey } from "./device.ts";

/** What lies in IndexedDB: CryptoKeys that can't be exported, and at most a seed sealed by one. */
type Stored =
  | { version: 1; kind: "webcrypto"; publicKey: Uint8Array; privateKey: CryptoKey }
  | {
      version: 1;
      kind: "wrapped";
      publicKey: Uint8Array;
      wrapping: CryptoKey;
      nonce: Uint8Array;
      sealed: Uint8Array;
    };

const slot = "device";

/** The device key of this shell origin. */
export class DeviceKeys {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  static open(database: Database = new Database()): DeviceKeys {
    return new DeviceKeys(database);
  }

  /** The remembered key. Throws `storage` when the browser denies access. */
  async load(): Promise<DeviceKey | undefined> {
    const stored = await this.#database.get<Stored>("keys", slot);
    if (stored === undefined) return undefined;
    if (stored.kind === "webcrypto") return fromCryptoKey(stored.publicKey, stored.privateKey, true);
    const seed = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: owned(stored.nonce) },
      stored.wrapping,
      owned(stored.sealed),
    );
    return fromSeed(new Uint8Array(seed), true);
  }

  /** Makes a key and keeps it; replaces one that is there. */
  async create(): Promise<DeviceKey> {
    requireSecureContext();
    const native = await generateNative();
    if (native !== undefined) {
      const { publicKey, privateKey } = native;
      try {
        await this.#keep({ version: 1, kind: "webcrypto", publicKey, privateKey });
        return fromCryptoKey(publicKey, privateKey, true);
      } catch (error) {
        // Some browsers sign with Ed25519 but can't store such a key: then it is wrapped.
        if (!HearthError.is(error, "storage")) throw error;
      }
    }
    const seed = crypto.getRandomValues(new Uint8Array(32));
    const wrapping = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
      "encrypt",
      "decrypt",
    ]);
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const sealed = new Uint8Array(
      await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, wrapping, seed),
    );
    await this.#keep({
      version: 1,
      kind: "wrapped",
      publicKey: ed25519.getPublicKey(seed),
      wrapping,
      nonce,
      sealed,
    });
    return fromSeed(seed, true);
  }

  /** A key for "don't remember this device": it dies with the page. */
  async createEphemeral(): Promise<DeviceKey> {
    requireSecureContext();
    const native = await generateNative();
    if (native !== undefined) return fromCryptoKey(native.publicKey, native.privateKey, false);
    return fromSeed(crypto.getRandomValues(new Uint8Array(32)), false);
  }

  /** Forgets the kept key. The appliance still lists the device until it is removed there. */
  async forget(): Promise<void> {
    await this.#database.remove("keys", slot);
    forgetCookies();
  }

  async #keep(stored: Stored): Promise<void> {
    await this.#database.put("keys", slot, stored).catch((cause: unknown) => {
      throw new HearthError("storage", "the device key could not be kept", { cause });
    });
    // Without this the browser may drop the key when space runs short.
    await globalThis.navigator?.storage?.persist?.().catch(() => false);
  }
}

async function generateNative(): Promise<{ publicKey: Uint8Array; privateKey: CryptoKey } | undefined> {
  try {
    const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, [
      "sign",
      "verify",
    ])) as CryptoKeyPair;
    const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    return { publicKey, privateKey: pair.privateKey };
  } catch {
    return undefined;
  }
}

function fromCryptoKey(publicKey: Uint8Array, privateKey: CryptoKey, remembered: boolean): DeviceKey {
  return makeDeviceKey(publicKey, {
    remembered,
    protection: "webcrypto",
    sign: async (message) =>
      new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, privateKey, owned(message))),
  });
}

function fromSeed(seed: Uint8Array, remembered: boolean): DeviceKey {
  return makeDeviceKey(ed25519.getPublicKey(seed), {
    remembered,
    protection: remembered ? "wrapped" : "memory",
    sign: (message) => Promise.resolve(ed25519.sign(message, seed)),
  });
}

function requireSecureContext(): void {
  if (globalThis.crypto?.subtle === undefined) {
    throw new HearthError(
      "unsupported",
      "this page is no secure context: open it over https or on this machine",
    );
  }
}
