// What one takes along from the box: a file larger than a page could hold, a folder as one file.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, createReadStream, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openProfile, watch } from "./lib/chromium.mjs";
import { scratch, startAppliance } from "./lib/daemon.mjs";
import { processTree, statusOf } from "./lib/processes.mjs";
import * as shell from "./lib/shell.mjs";

const large = 300_000_000;

async function sumOf(path) {
  const sum = createHash("sha256");
  for await (const chunk of createReadStream(path)) sum.update(chunk);
  return sum.digest("hex");
}

function makeLarge(path) {
  const part = randomBytes(1_000_000);
  const fd = openSync(path, "w");
  for (let written = 0; written < large; written += part.length) {
    part.writeUInt32LE(written);
    writeSync(fd, part);
  }
  closeSync(fd);
}

/** Of each of the browser's pages and workers: resident bytes by process id. */
function renderers() {
  const sizes = new Map();
  for (const { pid } of processTree(process.pid)) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("--type=renderer")) continue;
      sizes.set(pid, Number.parseInt(statusOf(pid).get("VmRSS")) * 1024);
    } catch {
      // It ended meanwhile.
    }
  }
  return sizes;
}

test("a download streams to the disk, however large, a folder comes as one ZIP, and a bookmark leads back to it", { timeout: 280_000 }, async (t) => {
  const folder = scratch(t);
  const holiday = join(folder, "Holiday");
  mkdirSync(join(holiday, "day 1"), { recursive: true });
  const film = join(holiday, "film.bin");
  makeLarge(film);
  writeFileSync(join(holiday, "day 1/übersicht.txt"), "sunny");
  const sum = await sumOf(film);
  const appliance = await startAppliance(t, join(folder, "data"), { args: ["--name", "casa"] });
  const profile = await openProfile(t);
  const page = await profile.page();
  const complaints = watch(page);
  await page.goto(appliance.ready.setup_url);
  await shell.becomeOwner(page, { box: "Casa", name: "Anna", password: "plum kettle rivers nine" });
  const files = await shell.openFiles(page);
  await files.locator("input[webkitdirectory]").setInputFiles(holiday);
  await files.getByText("2 files are on your box").first().waitFor({ timeout: 120_000 });

  /** Presses Download for the selected entry; what came, and by how much the largest process grew. */
  async function download() {
    const before = renderers();
    let growth = 0;
    const sample = setInterval(() => {
      for (const [pid, bytes] of renderers()) growth = Math.max(growth, bytes - (before.get(pid) ?? bytes));
    }, 100);
    const began = page.waitForEvent("download");
    const from = performance.now();
    await files.getByRole("button", { name: "Download" }).click();
    const got = await began;
    await files.getByText(/Your browser is saving/).first().waitFor();
    const path = await got.path();
    clearInterval(sample);
    return { name: got.suggestedFilename(), path, growth, ms: performance.now() - from };
  }

  await shell.entry(files, "Holiday").click();
  const zip = await download();
  assert.equal(zip.name, "Holiday.zip");
  const read = `import zipfile, hashlib, sys
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(sorted(z.namelist()))
print(hashlib.sha256(z.read("Holiday/film.bin")).hexdigest())`;
  const [names, summed] = execFileSync("python3", ["-c", read, zip.path]).toString().trim().split("\n");
  assert.equal(names, "['Holiday/', 'Holiday/day 1/', 'Holiday/day 1/übersicht.txt', 'Holiday/film.bin']");
  assert.equal(summed, sum);

  await shell.openEntry(files, "Holiday");
  await shell.entry(files, "film.bin").click();
  const whole = await download();
  assert.equal(whole.name, "film.bin");
  assert.equal(await sumOf(whole.path), sum);
  for (const { name, growth, ms } of [zip, whole]) {
    t.diagnostic(`${name}: ${(large / 1000 / ms).toFixed(0)} MB/s, the largest renderer grew by ${(growth / 2 ** 20).toFixed(0)} MiB`);
    assert.ok(growth < large / 2, `${name}: a renderer grew by ${growth} bytes`);
  }

  // Where one is stands in the address bar; a visit to the app's own address leads back there, too.
  const here = new URL(page.url());
  assert.equal(here.searchParams.get("at"), "/?path=Holiday");
  const inside = page.frames().find((frame) => frame.url().includes("path=Holiday"));
  for (const address of [here.href, inside.url()]) {
    await page.goto(address);
    const again = page.frameLocator("iframe").frameLocator("iframe");
    await shell.entry(again, "film.bin").waitFor();
    assert.equal(page.url(), here.href);
  }
  assert.deepEqual(complaints, []);
});
