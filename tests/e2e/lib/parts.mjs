// The npm packages of the end to end tests, for tests in other folders.
export { circuitRelayServer, circuitRelayTransport } from "@libp2p/circuit-relay-v2";
export { generateKeyPair } from "@libp2p/crypto/keys";
export { identify } from "@libp2p/identify";
export { noise } from "@libp2p/noise";
export { tcp } from "@libp2p/tcp";
export { webSockets } from "@libp2p/websockets";
export { yamux } from "@libp2p/yamux";
export { multiaddr } from "@multiformats/multiaddr";
export { client, ready } from "@serenity-kit/opaque";
export { createLibp2p } from "libp2p";
