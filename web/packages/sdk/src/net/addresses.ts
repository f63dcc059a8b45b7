/** What of an address a browser page can dial, and how. No I/O. */
import { multiaddr, type Component } from "@multiformats/multiaddr";

export type PathKind = "webrtc-direct" | "webrtc" | "websocket" | "relay";

export interface Dialable {
  kind: PathKind;
  /** Ends in `/p2p/<peer>`. */
  address: string;
  /** Dialed only where the others lead nowhere. */
  spare?: boolean;
}

/** Of the addresses that a flock tells, and of the flocks that a box tells. */
const maxOthers = 4;

export interface PageContext {
  /** The page came over https: plain `ws` is mixed content then, except to this machine. */
  secure: boolean;
}

/** An address with `/p2p`, as this page can dial it; nothing when it can't. */
export function dialable(text: string, page: PageContext): Dialable | undefined {
  const components = parse(text);
  const peer = peerOf(components);
  if (components === undefined || peer === undefined) return undefined;
  const circuit = components.findIndex(({ name }) => name === "p2p-circuit");
  if (circuit >= 0) {
    const relay = dialable(join(components.slice(0, circuit)), page);
    return relay?.kind === "websocket"
      ? { kind: "relay", address: circuitAddress(relay.address, peer) }
      : undefined;
  }
  const names = components.map(({ name }) => name);
  const host = components[0];
  if (host === undefined || !/^(ip[46]|dns[46]?)$/.test(host.name)) return undefined;
  if (names.includes("webrtc-direct")) {
    return names.includes("certhash") && host.name.startsWith("ip")
      ? { kind: "webrtc-direct", address: join(components) }
      : undefined;
  }
  if (names[1] !== "tcp") return undefined;
  const port = components[1]?.value ?? "";
  const start = `/${host.name}/${host.value ?? ""}/tcp/${port}`;
  const tls = names.includes("wss") || (names.includes("tls") && names.includes("ws"));
  if (tls) return { kind: "websocket", address: `${start}/tls/ws/p2p/${peer}` };
  const mixed = page.secure && !isLoopback(host);
  if (names.includes("ws"))
    return mixed ? undefined : { kind: "websocket", address: `${start}/ws/p2p/${peer}` };
  // Our hosts speak WebSocket on their TCP port too; with TLS where there is a name for the certificate.
  if (names.length !== 3) return undefined;
  if (!mixed) return { kind: "websocket", address: `${start}/ws/p2p/${peer}` };
  return host.name.startsWith("dns")
    ? { kind: "websocket", address: `${start}/tls/ws/p2p/${peer}` }
    : undefined;
}

/** Through a relay to a peer; usable at once. */
export function circuitAddress(relay: string, peer: string): string {
  return `${relay}/p2p-circuit/p2p/${peer}`;
}

/** The address that signals through the relayed one and punches through. */
export function webrtcAddress(circuit: string): string {
  return circuit.replace("/p2p-circuit/p2p/", "/p2p-circuit/webrtc/p2p/");
}

/** The relay's own address in a relayed one. */
export function relayOf(circuit: string): string {
  return circuit.slice(0, circuit.indexOf("/p2p-circuit"));
}

/** The last `/p2p`. */
export function peerIdIn(text: string): string | undefined {
  return peerOf(parse(text));
}

/** `host:port` for people. */
export function hostAndPort(text: string): string | undefined {
  const [host, port] = parse(text) ?? [];
  if (host?.value === undefined || port?.value === undefined) return undefined;
  return host.name === "ip6" ? `[${host.value}]:${port.value}` : `${host.value}:${port.value}`;
}

/** A WebSocket address of a libp2p host on a web server's own port. */
export function addressOfOrigin(origin: string, peer: string): string | undefined {
  const url = URL.parse(origin);
  if (url === null) return undefined;
  const tls = url.protocol === "https:";
  const port = url.port !== "" ? url.port : tls ? "443" : "80";
  let host = url.hostname;
  let kind = "dns4";
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) kind = "ip4";
  else if (host.startsWith("[")) {
    kind = "ip6";
    host = host.slice(1, -1);
  } else if (host === "localhost" || host.endsWith(".localhost")) {
    // What every browser means by it, and what needs no resolver.
    kind = "ip4";
    host = "127.0.0.1";
  }
  return `/${kind}/${host}/tcp/${port}${tls ? "/tls" : ""}/ws/p2p/${peer}`;
}

/** Of what a flock says of itself: nothing that would have this page knock at doors of its own network. */
export function othersOf(known: string, told: readonly string[], page: PageContext): string[] {
  const [host, port] = parse(known) ?? [];
  const peer = peerIdIn(known);
  if (host === undefined || port === undefined || peer === undefined || host.name.startsWith("dns"))
    return [];
  const others = new Set<string>();
  for (const text of told) {
    const target = dialable(text, page);
    const [there, its] = parse(text) ?? [];
    if (target?.kind !== "websocket" || peerIdIn(target.address) !== peer) continue;
    if (there?.name.startsWith("ip") !== true || there.value === host.value || its?.value !== port.value)
      continue;
    if (isOfOwnNetwork(there) && !isOfOwnNetwork(host)) continue;
    others.add(target.address);
  }
  return [...others].slice(0, maxOthers);
}

/** What a link says: those without a peer's name are further ones of its flock, the others the box's. */
export function sorted(
  flock: string,
  told: readonly string[],
  page: PageContext,
): { multiaddrs: string[]; flockOthers: string[] } {
  const isFlocks = (text: string): boolean => peerIdIn(text) === undefined;
  const flocks = told.filter(isFlocks).map((text) => `${text}/p2p/${peerIdIn(flock) ?? ""}`);
  return {
    multiaddrs: told.filter((text) => !isFlocks(text)),
    flockOthers: othersOf(flock, flocks, page),
  };
}

/** Of the flocks that a box says it is at: those this page can dial, and none that would have it knock at doors of its own network. */
export function flocksOf(known: string | undefined, told: readonly string[], page: PageContext): string[] {
  const [host] = parse(known ?? "") ?? [];
  const isNear = host !== undefined && isNearby(host);
  const flocks = told.flatMap((text) => {
    const target = dialable(text, page);
    const [there] = parse(text) ?? [];
    if (target?.kind !== "websocket" || there === undefined || (isNearby(there) && !isNear)) return [];
    return [target.address];
  });
  return [...new Set(flocks)].slice(0, maxOthers);
}

/**
 * A flock that goes by no name answers STUN at the address where it answered us, whatever it takes for its own;
 * only the port is its word.
 */
export function stunAt(told: string | undefined, address: string): string | undefined {
  const [, port] = /^stun:(?:\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\]):(\d{1,5})$/i.exec(told ?? "") ?? [];
  const [host] = parse(address) ?? [];
  if (port === undefined || host?.value === undefined) return told;
  if (host.name === "ip4") return `stun:${host.value}:${port}`;
  return host.name === "ip6" ? `stun:[${host.value}]:${port}` : told;
}

function parse(text: string): Component[] | undefined {
  try {
    return multiaddr(text).getComponents();
  } catch {
    return undefined;
  }
}

function join(components: Component[]): string {
  return multiaddr(components).toString();
}

function peerOf(components: Component[] | undefined): string | undefined {
  const last = components?.at(-1);
  return last?.name === "p2p" ? last.value : undefined;
}

/** Addresses that mean something else in each network. */
function isOfOwnNetwork({ name, value = "" }: Component): boolean {
  return name === "ip4"
    ? /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(value)
    : /^(::1?$|f[cd]|fe[89ab])/i.test(value);
}

function isNearby(host: Component): boolean {
  return isLoopback(host) || (host.name.startsWith("ip") && isOfOwnNetwork(host));
}

function isLoopback({ name, value = "" }: Component): boolean {
  if (name === "ip4") return value.startsWith("127.");
  if (name === "ip6") return value === "::1";
  return value === "localhost" || value.endsWith(".localhost");
}
