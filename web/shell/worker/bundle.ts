/**
 * A signed bundle of the shell (docs/protocol/bundle.md): which files it consists of, and who says so. Pure: no storage, no network.
 */
import { ed25519 } from "@noble/curves/ed25519.js";

export interface BundleFile {
  path: string;
  /** SHA-256, hexadecimal. */
  sha256: string;
  size: number;
  type: string;
}

export interface Bundle {
  version: number;
  /** Who may sign what comes after it, and how many of them have to. */
  keys: string[];
  threshold: number;
  files: Map<string, BundleFile>;
  /** What the signatures are over. */
  manifest: string;
  /** By key. */
  signatures: Map<string, string>;
}

/** `other`: the version held, with another content. `file`: a file isn't what the bundle lists. */
export type Refusal = "missing" | "malformed" | "unsigned" | "older" | "other" | "file";

export class BundleError extends Error {
  override readonly name = "BundleError";
  readonly reason: Refusal;
  readonly version: number | undefined;
  readonly path: string | undefined;
  constructor(reason: Refusal, { version, path }: { version?: number; path?: string } = {}) {
    super(`the bundle is refused: ${reason}${path === undefined ? "" : ` ${path}`}`);
    this.reason = reason;
    this.version = version;
    this.path = path;
  }
}

export const mostBundleBytes = 256 * 1024;
const mostFiles = 1000;
const mostBytes = 64 * 1024 * 1024;
const mostKeys = 8;
const label = "hearth shell bundle 1\n";

const isKey = (text: unknown): text is string => typeof text === "string" && /^[A-Za-z0-9_-]{43}$/.test(text);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isPath = (text: unknown): text is string =>
  typeof text === "string" && text.length <= 256 && /^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/.test(text);
const isType = (text: unknown): text is string =>
  typeof text === "string" && /^[a-z]+\/[a-z0-9.+-]+(; charset=utf-8)?$/.test(text);

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Falls through.
  }
  throw new BundleError("malformed");
}

/** Its form alone; who signed it is `verify`'s to say. Throws BundleError. */
export function readBundle(text: string): Bundle {
  const bad = () => new BundleError("malformed");
  const { manifest, signatures } = parse(text);
  if (typeof manifest !== "string" || !isObject(signatures)) throw bad();
  const { format, version, keys, threshold, files } = parse(manifest);
  if (format !== 1 || !isCount(version) || version === 0) throw bad();
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > mostKeys || !keys.every(isKey)) throw bad();
  if (new Set(keys).size !== keys.length) throw bad();
  if (!isCount(threshold) || threshold < 1 || threshold > keys.length) throw bad();
  if (!Array.isArray(files) || files.length > mostFiles) throw bad();
  const listed = new Map<string, BundleFile>();
  let bytes = 0;
  for (const file of files as unknown[]) {
    if (!isObject(file)) throw bad();
    const { path, sha256, size, type } = file;
    if (!isPath(path) || !isCount(size) || !isType(type) || listed.has(path)) throw bad();
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) throw bad();
    bytes += size;
    listed.set(path, { path, sha256, size, type });
  }
  if (bytes > mostBytes || !listed.has("/index.html") || !listed.has("/sw.js")) throw bad();
  const signed = Object.entries(signatures).filter((each): each is [string, string] => isKey(each[0]));
  if (signed.length > mostKeys * 2) throw bad();
  return { version, keys, threshold, files: listed, manifest, signatures: new Map(signed) };
}

/** Throws BundleError unless as many of the trusted keys have signed it as have to. */
export function verify(bundle: Bundle, trusted: { keys: string[]; threshold: number }): void {
  const message = new TextEncoder().encode(label + bundle.manifest);
  const good = trusted.keys.filter((key) => {
    const signature = bundle.signatures.get(key);
    try {
      return (
        signature !== undefined &&
        ed25519.verify(fromBase64url(signature), message, fromBase64url(key), { zip215: false })
      );
    } catch {
      return false;
    }
  });
  if (good.length < trusted.threshold) throw new BundleError("unsigned", { version: bundle.version });
}

/** Whether `offered` may take the place of `held`: signed by those whom `held` names, and newer. Throws BundleError. */
export function succeeds(offered: Bundle, held: Bundle): boolean {
  verify(offered, held);
  if (offered.manifest === held.manifest) return false;
  const { version } = offered;
  if (version < held.version) throw new BundleError("older", { version });
  if (version === held.version) throw new BundleError("other", { version });
  return true;
}

export async function hasDigest(bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<boolean> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === sha256;
}

function fromBase64url(text: string): Uint8Array {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
