// Writes build/web/boot: the boot page (for every path of an app origin) and its files under /.hearth/.
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(here, "../../../build/web/boot/.hearth");
await mkdir(out, { recursive: true });

for (const [entry, file] of [
  ["src/page.ts", "boot.js"],
  ["src/worker.ts", "sw.js"],
]) {
  await build({
    configFile: false,
    root: here,
    logLevel: "warn",
    publicDir: false,
    build: {
      outDir: out,
      emptyOutDir: false,
      target: "es2023",
      lib: { entry, formats: ["iife"], name: "hearth", fileName: () => file },
    },
  });
}
for (const file of ["boot.html", "boot.css"]) await copyFile(join(here, file), join(out, file));
