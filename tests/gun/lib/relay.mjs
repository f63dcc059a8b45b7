// An appliance with --gun, and two ways to talk to it: npm gun itself, and bare WebSockets.
import { createRequire } from "node:module";
import { after } from "node:test";
import WebSocket from "ws";
import { scratch, start } from "../../e2e/lib/daemon.mjs";

const require = createRequire(import.meta.url);

/** Starts one; `again()` starts it anew on the same port and data. */
export async function startRelay(t, dataDir = scratch(t, "hearth-gun-"), http = "127.0.0.1:0", more = []) {
  const args = ["--data-dir", dataDir, "--http", http, "--p2p-port", "0", "--listen-ip", "127.0.0.1"];
  const daemon = await start(t, "hearthd", [...args, "--shell", "off", "--gun", "--ready-json", ...more]);
  const url = daemon.ready.gun;
  return {
    url,
    dataDir,
    daemon,
    pid: daemon.child.pid,
    kill: () => daemon.kill(),
    again: () => startRelay(t, dataDir, new URL(url).host, more),
  };
}

// gun keeps timers for ever.
after(() => setTimeout(() => process.exit(), 500));

let Gun;
/** npm gun as browsers have it: what node gets by default is a relay, which asks for nothing anew after a break. */
export function gunClient(t, url) {
  if (!Gun) {
    const log = console.log;
    console.log = () => {}; // it greets
    Gun = require("gun/gun.js");
    require("gun/sea.js");
    console.log = log;
  }
  const gun = new Gun({
    peers: [url.replace("ws:", "http:")],
    localStorage: false,
    WebSocket,
  });
  t?.after(() => {
    for (const [name, peer] of Object.entries(gun._.opt.peers)) {
      delete gun._.opt.peers[name]; // else it connects again
      peer.wire?.close?.();
    }
  });
  return gun;
}
export const connected = (gun) => Object.values(gun._.opt.peers).some((peer) => peer.wire?.readyState === 1);
export const SEA = () => require("gun/sea.js");

/** A WebSocket that counts answers by the id they answer. */
export async function rawClient(t, url) {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  t?.after(() => socket.terminate());
  const waiting = new Map();
  const heard = [];
  const on = (message) => {
    if (Array.isArray(message)) return message.forEach(on);
    heard.push(message);
    waiting.get(message["@"])?.(message);
    waiting.delete(message["@"]);
  };
  socket.on("message", (data) => on(JSON.parse(data)));
  let next = 0;
  const client = {
    socket,
    heard,
    send: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    /** Resolves with the first answer. */
    ask(message) {
      const id = message["#"] ?? `m${Math.random().toString(36).slice(2)}${next++}`;
      const answer = new Promise((resolve) => waiting.set(id, resolve));
      client.send({ "#": id, ...message });
      return answer;
    },
    put: (soul, values, state = Date.now()) => client.ask({ put: { [soul]: node(soul, values, state) } }),
    get: (soul, property) =>
      client.ask({
        get: { "#": soul, ...(property !== undefined && { ".": property }) },
      }),
  };
  return client;
}

export function node(soul, values, state) {
  const states = Object.fromEntries(
    Object.keys(values).map((name) => [name, typeof state === "object" ? state[name] : state]),
  );
  return { _: { "#": soul, ">": states }, ...values };
}

/** Waits until `probe` gives something true. */
export async function until(probe, what = "it", timeout = 120_000) {
  const end = performance.now() + timeout;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > end) throw new Error(`${what} did not happen within ${timeout} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
