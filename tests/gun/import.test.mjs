// The data of an npm gun relay, taken over.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { bin, scratch } from "../e2e/lib/daemon.mjs";
import { gunClient, rawClient, startRelay, until } from "./lib/relay.mjs";

const run = promisify(execFile);

test("what npm gun's relay kept is imported, and only what is forged is refused", async (t) => {
  const folder = scratch(t, "hearth-radata-");
  const radata = join(folder, "radata");
  const theirs = spawn(process.execPath, [new URL("theirs.cjs", import.meta.url).pathname, radata], {
    cwd: folder,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise((resolve) => theirs.once("exit", resolve));
  t.after(() => theirs.kill("SIGKILL"));
  const url = await new Promise((resolve) =>
    theirs.stdout.once("data", (line) => resolve(JSON.parse(line).gun)),
  );

  const gun = gunClient(t, url);
  await new Promise((resolve) => gun.user().create("alice", "correct horse", resolve));
  await new Promise((resolve) => gun.user().auth("alice", "correct horse", resolve));
  const pub = gun.user().is.pub;
  await new Promise((resolve) => gun.user().get("profile").put({ name: "Älice" }, resolve));
  const raw = await rawClient(t, url);
  const smileys = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [String.fromCodePoint(0x1f600 + i), `smiley ${i}`]),
  );
  await Promise.all([
    raw.put("smileys", smileys, 1000.5),
    ...Array.from({ length: 200 }, (_, i) =>
      raw.put(`node${i}`, { i, text: `Text "${i}"\n`, to: { "#": "node0" } }, 2000 + i),
    ),
  ]);
  theirs.kill("SIGKILL");
  await ended;

  const dataDir = scratch(t, "hearth-gun-");
  const graph = async (...args) => {
    const { stdout } = await run(bin("hearth"), ["--json", "--data-dir", dataDir, "graph", ...args]);
    return JSON.parse(stdout);
  };
  const done = await graph("import-gun", radata);
  assert.equal(done.refused, 0);
  assert.equal(done.bad_files, 0);
  assert.ok(done.properties > 660, JSON.stringify(done));
  assert.equal((await graph("verify")).ok, true);

  // One byte of the signed name changed: that property alone is refused.
  const file = join(radata, "!");
  writeFileSync(file, readFileSync(file, "utf8").replace("Älice", "Älise"));
  assert.equal((await graph("import-gun", radata)).refused, 1);

  const relay = await startRelay(t, dataDir);
  const ours = await rawClient(t, relay.url);
  const { _: meta, ...held } = (await ours.get("smileys")).put.smileys;
  assert.deepEqual(held, smileys);
  assert.equal(meta[">"]["\u{1f600}"], 1000.5);
  for (let i = 0; i < 200; i += 50) {
    const { _: states, ...node } = (await ours.get(`node${i}`)).put[`node${i}`];
    assert.deepEqual(node, { i, text: `Text "${i}"\n`, to: { "#": "node0" } });
    assert.equal(states[">"].to, 2000 + i);
  }
  const again = gunClient(t, relay.url);
  const login = await new Promise((resolve) => again.user().auth("alice", "correct horse", resolve));
  assert.equal(login.err, undefined);
  assert.equal(again.user().is.pub, pub);
  const name = () =>
    new Promise((resolve) => again.user().get("profile").get("name").once(resolve, { wait: 50 }));
  assert.equal(await until(name), "Älice");
});
