// Peers of stock js-libp2p whose connection can be written to below its streams.
import { createLibp2p, generateKeyPair, identify, noise, tcp, yamux } from "../../e2e/lib/parts.mjs";

/** Noise that hands out the encrypted connection itself, as `into.connection`. */
export function capturingNoise(into) {
  return (components) => {
    const inner = noise()(components);
    const secure = inner.secureOutbound.bind(inner);
    inner.secureOutbound = async (...call) => {
      const secured = await secure(...call);
      into.connection = secured.connection;
      return secured;
    };
    return inner;
  };
}

export const createAttacker = async ({ encrypter = noise() } = {}) =>
  createLibp2p({
    privateKey: await generateKeyPair("Ed25519"),
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [encrypter],
    streamMuxers: [yamux({ maxOutboundStreams: 4096 })],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  });
