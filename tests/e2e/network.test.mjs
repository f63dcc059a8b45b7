// A browser and a box at homes behind routers, and a flock with a public address between them.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openProfile, shoot } from "./lib/chromium.mjs";
import { pairingLink, status, until } from "./lib/console.mjs";
import { scratch, start } from "./lib/daemon.mjs";
import { Network, wrapped } from "./lib/network.mjs";
import * as shell from "./lib/shell.mjs";

const photo = "/usr/share/backgrounds/mate/nature/YellowFlower.jpg";
const another = "/usr/share/backgrounds/mate/nature/Garden.jpg";

/**
 * A flock in public, a claimed box with one photograph behind a router, and a browser behind another
 * router that has just been paired.
 */
async function twoHomes(t, { udp }) {
  const network = new Network(t);
  const square = network.host("flock");
  const boxHome = network.home("box");
  const visitorHome = network.home("visitor", { udp });
  const folder = scratch(t);
  const flock = await start(
    t,
    "hearth-flock",
    ["--data-dir", join(folder, "flock"), "--listen-ip", square.address, "--port", "0", "--ready-json"],
    square,
  );
  const dataDir = join(folder, "data");
  const port = new URL(flock.ready.http).port;
  const address = `/ip4/${square.address}/tcp/${port}/p2p/${flock.ready.peer_id}`;
  const appliance = await start(
    t,
    "hearthd",
    [
      ...["--data-dir", dataDir, "--http", "127.0.0.1:0", "--p2p-port", "0", "--flock", address],
      ...["--name", "casa", "--ready-json", "--log-level", "debug"],
    ],
    boxHome,
  );

  const chromium = "/usr/bin/chromium";
  const owner = await openProfile(t, {
    executablePath: wrapped(scratch(t), boxHome.within, chromium),
  });
  const desk = await owner.page();
  await desk.goto(appliance.ready.setup_url);
  await shell.becomeOwner(desk, { box: "Casa", name: "Anna Lindqvist", password: "plum kettle rivers nine" });
  await shell.upload(await shell.openFiles(desk), [photo]);
  await desk.getByRole("link", { name: /home$/ }).click();
  await desk.getByRole("searchbox").waitFor();
  const { connections: owners } = await status(dataDir);
  const { peer_id: ownerPeer } = owners.find((one) => one.device_name !== undefined);
  const link = await pairingLink(dataDir);

  const visitor = await openProfile(t, {
    executablePath: wrapped(scratch(t), visitorHome.within, chromium),
    // Still a *.localhost, so that the page is a secure context.
    args: [`--host-resolver-rules=MAP *.hearth.localhost ${square.address}`],
  });
  const page = await visitor.page();
  await page.goto(`${flock.ready.http}/${link}`);
  await shell.joinByLink(page);
  await owner.context.close();
  /** Those of the visitor, as the box sees them. */
  const connections = async () => {
    const { connections } = await status(dataDir);
    return connections.filter((one) => one.device_name !== undefined && one.peer_id !== ownerPeer);
  };
  return { page, flock, connections, visitorHome };
}

const mark = (page, word) => page.getByRole("button", { name: `Connection: ${word}` });

test("behind two masquerading NATs the connection becomes direct", async (t) => {
  const { page, flock, connections, visitorHome } = await twoHomes(t, { udp: true });
  const direct = (one) => one.transport === "webrtc" && !one.relayed;
  const all = await until(connections, (list) => list.some(direct), "a direct connection at the box");
  assert.match(
    all.find(direct).remote,
    new RegExp(`/ip4/${visitorHome.address}/udp/`),
    "through the visitor's router",
  );
  await mark(page, "Direct").waitFor();
  const files = await shell.openFiles(page);
  await shell.entry(files, "YellowFlower.jpg").waitFor();
  await shoot(page, "network-direct");

  // Nothing of it depends on the flock any more.
  await flock.kill();
  await shell.upload(files, [another]);
  const left = await until(
    connections,
    (list) => list.every(({ relayed }) => !relayed),
    "the relayed one ended",
  );
  assert.ok(left.some(direct), JSON.stringify(left));
});

test("where UDP is blocked the session stays on the relay, and works in under 3 s", async (t) => {
  const { page, connections } = await twoHomes(t, { udp: false });
  await mark(page, "Relayed").waitFor();
  const files = await shell.openFiles(page);
  await shell.entry(files, "YellowFlower.jpg").waitFor();
  await shoot(page, "network-relayed");
  const all = await connections();
  assert.ok(all.length > 0 && all.every(({ relayed }) => relayed), JSON.stringify(all));

  // From the page's first byte, with everything else that a start needs.
  const from = performance.now();
  await page.goto(new URL("/", page.url()).href);
  await mark(page, "Relayed").waitFor();
  const ms = Math.round(performance.now() - from);
  t.diagnostic(`relayed ${ms} ms after the page was asked for`);
  assert.ok(ms < 3000, `${ms} ms`);
});
