import { concat, owned, toBase32, utf8 } from "../bytes.ts";
import type { Root } from "../connection.ts";
import { keyBytes } from "../identity/statements.ts";

/** The first label of an app's origin: base32 of SHA-256(root || app id), 26 characters. */
export async function appLabel(root: Root, app: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", owned(concat(keyBytes(root), utf8(app))));
  return toBase32(new Uint8Array(digest)).slice(0, 26);
}

/** `shell`: the shell's own origin, `https://home.flock.example`. */
export async function appOrigin(
  root: Root,
  app: string,
  shell: string = globalThis.location.origin,
): Promise<string> {
  const url = new URL(shell);
  return `${url.protocol}//${await appLabel(root, app)}.${url.host.replace(/^[^.]+\./, "")}`;
}
