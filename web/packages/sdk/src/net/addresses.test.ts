import { describe, expect, test } from "vitest";
import {
  addressOfOrigin,
  circuitAddress,
  dialable,
  hostAndPort,
  relayOf,
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
