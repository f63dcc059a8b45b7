// `hearth graph bench` runs, and says what it measured to programs. Only what no busy machine changes is judged.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { scratch } from "../e2e/lib/daemon.mjs";

const bench = async (...args) => {
  const { stdout } = await promisify(execFile)(join(process.env.HEARTH_BIN, "hearth"), ["--json", "graph", "bench", ...args]);
  return JSON.parse(stdout);
};

test("hearth graph bench --gun plays npm gun's relay and ours, and says how both did", async (t) => {
  const dir = scratch(t, "hearth-bench-test-");
  const { gun } = await bench("--quick", "--gun", "--only", "puts,catch", "--dir", dir);
  assert.ok(Object.keys(gun).length >= 7, JSON.stringify(gun));
  for (const [what, { ours, theirs }] of Object.entries(gun)) {
    assert.equal(typeof ours, "number", what);
    assert.equal(typeof theirs, "number", what);
  }
  assert.equal(gun["puts: never acknowledged"].ours, 0);
});

test("hearth graph bench measures this disk, and leaves nothing on it", async (t) => {
  const dir = scratch(t, "hearth-bench-test-");
  const { figures } = await bench("--quick", "--no-gun", "--dir", dir);
  for (const [key, figure] of Object.entries(figures)) {
    assert.ok(figure.value > 0, key);
    assert.equal("bare" in figure, key.includes("_merges_"), key);
  }
  for (const key of ["gun_puts_per_second", "gun_ack_p50_ms", "gun_open_ms", "signed_updates_per_cpu_second"])
    assert.ok(key in figures, key);
  for (const key of ["gun_node_bytes_alike", "gun_node_bytes_random"]) assert.ok(figures[key].value <= 80, key);
  for (const key of ["signed_node_bytes_alike", "signed_node_bytes_random"])
    assert.ok(figures[key].value <= 80 + 160, key);
  assert.deepEqual(readdirSync(dir), []);
});
