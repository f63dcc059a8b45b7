// A flock that offers changed pages: a browser that was there before keeps the shell it has and says so, and a box that
// compares finds the worker that no browser can keep out.
import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeBundle } from "../../web/tools/bundle.mjs";
import { openProfile, shoot } from "../e2e/lib/chromium.mjs";
import { ask, status, until } from "../e2e/lib/console.mjs";
import { hearth, scratch, start, web } from "../e2e/lib/daemon.mjs";
import { startFront } from "./lib/evil_front.mjs";

const evilScript = "document.title = 'evil'; globalThis.evil = true;";

/** Node knows no names below localhost. */
const asVisitor = (port, host, path) =>
  new Promise((resolve, reject) =>
    get({ port, path, headers: { host } }, async (answer) =>
      resolve({ headers: answer.headers, body: Buffer.concat(await answer.toArray()).toString() }),
    ).on("error", reject),
  );

describe("a flock that changes the shell", () => {
  const ends = [];
  const whole = { after: (end) => ends.push(end) };
  const shells = {};
  let front, box, dataDir, page, profile;

  before(async () => {
    const folder = scratch(whole);
    const release = join(folder, "release");
    /** The built shell with one more script, signed. */
    const make = (name, version, { keys = release, script = name, change = () => {} } = {}) => {
      const made = (shells[name] = join(folder, name));
      cpSync(join(web, "shell"), made, { recursive: true });
      writeFileSync(join(made, "assets/which.js"), script);
      makeBundle(made, { version, folder: keys });
      change(made);
    };
    const edit = (file, how) => (made) => writeFileSync(join(made, file), how(readFileSync(join(made, file), "utf8")));
    const evilPage = (text) => text.replace("<head>", '<head><script src="/assets/which.js"></script>');
    make("first", 100);
    make("older", 99);
    const evil = (made) => (edit("index.html", evilPage)(made), edit("assets/which.js", () => evilScript)(made));
    make("altered", 101, { script: "console.log('altered')", change: evil });
    make("unsigned", 101, { change: edit("bundle.json", (text) => JSON.stringify({ ...JSON.parse(text), signatures: {} })) });
    make("foreign", 101, { keys: join(folder, "other") });
    make("same-number", 100, { script: "console.log('another')" });
    make("newer", 102);

    const flock = await start(whole, "hearth-flock", [
      ...["--data-dir", join(folder, "flock"), "--listen-ip", "127.0.0.1", "--port", "0", "--shell", "off", "--ready-json"],
    ]);
    const address = flock.ready.addrs.find((one) => !one.includes("/ws"));
    front = await startFront(whole, Number(address.split("/")[4]));
    front.folder = shells.first;
    dataDir = join(folder, "data");
    box = await start(whole, "hearthd", [
      ...["--data-dir", dataDir, "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", "127.0.0.1"],
      ...["--flock", address.replace(/tcp\/\d+/, `tcp/${front.port}`), "--name", "casa", "--shell", shells.first, "--ready-json"],
    ]);
    profile = await openProfile(whole);
    page = await profile.page();
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** Of the bundle that the page comes from. */
  const versionOf = async () => (await page.reload()).headers()["hearth-bundle"];
  const notice = () => page.getByText("offers a changed Hearth. Yours was kept.");
  const serve = (name) => ((front.folder = shells[name]), (front.lies = {}));

  test("at a first visit with a file that isn't as listed nothing is kept, and at an honest one the whole shell", async () => {
    front.lies = { "/assets/which.js": "another" };
    await page.goto(`${front.origin}/login`);
    await page.getByLabel("Password", { exact: true }).waitFor();
    await until(() => front.asked, (asked) => asked.includes("/assets/which.js"), "the worker to fetch what is listed");
    const kept = () => page.evaluate(async () => [...(await navigator.serviceWorker.getRegistrations())].some(({ active }) => active));
    assert.equal(await kept(), false);
    front.lies = {};
    await page.reload();
    await until(kept, Boolean, "the shell to be kept");
    const again = await page.reload();
    assert.equal(again.headers()["hearth-bundle"], "100");
    assert.equal(again.fromServiceWorker(), true);
  });

  for (const [name, reason, words] of [
    ["altered", "file", "Its files aren’t the ones that were signed."],
    ["older", "older", "It is older than yours"],
    ["unsigned", "unsigned", "It isn’t signed by those who signed yours."],
    ["foreign", "unsigned", "It isn’t signed by those who signed yours."],
    ["same-number", "other", "It calls itself the same as yours, and isn’t."],
  ])
    test(`S5: ${name}: the worker refuses it and says so, and the page stays the one that was signed`, async () => {
      serve(name);
      assert.equal(await versionOf(), "100");
      await notice().waitFor();
      await page.getByText(words).waitFor();
      if (name === "altered") await shoot(page, "bundle-refused");
      await page.getByRole("button", { name: "Details" }).click();
      await page.getByText(`reason: ${reason}`).waitFor();
      assert.equal(await page.evaluate(() => globalThis.evil), undefined);
      assert.equal(await versionOf(), "100", "still, the next time");
      assert.equal(await page.evaluate(() => globalThis.evil), undefined);
      serve("first");
      await page.getByRole("button", { name: "Look again" }).click();
      await notice().waitFor({ state: "detached" });
    });

  test("S5: our own list beside a changed page or script: nothing of it runs, and it is said", async () => {
    front.lies = { "/index.html": `<script>${evilScript}</script>` };
    assert.equal(await versionOf(), "100");
    await notice().waitFor();
    assert.equal(await page.evaluate(() => globalThis.evil), undefined);
    // What isn't listed is answered by nobody, whatever lies there.
    front.lies = { "/api/evil.html": `<script src="/assets/more.js"></script>`, "/assets/more.js": evilScript };
    const { body } = await asVisitor(front.port, new URL(front.origin).host, "/assets/more.js");
    assert.match(body, /evil/, "it does lie there");
    await page.goto(`${front.origin}/api/evil.html`);
    await page.getByLabel("Password", { exact: true }).waitFor();
    const loaded = await page.evaluate(() => import("/assets/more.js").then(() => "ran", () => "refused"));
    assert.equal(loaded, "refused");
    assert.equal(await page.evaluate(() => globalThis.evil), undefined);
    await page.goto(`${front.origin}/login`);
  });

  test("a newer one that the same key signed takes its place, and then there is no way back", async () => {
    serve("newer");
    await page.reload();
    await until(versionOf, (version) => version === "102", "the newer one");
    assert.equal(await notice().count(), 0);
    serve("first");
    assert.equal(await versionOf(), "102");
    await notice().waitFor();
    await page.getByText("It is older than yours").waitFor();
  });

  test("S5: the policy that the worker gives its pages is the server's own", async () => {
    const { host, port } = new URL(box.ready.http);
    const { headers } = await asVisitor(port, host, "/");
    const ours = (await page.reload()).headers();
    const here = (text) => text.replaceAll(`:${front.port}`, "").replaceAll(`:${port}`, "");
    for (const name of ["content-security-policy", "cross-origin-opener-policy", "x-content-type-options", "referrer-policy"])
      assert.equal(here(ours[name]), here(headers[name]), name);
  });

  test("S5: the box's own look finds each change that a first visit would run, a changed worker above all", async () => {
    const probe = async () => {
      const ran = await hearth(dataDir, ["--json", "flock", "probe"]);
      return { code: ran.code, ...ran.json().flocks[0] };
    };
    serve("first");
    await until(() => status(dataDir), ({ flocks }) => flocks[0].state === "joined", "joined");
    assert.deepEqual((({ code, offer, origin }) => ({ code, offer, origin }))(await probe()), { code: 0, offer: "same", origin: front.origin });
    const worker = readFileSync(join(shells.first, "sw.js"), "utf8");
    front.lies = { "/sw.js": `${worker}\n` };
    const changed = await probe();
    assert.deepEqual([changed.code, changed.offer, changed.why, changed.files], [1, "differs", "file", ["/sw.js"]]);
    assert.match(box.errors, /flock\.shell_differs/);
    assert.equal((await status(dataDir)).flocks[0].shell.offer, "differs");
    assert.match((await hearth(dataDir, ["status"])).out, /SERVES A CHANGED SHELL/);
    const { flocks } = await ask(dataDir, "GET", "/api/v1/flocks");
    assert.deepEqual(flocks[0].shell.files, ["/sw.js"]);
    assert.equal((await hearth(dataDir, ["doctor"])).code, 1);
    for (const [name, why] of [["altered", "file"], ["unsigned", "unsigned"], ["foreign", "unsigned"], ["same-number", "other"]]) {
      serve(name);
      const { code, ...found } = await probe();
      assert.deepEqual([code, found.offer, found.why], [1, "differs", why], name);
    }
    for (const [name, offer] of [["older", "older"], ["newer", "newer"]]) {
      serve(name);
      const { code, ...found } = await probe();
      assert.deepEqual([code, found.offer], [0, offer]);
    }
  });
});
