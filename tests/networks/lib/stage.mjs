// What is played on: a flock in public, a claimed box with one photograph in one home, and a browser that was paired
// once in another. Between cells the box and the browser start anew, as on the first evening in another network.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openProfile } from "../../e2e/lib/chromium.mjs";
import { pairingLink, status, until } from "../../e2e/lib/console.mjs";
import { scratch, start } from "../../e2e/lib/daemon.mjs";
import { wrapped } from "../../e2e/lib/network.mjs";
import { processTree } from "../../e2e/lib/processes.mjs";
import * as shell from "../../e2e/lib/shell.mjs";
import { World } from "./world.mjs";

const photo = "/usr/share/backgrounds/mate/nature/YellowFlower.jpg";
const port = 443;
const build = new URL("../../../build/", import.meta.url).pathname;

export class Stage {
  #t;
  #folder;
  #uploads = 0;
  #profiles = {};
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
    return stage;
  }

  /** "first" or "second", at its IPv4 address or at its IPv6 address; with the same key each time. */
  async startFlock(which, { v6 = false } = {}) {
    const square = this.squares[which];
    const args = ["--data-dir", join(this.#folder, which), "--port", String(port), "--ready-json"];
    this.flocks[which] = await start(
      this.#t,
      "hearth-flock",
      [...args, "--listen-ip", v6 ? square.address6 : square.address],
      square,
    );
    this.flocks[which].v6 = v6;
  }

  #addressOf(which) {
    const { v6, ready } = this.flocks[which];
    const { address, address6 } = this.squares[which];
    return `/${v6 ? "ip6" : "ip4"}/${v6 ? address6 : address}/tcp/${port}/p2p/${ready.peer_id}`;
  }

  async startBox({ flocks = ["first"], v6 = false } = {}) {
    this.dataDir = join(this.#folder, "data");
    this.box = await start(
      this.#t,
      "hearthd",
      [
        ...["--data-dir", this.dataDir, "--http", "127.0.0.1:0", "--p2p-port", "0", "--name", "casa"],
        ...(v6 ? ["--listen-ip", "::"] : []),
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

  /**
   * The visitor's browser, open; what it keeps stays from one to the next. There is one for each family, since a device
   * remembers its flock by address where that has no name.
   */
  async #openBrowser({ v6 = false, which = "first" } = {}) {
    const family = v6 ? "v6" : "v4";
    const known = this.#profiles[family] !== undefined;
    if (!known) {
      const folder = mkdtempSync(join(tmpdir(), "hearth-visitor-"));
      this.#t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
      this.#profiles[family] = folder;
    }
    this.executable ??= wrapped(scratch(this.#t), this.visitorHome.within, "/usr/bin/chromium");
    const { address, address6 } = this.squares[which];
    this.profile = this.#profiles[family];
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
    if (!known) {
      await page.goto(`${this.flocks[which].ready.http}/${await pairingLink(this.dataDir)}`);
      await shell.joinByLink(page);
      await page.goto("about:blank");
    }
    return page;
  }

  /** Another evening: both homes as `cell` says, box and browser begun anew. */
  async become({ box = {}, visitor = {}, path = {}, v6 = false, flocks = ["first"] }) {
    await this.box.stop();
    this.boxHome.become(box);
    this.visitorHome.become(visitor);
    await this.visitorHome.path.become(path);
    await this.boxHome.path.become({});
    for (const which of ["first", "second"]) {
      const runs = this.flocks[which];
      if (runs && (runs.v6 !== v6 || !flocks.includes(which))) {
        await runs.stop();
        delete this.flocks[which];
      }
      if (flocks.includes(which) && !this.flocks[which]) await this.startFlock(which, { v6 });
    }
    await this.startBox({ flocks, v6 });
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
    this.files = await this.#openFiles();
    await shell.entry(this.files, "YellowFlower.jpg").waitFor({ timeout: 60_000 });
    const list = since();
    const direct = page.getByRole("button", { name: "Connection: Direct" });
    const became = await direct.waitFor({ timeout: patience }).then(() => true, () => false);
    return { firstByte, list, over: became ? "direct" : "relayed" };
  }

  over() {
    return this.page
      .getByRole("button", { name: /^Connection:/ })
      .getAttribute("aria-label")
      .then((label) => label.replace("Connection: ", "").toLowerCase());
  }

  /** Once more where the first click went to a page that was just being replaced. */
  async #openFiles() {
    const opened = shell.openFiles(this.page);
    const late = await Promise.race([opened.then(() => false), sleep(10_000, true, { ref: false })]);
    if (late) await this.page.getByRole("link", { name: /Files/ }).first().click({ timeout: 1000 }).catch(() => {});
    return opened;
  }

  /** What the mark in the bar comes to say. */
  becomes(word, limit = 60_000) {
    return this.page.getByRole("button", { name: `Connection: ${word}` }).waitFor({ timeout: limit });
  }

  /** How long it takes now to upload a file and see it in the list. No byte of it is lost on the way. */
  async upload(size = 1000) {
    const name = `note-${++this.#uploads}.txt`;
    const file = join(this.#folder, name);
    const bytes = Buffer.alloc(size, `note ${this.#uploads}\n`);
    writeFileSync(file, bytes);
    const from = performance.now();
    await shell.upload(this.files, [file]);
    const took = Math.round(performance.now() - from);
    const kept = readdirSync(this.dataDir, { recursive: true }).find((path) => path.endsWith(`/${name}`));
    assert.ok(kept && bytes.equals(readFileSync(join(this.dataDir, kept))), `${name} is kept as it was`);
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

  async leave() {
    await this.browser?.context.close().catch(() => {});
  }
}
