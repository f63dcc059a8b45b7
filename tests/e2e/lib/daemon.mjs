// Starts the project's programs as a person would, and ends exactly what it started.
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const bin = (name) =>
  join(process.env.HEARTH_BIN ?? new URL("../../../build/dev/bin", import.meta.url).pathname, name);
export const web =
  process.env.HEARTH_WEB ?? new URL("../../../build/web", import.meta.url).pathname;

/** A fresh folder, gone when the test is over. */
export function scratch(t, prefix = "hearth-") {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o711); // hearthd enters it as a user of its own
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/**
 * Starts a program that prints one JSON line when ready. `within` is a command that it runs inside of
 * (["ip", "netns", "exec", "box"]).
 */
export async function start(t, program, args, { within = [], env = {}, timeout = 30_000 } = {}) {
  const [command, ...rest] = [...within, bin(program), ...args];
  const child = spawn(command, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let errors = "";
  let output = "";
  child.stderr.on("data", (chunk) => (errors = (errors + chunk).slice(-200_000)));
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  t?.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
  });
  const ready = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${program}: ${why}\n${errors}`));
    const timer = setTimeout(() => fail(`not ready after ${timeout} ms`), timeout);
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const end = output.indexOf("\n");
      if (end < 0) return;
      clearTimeout(timer);
      try {
        resolve(JSON.parse(output.slice(0, end)));
      } catch (error) {
        fail(`its first line is no JSON: ${error.message}`);
      }
    });
    ended.then(({ code, signal }) => (clearTimeout(timer), fail(`ended with ${code ?? signal}`)));
  });
  return {
    ready,
    child,
    ended,
    get errors() {
      return errors;
    },
    get output() {
      return output;
    },
    /** Asks it to stop; says how it went and how long it took. */
    async stop() {
      const from = performance.now();
      child.kill("SIGTERM");
      const { code, signal } = await ended;
      return { code, signal, ms: performance.now() - from };
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** An appliance with its own flock on loopback. */
export const applianceArguments = (dataDir, more = []) => [
  ...["--data-dir", dataDir, "--http", "127.0.0.1:0", "--p2p-port", "0"],
  ...["--embedded-flock", "0", "--listen-ip", "127.0.0.1", "--ready-json", ...more],
];

export function startAppliance(t, dataDir, { args = [], ...options } = {}) {
  return start(t, "hearthd", applianceArguments(dataDir, args), options);
}

/** The command line tool against one appliance; `input` goes to its standard input. */
export async function hearth(dataDir, args, { input = "" } = {}) {
  const child = spawn(bin("hearth"), ["--data-dir", dataDir, ...args], { stdio: "pipe" });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  child.stdin.on("error", () => {}); // it may end without having read anything
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, out, err, json: () => JSON.parse(out) };
}
