// An HTTP GET of 1 KB from a page in Chromium, by the SDK over an open WebRTC connection and by fetch over loopback HTTP: the
// same file of the same Files app of the same hearthd, turn about in one run. Prints a table, and one line of JSON.
//   node bench/http.mjs [REQUESTS]
import { scratch, startAppliance } from "../tests/e2e/lib/daemon.mjs";
import { Device } from "../tests/e2e/lib/libp2p.mjs";
import { bundle, launch } from "../web/packages/sdk/e2e/support.mjs";

const requests = Number(process.argv[2] ?? 500);
const path = "/app/files/api/v1/content/note.txt";
const from64 = (text) => Buffer.from(text, "base64url");
const ends = [];
const t = { after: (end) => ends.unshift(end) };
const appliance = await startAppliance(t, `${scratch(t)}/data`, { args: ["--name", "casa"] });
process.on("exit", () => appliance.child.kill()); // also after a failure
const { ready } = appliance;
const owner = await Device.dial(ready.addrs[0]);
await owner.setUp(ready.setup_url, { name: "anna", password: "plum kettle rivers nine" });
const metadata = `name ${Buffer.from("note.txt").toString("base64")}`;
const made = await owner.request("POST", "/app/files/api/v1/uploads", {
  headers: {
    ...{ "Tus-Resumable": "1.0.0", "Upload-Length": 1024, "Upload-Metadata": metadata },
    "Content-Type": "application/offset+octet-stream",
  },
  body: Buffer.alloc(1024, "note "),
});
if (made.status !== 201) throw new Error(`${made.status} ${made.body}`);
const { secret } = await owner.json("POST", "/api/v1/pairings", {});

/** A bearer token of the loopback port (docs/protocol/identity.md, "Loopback sessions"). */
async function loopbackToken(page) {
  const post = (path, body) =>
    page.evaluate(
      async ([path, body]) => {
        const answer = await fetch(path, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body,
        });
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
        return answer.json();
      },
      [path, JSON.stringify(body)],
    );
  const { nonce } = await post("/api/v1/nonce", {});
  const host = Buffer.from(new URL(page.url()).host);
  const message = [
    Buffer.from("hearth/session\0"),
    from64(ready.root),
    from64(nonce),
    Buffer.from([0, host.length]),
    host,
  ];
  const signature = Buffer.from(await owner.key.sign(Buffer.concat(message))).toString("base64url");
  return (await post("/api/v1/session", { device: owner.key.id, nonce, signature })).token;
}

const browser = await launch();
t.after(() => browser.close());
// The shell's own page allows no script but its own.
const context = await browser.newContext({ bypassCSP: true });
const page = await context.newPage();
await page.goto(new URL("/healthz", ready.http).href);
const token = await loopbackToken(page);
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
  [ready.root, ready.addrs.filter((address) => address.includes("webrtc-direct")), [...from64(secret)]],
);

const times = await page.evaluate(
  async ([path, token, requests]) => {
    const ways = {
      webrtc: () => window.connection.fetch(path),
      loopback: () => fetch(path, { headers: { Authorization: `Hearth ${token}` }, cache: "no-store" }),
    };
    const times = { webrtc: [], loopback: [] };
    for (let i = -20; i < requests; ++i) {
      for (const [way, get] of Object.entries(ways)) {
        const from = performance.now();
        const answer = await get();
        const { byteLength } = await answer.arrayBuffer();
        if (answer.status !== 200 || byteLength !== 1024)
          throw new Error(`${way}: ${answer.status}, ${byteLength} bytes`);
        if (i >= 0) times[way].push(performance.now() - from); // the first ones warm up
      }
    }
    return times;
  },
  [path, token, requests],
);

await owner.close();
await appliance.stop();
for (const end of ends) await end();

const at = (list, part) => list.toSorted((a, b) => a - b)[Math.floor(list.length * part)];
const row = (what, part) => {
  const [ours, loopback] = [at(times.webrtc, part), at(times.loopback, part)];
  console.log(
    `| GET of 1 KB, ${what}, ms | ${ours.toFixed(1)} | ${loopback.toFixed(1)} | +${(ours - loopback).toFixed(1)} | ${part === 0.5 ? "+3" : ""} |`,
  );
  return { ours: Number(ours.toFixed(2)), loopback: Number(loopback.toFixed(2)) };
};
console.log(
  `| what (${transport}) | SDK over WebRTC | loopback HTTP | difference | wanted |\n|---|---|---|---|---|`,
);
console.log(
  JSON.stringify({ bench: "http", transport, requests, p50: row("p50", 0.5), p95: row("p95", 0.95) }),
);
process.exit(0);
