// Somebody who knows a name and a password, with the stock OPAQUE client of npm; and peers who stand between.
import { createHmac } from "node:crypto";
import { circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { webSockets } from "@libp2p/websockets";
import { yamux } from "@libp2p/yamux";
import { client, ready } from "@serenity-kit/opaque";
import { createLibp2p } from "libp2p";
import { Device } from "./libp2p.mjs";

export class Visitor extends Device {
  /** Connected to whoever answers at `address`, until the test is over. */
  static async at(t, address) {
    const visitor = await Visitor.dial(address);
    t.after(() => visitor.close());
    return visitor;
  }

  /** The HTTP status of "who am I?": 401 for a stranger. */
  async standing() {
    return (await this.request("GET", "/api/v1/me")).status;
  }

  /** Throws what the other side refused with, or says what it failed to prove. */
  async login({ root, name, password }) {
    await ready;
    const { clientLoginState, startLoginRequest } = client.startLogin({ password });
    const { login, persona, ke2, key_stretching } = await this.json("POST", "/api/v1/login/start", {
      name,
      ke1: startLoginRequest,
    });
    const result = client.finishLogin({
      clientLoginState,
      loginResponse: ke2,
      password,
      identifiers: { client: persona, server: root },
      keyStretching: key_stretching,
    });
    if (result === undefined) throw new Error("the password is wrong");
    const { sessionKey, finishLoginRequest } = result;
    const answer = await this.json("POST", "/api/v1/login/finish", {
      login,
      ke3: finishLoginRequest,
      proof: this.#proof("client", sessionKey, { root, persona }),
      device: { id: this.key.id, name: "Notebook", kind: "cli", remember: true },
    });
    if (answer.proof !== this.#proof("server", sessionKey, { root, persona }))
      throw new Error("the other side proved nothing");
    return answer;
  }

  /** Of docs/protocol/identity.md: whom this side believes to be speaking with whom. */
  #proof(side, sessionKey, { root, persona }) {
    const raw = (text) => Buffer.from(text, "base64url");
    const length = (bytes) => Buffer.from([bytes.length >> 8, bytes.length & 255]);
    const own = Buffer.from(this.node.peerId.toMultihash().bytes);
    return createHmac("sha256", raw(sessionKey))
      .update(`hearth/login/${side}`)
      .update(Buffer.from([0, 1, 1]))
      .update(Buffer.concat([length(own), own, length(this.server), this.server]))
      .update(Buffer.concat([raw(root), raw(persona), raw(this.key.id)]))
      .digest("base64url");
  }
}

/** Noise that keeps a copy of all it decrypts and is about to encrypt: what this peer can read. */
export function readingNoise(pieces) {
  return (components) => {
    const inner = noise()(components);
    for (const side of ["secureInbound", "secureOutbound"]) {
      const secure = inner[side].bind(inner);
      inner[side] = async (...call) => {
        const secured = await secure(...call);
        for (const way of ["onData", "send"]) {
          const pass = secured.connection[way].bind(secured.connection);
          secured.connection[way] = (data) => (pieces.push(Buffer.from(data.slice())), pass(data));
        }
        return secured;
      };
    }
    return inner;
  };
}

/** A js-libp2p node with a key of its own, until the test is over. */
export async function startPeer(t, { listen, encrypter = noise(), services = {} }) {
  const node = await createLibp2p({
    privateKey: await generateKeyPair("Ed25519"),
    addresses: { listen },
    transports: [tcp(), webSockets(), circuitRelayTransport()],
    connectionEncrypters: [encrypter],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), ...services },
  });
  t.after(() => node.stop());
  return node;
}

/** What statements about devices call this peer. */
export const deviceOf = (node) => Buffer.from(node.peerId.publicKey.raw).toString("base64url");
