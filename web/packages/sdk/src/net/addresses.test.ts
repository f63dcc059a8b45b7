import { describe, expect, test } from "vitest";
import {
  addressOfOrigin,
  circuitAddress,
  dialable,
  flocksOf,
  hostAndPort,
  othersOf,
  relayOf,
  sorted,
  stunAt,
  webrtcAddress,
} from "./addresses.ts";

const peer = "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X";
const other = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";
const certhash = "uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g";
const plain = { secure: false };
const https = { secure: true };

describe("dialable", () => {
  test("takes webrtc-direct with a certhash, from any page", () => {
    const address = `/ip4/192.168.1.7/udp/4001/webrtc-direct/certhash/${certhash}/p2p/${peer}`;
    expect(dialable(address, https)).toEqual({ kind: "webrtc-direct", address });
    expect(dialable(`/ip4/192.168.1.7/udp/4001/webrtc-direct/p2p/${peer}`, https)).toBeUndefined();
  });

  test("speaks WebSocket to a TCP port, with TLS where the page and a name ask for it", () => {
    const tcp = `/ip4/192.168.1.7/tcp/4001/p2p/${peer}`;
    expect(dialable(tcp, plain)?.address).toBe(`/ip4/192.168.1.7/tcp/4001/ws/p2p/${peer}`);
    expect(dialable(tcp, https)).toBeUndefined();
    expect(dialable(`/ip4/127.0.0.1/tcp/4001/p2p/${peer}`, https)?.address).toContain("/tcp/4001/ws/");
    expect(dialable(`/dns4/flock.example/tcp/443/p2p/${peer}`, https)?.address).toContain("/tcp/443/tls/ws/");
    expect(dialable(`/dns4/flock.example/tcp/443/wss/p2p/${peer}`, plain)?.address).toContain(
      "/tcp/443/tls/ws/",
    );
    expect(dialable(`/dns4/flock.example/tcp/80/ws/p2p/${peer}`, https)).toBeUndefined();
  });

  test("goes through relays it can dial", () => {
    const circuit = `/ip4/198.51.100.1/tcp/4001/p2p/${other}/p2p-circuit/p2p/${peer}`;
    expect(dialable(circuit, plain)).toEqual({
      kind: "relay",
      address: circuitAddress(`/ip4/198.51.100.1/tcp/4001/ws/p2p/${other}`, peer),
    });
    expect(dialable(circuit, https)).toBeUndefined();
    expect(dialable(circuit.replace("/p2p/" + peer, ""), plain)).toBeUndefined();
  });

  test("leaves aside what a page can't dial or mustn't look up", () => {
    for (const address of [
      `/ip4/1.2.3.4/udp/4001/quic-v1/p2p/${peer}`,
      `/dnsaddr/flock.example/p2p/${peer}`,
      `/ip4/1.2.3.4/tcp/4001`,
      "nonsense",
    ]) {
      expect(dialable(address, plain)).toBeUndefined();
    }
  });
});

test("a relayed address leads to its relay and to signaling through it", () => {
  const relay = `/ip4/198.51.100.1/tcp/4001/ws/p2p/${other}`;
  const circuit = circuitAddress(relay, peer);
  expect(relayOf(circuit)).toBe(relay);
  expect(webrtcAddress(circuit)).toBe(`${relay}/p2p-circuit/webrtc/p2p/${peer}`);
  expect(hostAndPort(relay)).toBe("198.51.100.1:4001");
});

test("a web server's origin is a WebSocket address", () => {
  expect(addressOfOrigin("https://home.flock.example", peer)).toBe(
    `/dns4/home.flock.example/tcp/443/tls/ws/p2p/${peer}`,
  );
  expect(addressOfOrigin("http://home.hearth.localhost:8080", peer)).toBe(
    `/ip4/127.0.0.1/tcp/8080/ws/p2p/${peer}`,
  );
  expect(addressOfOrigin("http://[::1]:80", peer)).toBe(`/ip6/::1/tcp/80/ws/p2p/${peer}`);
});

describe("a flock at several addresses", () => {
  const known = `/ip4/198.51.100.10/tcp/443/p2p/${peer}`;

  test("is looked for at those on its port, as the same peer, and never inside of our own network", () => {
    const over6 = `/ip6/2001:db8:1::2/tcp/443/ws/p2p/${peer}`;
    const told = [
      `/ip4/198.51.100.10/tcp/443/p2p/${peer}`,
      `/ip6/2001:db8:1::2/tcp/443/p2p/${peer}`,
      over6,
      `/ip6/2001:db8:1::2/tcp/22/p2p/${peer}`,
      `/ip6/2001:db8:1::3/tcp/443/p2p/${other}`,
      ...["/ip4/192.168.1.1", "/ip4/127.0.0.1", "/ip6/::1", "/ip6/fd00::1", "/dns4/flock.example"].map(
        (host) => `${host}/tcp/443/p2p/${peer}`,
      ),
    ];
    expect(othersOf(known, told, plain)).toEqual([over6]);
    expect(othersOf(known, told, https)).toEqual([]);
    expect(othersOf(`/dns4/flock.example/tcp/443/p2p/${peer}`, told, plain)).toEqual([]);
    const inside = `/ip4/192.168.1.7/tcp/443/p2p/${peer}`;
    expect(othersOf(inside, [`/ip6/fd00::1/tcp/443/p2p/${peer}`], plain)).toHaveLength(1);
  });

  test("is named by a link with one whole address, and further ones without its PeerId", () => {
    const box = `/ip4/203.0.113.9/udp/4001/webrtc-direct/certhash/${certhash}/p2p/${other}`;
    const told = [box, `/p2p/${other}`, "/ip6/2001:db8:1::2/tcp/443", "/ip4/192.168.1.1/tcp/443"];
    expect(sorted(known, told, plain)).toEqual({
      multiaddrs: [box, `/p2p/${other}`],
      flockOthers: [`/ip6/2001:db8:1::2/tcp/443/ws/p2p/${peer}`],
    });
  });

  test("is asked for our address where it answered", () => {
    const over6 = `/ip6/2001:db8:1::2/tcp/443/ws/p2p/${peer}`;
    expect(stunAt("stun:127.0.0.1:443", over6)).toBe("stun:[2001:db8:1::2]:443");
    expect(stunAt("stun:[::1]:3478", known)).toBe("stun:198.51.100.10:3478");
    expect(stunAt("stun:flock.example:3478", known)).toBe("stun:flock.example:3478");
    expect(stunAt("stun:127.0.0.1:3478", `/dns4/flock.example/tcp/443/ws/p2p/${peer}`)).toBe(
      "stun:127.0.0.1:3478",
    );
    expect(stunAt(undefined, known)).toBeUndefined();
  });
});

test("of the flocks that a box says it is at, those count that this page can dial, and none inside of its own network", () => {
  const there = `/ip4/198.51.100.18/tcp/443/p2p/${other}`;
  const ours = `/ip4/192.168.1.7/tcp/443/p2p/${other}`;
  const told = [there, there, ours, `/ip4/127.0.0.1/tcp/443/p2p/${other}`, "/ip4/198.51.100.9/tcp/443", "x"];
  const dialed = `/ip4/198.51.100.18/tcp/443/ws/p2p/${other}`;
  expect(flocksOf(`/ip4/198.51.100.10/tcp/443/p2p/${peer}`, told, plain)).toEqual([dialed]);
  expect(flocksOf(undefined, told, plain)).toEqual([dialed]);
  expect(flocksOf(undefined, told, https)).toEqual([]);
  expect(flocksOf(`/ip4/192.168.1.1/tcp/443/p2p/${peer}`, told, plain)).toHaveLength(3);
  const many = Array.from({ length: 9 }, (_, i) => there.replace("18", `${i + 1}`));
  expect(flocksOf(undefined, many, plain)).toHaveLength(4);
});
