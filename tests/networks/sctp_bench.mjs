// Downloads over data channels to Chromium over emulated paths: our stack, node-datachannel, and other builds of ours,
// turn about in one run. Prints tables and one line of JSON. The path's own drops stand beside the figures.
//   node sctp_bench.mjs [--rounds N] [--seconds N] [--paths WORD,…] [--with NAME=FOLDER-OF-PROGRAMS]…
import { parseArgs } from "node:util";
import { openProfile } from "../e2e/lib/chromium.mjs";
import { scratch } from "../e2e/lib/daemon.mjs";
import { wrapped } from "../e2e/lib/network.mjs";
import { offerTo, Program } from "../webrtc/harness.mjs";
import { EmulatedPath } from "./lib/path.mjs";
import { Space } from "./lib/world.mjs";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "6" },
    paths: { type: "string", default: "" },
    with: { type: "string", multiple: true, default: [] },
    "no-peer": { type: "boolean", default: false },
  },
});
const seconds = Number(options.seconds);

const paths = [
  { name: "40 ms", both: { delay_ms: 20 } },
  { name: "40 ms, 0.1 % loss", both: { delay_ms: 20, loss: 0.001 } },
  { name: "40 ms, 1 % loss", both: { delay_ms: 20, loss: 0.01 } },
  {
    name: "40 ms, 100 Mbit/s, queue of 50 ms",
    both: { delay_ms: 20 },
    there: { bits_per_second: 100e6, queue_bytes: 625_000 },
    seconds: 10,
    half: true,
  },
  { name: "100 ms", both: { delay_ms: 50 } },
].filter(({ name }) => options.paths === "" || options.paths.split(",").some((word) => name.includes(word)));

const cleanups = [];
const t = { after: (cleanup) => cleanups.push(cleanup) };
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function main() {
  const id = `s${process.pid % 10000}`;
  const [server, client] = ["server", "client"].map((role) => new Space(t, `${id}-${role}`));
  const path = await EmulatedPath.start(t, `${server.name}:path0`, `${client.name}:path0`);
  for (const [space, address] of [[server, "192.0.2.1/24"], [client, "192.0.2.2/24"]]) {
    space.ip("link", "set", "path0", "up", "txqueuelen", "20000");
    space.address("path0", address);
    space.ip("route", "add", "default", "dev", "path0");
  }
  const ours = (folder) => Program.start("webrtc-echo", ["--raw", "--bind", "192.0.2.1"], { folder, within: server.within });
  const servers = { ours: await ours() };
  for (const one of options.with) {
    const [name, folder] = one.split("=");
    servers[name] = await ours(folder);
  }
  if (!options["no-peer"]) servers["node-datachannel"] = await Program.start("ndc-twin.mjs", ["192.0.2.1"], { within: server.within });
  t.after(() => Promise.all(Object.values(servers).map((program) => program.stop())));

  const browser = await openProfile(t, { executablePath: wrapped(scratch(t), client.within, "/usr/bin/chromium") });
  const page = await browser.page();
  // A secure context that needs no server on the other side of the path.
  await page.route("http://localhost/", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>page</title>" }));
  await page.goto("http://localhost/");
  for (const [name, program] of Object.entries(servers)) await offerTo(page, program, name);

  /** Bytes/s over the time that counts, and the longest that nothing came. */
  const download = (name, { time, from }) =>
    page.evaluate(
      async ([name, time, from]) => {
        const { pc } = await connectBy[name]();
        const channel = pc.createDataChannel("source 65536 20000000000");
        channel.binaryType = "arraybuffer";
        const began = performance.now();
        let [got, before, last, gap] = [0, 0, began, 0];
        await new Promise((resolve, reject) => {
          pc.onconnectionstatechange = () => pc.connectionState !== "connected" && reject(new Error(pc.connectionState));
          channel.onclose = () => reject(new Error("closed"));
          channel.onmessage = ({ data }) => {
            const now = performance.now();
            gap = Math.max(gap, now - last);
            last = now;
            got += data.byteLength;
            if (now - began < from) before = got;
          };
          setTimeout(resolve, time);
        }).catch((error) => (gap = String(error)));
        pc.close();
        if (typeof gap === "number") gap = Math.round(Math.max(gap, performance.now() - last));
        return { rate: (got - before) / 1e3 / (time - from), gap };
      },
      [name, time, from],
    );
  const overruns = () => {
    const lines = client.run("cat", ["/proc/self/net/snmp"]).split("\n").filter((line) => line.startsWith("Udp:"));
    const [names, values] = lines.map((line) => line.split(" "));
    return Number(values[names.indexOf("RcvbufErrors")]);
  };
  const sum = ({ there, back }, what) => there[what] + back[what];

  const all = [];
  for (const one of paths) {
    await path.become(one.both);
    if (one.there) await path.ask({ there: one.there });
    const results = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
    for (let round = 0; round < Number(options.rounds); ++round) {
      for (const name of Object.keys(servers)) {
        const [before, overran, cpu] = [await path.counters(), overruns(), await servers[name].cpu()];
        const time = (one.seconds ?? seconds) * 1000;
        const result = await download(name, { time, from: one.half ? time / 2 : 0 });
        const after = await path.counters();
        result.cpu = (await servers[name].cpu()) - cpu;
        result.overran = overruns() - overran;
        for (const what of ["lost", "overflowed", "unsent"]) result[what] = sum(after, what) - sum(before, what);
        result.late = after.there.late_us;
        results[name].push(result);
        console.error(one.name, name, JSON.stringify(result));
      }
    }
    all.push({ path: one.name, results });
    const peer = results["node-datachannel"];
    console.log(`\n### ${one.name}\n| | MB/s | median | to node-datachannel | longest pause, ms | dropped by the path: chance, queue, itself | by the browser's socket |\n|---|---|---|---|---|---|---|`);
    for (const [name, runs] of Object.entries(results)) {
      const list = (what) => runs.map((run) => run[what]).join(" ");
      const middle = median(runs.map(({ rate }) => rate));
      const ratio = peer ? (middle / median(peer.map(({ rate }) => rate))).toFixed(1) + "x" : "";
      const rates = runs.map(({ rate }) => rate.toFixed(2)).join(" ");
      console.log(`| ${name} | ${rates} | ${middle.toFixed(2)} | ${ratio} | ${list("gap")} | ${list("lost")}; ${list("overflowed")}; ${list("unsent")} | ${list("overran")} |`);
    }
  }
  console.log(JSON.stringify({ bench: "sctp", seconds, paths: all }));
}

const clean = async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await Promise.resolve().then(cleanup).catch(() => {});
};
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void clean().then(() => process.exit(130)));
try {
  await main();
} finally {
  await clean();
}
