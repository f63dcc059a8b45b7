// Defects of the first generation that need no running program to be shown absent. docs/promises.md has the whole table.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url).pathname;
const sources = execFileSync("git", ["-C", root, "ls-files", "src", "programs", "apps"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => /\.(cpp|h|c)$/.test(file) && !/_(test|bench|fuzz)\.cpp$/.test(file));

test("defect 11 and 17: no program hands a line of text to a shell", () => {
  assert.ok(sources.length > 300, `${sources.length} files`);
  const shells = /\b(?:std::|::)?(?:system|popen|wordexp)\s*\(\s*["a-z]|\bexec[lv]\w*\([^;]*"(?:\/bin\/)?(?:ba|da)?sh"|"-c"/;
  const found = sources.filter((file) =>
    readFileSync(root + file, "utf8").split("\n").some((line) => shells.test(line.replace(/\/\/.*/, ""))),
  );
  assert.deepEqual(found, []);
  // What this looks for is what such code looks like.
  for (const line of ['system(command.c_str())', 'popen("ls", "r")', 'execl("/bin/sh", "sh", "-c", text)']) assert.match(line, shells);
});

test("defect 8: no code of ours reads a secret out of an address's query", () => {
  const found = sources.filter((file) => /query[^;\n]*(?:token|secret|password)/i.test(readFileSync(root + file, "utf8")));
  assert.deepEqual(found, []);
});
