// Writes DIRECTORY/SHA256SUMS over all files below it, as `sha256sum` does: `hearth open` serves only what it lists.
//   node checksums.mjs DIRECTORY
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

const directory = process.argv[2];
const list = "SHA256SUMS";
const lines = readdirSync(directory, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ name: relative(directory, path), bytes: readFileSync(path) }))
  .filter(({ name }) => name !== list)
  .sort((a, b) => (a.name < b.name ? -1 : 1))
  .map(({ name, bytes }) => `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`);
writeFileSync(join(directory, list), lines.join(""));
