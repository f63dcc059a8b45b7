import { multiaddr } from "@multiformats/multiaddr";
import { concat, fromBase64url, toBase64url } from "../bytes.ts";
import type { Root } from "../connection.ts";
import { HearthError } from "../errors.ts";

export type LinkKind = "setup" | "pair" | "invite" | "share";

/** `<shell origin>/#1.<kind>.<root>.<flock>.<secret>[.<multiaddrs>]` (docs/protocol/identity.md, Links). */
export interface HearthLink {
  kind: LinkKind;
  root: Root;
  /** A multiaddr with `/p2p`. */
  flock?: string;
  /** 5 bytes for `setup`, 32 for the others. */
  secret: Uint8Array;
  /** The box's; those without `/p2p` are further ones of the flock. */
  multiaddrs: string[];
}

const maxLength = 4096;
const maxAddresses = 16;
const secretSizes: Record<LinkKind, number> = { setup: 5, pair: 32, invite: 32, share: 32 };

/** Whether the text looks like a link at all; `parseLink` says whether it is one. */
export function looksLikeLink(text: string): boolean {
  return /(^|#)1\.[a-z]+\./.test(text.trim());
}

/** Takes a whole URL or what follows `#`. Throws `bad_link`. */
export function parseLink(text: string): HearthLink {
  const trimmed = text.trim();
  const fragment = trimmed.slice(trimmed.indexOf("#") + 1);
  if (fragment.length > maxLength) throw bad("too long");
  const [version, kind, root, flock, secret, addresses, ...rest] = fragment.split(".");
  if (version !== "1" || rest.length > 0) throw bad("not a link of version 1");
  if (kind === undefined || !(kind in secretSizes)) throw bad("unknown kind");
  if (root === undefined || fromBase64url(root)?.length !== 32) throw bad("root");
  const secretBytes = secret === undefined ? undefined : fromBase64url(secret);
  if (secretBytes?.length !== secretSizes[kind as LinkKind]) throw bad("secret");
  const link: HearthLink = { kind: kind as LinkKind, root, secret: secretBytes, multiaddrs: [] };
  if (flock === undefined || flock === "") throw bad("flock");
  if (flock !== "-") link.flock = readAddress(decoded(flock));
  if (addresses !== undefined) link.multiaddrs = readAddresses(decoded(addresses));
  return link;
}

/** `shellOrigin` as in `https://home.flock.example`. */
export function formatLink(link: HearthLink, shellOrigin: string): string {
  const flock = link.flock === undefined ? "-" : toBase64url(multiaddr(link.flock).bytes);
  const addresses = link.multiaddrs.map((text) => {
    const bytes = multiaddr(text).bytes;
    return concat(uvarint(bytes.length), bytes);
  });
  const parts = ["1", link.kind, link.root, flock, toBase64url(link.secret)];
  if (addresses.length > 0) parts.push(toBase64url(concat(...addresses)));
  return `${shellOrigin.replace(/\/$/, "")}/#${parts.join(".")}`;
}

function decoded(text: string): Uint8Array {
  const bytes = fromBase64url(text);
  if (bytes === undefined || bytes.length === 0) throw bad("encoding");
  return bytes;
}

function readAddress(bytes: Uint8Array): string {
  try {
    return multiaddr(bytes).toString();
  } catch (cause) {
    throw bad("address", cause);
  }
}

function readAddresses(bytes: Uint8Array): string[] {
  const out: string[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    if (out.length === maxAddresses) throw bad("too many addresses");
    const first = bytes[offset++] ?? 0;
    let length = first & 0x7f;
    if (first & 0x80) {
      const second = bytes[offset++];
      if (second === undefined || second === 0 || second > 0x7f) throw bad("address length");
      length |= second << 7;
    }
    if (length === 0 || offset + length > bytes.length) throw bad("address length");
    out.push(readAddress(bytes.subarray(offset, offset + length)));
    offset += length;
  }
  return out;
}

function uvarint(value: number): Uint8Array {
  return value < 0x80 ? new Uint8Array([value]) : new Uint8Array([(value & 0x7f) | 0x80, value >> 7]);
}

function bad(what: string, cause?: unknown): HearthError {
  return new HearthError("bad_link", `link: ${what}`, { cause });
}
