import { ed25519 } from "@noble/curves/ed25519.js";
import { describe, expect, test } from "vitest";
import vectors from "../../../../docs/protocol/vectors/identity.json" with { type: "json" };
import { appLabel } from "./app/label.ts";
import { loginProof, pairingMessage } from "./auth/transcript.ts";
import { openVault, sealVault } from "./auth/vault.ts";
import { fromCrockford32, toBase64url } from "./bytes.ts";
import { HearthError } from "./errors.ts";
import { encodeCbor } from "./identity/cbor.ts";
import { formatLink, parseLink } from "./identity/link.ts";
import { parsePeerId, peerIdBytes, peerIdText } from "./identity/peer.ts";
import {
  isName,
  labels,
  signDeviceCertificate,
  signStatement,
  verifyDeviceCertificate,
  verifyHostCertificate,
  verifyNameRecord,
  verifyNameTransfer,
} from "./identity/statements.ts";

const hex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
const toHex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const signer = (seed: string) => (message: Uint8Array) => ed25519.sign(message, hex(seed));

const certificate = hex(vectors.host_certificate);
const record = hex(vectors.name_record);

describe("signed statements, as the C++ side writes them", () => {
  test("ids and peer ids", () => {
    expect(toBase64url(hex(vectors.root_public))).toBe(vectors.root);
    expect(peerIdText(peerIdBytes(hex(vectors.host_public)))).toBe(vectors.host_peer_id);
    expect(parsePeerId(vectors.device_peer_id)).toEqual(peerIdBytes(hex(vectors.device_public)));
  });

  test("a host certificate is read and made alike", async () => {
    expect(verifyHostCertificate(certificate)).toEqual({
      root: vectors.root,
      peerId: parsePeerId(vectors.host_peer_id),
      epoch: vectors.epoch,
      notBefore: vectors.not_before,
    });
    const made = await signStatement(
      labels.hostCertificate,
      [1, hex(vectors.root_public), parsePeerId(vectors.host_peer_id), vectors.epoch, vectors.not_before],
      signer(vectors.root_seed),
    );
    expect(toHex(made)).toBe(vectors.host_certificate);
  });

  test("a name record is read, with the certificate inside", () => {
    expect(verifyNameRecord(record)).toMatchObject({
      name: vectors.name,
      root: vectors.root,
      sequence: vectors.sequence,
      expires: vectors.expires,
      hostCertificate: { epoch: vectors.epoch },
    });
  });

  test("a name transfer is read", () => {
    expect(verifyNameTransfer(hex(vectors.name_transfer))).toEqual({
      name: vectors.name,
      from: vectors.root,
      to: toBase64url(hex(vectors.other_root_public)),
      sequence: vectors.sequence + 1,
    });
  });

  test("device certificates are read and made alike, by the persona and by its appliance", async () => {
    const expected = { persona: vectors.persona, device: vectors.device, issued: vectors.issued };
    expect(verifyDeviceCertificate(hex(vectors.device_certificate))).toEqual({
      ...expected,
      kind: "browser",
    });
    expect(verifyDeviceCertificate(hex(vectors.device_certificate_issued_by_appliance))).toEqual({
      ...expected,
      kind: "cli",
    });
    const made = await signDeviceCertificate({ ...expected, kind: "browser" }, signer(vectors.persona_seed));
    expect(toHex(made)).toBe(vectors.device_certificate);
  });

  test("no changed, cut or lengthened statement is taken", () => {
    for (const [bytes, verify] of [
      [certificate, verifyHostCertificate],
      [record, verifyNameRecord],
      [hex(vectors.device_certificate_issued_by_appliance), verifyDeviceCertificate],
    ] as const) {
      for (let i = 0; i < bytes.length; i += 5) {
        const changed = bytes.slice();
        changed[i] = (changed[i] ?? 0) ^ 1;
        expect(() => verify(changed), `byte ${i}`).toThrow(HearthError);
        expect(() => verify(bytes.slice(0, i))).toThrow(HearthError);
      }
      expect(() => verify(new Uint8Array([...bytes, 0]))).toThrow(HearthError);
    }
  });

  test("a statement counts under its own label alone, and only by its own signer", async () => {
    const fields = [1, hex(vectors.root_public), parsePeerId(vectors.host_peer_id), 3, 0];
    const wrongLabel = await signStatement(labels.nameTransfer, fields, signer(vectors.root_seed));
    const wrongKey = await signStatement(labels.hostCertificate, fields, signer(vectors.other_root_seed));
    expect(() => verifyHostCertificate(wrongLabel)).toThrow(/signature/);
    expect(() => verifyHostCertificate(wrongKey)).toThrow(/signature/);
  });

  test("another version, length or encoding is refused even when it is signed", async () => {
    const root = hex(vectors.root_public);
    const peer = parsePeerId(vectors.host_peer_id);
    for (const fields of [
      [2, root, peer, 3, 0],
      [1, root, peer, 3],
      [1, root, peer, 3, 0, 0],
      [1, root, peer, -1, 0],
      [1, root.slice(1), peer, 3, 0],
      [1, root, peer.slice(1), 3, 0],
      [1, root, peer, "3", 0],
    ]) {
      const signed = await signStatement(labels.hostCertificate, fields, signer(vectors.root_seed));
      expect(() => verifyHostCertificate(signed)).toThrow(HearthError);
    }
    // The same values in a longer encoding: the payload's head with a length byte it doesn't need.
    const payload = encodeCbor([1, root, peer, 3, 0]);
    const long = new Uint8Array([0x98, 5, ...payload.slice(1)]);
    const message = new Uint8Array([...new TextEncoder().encode(labels.hostCertificate), 0, ...long]);
    const signed = encodeCbor([long, ed25519.sign(message, hex(vectors.root_seed))]);
    expect(() => verifyHostCertificate(signed)).toThrow(/CBOR/);
  });

  test("a record needs a certificate of its own root", async () => {
    const fields = [1, vectors.name, hex(vectors.other_root_public), 1, vectors.expires, certificate];
    const signed = await signStatement(labels.nameRecord, fields, signer(vectors.host_seed));
    expect(() => verifyNameRecord(signed)).toThrow(/root/);
  });

  test("names", () => {
    for (const good of ["abc", "a-b", "a1b", "a".repeat(32)]) expect(isName(good)).toBe(true);
    for (const bad of ["ab", "-ab", "ab-", "Abc", "a_b", "a.b", "a".repeat(33), "äöü", ""])
      expect(isName(bad)).toBe(false);
  });
});

describe("proofs", () => {
  const parties = {
    clientPeer: vectors.device_peer_id,
    serverPeer: vectors.host_peer_id,
    root: vectors.root,
    persona: vectors.persona,
    device: vectors.device,
  };

  test("of a login, each way", () => {
    expect(toHex(loginProof("client", hex(vectors.session_key), parties))).toBe(vectors.login_client_proof);
    expect(toHex(loginProof("server", hex(vectors.session_key), parties))).toBe(vectors.login_server_proof);
  });

  test("of a login through a middleman differ", () => {
    const swapped = { ...parties, serverPeer: vectors.device_peer_id };
    expect(toHex(loginProof("client", hex(vectors.session_key), swapped))).not.toBe(
      vectors.login_client_proof,
    );
  });

  test("of a pairing", () => {
    const message = pairingMessage(
      vectors.device_peer_id,
      vectors.host_peer_id,
      hex(vectors.nonce),
      vectors.device,
    );
    expect(toHex(message)).toBe(vectors.pairing_message);
    expect(toHex(ed25519.sign(message, hex(vectors.pairing_seed)))).toBe(vectors.pairing_signature);
  });

  test("the vault", () => {
    const sealed = sealVault(hex(vectors.persona_seed), hex(vectors.export_key), hex(vectors.vault_nonce));
    expect(toHex(sealed)).toBe(vectors.vault);
    expect(toHex(openVault(hex(vectors.vault), hex(vectors.export_key)))).toBe(vectors.persona_seed);
    expect(() => openVault(hex(vectors.vault), hex(vectors.session_key))).toThrow(HearthError);
  });
});

describe("links and codes", () => {
  test("a setup link is read and written alike", () => {
    const link = parseLink(vectors.setup_link);
    expect(link).toEqual({
      kind: "setup",
      root: vectors.root,
      flock: vectors.flock.replace("/wss/", "/wss/"),
      secret: hex(vectors.setup_code_bytes),
      multiaddrs: [vectors.address_1, vectors.address_2],
    });
    expect(formatLink(link, "https://home.flock.example")).toBe(vectors.setup_link);
  });

  test("a pairing link without a flock or addresses", () => {
    const link = parseLink(vectors.pair_link);
    expect(link).toEqual({
      kind: "pair",
      root: vectors.root,
      secret: hex(vectors.pairing_seed),
      multiaddrs: [],
    });
    expect(formatLink(link, "https://home.flock.example/")).toBe(vectors.pair_link);
    expect(parseLink(vectors.pair_link.split("#")[1] ?? "")).toEqual(link);
  });

  test("what is no link is refused", () => {
    const [start, fragment = ""] = vectors.pair_link.split("#");
    const parts = fragment.split(".");
    const changed = (index: number, value: string): string =>
      `${start}#${parts.map((part, i) => (i === index ? value : part)).join(".")}`;
    for (const text of [
      "",
      "hello",
      "https://home.flock.example/",
      changed(0, "2"),
      changed(1, "steal"),
      changed(1, "constructor"),
      changed(1, "setup"),
      changed(2, "AAAA"),
      changed(2, vectors.root.slice(0, -1) + "t"),
      changed(3, "AAAA"),
      changed(3, ""),
      changed(4, "AAAA"),
      `${vectors.pair_link}.`,
      `${vectors.pair_link}.AAAA`,
      `${vectors.pair_link}.-.x`,
      vectors.pair_link + "A".repeat(5000),
    ]) {
      expect(() => parseLink(text), text).toThrow(HearthError);
    }
  });

  test("the console's code, as people type it", () => {
    for (const typed of [
      vectors.setup_code,
      vectors.setup_code.toLowerCase(),
      vectors.setup_code.replace("-", " "),
    ]) {
      expect(toHex(fromCrockford32(typed) ?? new Uint8Array())).toBe(vectors.setup_code_bytes);
    }
    expect(fromCrockford32("28T5-CY4U")).toBeUndefined();
  });

  test("an app's label", async () => {
    expect(await appLabel(vectors.root, vectors.app_id)).toBe(vectors.app_label);
  });
});
