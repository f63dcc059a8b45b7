// What lies behind /gun is verified and copied while hearthd runs and clients write.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { bin, scratch } from "../e2e/lib/daemon.mjs";
import { rawClient, startRelay } from "./lib/relay.mjs";

const run = promisify(execFile);
const graphOf =
  (dataDir) =>
  async (...args) => {
    const { stdout } = await run(bin("hearth"), ["--json", "--data-dir", dataDir, "graph", ...args]).catch((failed) => failed);
    return JSON.parse(stdout);
  };

test("verify and backup of a running /gun: clients go on writing, and what was acknowledged before is in the copy", async (t) => {
  const folder = scratch(t, "hearth-gun-");
  chmodSync(folder, 0o777); // hearthd makes the copy as a user of its own
  const dataDir = join(folder, "data");
  const relay = await startRelay(t, dataDir);
  const graph = graphOf(dataDir);
  const client = await rawClient(t, relay.url);
  await Promise.all(Array.from({ length: 500 }, (_, i) => client.put(`node${i}`, { i, text: `Text ${i}` })));
  let writing = true;
  let written = 0;
  const writer = (async () => {
    while (writing) assert.equal((await client.put("busy", { n: ++written })).err, undefined);
  })();

  const verified = await graph("verify");
  assert.equal(verified.ok, true, JSON.stringify(verified));
  assert.ok(verified.gun.nodes >= 501 && verified.gun.properties >= 1001, JSON.stringify(verified));
  const before = written;
  const copy = join(folder, "copy");
  const made = await graph("backup", copy);
  assert.deepEqual(made, { backup: copy, gun: true });
  assert.ok(written > before);
  writing = false;
  await writer;
  await relay.kill();

  const again = join(folder, "again");
  mkdirSync(join(again, "graph"), { recursive: true });
  cpSync(join(copy, "gun"), join(again, "graph", "gun"), { recursive: true });
  const second = await startRelay(t, again);
  const reader = await rawClient(t, second.url);
  for (let i = 0; i < 500; i += 50) {
    const { _: meta, ...node } = (await reader.get(`node${i}`)).put[`node${i}`];
    assert.ok(meta);
    assert.deepEqual(node, { i, text: `Text ${i}` });
  }
  const { n } = (await reader.get("busy")).put.busy;
  assert.ok(n >= before && n <= written, `${before} ${n} ${written}`);
  await second.kill();

  // One byte on the disk: named, with or without hearthd.
  const store = join(again, "graph", "gun");
  const name = readdirSync(store).find((each) => each.endsWith(".sst"));
  const bytes = readFileSync(join(store, name));
  bytes[Math.floor(bytes.length / 4)] ^= 1;
  writeFileSync(join(store, name), bytes);
  assert.equal((await graphOf(again)("verify")).ok, false);
  await startRelay(t, again);
  const damaged = await graphOf(again)("verify");
  assert.equal(damaged.ok, false);
  assert.equal(damaged.gun.ok, false);
});

test("without --gun hearthd leaves that store to the command line", async (t) => {
  const folder = scratch(t, "hearth-gun-");
  chmodSync(folder, 0o777);
  const dataDir = join(folder, "data");
  const relay = await startRelay(t, dataDir);
  const client = await rawClient(t, relay.url);
  await client.put("node", { a: 1 });
  await relay.kill();
  const { start } = await import("../e2e/lib/daemon.mjs");
  await start(t, "hearthd", [
    ...["--data-dir", dataDir, "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", "127.0.0.1"],
    ...["--shell", "off", "--ready-json"],
  ]);
  const verified = await graphOf(dataDir)("verify");
  assert.equal(verified.ok, true);
  assert.equal(verified.gun.nodes, 1);
  const copy = join(folder, "copy");
  assert.equal((await graphOf(dataDir)("backup", copy)).gun, true);
  assert.ok(readdirSync(join(copy, "gun")).includes("CURRENT"));
});
