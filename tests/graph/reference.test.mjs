// The C++ core against tests/graph/reference.mjs, which computes a state from all messages at once.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const reference = (...options) =>
  execFileSync(process.execPath, [join(root, "tests/graph/reference.mjs"), ...options], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });

test("the graph's vectors are what the second implementation makes", () => {
  assert.equal(reference(), readFileSync(join(root, "src/graph/vectors/graph.json"), "utf8"));
});

// HEARTH_GRAPH_HISTORIES=n runs n, from HEARTH_GRAPH_SEED on.
test("histories of forks, removals, wrong clocks and purges lead both implementations to the same bytes", () => {
  const count = process.env.HEARTH_GRAPH_HISTORIES ?? "200";
  const seed = process.env.HEARTH_GRAPH_SEED ?? "1000";
  const folder = mkdtempSync(join(tmpdir(), "hearth-graph-"));
  try {
    const file = join(folder, "histories.json");
    writeFileSync(file, reference("--histories", count, "--seed", seed, "--size", "40"));
    const build = process.env.HEARTH_BUILD ?? join(root, "build/dev");
    execFileSync(
      join(build, "src/graph/replica/replica_test"),
      ["--gtest_filter=GraphVectors.HistoriesLeadToTheStateOfAnotherImplementation"],
      { env: { ...process.env, HEARTH_GRAPH_VECTORS: file }, encoding: "utf8" },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
