// The shell as a program of one's own: the same bytes wherever it is built, installable, and open without any network.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { faults, filesOf, makeBundle } from "../../web/tools/bundle.mjs";
import { openProfile, shoot, watch } from "./lib/chromium.mjs";
import { until } from "./lib/console.mjs";
import { scratch, startAppliance } from "./lib/daemon.mjs";
import * as shell from "./lib/shell.mjs";

const top = resolve(import.meta.dirname, "../..");
const kept = (page) => page.evaluate(async () => (await navigator.serviceWorker.getRegistration("/"))?.active?.state === "activated");

test("a shell built in another folder has the same bytes, and the same version is the same signed list", (t) => {
  const folder = scratch(t);
  const release = { ...process.env, HEARTH_RELEASE_DIR: join(folder, "release") };
  const build = (sources, out) =>
    execFileSync(process.execPath, [join(sources, "shell/tools/build.mjs"), out], { env: release, stdio: "pipe" });
  // Hard links: the same files under other names.
  execFileSync("cp", ["-rl", join(top, "web"), join(top, "build", `twin-${process.pid}`)]);
  const twin = join(top, "build", `twin-${process.pid}`);
  t.after(() => execFileSync("rm", ["-rf", twin]));
  const [one, two] = [join(folder, "one"), join(folder, "deeper/two")];
  build(join(top, "web"), one);
  build(twin, two);
  assert.ok(filesOf(one).length > 20);
  assert.deepEqual(filesOf(two), filesOf(one));
  assert.deepEqual(readFileSync(join(two, "bundle.json")), readFileSync(join(one, "bundle.json")));
  assert.deepEqual(faults(one, join(two, "bundle.json")), []);

  // Whoever rebuilds a release compares it with the list that was published; any other byte shows.
  const verify = () => spawnSync(process.execPath, [join(top, "web/tools/bundle.mjs"), "--verify", one, join(two, "bundle.json")], { encoding: "utf8" });
  assert.equal(verify().status, 0);
  writeFileSync(join(one, "index.html"), `${readFileSync(join(one, "index.html"))} `);
  const { status, stderr } = verify();
  assert.equal(status, 1);
  assert.match(stderr, /index\.html is another/);
  // Other content has a number of its own, without anybody's doing.
  const { version } = JSON.parse(JSON.parse(readFileSync(join(two, "bundle.json"))).manifest);
  assert.ok(makeBundle(one, { folder: join(folder, "release") }).version > version);
});

test("the shell can be installed, and with the box and its flock gone it opens and says so", async (t) => {
  const appliance = await startAppliance(t, join(scratch(t), "data"), { args: ["--name", "casa"] });
  const profile = await openProfile(t);
  const page = await profile.page();
  const complaints = watch(page);
  await page.goto(appliance.ready.setup_url);
  await shell.becomeOwner(page, { box: "Casa", name: "Anna Lindqvist", password: "plum kettle rivers nine" });
  await until(() => kept(page), Boolean, "the shell to be kept");

  // What Chromium itself asks of a page that is to be installed.
  const session = await page.context().newCDPSession(page);
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []);
  const { data, errors } = await session.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  assert.ok(JSON.parse(data).shortcuts.some(({ url }) => url === "/apps/files"));

  await page.goto(`${appliance.ready.http}/settings`);
  await page.getByText("This browser keeps Hearth as it was signed on").waitFor();
  await page.getByText("This browser keeps Hearth").scrollIntoViewIfNeeded();
  await shoot(page, "installed-settings");
  assert.deepEqual(complaints, []);
  await appliance.stop();

  // A browser started anew, with nobody to ask.
  await profile.reopen();
  const later = await profile.page();
  await later.goto(appliance.ready.http);
  await later.getByText("Casa can’t be reached.").waitFor();
  await shoot(later, "installed-offline");
  await later.goto(`${appliance.ready.http}/devices`);
  await later.getByRole("heading", { name: "Devices", level: 1 }).waitFor();
});

test("a browser without a box, offline, opens the door and not an error page", async (t) => {
  const appliance = await startAppliance(t, join(scratch(t), "data"), { args: ["--name", "casa"] });
  const page = await (await openProfile(t)).page();
  await page.goto(`${appliance.ready.flock_shell}/login`);
  await page.getByLabel("Password", { exact: true }).waitFor();
  await until(() => kept(page), Boolean, "the shell to be kept");
  await appliance.stop();
  await page.reload();
  await page.getByLabel("Password", { exact: true }).waitFor();
});
