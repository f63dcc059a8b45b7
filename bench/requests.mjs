// GETs of 1 KB a second from a page in Chromium with 64 in flight: by the SDK over an open WebRTC connection to hearthd, and by
// the same page's fetch to nginx over HTTP/1.1 on loopback, turn about in one run. Prints a table, and one line of JSON.
//   node bench/requests.mjs [SECONDS] [ROUNDS]
// hearthd is asked for a file of the sandboxed Files app, and for what it answers by itself; nginx for a file.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { scratch, startAppliance } from "../tests/e2e/lib/daemon.mjs";
import { Device } from "../tests/e2e/lib/libp2p.mjs";
import { bundle, launch } from "../web/packages/sdk/e2e/support.mjs";

const seconds = Number(process.argv[2] ?? 4);
const rounds = Number(process.argv[3] ?? 5);
const inFlight = 64;
const ends = [];
const t = { after: (end) => ends.unshift(end) };

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function startNginx() {
  const folder = scratch(t);
  const port = await freePort();
  mkdirSync(join(folder, "www"));
  writeFileSync(join(folder, "www/note.txt"), Buffer.alloc(1024, "note "));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((one) => `${one}_temp_path ${folder}/${one};`).join(" ");
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log; ${process.getuid() === 0 ? "user root;" : ""}
     events { worker_connections 256; }
     http { ${temporary} access_log off; sendfile on; keepalive_requests 10000000;
       server { listen 127.0.0.1:${port}; root ${folder}/www; add_header Access-Control-Allow-Origin *; } }`,
  );
  const child = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")], { stdio: "inherit" });
  t.after(() => child.kill("SIGTERM"));
  const url = `http://127.0.0.1:${port}/note.txt`;
  for (let i = 0; i < 100; i++)
    try {
      const answer = await fetch(url);
      if (answer.ok) return url;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  throw new Error("nginx doesn't answer");
}

const nginx = await startNginx();
const appliance = await startAppliance(t, `${scratch(t)}/data`, { args: ["--name", "casa"] });
process.on("exit", () => appliance.child.kill()); // also after a failure
const { ready } = appliance;
const owner = await Device.dial(ready.addrs[0]);
await owner.setUp(ready.setup_url, { name: "anna", password: "plum kettle rivers nine" });
const made = await owner.request("POST", "/app/files/api/v1/uploads", {
  headers: {
    ...{ "Tus-Resumable": "1.0.0", "Upload-Length": 1024 },
    "Upload-Metadata": `name ${Buffer.from("note.txt").toString("base64")}`,
    "Content-Type": "application/offset+octet-stream",
  },
  body: Buffer.alloc(1024, "note "),
});
if (made.status !== 201) throw new Error(`${made.status} ${made.body}`);
const { secret } = await owner.json("POST", "/api/v1/pairings", {});
await owner.close();

const browser = await launch();
t.after(() => browser.close());
// The shell's own page allows no script but its own, and no other server.
const context = await browser.newContext({ bypassCSP: true });
const page = await context.newPage();
await page.goto(new URL("/healthz", ready.http).href);
await page.addScriptTag({ content: await bundle("visitor.ts"), type: "module" });
await page.waitForFunction(() => window.reach !== undefined);
const transport = await page.evaluate(
  async ([root, multiaddrs, secret]) => {
    await window.reach({ root, multiaddrs });
    await window.sdk.pair(window.connection, {
      key: window.device,
      device: { name: "bench", remember: false },
      secret: new Uint8Array(secret),
    });
    return window.connection.status.transport;
  },
  [ready.root, ready.addrs.filter((address) => address.includes("webrtc-direct")), [...Buffer.from(secret, "base64url")]],
);

const rates = await page.evaluate(
  async ([nginx, seconds, rounds, inFlight]) => {
    const ways = {
      nginx: () => fetch(nginx, { cache: "no-store" }),
      files: () => window.connection.fetch("/app/files/api/v1/content/note.txt"),
      hearthd: () => window.connection.fetch("/api/v1/appliance"),
    };
    const rates = { nginx: [], files: [], hearthd: [] };
    async function rate(get, ms) {
      const end = performance.now() + ms;
      let done = 0;
      const from = performance.now();
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          while (performance.now() < end) {
            const answer = await get();
            const { byteLength } = await answer.arrayBuffer();
            if (answer.status !== 200 || byteLength < 100) throw new Error(`${answer.status}, ${byteLength} bytes`);
            done++;
          }
        }),
      );
      return (done * 1000) / (performance.now() - from);
    }
    for (const get of Object.values(ways)) await rate(get, 1000); // warms up
    for (let i = 0; i < rounds; i++) for (const [way, get] of Object.entries(ways)) rates[way].push(await rate(get, seconds * 1000));
    return rates;
  },
  [nginx, seconds, rounds, inFlight],
);
await appliance.stop();
for (const end of ends) await end();

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const told = Object.fromEntries(Object.entries(rates).map(([way, list]) => [way, Math.round(median(list))]));
console.log(`| requests/s of 1 KB, ${inFlight} in flight (${transport}) | over WebRTC | nginx, HTTP/1.1 on loopback | ratio | wanted |\n|---|---|---|---|---|`);
for (const [what, way] of [["a file of the Files app", "files"], ["what hearthd answers by itself", "hearthd"]])
  console.log(`| ${what} | ${told[way]} | ${told.nginx} | ${(told[way] / told.nginx).toFixed(2)} | 0.3 |`);
console.log(JSON.stringify({ bench: "requests", transport, inFlight, seconds, rates }));
process.exit(0);
