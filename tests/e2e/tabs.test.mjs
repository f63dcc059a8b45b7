// Several tabs of one shell: one connection to a box, whichever tab is closed; another box beside it; leaving, in all.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openProfile, watch } from "./lib/chromium.mjs";
import { pairingLink, status, until } from "./lib/console.mjs";
import { scratch, startAppliance, web } from "./lib/daemon.mjs";
import { Device } from "./lib/libp2p.mjs";
import * as shell from "./lib/shell.mjs";

const pages = ["--shell", join(web, "shell"), "--boot", join(web, "boot")];

/** What the box has open to browsers. */
async function connections(data) {
  const known = (await status(data)).connections.filter(({ device_name: name }) => name?.includes("Linux"));
  return known.map(({ transport }) => transport).sort();
}

async function sumOf(path) {
  const sum = createHash("sha256");
  for await (const chunk of createReadStream(path)) sum.update(chunk);
  return sum.digest("hex");
}

test("three tabs have one connection; a download goes on when the tab that holds it is closed; another box stands beside it; forgetting reaches all tabs", { timeout: 200_000 }, async (t) => {
  const folder = scratch(t);
  const film = join(folder, "film.bin");
  writeFileSync(film, randomBytes(80_000_000));
  const sum = await sumOf(film);
  const data = join(folder, "data");
  const appliance = await startAppliance(t, data, { args: ["--name", "casa", ...pages] });
  const profile = await openProfile(t);

  const first = await profile.page();
  await first.goto(appliance.ready.setup_url);
  await shell.becomeOwner(first, { box: "Casa", name: "Anna", password: "plum kettle rivers nine" });
  const home = new URL("/", first.url()).href;
  const alone = await until(
    () => connections(data),
    (open) => open.includes("webrtc-direct"),
    "a direct connection",
  );

  const openTab = async () => {
    const page = await profile.context.newPage();
    const complaints = watch(page);
    await page.goto(home);
    await page.getByRole("searchbox").waitFor();
    await page.getByRole("button", { name: /^Connection.*direct/i }).waitFor();
    return { page, complaints };
  };
  const second = await openTab();
  const third = await openTab();
  assert.deepEqual(await connections(data), alone, "no tab brings a connection of its own");
  assert.equal(alone.filter((transport) => transport.startsWith("webrtc")).length, 1);

  // Up and down through another tab's connection, and on when that tab is closed.
  const files = await shell.openFiles(second.page);
  await shell.upload(files, [film]);
  assert.deepEqual(await connections(data), alone);
  await shell.entry(files, "film.bin").click();
  const began = second.page.waitForEvent("download");
  await files.getByRole("button", { name: "Download" }).click();
  const download = await began;
  let over = false;
  const saved = download.path().then((path) => ((over = true), path));
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(over, false, "the download is under way");
  await first.close();
  assert.equal(await sumOf(await saved), sum);
  await until(
    () => connections(data),
    (open) => open.filter((transport) => transport.startsWith("webrtc")).length === 1,
    "one connection again",
  );

  // Another box, in one tab; the other stays where it is.
  const otherData = join(folder, "other");
  const other = await startAppliance(t, otherData, { args: ["--name", "villa", ...pages] });
  const tcp = other.ready.addrs.find((address) => /\/tcp\/\d+\/p2p\//.test(address));
  const owner = await Device.dial(tcp);
  t.after(() => owner.close());
  await owner.setUp(other.ready.setup_url, { name: "berta", password: "plum kettle rivers nine" });
  await third.page.getByRole("button", { name: /^Menu of/ }).click();
  await third.page.getByRole("menuitem", { name: "Add another box" }).click();
  await third.page.getByLabel("Box", { exact: true }).fill(await pairingLink(otherData));
  await third.page.getByRole("button", { name: "Log in" }).click();
  await shell.joinByLink(third.page);
  await third.page.getByRole("link", { name: /villa/i }).waitFor();
  await second.page.getByRole("link", { name: /Casa/ }).waitFor();
  assert.equal((await connections(otherData)).filter((each) => each.startsWith("webrtc")).length, 1);
  await third.page.reload();
  await third.page.getByRole("link", { name: /villa/i }).waitFor();
  await third.page.getByRole("button", { name: /^Menu of/ }).click();
  await third.page.getByRole("menuitem", { name: /Casa/ }).click();
  await third.page.getByRole("link", { name: /Casa/ }).waitFor();
  await until(
    () => connections(otherData),
    (open) => open.length === 0,
    "nobody looks at the other box",
  );

  // Out in one tab, out in all; the other box is still there.
  await third.page.goto(new URL("/settings", home).href);
  await third.page.getByRole("button", { name: "Forget this device" }).click();
  await third.page.getByRole("alertdialog").getByRole("button", { name: "Forget" }).click();
  await second.page.getByRole("heading", { name: /^Log in to/ }).waitFor();
  await third.page.getByRole("heading", { name: /^Log in to/ }).waitFor();
  await until(
    () => connections(data),
    (open) => open.length === 0,
    "no connection is left",
  );
  await second.page.goto(home);
  await second.page.getByRole("link", { name: /villa/i }).waitFor();
  // Requests under way were cut on purpose; nothing else may be heard.
  const heard = [...second.complaints, ...third.complaints].filter((text) => !/Failed to load resource/.test(text));
  assert.deepEqual(heard, []);
});
