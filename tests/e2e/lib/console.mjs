// What the machine's own administrator may do: the API over the appliance's control socket.
import assert from "node:assert/strict";
import { request } from "node:http";
import { join } from "node:path";
import { multiaddr } from "@multiformats/multiaddr";

export function ask(dataDir, method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { host: "localhost", ...(body && { "content-type": "application/json" }) };
    request({ socketPath: join(dataDir, "control.sock"), method, path, headers }, async (answer) => {
      const text = Buffer.concat(await answer.toArray()).toString();
      if (answer.statusCode < 300) resolve(JSON.parse(text));
      else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
    })
      .on("error", reject)
      .end(body && JSON.stringify(body));
  });
}

export const status = (dataDir) => ask(dataDir, "GET", "/local/v1/status");

/** A link's part after the shell's origin, by which a device of the only persona is paired. */
export async function pairingLink(dataDir, { flock, multiaddrs } = {}) {
  const { personas } = await ask(dataDir, "GET", "/api/v1/personas");
  const made = await ask(dataDir, "POST", "/api/v1/pairings", { persona: personas[0].id });
  const packed = (multiaddrs ?? made.multiaddrs).map((address) => {
    const { bytes } = multiaddr(address);
    const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
    return Buffer.from([...length, ...bytes]);
  });
  const through = Buffer.from(multiaddr(flock ?? made.flock).bytes).toString("base64url");
  const addresses = Buffer.concat(packed).toString("base64url");
  return `#1.pair.${made.link_root}.${through}.${made.secret}.${addresses}`;
}

/** Asks until `good` holds of the answer; the last answer then goes into the failure. */
export async function until(question, good, what, limit = 30_000) {
  const end = performance.now() + limit;
  for (;;) {
    const answer = await question();
    if (good(answer)) return answer;
    if (performance.now() > end) assert.fail(`never: ${what}\n${JSON.stringify(answer, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
