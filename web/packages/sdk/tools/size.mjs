// Prints the SDK's size and holds it to its budget. What is loaded only to sign in counts apart.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const folder = fileURLToPath(new URL("../../../../build/web/sdk/", import.meta.url));
const budget = 142 * 1024;
let total = 0;
for (const name of readdirSync(folder).filter((file) => file.endsWith(".js"))) {
  const bytes = readFileSync(folder + name);
  const packed = brotliCompressSync(bytes).length;
  const counted = name.startsWith("hearth-sdk");
  if (counted) total += packed;
  console.log(
    `${name}: ${(bytes.length / 1024).toFixed(1)} KB, ${(packed / 1024).toFixed(1)} KB brotli${counted ? "" : " (loaded for signing in)"}`,
  );
}
console.log(`budget: ${(total / 1024).toFixed(1)} of ${budget / 1024} KB brotli`);
if (total > budget) {
  console.error("the SDK is over its budget");
  process.exit(1);
}
