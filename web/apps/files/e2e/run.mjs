// Files in a real Chromium against the real hearth-files. `node --test-name-pattern=TEXT e2e/run.mjs` picks; needs
// build/web/files (`npm run build`) and hearth-files in HEARTH_BIN (build/dev/bin).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertAccessible, launch, openPage, run, shoot } from "../../../packages/ui/e2e/kit.mjs";
import { startBox } from "./box.mjs";
import { film, makeSample } from "./sample.mjs";
import { screens } from "./screens.mjs";

const box = await startBox();
await makeSample(box);
const browser = await launch();
const scratch = mkdtempSync(join(tmpdir(), "hearth-files-e2e-"));

async function open(query = "", options = {}) {
  const page = await openPage(browser, options);
  await page.goto(`${box.origin}/?${query}`);
  await page.locator("h1").waitFor({ state: "attached" });
  return page;
}

async function choose(page, files, item = "Upload files") {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("menuitem", { name: item }).click();
  await (await chooser).setFiles(files);
}

const onDisk = (path) => join(box.tree(), path);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const row = (page, name) => page.getByRole("row", { name });

const tests = {};
for (const [name, { query, act, before }] of Object.entries(screens)) {
  tests[`${name}: axe finds nothing, nothing overflows`] = async () => {
    for (const { width, theme } of [
      { width: 1440, theme: "light" },
      { width: 320, theme: "dark" },
    ]) {
      // The list's menus and dialogs are opened the same way at every width.
      const page = await openPage(browser, { width, theme, height: width < 500 ? 700 : 860 });
      if (before) await before(page);
      await page.goto(`${box.origin}/?${query ?? ""}`);
      await page.locator("h1").waitFor({ state: "attached" });
      if (act) await act(page);
      await page.waitForTimeout(250);
      await assertAccessible(page, `${name} ${theme} ${width}`);
      await shoot(page, `files/${name}-${theme}-${width}`);
      page.check(name === "offline" ? /Failed to load resource|ERR_FAILED/ : undefined);
      await page.context().close();
    }
  };
}

tests["a file goes up in checked chunks and arrives byte by byte"] = async () => {
  const bytes = randomBytes(7_340_033);
  const page = await open("path=Uploads");
  // A folder that isn't there yet says so; uploading makes it.
  await box.ask("POST", "/api/v1/folders", { path: "Uploads" });
  await page.reload();
  let checked = 0;
  page.on("request", (request) => {
    if (request.method() === "PATCH" && /^sha256 .{44}$/.test(request.headers()["upload-checksum"] ?? ""))
      checked += 1;
  });
  await choose(page, [{ name: "film.bin", mimeType: "application/octet-stream", buffer: bytes }]);
  await page.getByText("1 file is on your box").first().waitFor();
  assert.equal(sha256(readFileSync(onDisk("Uploads/film.bin"))), sha256(bytes));
  assert.ok(checked >= 3, `${checked} chunks carried a checksum`);
  await row(page, /film\.bin/).waitFor();
};

tests["an upload survives a broken connection and goes on where it stopped"] = async () => {
  const bytes = randomBytes(6_000_000);
  const page = await open("path=Uploads");
  let broken = 0;
  let fromTheStart = 0;
  box.trouble = (request) => {
    if (request.method !== "PATCH") return undefined;
    if (request.headers["upload-offset"] === "0") fromTheStart += 1;
    if (Number(request.headers["upload-offset"]) >= 1_000_000 && broken < 2) {
      broken += 1;
      return broken === 1 ? "cut" : "refuse";
    }
    return undefined;
  };
  await choose(page, [{ name: "broken.bin", mimeType: "application/octet-stream", buffer: bytes }]);
  await page.getByText("1 file is on your box").first().waitFor();
  box.trouble = () => undefined;
  assert.equal(broken, 2);
  assert.equal(fromTheStart, 1, "it never began anew");
  assert.equal(sha256(readFileSync(onDisk("Uploads/broken.bin"))), sha256(bytes));
};

tests["an upload can be paused, goes on, and is there after a reload when its file is given again"] =
  async () => {
    const bytes = randomBytes(5_000_000);
    const file = join(scratch, "long.bin");
    writeFileSync(file, bytes);
    const page = await open("path=Uploads");
    page.on("dialog", (dialog) => void dialog.accept());
    let held = true;
    await page.route(/\/api\/v1\/uploads\/.+/, async (route) => {
      const offset = Number(route.request().headers()["upload-offset"] ?? 0);
      if (held && route.request().method() === "PATCH" && offset > 0) return;
      await route.continue();
    });
    await choose(page, [file]);
    await page
      .getByText(/^1 MB of 5 MB/)
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Pause long.bin" }).click();
    await page.getByText(/Paused at 1(\.\d)? MB of 5 MB/).waitFor();
    await page.reload();
    await page.getByText("The upload of long.bin was cut off").waitFor();
    held = false;
    const before = box.requests.filter((request) => request.startsWith("POST /api/v1/uploads")).length;
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Choose files" }).click();
    await (await chooser).setFiles([file]);
    await page.getByText("1 file is on your box").first().waitFor();
    assert.equal(box.requests.filter((request) => request.startsWith("POST /api/v1/uploads")).length, before);
    assert.equal(sha256(readFileSync(onDisk("Uploads/long.bin"))), sha256(bytes));
  };

tests["a cancelled upload leaves nothing"] = async () => {
  const page = await open("path=Uploads");
  await page.route(/\/api\/v1\/uploads\/.+/, async (route) => {
    if (route.request().method() === "PATCH" && route.request().headers()["upload-offset"] !== "0") return;
    await route.continue();
  });
  await choose(page, [
    { name: "never.bin", mimeType: "application/octet-stream", buffer: randomBytes(4_000_000) },
  ]);
  await page
    .getByText(/of 4 MB/)
    .first()
    .waitFor();
  // While the box still ends the piece under way it answers 423, and is asked again.
  const gone = page.waitForResponse(
    (response) => response.request().method() === "DELETE" && response.status() !== 423,
  );
  await page.getByRole("button", { name: "Cancel never.bin" }).click();
  assert.equal((await gone).status(), 204);
  assert.equal(existsSync(onDisk("Uploads/never.bin")), false);
  await page.getByRole("region", { name: "Uploads" }).waitFor({ state: "detached" });
};

tests["a folder keeps its shape, by picking"] = async () => {
  mkdirSync(join(scratch, "Holiday/day 1"), { recursive: true });
  writeFileSync(join(scratch, "Holiday/day 1/a.txt"), "one");
  writeFileSync(join(scratch, "Holiday/b.txt"), "two");
  const page = await open("path=Uploads");
  await choose(page, join(scratch, "Holiday"), "Upload a folder");
  await page.getByText("2 files are on your box").first().waitFor();
  assert.equal(readFileSync(onDisk("Uploads/Holiday/day 1/a.txt"), "utf8"), "one");
  assert.equal(readFileSync(onDisk("Uploads/Holiday/b.txt"), "utf8"), "two");
};

tests["files dropped on the page go into the open folder"] = async () => {
  const page = await open("path=Uploads");
  const transfer = await page.evaluateHandle(() => {
    const carried = new DataTransfer();
    carried.items.add(new File(["dropped"], "dropped.txt"));
    return carried;
  });
  await page.dispatchEvent(".f-app", "dragenter", { dataTransfer: transfer });
  await page.getByText("Drop to put into Uploads").waitFor();
  await page.dispatchEvent(".f-app", "drop", { dataTransfer: transfer });
  await page.getByText("1 file is on your box").first().waitFor();
  assert.equal(readFileSync(onDisk("Uploads/dropped.txt"), "utf8"), "dropped");
};

tests["the keyboard alone: open, rename, trash, undo, search"] = async () => {
  await box.ask("POST", "/api/v1/folders", { path: "Keys" });
  for (const name of ["one.txt", "two.txt", "three.txt"]) writeFileSync(onDisk(`Keys/${name}`), name);
  const page = await open("path=Keys");
  await row(page, /one\.txt/).waitFor();
  await page.getByRole("grid").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("F2");
  await page.getByRole("dialog", { name: "Rename" }).waitFor();
  await page.waitForFunction(
    () => getSelection()?.toString() === "three" || document.activeElement?.selectionEnd === 5,
  );
  await page.keyboard.type("drei");
  await page.keyboard.press("Enter");
  await row(page, /drei\.txt/).waitFor();
  assert.ok(existsSync(onDisk("Keys/drei.txt")));
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await row(page, /three\.txt/).waitFor();
  await page.getByRole("grid").focus();
  await page.keyboard.press("Control+a");
  await page.getByText("3 selected").first().waitFor();
  await page.keyboard.press("Delete");
  await page.getByText("This folder is empty").waitFor();
  assert.equal(existsSync(onDisk("Keys/one.txt")), false);
  await page.getByRole("button", { name: "Undo" }).last().press("Enter");
  await row(page, /one\.txt/).waitFor();
  await page.locator("body").press("/");
  await page.keyboard.type("thre");
  await row(page, /three\.txt/).waitFor();
};

tests["what is in the trash can be put back, one by one"] = async () => {
  await box.ask("POST", "/api/v1/trash", { paths: ["Shopping list.txt"] });
  const page = await open("view=trash");
  await page.getByText("Shopping list.txt").waitFor();
  await assertAccessible(page, "trash");
  await shoot(page, "files/trash-light-1440");
  await page.getByRole("button", { name: "Put Shopping list.txt back" }).click();
  await page.getByText("Shopping list.txt is back").waitFor();
  assert.ok(existsSync(onDisk("Shopping list.txt")));
};

tests["a new folder, things moved into it, and the undo of that"] = async () => {
  await box.ask("POST", "/api/v1/folders", { path: "Keys" });
  for (const name of ["one.txt", "two.txt"]) writeFileSync(onDisk(`Keys/${name}`), name);
  const page = await open("path=Keys");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("menuitem", { name: "New folder" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Inside");
  await page.keyboard.press("Enter");
  await row(page, /Inside/).waitFor();
  await row(page, /one\.txt/).click();
  await row(page, /two\.txt/).click({ modifiers: ["Control"] });
  await page.getByRole("button", { name: "Move to", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Inside" }).click();
  await page.getByRole("button", { name: "Move here" }).click();
  await page.getByText("2 things moved to Inside").waitFor();
  assert.ok(existsSync(onDisk("Keys/Inside/one.txt")) && existsSync(onDisk("Keys/Inside/two.txt")));
  await page.getByRole("button", { name: "Undo" }).last().click();
  await row(page, /one\.txt/).waitFor();
  assert.ok(existsSync(onDisk("Keys/one.txt")));
};

tests["a film plays and is sought in by ranges"] = async () => {
  const page = await open("open=Mira learns to swim.webm");
  const video = page.locator("video");
  await video.evaluate((element) => {
    element.muted = true;
    return new Promise((resolve) =>
      element.readyState >= 2 ? resolve() : element.addEventListener("loadeddata", resolve),
    );
  });
  await video.evaluate(
    (element) =>
      new Promise((resolve) => {
        element.addEventListener("seeked", resolve, { once: true });
        element.currentTime = 15;
      }),
  );
  assert.ok((await video.evaluate((element) => element.currentTime)) >= 14.9);
};

tests["the preview steps from file to file with the arrows, and Escape leads back to the list"] =
  async () => {
    const page = await open("open=Notes on the garden.md");
    await page.getByText("Prune the roses").waitFor();
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByRole("heading", { name: "Shopping list.txt" }).waitFor();
    await page.getByRole("heading", { name: "Shopping list.txt" }).click();
    await page.keyboard.press("ArrowLeft");
    await page.getByRole("heading", { name: "Notes on the garden.md" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  };

tests["100,000 files: the first page within a second, the last one when asked, few rows in the page"] =
  async () => {
    mkdirSync(onDisk("Many"), { recursive: true });
    for (let index = 0; index < 100_000; index += 1) writeFileSync(onDisk(`Many/photo ${index}.txt`), "");
    const warm = await open("path=Many");
    await row(warm, /photo 0\.txt/).waitFor();
    await warm.context().close();
    const page = await open("path=Letters");
    await row(page, /Lease/).waitFor();
    await page.goto(`${box.origin}/?path=Many`);
    await row(page, /photo 0\.txt/).waitFor();
    const painted = await page.evaluate(() => performance.now());
    assert.ok(painted < 1000, `${Math.round(painted)} ms`);
    await page.getByText("100,000 items").waitFor();
    await page.getByRole("grid").focus();
    await page.keyboard.press("End");
    await row(page, /photo 99999\.txt/).waitFor();
    assert.ok((await page.getByRole("row").count()) < 80);
    assert.equal(await page.getByRole("grid").getAttribute("aria-rowcount"), "100001");
    const active = await page.getByRole("grid").getAttribute("aria-activedescendant");
    assert.match(await page.locator(`[id="${active}"]`).innerText(), /photo 99999/);
    console.log(`     first rows after ${Math.round(painted)} ms`);
  };

tests["a box that can't be reached says so, and comes back with a press"] = async () => {
  box.trouble = (request) => (request.url.startsWith("/api/v1/list") ? "refuse" : undefined);
  const page = await open("path=Letters");
  await page.getByText("Your box can’t be reached just now").waitFor();
  box.trouble = () => undefined;
  await page.getByRole("button", { name: "Try again" }).click();
  await row(page, /Lease/).waitFor();
};

tests["a hint from the frame sets theme and language"] = async () => {
  const page = await open("lang=ar&theme=dark");
  assert.deepEqual(
    await page.evaluate(() => [document.documentElement.dir, document.documentElement.dataset.theme]),
    ["rtl", "dark"],
  );
};

/** A JPEG as a camera writes it: with its own small picture at the beginning, and as large as wanted. */
function cameraJpeg(size, orientation) {
  const paint = (geometry, colour) =>
    execFileSync("ffmpeg", [
      ...["-loglevel", "error", "-f", "lavfi", "-i", `color=${colour}:size=${geometry}`, "-frames:v", "1"],
      ...["-c:v", "mjpeg", "-f", "image2pipe", "-"],
    ]);
  const photo = paint("3000x2000", "green");
  const small = paint("160x120", "red");
  const entry = (tag, type, value) => {
    const field = Buffer.alloc(12);
    field.writeUInt16LE(tag, 0);
    field.writeUInt16LE(type, 2);
    field.writeUInt32LE(1, 4);
    field.writeUInt32LE(value, 8);
    return field;
  };
  const number = (value, bytes) => {
    const field = Buffer.alloc(bytes);
    field.writeUIntLE(value, 0, bytes);
    return field;
  };
  const data = 8 + 18 + 30;
  const tiff = Buffer.concat([
    ...[Buffer.from("II*\0"), number(8, 4)],
    ...[number(1, 2), entry(0x0112, 3, orientation), number(8 + 18, 4)],
    ...[number(2, 2), entry(0x0201, 4, data), entry(0x0202, 4, small.length), number(0, 4), small],
  ]);
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, 0, 0x45, 0x78, 0x69, 0x66, 0, 0]);
  head.writeUInt16BE(8 + tiff.length, 4);
  const whole = Buffer.concat([head, tiff, photo.subarray(2)]);
  return Buffer.concat([whole, Buffer.alloc(Math.max(0, size - whole.length))]);
}

tests["pictures are small ones: a camera's own from a file's beginning, and never more than 12 MB for one"] =
  async () => {
    await box.ask("POST", "/api/v1/folders", { path: "Camera" });
    writeFileSync(onDisk("Camera/1 held upright.jpg"), cameraJpeg(15_000_000, 6));
    writeFileSync(onDisk("Camera/2 large.png"), randomBytes(13_000_000));
    writeFileSync(onDisk("Camera/3 broken.jpg"), randomBytes(100_000));
    film(onDisk("Camera/4 film.webm"), 2);
    const page = await openPage(browser);
    const ranges = {};
    page.on("request", (request) => {
      const name = /content\/Camera\/(\d)/.exec(request.url())?.[1];
      if (name) (ranges[name] ??= []).push(request.headers().range);
    });
    await page.goto(`${box.origin}/?path=Camera`);
    await page.getByRole("button", { name: "Show as pictures" }).click();
    const tile = (name) => page.getByRole("option", { name }).locator(".f-picture");
    const shown = await tile(/held upright/)
      .locator("img")
      .evaluate(async (image) => {
        await image.decode();
        const context = new OffscreenCanvas(1, 1).getContext("2d");
        context.drawImage(image, 0, 0, 1, 1);
        return [image.naturalWidth, image.naturalHeight, [...context.getImageData(0, 0, 1, 1).data]];
      });
    // 160 by 120 without the bars of 3:2, turned.
    assert.deepEqual(shown.slice(0, 2), [107, 160]);
    assert.ok(shown[2][0] > 200 && shown[2][1] < 60, `the small picture: ${shown[2]}`);
    await tile(/film/).locator("img").waitFor();
    // Once, though the list may have asked already when the pictures took its place.
    assert.deepEqual(ranges["1"], ["bytes=0-131071"]);
    assert.equal(ranges["2"], undefined);
    for (const name of [/large/, /broken/]) await tile(name).locator("svg").first().waitFor();
    // From the browser's own cache, once made.
    await page.reload();
    for (const each of Object.keys(ranges)) delete ranges[each];
    await tile(/held upright/)
      .locator("img")
      .waitFor();
    await tile(/film/).locator("img").waitFor();
    assert.deepEqual([ranges["1"], ranges["4"]], [undefined, undefined]);
    await shoot(page, "files/camera");
  };

tests["of a thousand pictures only those in view are fetched, two at a time"] = async () => {
  await box.ask("POST", "/api/v1/folders", { path: "Thousand" });
  const small = cameraJpeg(60_000, 1);
  for (let i = 0; i < 1000; i += 1) writeFileSync(onDisk(`Thousand/${i}.jpg`), small);
  const page = await open("path=Thousand");
  let [under, most, all] = [0, 0, 0];
  const isContent = (request) => request.url().includes("/content/Thousand/");
  page.on("request", (request) => {
    if (!isContent(request)) return;
    all += 1;
    most = Math.max(most, (under += 1));
  });
  for (const event of ["requestfinished", "requestfailed"])
    page.on(event, (request) => isContent(request) && (under -= 1));
  await page.getByRole("button", { name: "Show as pictures" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".f-tile img").length > 20);
  await page.waitForLoadState("networkidle");
  assert.ok(most <= 2, `${most} at once`);
  assert.ok(all < 120, `${all} fetched`);
};

run(tests, async () => {
  await browser.close();
  box.stop();
  rmSync(scratch, { recursive: true, force: true });
});
