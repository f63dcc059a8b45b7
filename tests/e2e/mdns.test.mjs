// A flock in the home's own network, found by its machine's name: no DNS, an Avahi on each machine.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { status, until } from "./lib/console.mjs";
import { scratch, start } from "./lib/daemon.mjs";
import { Network } from "./lib/network.mjs";

/** Its programs see an /run/avahi-daemon of their own, as on another machine. */
function machine(t, network, name) {
  const host = network.host(name);
  const run = join(scratch(t), "avahi");
  mkdirSync(run);
  const own = `mkdir -p /run/avahi-daemon && mount --bind ${run} /run/avahi-daemon && exec "$@"`;
  host.within.push("unshare", "--mount", "sh", "-c", own, "machine");
  const config = join(run, "avahi.conf");
  writeFileSync(config, `[server]\nhost-name=${name}\nenable-dbus=no\nuse-ipv6=yes\nratelimit-burst=0\n`);
  const [command, ...rest] = [...host.within, "avahi-daemon", "--no-drop-root", "--no-rlimits", "--no-chroot", "-f", config];
  const child = spawn(command, rest, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  t.after(() => (child.kill("SIGTERM"), ended));
  const ready = until(
    () => {
      if (child.exitCode !== null) throw new Error(said);
      return said;
    },
    (text) => text.includes("Server startup complete"),
    `Avahi on ${name}`,
  );
  return { ...host, ready };
}

test("A7: a flock of the home's network is found by its .local name, without DNS", async (t) => {
  const network = new Network(t);
  const [square, home] = ["hearthflock", "hearthbox"].map((name) => machine(t, network, name));
  await Promise.all([square.ready, home.ready]);
  const folder = scratch(t);
  const flock = await start(
    t,
    "hearth-flock",
    ["--data-dir", join(folder, "flock"), "--listen-ip", square.address, "--port", "0", "--shell", "off", "--ready-json"],
    square,
  );
  const [, , , , port, , id] = flock.ready.addrs[0].split("/");
  const dataDir = join(folder, "box");
  await start(
    t,
    "hearthd",
    [
      ...["--data-dir", dataDir, "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", home.address, "--name", "casa"],
      ...["--flock", `/dns/hearthflock.local/tcp/${port}/p2p/${id}`, "--ready-json"],
    ],
    home,
  );
  const { flocks } = await until(
    () => status(dataDir),
    (told) => told.flocks[0]?.state === "joined",
    "the flock is joined",
    30_000,
  );
  assert.match(flocks[0].multiaddr, /hearthflock\.local/);
});
