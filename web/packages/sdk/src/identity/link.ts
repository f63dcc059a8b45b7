import type { Root } from "../connection.ts";
import { HearthError } from "../errors.ts";

export type LinkKind = "setup" | "pair" | "invite" | "share";

/** `<shell origin>/#1.<kind>.<root>.<flock>.<secret>[.<multiaddrs>]` (docs/protocol/identity.md, Links). */
export interface HearthLink {
  kind: LinkKind;
  root: Root;
  /** A multiaddr with `/p2p`. */
  flock?: string;
  /** 5 bytes for `setup`, 32 for `pair`. */
  secret: Uint8Array;
  multiaddrs: string[];
}

/** Takes a whole URL or what follows `#`. Throws `bad_link`. */
export function parseLink(text: string): HearthLink {
  void text;
  throw new HearthError("unavailable", "not built yet");
}

/** `shellOrigin` as in `https://home.flock.example`. */
export function formatLink(link: HearthLink, shellOrigin: string): string {
  void link, shellOrigin;
  throw new HearthError("unavailable", "not built yet");
}
