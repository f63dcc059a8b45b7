import "fake-indexeddb/auto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { checkAgainstPins, KnownAppliances, type KnownAppliance } from "../appliances.ts";
import { Database } from "./database.ts";
import { DeviceKeys } from "./device_keys.ts";
import { toLibp2pKey } from "./libp2p_key.ts";

const message = new TextEncoder().encode("hello");

beforeEach(async () => {
  const database = new Database();
  for (const key of await database.all<KnownAppliance>("appliances"))
    await database.remove("appliances", key.root);
  await DeviceKeys.open(database).forget();
});
afterEach(() => vi.restoreAllMocks());

describe("DeviceKeys", () => {
  test("keeps a key that signs again after loading, and can't be read", async () => {
    const made = await DeviceKeys.open().create();
    expect(made).toMatchObject({ remembered: true, protection: "webcrypto" });
    const loaded = await DeviceKeys.open().load();
    expect(loaded?.id).toBe(made.id);
    const signature = (await loaded?.sign(message)) ?? new Uint8Array();
    expect(ed25519.verify(signature, message, made.publicKey)).toBe(true);
    const [stored] = await new Database().all<{ privateKey: CryptoKey }>("keys");
    expect(stored?.privateKey.extractable).toBe(false);
  });

  test("wraps the key where the browser has no Ed25519", async () => {
    const generate = crypto.subtle.generateKey.bind(crypto.subtle);
    vi.spyOn(crypto.subtle, "generateKey").mockImplementation((async (
      algorithm: { name: string },
      ...rest: [boolean, KeyUsage[]]
    ) => {
      if (algorithm.name === "Ed25519") throw new DOMException("no", "NotSupportedError");
      return generate(algorithm as AesKeyGenParams, ...rest);
    }) as never);
    const made = await DeviceKeys.open().create();
    expect(made.protection).toBe("wrapped");
    const loaded = await DeviceKeys.open().load();
    expect(loaded?.id).toBe(made.id);
    expect(ed25519.verify((await loaded?.sign(message)) ?? new Uint8Array(), message, made.publicKey)).toBe(
      true,
    );
    const [stored] = await new Database().all<{ wrapping: CryptoKey; sealed: Uint8Array }>("keys");
    expect(stored?.wrapping.extractable).toBe(false);
    expect(stored?.sealed.length).toBe(48);
  });

  test("keeps nothing of an ephemeral key, and forgets", async () => {
    expect((await DeviceKeys.open().createEphemeral()).remembered).toBe(false);
    expect(await DeviceKeys.open().load()).toBeUndefined();
    await DeviceKeys.open().create();
    await DeviceKeys.open().forget();
    expect(await DeviceKeys.open().load()).toBeUndefined();
  });

  test("is libp2p's identity without showing the private key", async () => {
    const key = await DeviceKeys.open().createEphemeral();
    const libp2p = toLibp2pKey(key);
    expect(peerIdFromPrivateKey(libp2p).toString()).toBe(key.peerId);
    expect(await libp2p.publicKey.verify(message, await libp2p.sign(message))).toBe(true);
    expect(() => libp2p.raw).toThrow(/can't be read/);
  });
});

describe("pins", () => {
  test("are listed by last use and never lowered", async () => {
    const boxes = KnownAppliances.open();
    await boxes.remember("A", { name: "a", epoch: 3, sequence: 9, lastUsed: 1 });
    await boxes.remember("B", { name: "b", lastUsed: 2 });
    expect((await boxes.list()).map(({ root }) => root)).toEqual(["B", "A"]);
    await boxes.remember("A", { epoch: 2, sequence: 8, title: "Box", lastUsed: 3 });
    expect(await boxes.get("A")).toMatchObject({ epoch: 3, sequence: 9, title: "Box", name: "a" });
    expect((await boxes.list()).map(({ root }) => root)).toEqual(["A", "B"]);
    await boxes.forget("A");
    expect(await boxes.get("A")).toBeUndefined();
  });

  test("refuse another root for a name, older epochs and older records", () => {
    const known = [{ root: "A", name: "a", flock: "f", epoch: 3, sequence: 9 } as KnownAppliance];
    const seen = { root: "A", name: "a", flock: "f", epoch: 3, sequence: 9 };
    expect(() => checkAgainstPins(seen, known)).not.toThrow();
    expect(() => checkAgainstPins({ ...seen, epoch: 4, sequence: 10 }, known)).not.toThrow();
    expect(() => checkAgainstPins({ ...seen, root: "B" }, known)).toThrow(
      expect.objectContaining({ code: "root_changed" }),
    );
    expect(() => checkAgainstPins({ ...seen, root: "B", flock: "g" }, known)).not.toThrow();
    expect(() => checkAgainstPins({ ...seen, epoch: 2 }, known)).toThrow(
      expect.objectContaining({ code: "superseded" }),
    );
    expect(() => checkAgainstPins({ ...seen, sequence: 8 }, known)).toThrow(
      expect.objectContaining({ code: "bad_record" }),
    );
  });
});
