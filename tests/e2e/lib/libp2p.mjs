// A device without a browser: stock js-libp2p over TCP or a relay, HTTP/1.1 on its streams, and the ways in.
import { circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import { noise } from "@libp2p/noise";
import { identify } from "@libp2p/identify";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { client, ready } from "@serenity-kit/opaque";
import { createLibp2p } from "libp2p";
import { Key, deviceCertificate, pairingMessage, sealVault } from "./statements.mjs";

const argon2id = { "argon2id-custom": { memory: 65_536, iterations: 3, parallelism: 1 } };

/** Refused by the other side: `status` is HTTP's, `code` the API's. */
export class Refusal extends Error {
  constructor({ status, body }) {
    const error = parsed(body)?.error;
    super(`${status} ${error?.code ?? ""}: ${error?.message ?? body}`);
    this.status = status;
    this.code = error?.code;
  }
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** One key's libp2p node, connected to one host. */
export class Device {
  /** `address` ends in /p2p; `key` is the device's, a fresh one by default. */
  static async dial(address, key) {
    const device = new this();
    device.key = key ?? (await Key.make());
    device.node = await createLibp2p({
      privateKey: device.key.libp2p,
      addresses: { listen: [] },
      transports: [tcp(), circuitRelayTransport()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      services: { identify: identify() },
    });
    try {
      device.connection = await device.node.dial(multiaddr(address), { signal: AbortSignal.timeout(5000) });
    } catch (error) {
      await device.close();
      throw error;
    }
    device.server = Buffer.from(device.connection.remotePeer.toMultihash().bytes);
    return device;
  }

  async close() {
    await this.node.stop().catch(() => {});
  }

  get isConnected() {
    return this.connection.status === "open";
  }

  /** One request on a stream of its own. */
  async request(method, path, { headers = {}, body = Buffer.alloc(0) } = {}) {
    const stream = await this.open(method, path, { "Content-Length": body.length, ...headers });
    try {
      await sendAll(stream, body);
      return await readAnswer(stream, method);
    } finally {
      stream.abort(new Error("done"));
    }
  }

  /** The head of one request on a stream of its own: its body is the caller's to send. */
  async open(method, path, headers = {}) {
    const stream = await this.connection.newStream("/http/1.1", { signal: AbortSignal.timeout(5000) });
    const lines = Object.entries({ Host: "hearth", ...headers });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await sendAll(stream, Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n`));
    return stream;
  }

  /** The JSON of an answer; throws Refusal for any but 2xx. */
  async json(method, path, body) {
    const answer = await this.request(
      method,
      path,
      body && { headers: { "Content-Type": "application/json" }, body: Buffer.from(JSON.stringify(body)) },
    );
    if (answer.status < 200 || answer.status > 299) throw new Refusal(answer);
    return answer.body.length > 0 ? JSON.parse(answer.body) : null;
  }

  #described(name) {
    return { id: this.key.id, name, kind: "cli", remember: true };
  }

  /** Makes the first owner with the code of `setupUrl`. Resolves to the persona's key. */
  async setUp(setupUrl, { name, password, deviceName = "owner's device" }) {
    await ready;
    const [, , root, , code] = new URL(setupUrl).hash.slice(1).split(".");
    const persona = await Key.make();
    const { clientRegistrationState, registrationRequest } = client.startRegistration({ password });
    const started = await this.json("POST", "/api/v1/setup/start", {
      code,
      persona: persona.id,
      registration_request: registrationRequest,
    });
    const { registrationRecord, exportKey } = client.finishRegistration({
      clientRegistrationState,
      registrationResponse: started.registration_response,
      password,
      identifiers: { client: persona.id, server: root },
      keyStretching: argon2id,
    });
    const told = await this.json("POST", "/api/v1/setup/finish", {
      setup: started.setup,
      code,
      registration_record: registrationRecord,
      vault: sealVault(persona.seed, Buffer.from(exportKey, "base64url")).toString("base64url"),
      name,
      display_name: name,
      device: this.#described(deviceName),
    });
    await this.#certify(persona, this.key.id, "cli");
    await this.#certify(persona, told.appliance_device.id, "appliance");
    return persona;
  }

  async #certify(persona, device, kind) {
    const certificate = (await deviceCertificate(persona, device, kind)).toString("base64url");
    await this.json("PUT", "/api/v1/devices/self/certificate", { certificate });
  }

  /** Enrolls this device with a pairing link, or its secret alone. */
  async pair(link, deviceName = "paired device") {
    const secret = link.includes("#") ? new URL(link).hash.slice(1).split(".")[4] : link;
    const pairing = await Key.make(Buffer.from(secret, "base64url"));
    const { nonce } = await this.json("POST", "/api/v1/nonce");
    const message = pairingMessage(this.key, this.server, Buffer.from(nonce, "base64url"));
    return this.json("POST", "/api/v1/pair", {
      pairing: pairing.id,
      nonce,
      signature: Buffer.from(await pairing.sign(message)).toString("base64url"),
      device: this.#described(deviceName),
    });
  }
}

export async function sendAll(stream, bytes, piece = 65_536) {
  for (let at = 0; at < bytes.length; at += piece) {
    if (!stream.send(bytes.subarray(at, at + piece))) await stream.onDrain();
  }
}

/** An answer whose body is too large to hold: `rest` is what comes behind the head. */
export async function readHead(stream) {
  const chunks = stream[Symbol.asyncIterator]();
  for (let bytes = Buffer.alloc(0); ;) {
    const { value, done } = await chunks.next();
    if (done) throw new Error("the connection ended before the answer");
    bytes = Buffer.concat([bytes, value.subarray()]);
    const head = parseHead(bytes);
    if (head === undefined) continue;
    const rest = (async function* () {
      yield bytes.subarray(head.size);
      for (let next = await chunks.next(); !next.done; next = await chunks.next())
        yield next.value.subarray();
    })();
    return { ...head, rest };
  }
}

/** Content-Length, chunked, or to the stream's end. */
async function readAnswer(stream, method) {
  const chunks = [];
  let size = 0;
  let head;
  for await (const chunk of stream) {
    chunks.push(chunk.subarray());
    size += chunk.byteLength;
    head ??= parseHead(Buffer.concat(chunks));
    if (head === undefined || head.chunked) continue;
    const length = method === "HEAD" || head.status === 204 || head.status === 304 ? 0 : head.length;
    if (length !== undefined && size >= head.size + length) break;
  }
  if (head === undefined) throw new Error("the connection ended before the answer");
  const body = Buffer.concat(chunks).subarray(head.size);
  if (head.length !== undefined && method !== "HEAD" && body.length < head.length)
    throw new Error("the connection ended within the answer");
  return { status: head.status, headers: head.headers, body: head.chunked ? unchunked(body) : body };
}

function parseHead(bytes) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first, ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = headers.get("content-length");
  return {
    status: Number(first.split(" ")[1]),
    headers,
    size: end + 4,
    length: length === undefined ? undefined : Number(length),
    chunked: headers.get("transfer-encoding") === "chunked",
  };
}

function unchunked(bytes) {
  const parts = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) throw new Error("the connection ended within the answer");
    const size = parseInt(bytes.subarray(at, end).toString(), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 4 + size;
  }
}
