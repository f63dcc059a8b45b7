// A client made of other people's parts: stock js-libp2p, and the stock OPAQUE client of npm.
import { createHmac, randomBytes } from "node:crypto";
import { circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { identify } from "@libp2p/identify";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { webSockets } from "@libp2p/websockets";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import * as opaque from "@serenity-kit/opaque";
import { createLibp2p } from "libp2p";

export const httpProtocol = "/http/1.1";
export const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

/** A js-libp2p node with an Ed25519 key of its own, stopped when the test is over. */
export async function startPeer(t, { listen = [], encrypter = noise(), services = {} } = {}) {
  const privateKey = await generateKeyPair("Ed25519");
  const node = await createLibp2p({
    privateKey,
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

/** What device ids and device statements call this peer. */
export const deviceOf = (node) => base64url(node.peerId.publicKey.raw);

/** A device that speaks to whoever answers at an address. */
export class Visitor {
  #node;
  #connection;

  static async dial(t, address) {
    await opaque.ready;
    const visitor = new Visitor();
    visitor.#node = await startPeer(t);
    visitor.#connection = await visitor.#node.dial(multiaddr(address));
    return visitor;
  }

  get device() {
    return { id: deviceOf(this.#node), name: "Notebook", kind: "cli", remember: true };
  }

  /** One request on a stream of its own. */
  async request(method, path, body) {
    const stream = await this.#connection.newStream(httpProtocol, { runOnLimitedConnection: true });
    const content = body === undefined ? "" : JSON.stringify(body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      "Host: appliance",
      "Connection: close",
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(content)}`,
    ];
    stream.send(Buffer.from(`${head.join("\r\n")}\r\n\r\n${content}`));
    let text = "";
    for await (const chunk of stream) {
      text += Buffer.from(chunk.subarray()).toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      const length = /content-length: *(\d+)/i.exec(text.slice(0, Math.max(end, 0)))?.[1];
      if (end >= 0 && length !== undefined && text.length >= end + 4 + Number(length)) break;
    }
    stream.close().catch(() => {});
    const answer = Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1").toString();
    const json = /^\s*\{/.test(answer) ? JSON.parse(answer) : undefined;
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), json };
  }

  async #ok(method, path, body) {
    const { status, json } = await this.request(method, path, body);
    if (status < 300) return json;
    throw Object.assign(new Error(`${path}: ${status} ${json?.error.message}`), {
      step: path,
      code: json?.error.code,
      text: json?.error.message,
    });
  }

  #root = async () => (await this.#ok("GET", "/api/v1/appliance")).root;

  /** Makes the owner, with the 5 bytes of a setup link. */
  async becomeOwner({ code, name, password }) {
    const root = await this.#root();
    const persona = base64url((await generateKeyPair("Ed25519")).publicKey.raw);
    const { clientRegistrationState, registrationRequest } = opaque.client.startRegistration({ password });
    const { setup, registration_response } = await this.#ok("POST", "/api/v1/setup/start", {
      code,
      persona,
      registration_request: registrationRequest,
    });
    const { registrationRecord } = opaque.client.finishRegistration({
      clientRegistrationState,
      registrationResponse: registration_response,
      password,
      identifiers: { client: persona, server: root },
      keyStretching: { "argon2id-custom": { memory: 65536, iterations: 3, parallelism: 1 } },
    });
    return this.#ok("POST", "/api/v1/setup/finish", {
      ...{ setup, code, registration_record: registrationRecord, name, display_name: name },
      ...{ vault: base64url(randomBytes(72)), device: this.device },
    });
  }

  /** The proof of docs/protocol/identity.md: whom this side believes to be speaking with whom. */
  #proof(side, sessionKey, { root, persona }) {
    const raw = (text) => Buffer.from(text, "base64url");
    const peer = (id) => {
      const bytes = Buffer.from(id.toMultihash().bytes);
      return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
    };
    return createHmac("sha256", raw(sessionKey))
      .update(`hearth/login/${side}`)
      .update(Buffer.from([0, 1, 1]))
      .update(peer(this.#node.peerId))
      .update(peer(this.#connection.remotePeer))
      .update(raw(root))
      .update(raw(persona))
      .update(raw(this.device.id))
      .digest("base64url");
  }

  async login({ name, password }) {
    const root = await this.#root();
    const { clientLoginState, startLoginRequest } = opaque.client.startLogin({ password });
    const { login, persona, ke2, key_stretching } = await this.#ok("POST", "/api/v1/login/start", {
      name,
      ke1: startLoginRequest,
    });
    const result = opaque.client.finishLogin({
      clientLoginState,
      loginResponse: ke2,
      password,
      identifiers: { client: persona, server: root },
      keyStretching: key_stretching,
    });
    if (result === undefined) throw Object.assign(new Error("the password is wrong"), { step: "opaque" });
    const { sessionKey, finishLoginRequest } = result;
    const answer = await this.#ok("POST", "/api/v1/login/finish", {
      ...{ login, ke3: finishLoginRequest, device: this.device },
      proof: this.#proof("client", sessionKey, { root, persona }),
    });
    if (answer.proof !== this.#proof("server", sessionKey, { root, persona }))
      throw Object.assign(new Error("the other side proved nothing"), { step: "server proof" });
    return answer;
  }
}
