// The shop, built with vite as it comes, and its own service worker with workbox, in two releases; then a film by ffmpeg.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "../../web/node_modules/vite/dist/node/index.js";

const root = fileURLToPath(new URL("app", import.meta.url));
const common = { configFile: false, root, logLevel: "warn" };

export async function buildShop(out) {
  await build({ ...common, build: { outDir: out, emptyOutDir: true } });
  const manifest = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const revision = createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 16);
      return { url: `/${relative(out, path)}`, revision };
    });
  await build({
    ...common,
    define: {
      "self.__WB_MANIFEST": JSON.stringify(manifest),
      __VERSION__: JSON.stringify("release 1"),
      "process.env.NODE_ENV": '"production"',
    },
    build: {
      outDir: out,
      emptyOutDir: false,
      lib: { entry: join(root, "src/sw.js"), formats: ["iife"], name: "sw", fileName: () => "sw.js" },
    },
  });
  // Of another length, since its ETag is made of that and of the time.
  writeFileSync(join(out, "sw.2.js"), readFileSync(join(out, "sw.js"), "utf8").replace("release 1", "release 2.0"));
  const film = ["-f", "lavfi", "-i", "testsrc=size=160x90:rate=10:duration=20", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"];
  execFileSync("ffmpeg", ["-loglevel", "error", "-y", ...film, "-b:v", "500k", "-g", "10", join(out, "film.webm")]);
  return manifest;
}
