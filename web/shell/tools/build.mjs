// Builds the shell: pages, service worker, the signed list of both.   node tools/build.mjs [DIRECTORY]
// The same sources give the same bytes wherever they lie (web/tools/bundle.test.mjs); the signature is the builder's.
import { execFileSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { build } from "vite";

const top = dirname(import.meta.dirname);
const outDir = resolve(process.argv[2] ?? join(top, "../../build/web/shell"));
await build({ root: top, configFile: join(top, "vite.config.ts"), build: { outDir } });
await build({
  configFile: false,
  root: top,
  logLevel: "warn",
  publicDir: false,
  build: {
    outDir,
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: "worker/worker.ts", formats: ["iife"], name: "hearth", fileName: () => "sw.js" },
  },
});
for (const tool of ["../packages/ui/tools/size.mjs", "../tools/bundle.mjs", "../tools/checksums.mjs"])
  execFileSync(process.execPath, [join(top, tool), outDir], { stdio: "inherit" });
