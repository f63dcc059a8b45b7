// Another host key for the same box: who pinned its root finds it again by its name, and the old key is worth nothing.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openProfile } from "./lib/chromium.mjs";
import { status, until } from "./lib/console.mjs";
import { hearth, scratch, start, startAppliance } from "./lib/daemon.mjs";
import { Device } from "./lib/libp2p.mjs";
import * as shell from "./lib/shell.mjs";
import { readNameRecord } from "./lib/statements.mjs";

const password = "plum kettle rivers nine";

/** What the flock at `origin` says of a name: the bytes, and what stands in them once the signatures are checked. */
async function resolve(origin, name) {
  const answer = await fetch(`${origin}/flock/v1/names/${name}`);
  if (!answer.ok) return { status: answer.status };
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { bytes, ...(await readNameRecord(bytes)) };
}

test("after a rotation the same root has another PeerId and a higher epoch, and devices stay enrolled", async (t) => {
  const folder = scratch(t);
  const flock = await start(t, "hearth-flock", [
    ...["--data-dir", join(folder, "flock"), "--listen-ip", "127.0.0.1", "--port", "0", "--shell", "off", "--ready-json"],
  ]);
  const address = flock.ready.addrs.find((one) => !one.includes("/ws"));
  const origin = `http://127.0.0.1:${address.split("/")[4]}`;
  const data = join(folder, "data");
  const box = await start(t, "hearthd", [
    ...["--data-dir", data, "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", "127.0.0.1"],
    ...["--flock", address, "--name", "casa", "--ready-json"],
  ]);
  const device = await Device.dial(box.ready.addrs[0]);
  t.after(() => device.close());
  await device.setUp(box.ready.setup_url, { name: "anna", password });
  const first = await until(() => resolve(origin, "casa"), ({ bytes }) => bytes, "the name registered");
  assert.equal(first.root, box.ready.root);
  assert.equal(first.peerId, box.ready.peer_id);

  // The root's key has left the box: it takes the words, all of them.
  const { words } = (await hearth(data, ["--json", "recovery", "show"])).json();
  await hearth(data, ["recovery", "confirm"], { input: `${words[6]}\n${words[17]}\n` });
  const without = await hearth(data, ["recovery", "rotate"], { input: `${words.slice(1).join(" ")}\n` });
  assert.equal(without.code, 1);
  const swapped = await hearth(data, ["recovery", "rotate"], { input: `${words.toReversed().join(" ")}\n` });
  assert.equal(swapped.code, 1);
  assert.match(swapped.err, /aren't the 24 words/);
  const rotated = await hearth(data, ["--json", "recovery", "rotate"], { input: `${words.join("\n")}\n` });
  assert.equal(rotated.code, 0, rotated.err);
  const { peer_id, epoch } = rotated.json();
  assert.equal(epoch, 2);
  assert.notEqual(peer_id, box.ready.peer_id);

  // Nobody goes on under the old key, on the old connection or a new one; the ports are the same.
  await until(() => device.isConnected, (connected) => !connected, "the old connection's end", 5000);
  await assert.rejects(Device.dial(box.ready.addrs[0], device.key));
  const second = await until(() => resolve(origin, "casa"), ({ peerId }) => peerId === peer_id, "the name renewed");
  assert.equal(second.root, box.ready.root);
  assert.equal(second.epoch, 2);
  assert.ok(second.sequence > first.sequence);
  const now = box.ready.addrs[0].replace(box.ready.peer_id, peer_id);
  const again = await Device.dial(now, device.key);
  t.after(() => again.close());
  assert.equal((await again.json("GET", "/api/v1/me")).persona.name, "anna");
  assert.equal((await again.json("GET", "/api/v1/appliance")).peer_id, peer_id);
  const relayed = await Device.dial(`${address}/p2p-circuit/p2p/${peer_id}`, device.key);
  await relayed.close();

  // The record of the old epoch doesn't come back.
  const put = await fetch(`${origin}/flock/v1/names/casa`, { method: "PUT", body: first.bytes });
  assert.ok([403, 409].includes(put.status), `${put.status}`);
  assert.equal((await resolve(origin, "casa")).peerId, peer_id);

  // And it lasts.
  assert.equal((await box.stop()).code, 0);
  const third = await start(t, "hearthd", [
    ...["--data-dir", data, "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", "127.0.0.1", "--ready-json"],
  ]);
  assert.equal(third.ready.root, box.ready.root);
  assert.equal(third.ready.peer_id, peer_id);
});

test("a browser that came by the name goes on after the rotation, without a password", async (t) => {
  const data = join(scratch(t), "data");
  const box = await startAppliance(t, data, { args: ["--name", "casa"] });
  const owner = await Device.dial(box.ready.addrs[0]);
  await owner.setUp(box.ready.setup_url, { name: "anna", password });
  await owner.close();

  const profile = await openProfile(t);
  const page = await profile.page();
  await page.goto(`${box.ready.flock_shell}/login`);
  await page.getByLabel("Box").fill("casa");
  await page.getByLabel("Your name").fill("anna");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByText("Remember this device").click();
  await page.getByLabel("Password", { exact: true }).press("Enter");
  await page.getByRole("searchbox").waitFor({ timeout: 60_000 });

  const { code, err, json } = await hearth(data, ["--json", "recovery", "rotate"]);
  assert.equal(code, 0, err);
  const { peer_id } = json();
  const isBack = ({ addrs, connections }) =>
    addrs[0]?.endsWith(peer_id) && connections.some((one) => one.device_name !== undefined);
  await until(() => status(data), isBack, "the browser back at the box", 60_000);
  await shell.openFiles(page);

  // It remembers the new host: a page opened later finds it as well.
  await page.goto(`${box.ready.flock_shell}/`);
  await shell.openFiles(page);
});
