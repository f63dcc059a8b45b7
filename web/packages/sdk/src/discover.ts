import { fromBase64url } from "./bytes.ts";
import type { Root } from "./connection.ts";
import { HearthError } from "./errors.ts";
import { peerIdText } from "./identity/peer.ts";
import { verifyHostCertificate } from "./identity/statements.ts";
import { askFlock, flockOrigins, type FlockInfo } from "./net/flock.ts";

export type { FlockInfo } from "./net/flock.ts";

/** `GET /.well-known/hearth` of the loopback page of `hearthd`. */
export interface LocalAppliance {
  root: Root;
  peerId: string;
  /** The box's name. */
  name: string;
  addrs: string[];
  /** Somebody owns it already. */
  claimed: boolean;
}

/** The appliance that serves this page, or nothing when it comes from elsewhere. The host certificate is verified. */
export async function discoverLocal(
  origin: string = globalThis.location.origin,
): Promise<LocalAppliance | undefined> {
  const response = await fetch(`${origin}/.well-known/hearth`, { credentials: "omit" }).catch(
    () => undefined,
  );
  if (response?.ok !== true) return undefined;
  const told = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  const { root, peer_id: peerId, name, addrs, claimed, host_certificate: encoded } = told ?? {};
  if (typeof root !== "string" || typeof peerId !== "string" || typeof encoded !== "string") return undefined;
  const certificate = verifyHostCertificate(fromBase64url(encoded) ?? new Uint8Array());
  if (certificate.root !== root || peerIdText(certificate.peerId) !== peerId) {
    throw new HearthError("not_authentic", "the certificate is another host's");
  }
  return {
    root,
    peerId,
    name: typeof name === "string" ? name : "",
    addrs: Array.isArray(addrs) ? nearest(addrs.filter((address) => typeof address === "string")) : [],
    claimed: claimed === true,
  };
}

/**
 * On the box's own machine one of its addresses is enough. A machine with some networks has dozens, and a box takes
 * only so many connections of one device.
 */
export function nearest(addresses: readonly string[]): string[] {
  for (const loopback of ["/ip4/127.", "/ip6/::1/"]) {
    const near = addresses.filter((address) => address.startsWith(loopback));
    if (near.length > 0) return near;
  }
  return [...addresses];
}

/** The flock at `host[:port]`, by default the one that serves this page; nothing when there is none. */
export async function discoverFlock(host?: string): Promise<FlockInfo | undefined> {
  const page = { origin: globalThis.location.origin, secure: globalThis.location.protocol === "https:" };
  for (const origin of flockOrigins(host, page)) {
    const info = await askFlock(origin, (...call) => fetch(...call), AbortSignal.timeout(10_000)).catch(
      () => undefined,
    );
    if (info !== undefined) return info;
  }
  return undefined;
}
