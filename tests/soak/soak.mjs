// hearthd and a flock under a crowd that comes and goes, and whether they stay as they were. See README.md.
//   node tests/soak/soak.mjs [MINUTES] [PEERS]
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { bin, scratch, start } from "../e2e/lib/daemon.mjs";
import { Device } from "../e2e/lib/libp2p.mjs";
import { statusOf } from "../e2e/lib/processes.mjs";
import { bundle, launch } from "../../web/packages/sdk/e2e/support.mjs";
import { flat } from "./judge.mjs";

const minutes = Number(process.argv[2] ?? 60);
const peers = Number(process.argv[3] ?? 1000);
const pages = peers >= 100 ? 4 : 1;
const ends = [];
const t = { after: (end) => ends.unshift(end) };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1);
const say = (text) => console.log(text);

const folder = scratch(t);
const dataDir = join(folder, "data");
const flock = await start(t, "hearth-flock", [
  ...["--data-dir", join(folder, "flock"), "--listen-ip", "127.0.0.1", "--port", "0", "--ready-json"],
]);
const box = await start(t, "hearthd", [
  ...["--data-dir", dataDir, "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", "127.0.0.1"],
  ...["--flock", flock.ready.addrs.find((one) => !one.includes("/ws")) ?? flock.ready.addrs[0], "--name", "casa", "--ready-json"],
]);
const owner = await Device.dial(box.ready.addrs[0]);
await owner.setUp(box.ready.setup_url, { name: "anna", password: "plum kettle rivers nine" });
await owner.close();
const metricsAt = {
  hearthd: `${new URL(box.ready.http).origin.replace(/\/\/[^:/]+/, "//127.0.0.1")}/metrics`,
  "hearth-flock": `http://127.0.0.1:${flock.ready.addrs[0].split("/")[4]}/metrics`,
};
const pids = { hearthd: box.child.pid, "hearth-flock": flock.child.pid };

/** The samples of /metrics, by name and labels. */
function metrics(program) {
  return new Promise((resolve, reject) => {
    get(metricsAt[program], { agent: false }, async (answer) => {
      const text = Buffer.concat(await answer.toArray()).toString();
      const lines = text.split("\n").filter((line) => line && !line.startsWith("#"));
      resolve(new Map(lines.map((line) => [line.slice(line.indexOf("_") + 1, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))])));
    }).on("error", reject);
  });
}
const sum = (all, name) => [...all].reduce((total, [key, value]) => total + (key === name || key.startsWith(`${name}{`) ? value : 0), 0);
const prefix = { hearthd: "", "hearth-flock": "flock_" };
async function look(program) {
  const pid = pids[program];
  const status = statusOf(pid);
  const told = await metrics(program);
  const of = (name) => sum(told, prefix[program] + name);
  return {
    rss: parseInt(status.get("VmRSS")) * 1024,
    threads: Number(status.get("Threads")),
    fds: readdirSync(`/proc/${pid}/fd`).length,
    connections: of("connections"),
    streams: of("streams"),
    sessions: of("webrtc_sessions"),
    half_open: of("half_open"),
    refused: of("refused_total"),
    held: [...told].reduce((total, [key, value]) => total + (key.includes("budget_used{resource=\"memory\",layer=\"total\"") ? value : 0), 0),
  };
}

/** A swarm; `told` is the last that it said. */
function swarm(targets, path, count) {
  const args = [...targets.flatMap((one) => ["--target", one]), "--path", path, "--peers", count, "--life", Math.min(60, minutes * 10), "--ramp", 10];
  const child = spawn("bash", ["-c", 'ulimit -n $(ulimit -Hn); exec "$@"', "bash", bin("hearth-swarm"), ...args.map(String)], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const one = { child, told: {} };
  createInterface({ input: child.stdout }).on("line", (line) => (one.told = JSON.parse(line)));
  return one;
}

const before = {};
await pause(2000);
for (const program of Object.keys(pids)) before[program] = await look(program);

const atFlock = Math.floor(peers / 10);
const tcp = box.ready.addrs.filter((one) => one.includes("/tcp/"));
const crowds = [swarm(tcp, "/api/v1/appliance", peers - atFlock - pages), swarm(flock.ready.addrs, "/.well-known/hearth-flock", atFlock)];

// Pages that reach the box over WebRTC, ask, and are closed as tabs are.
const browser = await launch();
t.after(() => browser.close());
const script = await bundle("visitor.ts");
const direct = box.ready.addrs.filter((one) => one.includes("webrtc-direct"));
const visits = { made: 0, failed: 0, asked: 0 };
let open = true;
async function visit() {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  try {
    await page.goto(new URL("/healthz", box.ready.http).href);
    await page.addScriptTag({ content: script, type: "module" });
    await page.waitForFunction(() => window.reach !== undefined);
    await page.evaluate(async ([root, multiaddrs]) => void (await window.reach({ root, multiaddrs })), [box.ready.root, direct]);
    visits.made++;
    for (let i = 0; i < 10 && open; i++) {
      visits.asked++;
      await page.evaluate(async () => (await window.connection.fetch("/api/v1/appliance")).arrayBuffer().then(() => {}));
      await pause(1000);
    }
  } catch (error) {
    visits.failed++;
    if (visits.failed < 3) say(`a page: ${String(error).slice(0, 300)}`);
    await pause(1000);
  } finally {
    await context.close().catch(() => {});
  }
}
const visitors = Array.from({ length: pages }, async () => {
  while (open) await visit();
});

// --- the time itself
const samples = { hearthd: [], "hearth-flock": [] };
const from = performance.now();
let next = 0;
say(`${minutes} min, ${peers} connections. RSS and held in MiB.`);
say("| min | program | RSS | held | fds | threads | connections | streams | WebRTC | refused | peers came; failed |\n|---|---|---|---|---|---|---|---|---|---|---|");
while (performance.now() - from < minutes * 60_000) {
  const s = (performance.now() - from) / 1000;
  for (const program of Object.keys(pids)) {
    const seen = await look(program);
    samples[program].push({ s, ...seen });
    if (s >= next) {
      const crowd = crowds[program === "hearthd" ? 0 : 1].told;
      say(`| ${(s / 60).toFixed(1)} | ${program} | ${mebibytes(seen.rss)} | ${mebibytes(seen.held)} | ${seen.fds} | ${seen.threads} | ${seen.connections} | ${seen.streams} | ${seen.sessions} | ${seen.refused} | ${crowd.came}; ${crowd.failed} |`);
    }
  }
  if (s >= next) next += Math.max(15, minutes * 3);
  await pause(Math.max(0, 1000 - ((performance.now() - from) % 1000)));
}
const told = crowds.map((one) => ({ ...one.told }));

// --- and afterwards
open = false;
for (const { child } of crowds) child.kill("SIGTERM");
await Promise.all(visitors);
for (let i = 0; i < 60 && crowds.some((one) => !one.told.empty); i++) await pause(500);
for (const { child } of crowds) child.kill("SIGKILL");
await browser.close();
let after;
for (let i = 0; i < 60; i++) {
  await pause(1000);
  after = { hearthd: await look("hearthd"), "hearth-flock": await look("hearth-flock") };
  if (Object.keys(pids).every((one) => after[one].connections <= before[one].connections && after[one].sessions === 0)) break;
}
await pause(3000);

const failures = [];
const demand = (holds, what) => holds || failures.push(what);
say("\n| program | | before | in the first quarter after warm-up | grew by | slope an hour, ± 95 % | afterwards | flat |\n|---|---|---|---|---|---|---|---|");
for (const program of Object.keys(pids)) {
  after[program] = await look(program);
  const judged = {
    RSS: flat(samples[program].map(({ s, rss }) => ({ s, value: rss }))),
    fds: flat(samples[program].map(({ s, fds }) => ({ s, value: fds })), { least: 24, allowance: 0.04 }),
    threads: flat(samples[program].map(({ s, threads }) => ({ s, value: threads })), { least: 2, allowance: 0 }),
  };
  for (const [what, { ok, perHour, within, grown, first }] of Object.entries(judged)) {
    const shown = what === "RSS" ? (value) => `${mebibytes(value)} MiB` : (value) => value.toFixed(0);
    const field = what === "RSS" ? "rss" : what;
    say(`| ${program} | ${what} | ${shown(before[program][field])} | ${shown(first)} | ${shown(grown)} | ${shown(perHour)} ± ${shown(within)} | ${shown(after[program][field])} | ${ok ? "yes" : "no"} |`);
    demand(ok, `${program}: ${what} grew`);
  }
  const left = after[program];
  demand(left.connections <= before[program].connections, `${program}: ${left.connections} connections are left`);
  demand(left.half_open === 0, `${program}: ${left.half_open} half-open connections are left`);
  demand(left.sessions === 0, `${program}: ${left.sessions} WebRTC sessions are left`);
  demand(left.streams <= before[program].streams, `${program}: ${left.streams} streams are left, ${before[program].streams} before`);
  demand(left.held <= before[program].held, `${program}: ${left.held} bytes of the budget are held, ${before[program].held} before`);
  demand(left.fds <= before[program].fds + 2, `${program}: ${left.fds} descriptors, ${before[program].fds} before`);
}
const most = Math.max(...samples.hearthd.map((one, i) => one.connections + samples["hearth-flock"][i]?.connections));
demand(most >= peers * 0.95, `only ${most} connections at a time`);
demand(visits.made > 0 && visits.failed <= visits.made / 20, `${visits.failed} of ${visits.made} visits of pages failed`);
for (const one of told) demand(one.failed <= one.asked / 100, `${one.failed} of ${one.asked} requests failed`);
for (const one of [box, flock]) demand(one.child.exitCode === null, "a program ended");
say(`\nAt most ${most} connections at a time; ${told[0].came + told[1].came} came, ${told[0].asked + told[1].asked} requests, of which ${told[0].failed + told[1].failed} failed; ${visits.made} pages, ${visits.asked} requests.`);
const report = { bench: "soak", minutes, peers, most, told, visits, before, after, failures };
mkdirSync("build/reports", { recursive: true });
writeFileSync("build/reports/soak.json", JSON.stringify({ ...report, samples }));
say(JSON.stringify({ ...report, before: undefined, after: undefined }));
for (const failure of failures) say(`FAIL: ${failure}`);
for (const end of ends) await end();
process.exit(failures.length > 0 ? 1 : 0);
