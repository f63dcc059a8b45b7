// What is played on: a flock in public, a claimed box with one photograph in one home, and a browser that was paired
// once in another. Between cells the box and the browser start anew, as on the first evening in another network.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openProfile } from "../../e2e/lib/chromium.mjs";
import { pairingLink, status, until } from "../../e2e/lib/console.mjs";
import { scratch, start, web } from "../../e2e/lib/daemon.mjs";
import { wrapped } from "../../e2e/lib/network.mjs";
import { processTree } from "../../e2e/lib/processes.mjs";
import * as shell from "../../e2e/lib/shell.mjs";
import { World } from "./world.mjs";

const photo = "/usr/share/backgrounds/mate/nature/YellowFlower.jpg";
const port = 443;
const pages = ["--shell", join(web, "shell"), "--boot", join(web, "boot")];
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const build = new URL("../../../build/", import.meta.url).pathname;

/** In every frame of a page, before its own scripts. */
function tellWhenPainted(name) {
  new MutationObserver((_, observer) => {
    if (!document.body?.textContent.includes(name)) return;
    observer.disconnect();
    requestAnimationFrame(() => console.log(`painted at ${performance.timeOrigin + performance.now()}`));
  }).observe(document, { subtree: true, childList: true });
}

export class Stage {
  #t;
  #folder;
  #uploads = 0;
  heard = []; // from the page

  static async build(t) {
    const stage = new Stage();
    stage.#t = t;
    stage.#folder = scratch(t, "hearth-nets-");
    stage.world = new World(t);
    stage.squares = { first: stage.world.flock("flock"), second: stage.world.flock("other") };
    stage.boxHome = await stage.world.home("box");
    stage.visitorHome = await stage.world.home("visit");
    for (const home of [stage.boxHome, stage.visitorHome]) home.become();
    stage.flocks = {};
    await stage.startFlock("first");
    await stage.startBox();
    await stage.#claim();
    await stage.#pair();
    return stage;
  }

  /** "first" or "second", with the same key each time. */
  async startFlock(which) {
    const args = ["--data-dir", join(this.#folder, which), "--port", String(port), ...pages, "--ready-json"];
    this.flocks[which] = await start(this.#t, "hearth-flock", args, this.squares[which]);
  }

  /** What box and browser are told of a flock; that it has an IPv6 address they learn from itself. */
  #addressOf(which) {
    return `/ip4/${this.squares[which].address}/tcp/${port}/p2p/${this.flocks[which].ready.peer_id}`;
  }

  async startBox({ flocks = ["first"] } = {}) {
    this.dataDir = join(this.#folder, "data");
    this.box = await start(
      this.#t,
      "hearthd",
      [
        ...["--data-dir", this.dataDir, "--http", "127.0.0.1:0", "--p2p-port", "0", "--name", "casa", ...pages],
        ...flocks.flatMap((which) => ["--flock", this.#addressOf(which)]),
        ...["--ready-json", "--log-level", "debug"],
      ],
      this.boxHome,
    );
  }

  async boxIsReachable() {
    await until(
      () => status(this.dataDir),
      ({ flocks }) => flocks.length > 0 && flocks.every(({ state }) => state === "joined"),
      "the box is at its flocks",
    );
  }

  async #claim() {
    const executablePath = wrapped(scratch(this.#t), this.boxHome.within, "/usr/bin/chromium");
    const owner = await openProfile(this.#t, { executablePath });
    const desk = await owner.page();
    await desk.goto(this.box.ready.setup_url);
    await shell.becomeOwner(desk, { box: "Casa", name: "Anna Lindqvist", password: "plum kettle rivers nine" });
    await shell.upload(await shell.openFiles(desk), [photo]);
    await owner.context.close();
  }

  /** The visitor's browser, open; what it keeps stays from one to the next. */
  async #openBrowser({ v6 = false } = {}) {
    this.profile ??= scratch(this.#t, "hearth-visitor-");
    this.executable ??= wrapped(scratch(this.#t), this.visitorHome.within, "/usr/bin/chromium");
    const { address, address6 } = this.squares.first;
    this.browser = await openProfile(this.#t, {
      folder: this.profile,
      executablePath: this.executable,
      // Still a *.localhost, so that the page is a secure context.
      args: [`--host-resolver-rules=MAP *.hearth.localhost ${v6 ? `[${address6}]` : address}`],
    });
    const page = (this.page = await this.browser.page());
    this.heard = [];
    page.on("console", (message) => this.heard.push(message.text()));
    page.on("requestfailed", (request) => this.heard.push(`${request.url()}: ${request.failure()?.errorText}`));
    return page;
  }

  async #pair() {
    await this.boxIsReachable();
    const page = await this.#openBrowser();
    await page.goto(`${this.flocks.first.ready.http}/${await pairingLink(this.dataDir)}`);
    await shell.joinByLink(page);
    await this.leave();
  }

  /** Another evening: both homes as `cell` says, box and browser begun anew. */
  async become({ box = {}, visitor = {}, path = {}, flocks = ["first"] }) {
    await this.box.stop();
    this.boxHome.become(box);
    this.visitorHome.become(visitor);
    await this.visitorHome.path.become(path);
    await this.boxHome.path.become({});
    for (const which of ["first", "second"]) {
      const runs = this.flocks[which];
      if (runs && !flocks.includes(which)) {
        await runs.stop();
        delete this.flocks[which];
      }
      if (flocks.includes(which) && !this.flocks[which]) await this.startFlock(which);
    }
    await this.startBox({ flocks });
    await this.boxIsReachable();
  }

  /**
   * Opens the page as somebody does who was here before. How long until the box said its first word to it, until
   * the list of files, and over what in the end: `patience` ms are given to a direct connection.
   */
  async visit({ v6 = false, patience = 15_000 } = {}) {
    const page = await this.#openBrowser({ v6 });
    const mark = page.getByRole("button", { name: /^Connection: (Direct|Relayed)/ });
    const from = performance.now();
    const since = () => Math.round(performance.now() - from);
    await page.goto(this.flocks.first.ready.http, { waitUntil: "commit", timeout: 60_000 });
    await mark.waitFor({ timeout: 60_000 });
    const firstByte = since();
    this.files = await shell.openFiles(page);
    await shell.entry(this.files, "YellowFlower.jpg").waitFor({ timeout: 60_000 });
    const list = since();
    const direct = page.getByRole("button", { name: "Connection: Direct" });
    const became = await direct.waitFor({ timeout: patience }).then(() => true, () => false);
    return { firstByte, list, over: became ? "direct" : "relayed" };
  }

  /** A new page in the same browser, straight to the files: how many ms until their list is painted. The page says when. */
  async comeBack() {
    const context = this.page.context();
    await this.page.close();
    const page = (this.page = await context.newPage());
    await page.addInitScript(tellWhenPainted, "YellowFlower.jpg");
    const painted = new Promise((resolve) =>
      page.on("console", (message) => {
        const [, at] = /^painted at ([\d.]+)$/.exec(message.text()) ?? [];
        if (at) resolve(Number(at));
      }),
    );
    const from = Date.now();
    await page.goto(new URL("/apps/files", this.flocks.first.ready.http).href, { waitUntil: "commit" });
    return Math.round((await painted) - from);
  }

  over() {
    return this.page
      .getByRole("button", { name: /^Connection:/ })
      .getAttribute("aria-label")
      .then((label) => label.replace("Connection: ", "").toLowerCase());
  }

  /** From now on it is known whether the app's page is another one. */
  markApp() {
    return this.files.locator("body").evaluate(() => void (globalThis.isTheSamePage = true));
  }
  async appStayed() {
    const stayed = await this.files.locator("body").evaluate(() => globalThis.isTheSamePage === true);
    assert.ok(stayed, "the app's page is the one that it was");
  }

  /** What the mark in the bar comes to say. */
  becomes(word, limit = 60_000) {
    return this.page.getByRole("button", { name: `Connection: ${word}` }).waitFor({ timeout: limit });
  }

  /** How long it takes now to upload a file and see it in the list. It is kept byte by byte as it was. */
  async upload(size = 1000) {
    const name = `note-${++this.#uploads}.txt`;
    const file = join(this.#folder, name);
    const bytes = randomBytes(size);
    writeFileSync(file, bytes);
    const from = performance.now();
    await shell.upload(this.files, [file]);
    const took = Math.round(performance.now() - from);
    const kept = readdirSync(this.dataDir, { recursive: true }).find((path) => path.endsWith(`/${name}`));
    assert.ok(kept, `${name} is kept`);
    assert.equal(sha256(readFileSync(join(this.dataDir, kept))), sha256(bytes), `${name} is as it was`);
    return took;
  }

  /** All processes of the visitor's browser get this signal: SIGSTOP is sleep, SIGCONT is waking up. */
  signal(name) {
    const main = readdirSync("/proc").find((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return words.includes(`--user-data-dir=${this.profile}`) && !words.some((word) => word.startsWith("--type="));
      } catch {
        return false;
      }
    });
    assert.ok(main, "the browser runs");
    for (const { pid } of processTree(Number(main))) process.kill(pid, name);
  }

  /** What there is to see after a failure: build/screenshots and build/reports. */
  async explain(name) {
    const slug = `networks-${name.replaceAll(/[^a-z0-9]+/gi, "-")}`;
    await this.page?.screenshot({ path: `${build}screenshots/${slug}.png` }).catch(() => {});
    const said = [this.box.errors, ...Object.values(this.flocks).map((flock) => flock.errors)];
    writeFileSync(`${build}reports/${slug}.log`, [...said, ...this.heard].join("\n---\n"));
  }

  /** Lets a browser in that was never here, from a home with IPv6 alone; the link names the flock by an IPv4 address. */
  async pairOverV6() {
    await this.become({ visitor: { v4: false, v6: true } });
    const profile = this.profile;
    this.profile = scratch(this.#t, "hearth-newcomer-");
    try {
      const page = await this.#openBrowser({ v6: true });
      await page.goto(`${this.flocks.first.ready.http}/${await pairingLink(this.dataDir)}`);
      await shell.joinByLink(page);
      return await this.over();
    } finally {
      await this.leave();
      this.profile = profile;
    }
  }

  async leave() {
    await this.browser?.context.close().catch(() => {});
  }
}
