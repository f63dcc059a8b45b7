// GunDB's relay (npm gun, radisk on) and hearthd --gun under the same client, in one run.
//   node bench/gun.mjs [--nodes 100000] [--million] [--quick] [--ours] [--theirs] [--only puts,reads] [--texts random] [--json]
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const root = new URL("..", import.meta.url).pathname;
const require = createRequire(`${root}tests/gun/package.json`);
const WebSocket = require("ws");
const { values: flags } = parseArgs({
  options: {
    nodes: { type: "string" }, // 100,000
    quick: { type: "boolean" }, // a tenth of the work, unless --nodes says how much
    million: { type: "boolean" }, // a million nodes for ours; theirs takes minutes and gigabytes
    ours: { type: "boolean" },
    theirs: { type: "boolean" },
    only: { type: "string" },
    texts: { type: "string", default: "alike" }, // "random": 27 bytes that no compression makes shorter
    json: { type: "boolean" }, // one object for programs, and nothing else
  },
});
const nodes = Number(flags.nodes ?? (flags.quick ? 10_000 : 100_000));
const length = flags.quick ? 0.25 : 1; // of what is measured for a time
const wanted = (name) => !flags.only || flags.only.split(",").includes(name);
const bin = process.env.HEARTH_BIN ?? `${root}build/dev/bin`;
const median = (list) => percentile(list, 0.5);
const percentile = (list, p) =>
  [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * p))];
const seconds = (from) => (performance.now() - from) / 1000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// --- the two relays ----------------------------------------------------------------------------

class Relay {
  constructor(kind) {
    this.kind = kind;
    this.folder = mkdtempSync(join(tmpdir(), `hearth-bench-${kind}-`));
    chmodSync(this.folder, 0o711);
    this.address = "127.0.0.1:0";
  }
  async start() {
    const from = performance.now();
    const [command, ...args] =
      this.kind === "ours"
        ? [join(bin, "hearthd"), "--data-dir", this.folder, "--http", this.address, "--p2p-port", "0"]
        : [
            process.execPath,
            `${root}tests/gun/theirs.cjs`,
            join(this.folder, "radata"),
            this.address.split(":")[1],
          ];
    if (this.kind === "ours")
      args.push("--listen-ip", "127.0.0.1", "--shell", "off", "--gun", "--ready-json");
    this.child = spawn(command, args, {
      stdio: ["ignore", "pipe", "ignore"],
      cwd: this.folder,
    });
    let text = "";
    for await (const chunk of this.child.stdout) {
      text += chunk;
      if (text.includes("\n")) break;
    }
    this.url = JSON.parse(text.split("\n")[0]).gun;
    this.address = new URL(this.url).host;
    return seconds(from);
  }
  async kill(signal = "SIGKILL") {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill(signal);
    await ended;
  }
  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
  cpu() {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }
  rss() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, "utf8"))[1]) / 1024;
  }
  disk() {
    const folder = this.kind === "ours" ? join(this.folder, "graph") : this.folder;
    return Number(execFileSync("du", ["-sb", folder], { encoding: "utf8" }).split("\t")[0]);
  }
}

// --- the client --------------------------------------------------------------------------------

/** Counts answers ("@") without reading the rest: the client must not be what is measured. */
class Client {
  static async open(url) {
    const client = new Client();
    client.socket = new WebSocket(url, { perMessageDeflate: false });
    await new Promise((resolve, reject) => {
      client.socket.once("open", resolve);
      client.socket.once("error", reject);
    });
    client.socket.on("message", (data) => client.hear(data.toString("latin1")));
    return client;
  }
  sent = new Map();
  onAnswer = () => {};
  onText = undefined;
  hear(text) {
    this.onText?.(text);
    for (let at = text.indexOf('"@":"'); at >= 0; at = text.indexOf('"@":"', at)) {
      at += 5;
      const id = text.slice(at, text.indexOf('"', at));
      const when = this.sent.get(id);
      if (when === undefined) continue;
      this.sent.delete(id);
      this.onAnswer(performance.now() - when);
    }
  }
  send(id, text) {
    this.sent.set(id, performance.now());
    this.socket.send(text);
  }
  close() {
    this.socket.terminate();
  }
}

let unique = 0;
// Of one width: gun's relay derives ids by appending digits, and loses messages whose ids meet.
const makeId = () => `b${String(unique++).padStart(9, "0")}`;
const soulOf = (i) => `node${String(i).padStart(8, "0")}`;
const textOf =
  flags.texts === "random"
    ? () => randomBytes(27).toString("base64")
    : (i) => `The text of node number ${i}, no more.`;
const nodeText = (i, state) =>
  `"${soulOf(i)}":{"_":{"#":"${soulOf(i)}",">":{"text":${state},"n":${state}}},"text":"${textOf(i)}","n":${i}}`;

/** Keeps `window` messages outstanding on each client until `count` were answered, or for `time` s. */
async function drive(url, { clients = 8, window, count = Infinity, time = Infinity, text }) {
  const all = await Promise.all(Array.from({ length: clients }, () => Client.open(url)));
  await pause(50);
  const times = [];
  let asked = 0;
  const from = performance.now();
  let last = from;
  const end = from + time * 1000;
  await new Promise((resolve) => {
    let answered = 0;
    for (const client of all) {
      const fill = () => {
        client.socket._socket.cork();
        while (client.sent.size < window && asked < count && performance.now() < end) {
          const id = makeId();
          client.send(id, text(asked++, id));
        }
        process.nextTick(() => client.socket._socket?.uncork());
      };
      let planned = false;
      client.onAnswer = (ms) => {
        times.push(ms);
        answered += 1;
        last = performance.now();
        if (answered === count) return resolve();
        if (!planned) {
          planned = true;
          setImmediate(() => ((planned = false), fill()));
        }
      };
      fill();
    }
    if (time < Infinity) setTimeout(resolve, time * 1000 + 300);
    const watch = setInterval(() => {
      if (performance.now() - last > 15_000) resolve(clearInterval(watch));
    }, 1000);
    watch.unref();
  });
  for (const client of all) client.close();
  const lost = all.reduce((n, client) => n + client.sent.size, 0);
  return {
    rate: times.length / ((last - from) / 1000),
    times,
    answered: times.length,
    lost: time < Infinity ? 0 : lost,
  };
}

const putText = (offset, state) => (i, id) => `{"#":"${id}","put":{${nodeText(offset + i, state)}}}`;
const getText = (below) => (_, id) =>
  `{"#":"${id}","get":{"#":"${soulOf(Math.floor(Math.random() * below))}"}}`;

// --- what is measured --------------------------------------------------------------------------

const rows = new Map();
function note(kind, what, value) {
  if (!rows.has(what)) rows.set(what, {});
  rows.get(what)[kind] = value;
  if (flags.json) return;
  console.log(`${kind.padEnd(7)} ${what.padEnd(58)} ${typeof value === "number" ? value.toFixed(2) : value}`);
}

async function fanOut(relay) {
  const ticks = 200 * length;
  const subscribers = await Promise.all(Array.from({ length: 100 }, () => Client.open(relay.url)));
  const writer = await Client.open(relay.url);
  const sent = new Map();
  const times = [];
  const last = new Set();
  for (const client of subscribers) {
    client.onText = (text) => {
      for (const [, number] of text.matchAll(/"tick":(\d{1,5})[,}]/g)) {
        const when = sent.get(Number(number));
        if (when !== undefined && client.seen !== number) times.push(performance.now() - when);
        client.seen = number;
        if (Number(number) === ticks) last.add(client);
      }
    };
    client.send(makeId(), `{"#":"${makeId()}","get":{"#":"ticker"}}`);
  }
  await pause(1000);
  const cpu = relay.cpu();
  for (let i = 1; i <= ticks; i += 1) {
    const id = makeId();
    sent.set(i, performance.now());
    writer.send(
      id,
      `{"#":"${id}","put":{"ticker":{"_":{"#":"ticker",">":{"tick":${Date.now()}}},"tick":${i}}}}`,
    );
    await pause(20);
  }
  await pause(1500);
  for (const client of [...subscribers, writer]) client.close();
  note(relay.kind, "fan-out to 100, 50 updates/s: p50 ms", median(times));
  note(relay.kind, "fan-out to 100, 50 updates/s: p99 ms", percentile(times, 0.99));
  note(relay.kind, `fan-out: deliveries of ${(ticks * 100).toLocaleString("en")}`, times.length);
  note(relay.kind, "fan-out: subscribers with the last value, of 100", last.size);
  note(relay.kind, "fan-out: CPU s", relay.cpu() - cpu);
}

async function catchUp(relay) {
  const client = await Client.open(relay.url);
  await pause(50);
  const from = performance.now();
  const count = Math.min(10_000, nodes);
  await new Promise((resolve) => {
    let left = count;
    client.onAnswer = () => --left === 0 && resolve();
    client.socket._socket.cork();
    for (let i = 0; i < count; i += 1) {
      const id = makeId();
      client.send(id, `{"#":"${id}","get":{"#":"${soulOf(i)}"}}`);
    }
    client.socket._socket.uncork();
    setTimeout(resolve, 20_000).unref();
  });
  note(relay.kind, `cold client, ${count.toLocaleString("en")} nodes: s`, seconds(from));
  client.close();
}

async function load(relay, from, count) {
  const batch = 100;
  const state = Date.now() - 30_000; // newer than the puts': gun answers no write that changes nothing
  return drive(relay.url, {
    clients: 1,
    window: 32,
    count: count / batch,
    text: (i, id) => {
      const parts = Array.from({ length: batch }, (_, k) => nodeText(from + i * batch + k, state));
      return `{"#":"${id}","put":{${parts.join(",")}}}`;
    },
  });
}

/** Writes of one SEA user, signed beforehand; the relay checks each. */
let signedTexts;
async function signed(relay, count = 5000 * length) {
  if (!signedTexts) {
    const SEA = require("gun/sea.js");
    const pair = await SEA.pair();
    const soul = `~${pair.pub}/notes`;
    const state = Date.now() - 60_000;
    signedTexts = [];
    for (let i = 0; i < count; i += 1) {
      const what = { "#": soul, ".": `note${i}`, ":": `The text of note ${i}`, ">": state };
      const { s } = await SEA.sign(what, pair, null, { raw: 1 });
      const node = {
        _: { "#": soul, ">": { [what["."]]: state } },
        [what["."]]: JSON.stringify({ ":": what[":"], "~": s }),
      };
      signedTexts.push(JSON.stringify({ [soul]: node }));
    }
  }
  const cpu = relay.cpu();
  const flood = drive(relay.url, {
    clients: 4,
    window: 256,
    count,
    text: (i, id) => `{"#":"${id}","put":${signedTexts[i]}}`,
  });
  // Somebody else asks for one thing after the other meanwhile.
  const other = await Client.open(relay.url);
  const waits = [];
  let over = false;
  const asking = (async () => {
    while (!over) {
      await new Promise((resolve) => {
        other.onAnswer = (ms) => resolve(waits.push(ms));
        const id = makeId();
        other.send(id, `{"#":"${id}","get":{"#":"nobody"}}`);
        setTimeout(resolve, 2000).unref();
      });
    }
  })();
  const done = await flood;
  over = true;
  await asking;
  other.close();
  note(relay.kind, "another's get beside that: p50 ms", median(waits));
  note(relay.kind, "another's get beside that: p99 ms", percentile(waits, 0.99));
  note(relay.kind, "signed puts/s (SEA), verified and stored", done.rate);
  note(relay.kind, "signed puts: CPU s per 10,000", ((relay.cpu() - cpu) / done.answered) * 10_000);
}

async function measure(kind) {
  const relay = new Relay(kind);
  await relay.start();
  try {
    await pause(500);
    if (wanted("puts")) {
      const cpu = relay.cpu();
      const state = Date.now() - 60_000;
      const puts = await drive(relay.url, {
        window: 1024,
        count: nodes,
        text: putText(0, state),
      });
      note(kind, `puts/s, acknowledged, 8 clients x 1,024 (${nodes})`, puts.rate);
      note(kind, "puts: acknowledgement p50 ms", median(puts.times));
      note(kind, "puts: acknowledgement p99 ms", percentile(puts.times, 0.99));
      note(kind, "puts: CPU s per 100,000", ((relay.cpu() - cpu) / puts.answered) * 100_000);
      note(kind, "puts: never acknowledged", puts.lost);
      const single = await drive(relay.url, {
        clients: 1,
        window: 1,
        count: kind === "ours" ? 500 : 20,
        text: putText(nodes, state),
      });
      note(kind, "acknowledgement p50 ms, one outstanding", median(single.times));
      note(kind, "acknowledgement p99 ms, one outstanding", percentile(single.times, 0.99));
    }
    if (wanted("reads")) {
      if (!wanted("puts")) await load(relay, 0, nodes);
      await drive(relay.url, { window: 8, time: length, text: getText(nodes) });
      const cpu = relay.cpu();
      const hot = await drive(relay.url, {
        window: 8,
        time: 4 * length,
        text: getText(nodes),
      });
      note(kind, "hot reads/s, 8 clients x 8", hot.rate);
      note(kind, "hot reads: CPU s per 100,000", ((relay.cpu() - cpu) / hot.answered) * 100_000);
      const deep = await drive(relay.url, {
        window: 64,
        time: 4 * length,
        text: getText(nodes),
      });
      note(kind, "hot reads/s, 8 clients x 64", deep.rate);
    }
    if (wanted("catch")) {
      if (!wanted("puts") && !wanted("reads")) await load(relay, 0, nodes);
      await catchUp(relay);
    }
    if (wanted("fan")) await fanOut(relay);
    if (wanted("signed")) await signed(relay);
    const total = flags.million && kind === "ours" ? 1_000_000 : nodes;
    if (wanted("load")) {
      const cpu = relay.cpu();
      const loaded = await load(relay, 0, total);
      note(kind, "nodes/s in batches of 100", loaded.rate * 100);
      note(kind, "batches: CPU s per 100,000 nodes", ((relay.cpu() - cpu) / total) * 100_000);
      await pause(2000);
      note(kind, "nodes in the end", total);
      note(kind, "RSS MB with all of them", relay.rss());
    }
    if (wanted("restart")) {
      await relay.kill();
      note(kind, "start to ready after kill -9, s", await relay.start());
      const cold = await drive(relay.url, {
        clients: 1,
        window: 8,
        time: 5 * length,
        text: getText(total),
      });
      note(kind, "reads/s just after a restart, 1 client x 8", cold.rate);
      const cold8 = await drive(relay.url, {
        clients: 8,
        window: 8,
        time: 5 * length,
        text: getText(total),
      });
      note(kind, "reads/s after a restart, 8 clients x 8", cold8.rate);
      note(kind, "RSS MB after those reads", relay.rss());
      await pause(1000);
      await relay.kill("SIGTERM");
      note(kind, "disk bytes per node", relay.disk() / total);
    }
  } finally {
    if (relay.child.exitCode === null && relay.child.signalCode === null) await relay.kill();
    relay.remove();
  }
}

const kinds = ["ours", "theirs"].filter((kind) => flags[kind] || (!flags.ours && !flags.theirs));
// sea.js greets on standard output, where only the object may be.
if (flags.json) console.log = () => {};
for (const kind of kinds) await measure(kind);
if (flags.json) {
  writeFileSync(1, `${JSON.stringify(Object.fromEntries(rows))}\n`);
} else if (kinds.length === 2) {
  console.log("\n| what | hearthd | npm gun's relay | ratio |\n|---|---|---|---|");
  for (const [what, { ours, theirs }] of rows) {
    const ratio =
      typeof ours === "number" && typeof theirs === "number" && theirs > 0 ? (ours / theirs).toFixed(2) : "";
    console.log(
      `| ${what} | ${ours?.toFixed?.(2) ?? ours} | ${theirs?.toFixed?.(2) ?? theirs ?? ""} | ${ratio} |`,
    );
  }
}
process.exit(0);
