// Prints what a build weighs, as brotli sends it. `node size.mjs DIR [first-load budget in KB]`
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync } from "node:zlib";

const [directory, budget] = process.argv.slice(2);
const files = readdirSync(directory, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(js|mjs|css|html|wasm)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));
const page = readFileSync(join(directory, "index.html"), "utf8");

let first = 0;
let total = 0;
for (const file of files) {
  const name = relative(directory, file);
  const size = brotliCompressSync(readFileSync(file)).length;
  const needed = name === "index.html" || page.includes(name);
  total += size;
  if (needed) first += size;
  console.log(`${(size / 1024).toFixed(1).padStart(8)} KB ${needed ? "first" : "later"}  ${name}`);
}
console.log(
  `${(first / 1024).toFixed(1).padStart(8)} KB first load, ${(total / 1024).toFixed(1)} KB in all (brotli)`,
);
if (budget && first > Number(budget) * 1024) {
  console.error(`over the budget of ${budget} KB`);
  process.exit(1);
}
