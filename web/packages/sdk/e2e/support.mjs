import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { build } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));

/** One file of a fixture and all that it imports. */
export async function bundle(entry) {
  const output = await build({
    configFile: false,
    root: here,
    logLevel: "error",
    publicDir: false,
    build: {
      write: false,
      target: "es2023",
      minify: false,
      rolldownOptions: { input: join(here, entry), output: { codeSplitting: false } },
    },
  });
  return [output].flat()[0].output[0].code;
}

export function launch(...args) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", ...args],
  });
}

export const page = (script) =>
  `<!doctype html><title>Test</title><body><script type=module src=${script}></script>`;
