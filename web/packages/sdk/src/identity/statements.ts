/** Signed statements (docs/protocol/identity.md): host certificates, name records, transfers, device certificates. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { concat, fromBase64url, toBase64url, utf8 } from "../bytes.ts";
import type { DeviceId, PersonaId, Root } from "../connection.ts";
import { HearthError } from "../errors.ts";
import { decodeCbor, encodeCbor, type CborValue } from "./cbor.ts";
import { hostKeyOf } from "./peer.ts";

export const labels = {
  hostCertificate: "hearth/host-certificate",
  nameRecord: "hearth/name-record",
  nameTransfer: "hearth/name-transfer",
  deviceCertificate: "hearth/device-certificate",
} as const;

export interface HostCertificate {
  root: Root;
  /** The multihash. */
  peerId: Uint8Array;
  epoch: number;
  notBefore: number;
}

export interface NameRecord {
  name: string;
  root: Root;
  sequence: number;
  /** Seconds since 1970. */
  expires: number;
  hostCertificate: HostCertificate;
}

export interface NameTransfer {
  name: string;
  from: Root;
  to: Root;
  sequence: number;
}

export type DeviceKind = "browser" | "cli" | "appliance";

export interface DeviceCertificate {
  persona: PersonaId;
  device: DeviceId;
  kind: DeviceKind;
  issued: number;
}

/** Signs with a key that may live where it can't be read. */
export type Signer = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>;

export function signedMessage(label: string, payload: Uint8Array): Uint8Array {
  return concat(utf8(label), new Uint8Array([0]), payload);
}

/** Strict RFC 8032: canonical S and points; keys with a small-order part are refused, so each has one encoding. */
export function verifySignature(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (!ed25519.Point.fromBytes(key, false).isTorsionFree()) return false;
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}

export async function signStatement(label: string, payload: CborValue[], sign: Signer): Promise<Uint8Array> {
  const encoded = encodeCbor(payload);
  return encodeCbor([encoded, await sign(signedMessage(label, encoded))]);
}

/** Throws `bad_record` unless `root` signed exactly this. */
export function verifyHostCertificate(bytes: Uint8Array): HostCertificate {
  const { payload, fields, signature } = open(bytes, 5);
  const root = key(fields[1], "root");
  const certificate: HostCertificate = {
    root: toBase64url(root),
    peerId: binary(fields[2], "peer id"),
    epoch: uint(fields[3], "epoch"),
    notBefore: uint(fields[4], "not before"),
  };
  check(labels.hostCertificate, payload, signature, root);
  hostKeyOf(certificate.peerId);
  return certificate;
}

/** Throws `bad_record` unless the certified host signed it for a root that certified the host. Expiry is the caller's. */
export function verifyNameRecord(bytes: Uint8Array): NameRecord {
  const { payload, fields, signature } = open(bytes, 6);
  const record: NameRecord = {
    name: text(fields[1], "name"),
    root: toBase64url(key(fields[2], "root")),
    sequence: uint(fields[3], "sequence"),
    expires: uint(fields[4], "expires"),
    hostCertificate: verifyHostCertificate(binary(fields[5], "host certificate")),
  };
  if (!isName(record.name)) throw bad("name");
  if (record.hostCertificate.root !== record.root) throw bad("root differs from the certificate's");
  check(labels.nameRecord, payload, signature, hostKeyOf(record.hostCertificate.peerId));
  return record;
}

export function verifyNameTransfer(bytes: Uint8Array): NameTransfer {
  const { payload, fields, signature } = open(bytes, 5);
  const from = key(fields[2], "from");
  const transfer: NameTransfer = {
    name: text(fields[1], "name"),
    from: toBase64url(from),
    to: toBase64url(key(fields[3], "to")),
    sequence: uint(fields[4], "sequence"),
  };
  check(labels.nameTransfer, payload, signature, from);
  return transfer;
}

/** Signed by the persona, or by an appliance that the persona certified: chains are at most that long. */
export function verifyDeviceCertificate(bytes: Uint8Array): DeviceCertificate {
  const { payload, fields, signature } = open(bytes, 6);
  const persona = key(fields[1], "persona");
  const kind = text(fields[3], "kind");
  if (kind !== "browser" && kind !== "cli" && kind !== "appliance") throw bad("kind");
  const certificate: DeviceCertificate = {
    persona: toBase64url(persona),
    device: toBase64url(key(fields[2], "device")),
    kind,
    issued: uint(fields[4], "issued"),
  };
  const issuer = binary(fields[5], "issuer");
  let signer: Uint8Array = persona;
  if (issuer.length > 0) {
    const inner = open(issuer, 6);
    if (binary(inner.fields[5], "issuer").length > 0) throw bad("chain too long");
    const appliance = verifyDeviceCertificate(issuer);
    if (appliance.kind !== "appliance" || appliance.persona !== certificate.persona) throw bad("issuer");
    signer = fromBase64url(appliance.device) ?? new Uint8Array();
  }
  check(labels.deviceCertificate, payload, signature, signer);
  return certificate;
}

/** By the persona's own key. */
export function signDeviceCertificate(certificate: DeviceCertificate, sign: Signer): Promise<Uint8Array> {
  const { persona, device, kind, issued } = certificate;
  return signStatement(
    labels.deviceCertificate,
    [1, keyBytes(persona), keyBytes(device), kind, issued, new Uint8Array()],
    sign,
  );
}

/** 3 to 32 of `a-z 0-9 -`, no hyphen first or last. */
export function isName(name: string): boolean {
  return /^[a-z0-9][a-z0-9-]{1,30}[a-z0-9]$/.test(name);
}

/** The 32 bytes of a root, persona or device id. Throws `bad_record`. */
export function keyBytes(id: string): Uint8Array {
  return key(fromBase64url(id), "id");
}

interface Opened {
  payload: Uint8Array;
  fields: unknown[];
  signature: Uint8Array;
}

const maxStatementBytes = 1024;

function open(bytes: Uint8Array, length: number): Opened {
  if (bytes.length > maxStatementBytes) throw bad("too long");
  const signed = decodeCbor(bytes);
  if (!Array.isArray(signed) || signed.length !== 2) throw bad("not a signed statement");
  const payload = binary(signed[0], "payload");
  const signature = binary(signed[1], "signature");
  if (signature.length !== 64) throw bad("signature length");
  const fields = decodeCbor(payload);
  if (!Array.isArray(fields) || fields.length !== length) throw bad("payload length");
  if (fields[0] !== 1) throw bad("version");
  return { payload, fields: fields as unknown[], signature };
}

function check(label: string, payload: Uint8Array, signature: Uint8Array, by: Uint8Array): void {
  if (!verifySignature(by, signedMessage(label, payload), signature)) throw bad(`${label}: signature`);
}

function binary(value: unknown, what: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw bad(what);
  return value;
}

function key(value: unknown, what: string): Uint8Array {
  const bytes = binary(value, what);
  if (bytes.length !== 32) throw bad(what);
  return bytes;
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw bad(what);
  return value;
}

function uint(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw bad(what);
  return value;
}

function bad(what: string): HearthError {
  return new HearthError("bad_record", `signed statement: ${what}`);
}
