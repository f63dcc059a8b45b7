// The first journey, whole: an owner, a photograph, a film, a second device through the flock.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { openProfile, shoot, watch } from "./lib/chromium.mjs";
import { scratch, startAppliance } from "./lib/daemon.mjs";
import * as shell from "./lib/shell.mjs";

const photo = "/usr/share/backgrounds/mate/nature/YellowFlower.jpg";

/** Half a minute of a real film, with sound, whose index is at its front so that it can be sought. */
function makeFilm(folder) {
  const film = join(folder, "harbour.webm");
  execFileSync("ffmpeg", [
    ...["-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=24:duration=30"],
    ...["-f", "lavfi", "-i", "sine=frequency=330:duration=30", "-c:v", "libvpx", "-b:v", "1M"],
    ...["-g", "24", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus", film],
  ]);
  return film;
}

test("one makes the owner, uploads a photo and a film, plays it with seeking, pairs a fresh profile and finds both", async (t) => {
  const folder = scratch(t);
  const film = makeFilm(folder);
  const appliance = await startAppliance(t, join(folder, "data"), { args: ["--name", "casa"] });

  const first = await openProfile(t);
  const page = await first.page();
  const complaints = watch(page);
  await page.goto(appliance.ready.setup_url);
  await shoot(page, "journey-1-welcome");
  await shell.becomeOwner(page, { box: "Casa", name: "Anna Lindqvist", password: "plum kettle rivers nine" });
  await shoot(page, "journey-2-home");
  assert.ok(!page.url().includes("setup"), "the code is out of the address bar");

  const files = await shell.openFiles(page);
  await shoot(page, "journey-3-files-empty");
  await shell.upload(files, [photo, film]);
  await shoot(page, "journey-4-uploaded");

  await shell.openEntry(files, "YellowFlower.jpg");
  const image = files.getByRole("dialog").getByRole("img").first();
  await image.waitFor();
  await page.waitForFunction(
    () => document.querySelector("iframe") !== null,
  );
  const width = await image.evaluate(
    (element) =>
      new Promise((resolve) => {
        const done = () => resolve(element.naturalWidth);
        if (element.complete && element.naturalWidth > 0) done();
        else element.addEventListener("load", done, { once: true });
      }),
  );
  assert.ok(width > 500, `the photograph is shown whole (${width} px wide)`);
  await shoot(page, "journey-5-photo");
  await page.keyboard.press("Escape");

  await shell.openEntry(files, "harbour.webm");
  const video = files.locator("video");
  await video.waitFor();
  await video.evaluate((element) => (element.muted = true) && element.play());
  await video.evaluate(
    (element) =>
      new Promise((resolve, reject) => {
        element.addEventListener("error", () => reject(new Error(`video: ${element.error?.message}`)));
        element.addEventListener("seeked", () => element.play(), { once: true });
        element.addEventListener("timeupdate", () => element.currentTime > 20.2 && resolve());
        element.currentTime = 20;
      }),
  );
  await shoot(page, "journey-6-film");
  await page.keyboard.press("Escape");

  const link = await shell.makePairingLink(page);
  assert.match(link, /#1\.pair\./);
  await shoot(page, "journey-7-pairing");
  await page.close();

  // A fresh profile knows nothing but the link, and comes through the flock's own pages.
  const second = await openProfile(t);
  const other = await second.page();
  const through = new URL(link);
  const flock = new URL(appliance.ready.flock_shell);
  assert.equal(through.host, flock.host, "the link opens the flock's shell");
  await other.goto(link);
  await shell.joinByLink(other);
  await shoot(other, "journey-8-joined");
  const found = await shell.openFiles(other);
  for (const name of ["YellowFlower.jpg", "harbour.webm"]) await shell.entry(found, name).waitFor();
  await shoot(other, "journey-9-both-found");

  // The link works once.
  const third = await openProfile(t);
  const late = await third.page();
  await late.goto(link);
  await shell.joinByLink(late, { succeeds: false });
  await shoot(late, "journey-10-used-link");

  assert.deepEqual(complaints, [], "no errors in the page");
  const { code, ms } = await appliance.stop();
  assert.equal(code, 0, appliance.errors);
  assert.ok(ms < 2000, `stopped in ${ms} ms`);
});

test("the setup link works from the flock's page as well: it says where the box is", async (t) => {
  const appliance = await startAppliance(t, join(scratch(t), "data"), { args: ["--name", "casa"] });
  const { hash } = new URL(appliance.ready.setup_url);
  const page = await (await openProfile(t)).page();
  await page.goto(`${appliance.ready.flock_shell}/${hash}`);
  await shell.becomeOwner(page, { box: "Casa", name: "Anna Lindqvist", password: "plum kettle rivers nine" });
  await shell.openFiles(page);
  assert.equal((await appliance.stop()).code, 0);
});
