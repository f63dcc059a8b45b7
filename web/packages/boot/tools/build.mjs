// Writes build/web/boot: the boot page (for every path of an app origin) and its files under /.hearth/.
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(process.env.HEARTH_BOOT ?? join(here, "../../../build/web/boot"), ".hearth");
await mkdir(out, { recursive: true });

const textOf = async (file) => JSON.stringify(await readFile(join(out, file), "utf8"));

// The worker hands the first two out itself.
for (const [entry, file] of [
  ["src/shim.ts", "shim.js"],
  ["src/service.ts", "service.js"],
  ["src/page.ts", "boot.js"],
  ["src/worker.ts", "sw.js"],
]) {
  const define =
    file === "sw.js"
      ? { shimSource: await textOf("shim.js"), serviceSource: await textOf("service.js") }
      : {};
  await build({
    define,
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
