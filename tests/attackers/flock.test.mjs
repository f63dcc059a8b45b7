// A flock that lies in every way it can, between an unaltered page and a box that is a member of it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openProfile } from "../e2e/lib/chromium.mjs";
import { status, until } from "../e2e/lib/console.mjs";
import { bin, hearth, scratch, start, web } from "../e2e/lib/daemon.mjs";
import { Visitor } from "../e2e/lib/visitor.mjs";
import { startEvilFlock } from "./lib/evil_flock.mjs";

const name = "ingrid.solberg";
const password = "plum kettle rivers nine";

describe("an evil flock", () => {
  const ends = [];
  const whole = { after: (end) => ends.push(end) }; // as a test has it, for all of them
  let evil, box, owner, dataDir, pageAddress, profile, right;

  before(async () => {
    evil = await startEvilFlock(whole, { name: "casa" });
    dataDir = join(scratch(whole), "data");
    box = await start(whole, "hearthd", [
      ...["--data-dir", dataDir, "--http", "127.0.0.1:0", "--p2p-port", "0", "--listen-ip", "127.0.0.1"],
      ...["--flock", evil.plain, "--name", "casa", "--ready-json"],
    ]);
    const address = box.ready.addrs.find((one) => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//.test(one));
    owner = await Visitor.at(whole, address);
    await owner.setUp(box.ready.setup_url, { name, password });
    right = { root: box.ready.root, name, password };
    await until(() => evil.box, ({ records, relayed }) => records.length > 0 && relayed, "a registration and a reservation");
    const { host_certificate: certificate } = await owner.json("GET", "/api/v1/appliance");
    await evil.knowBox(address, { root: box.ready.root, certificate });
    // Its own files, off this machine's disk: no flock has a say in them.
    const open = spawn(bin("hearth"), [
      ...["--data-dir", dataDir, "--json", "open", "casa", "--port", "0", "--flock", evil.ws],
      ...["--shell", join(web, "shell"), "--boot", join(web, "boot")],
    ]);
    whole.after(() => open.kill("SIGTERM"));
    const [line] = await once(open.stdout, "data");
    pageAddress = JSON.parse(line).address;
    profile = await openProfile(whole);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  const devices = async () => (await owner.json("GET", "/api/v1/devices")).devices.map(({ id }) => id);

  /** The person types what is right; what the page then shows: "in", or why not. */
  async function logIn(mode, limit = 8000) {
    evil.mode = mode;
    const page = await profile.page();
    await page.goto(pageAddress);
    await page.getByLabel("Your name").fill(name);
    await page.getByText("Remember this device").click();
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.keyboard.press("Enter");
    const inside = page.getByRole("searchbox").waitFor({ timeout: limit }).then(() => "in");
    const alert = page.getByRole("alert").first();
    const refused = alert.waitFor({ timeout: limit }).then(() => alert.innerText());
    const shown = await Promise.any([inside, refused]).catch(() => "nothing");
    refused.catch(() => {});
    inside.catch(() => {});
    return shown;
  }

  const lies = {
    "stolen-certificate": "the box's certificate in a record that another host signed",
    "other-name": "another name's record",
    altered: "the true record with one bit turned",
    cut: "half of the true record",
    gone: "that nobody has the name",
    switched: "nothing, and leads the circuit to its own host",
    downgraded: "nothing, and strips the encryption from what it carries",
    tampering: "nothing, and turns bits in what it carries",
    doubling: "nothing, and sends all of it twice",
  };
  for (const [mode, what] of Object.entries(lies))
    test(`${mode}: a flock that tells ${what} gets no login, no password and no name`, async (t) => {
      const before = await devices();
      const asked = evil.asked.length;
      const shown = await logIn(mode);
      t.diagnostic(`the page: ${shown.replaceAll("\n", " ")}; asked of the hijacker's box: ${evil.hijacked}`);
      assert.notEqual(shown, "in");
      assert.ok(evil.asked.slice(asked).some((one) => one.includes("/flock/v1/names/casa")), "it was asked at all");
      assert.ok(evil.told.includes(mode), "it told its lie");
      assert.deepEqual(await devices(), before);
      for (const secret of [name, password]) assert.ok(!evil.recorded().includes(secret), `it read ${secret}`);
    });

  test("S3: honest for once, slow and writing all down: the same page logs in, and it reads neither name, password, file nor session description", async () => {
    assert.equal(await logIn("delaying", 40_000), "in", "the lies before left nothing behind");
    evil.mode = "honest";
    const visitor = await Visitor.at(whole, `${evil.plain}/p2p-circuit/p2p/${box.ready.peer_id}`);
    await visitor.login(right);
    await visitor.json("PUT", "/api/graph/v1/spaces/home/nodes/letter", { properties: { text: "Letters to Sigrid" } });
    evil.said = [...evil.lastSaid];
    assert.ok(evil.circuits > 3);
    const recorded = evil.recorded();
    assert.ok(recorded.length > 10_000 && recorded.includes("/noise"), "it does read what is its to read");
    for (const secret of [name, password, "Letters to Sigrid", "HTTP/1.1 401", "/api/v1/login", "a=candidate", "a=ice-ufrag", "a=fingerprint"])
      assert.ok(!recorded.includes(secret), `it reads ${secret}`);
    await visitor.close();
  });

  test("S13: what it recorded of a login, said again to the box, opens nothing", async () => {
    const before = await devices();
    assert.ok(Buffer.concat(evil.said).length > 500);
    const back = await evil.replay(evil.said);
    assert.ok(back > 0, "the box answers the beginning of a handshake");
    assert.deepEqual(await devices(), before);
    const { connections } = await status(dataDir);
    assert.ok(connections.every(({ peer_id, relayed }) => !relayed || peer_id !== evil.hostId));
  });

  test("a page that knows the box refuses a name that leads elsewhere, and tells its owner's name to nobody", async (t) => {
    const heard = evil.hostRead().length;
    const asked = evil.asked.length;
    evil.mode = "other-root";
    const page = await profile.page();
    await page.goto(pageAddress);
    await until(() => evil.asked.length, (count) => count > asked, "the page to look for its box");
    await page.waitForTimeout(1500);
    const shown = await page.locator("body").innerText();
    t.diagnostic(`the page: ${shown.replaceAll("\n", " ").slice(0, 400)}`);
    assert.match(shown, /The name of casa leads to another box/, "it says what is wrong");
    assert.match(shown, /forget it here and add it again/, "and what to do");
    const more = evil.hostRead().subarray(heard);
    assert.ok(evil.asked.length > asked, "it was asked");
    await page.close();
    for (const secret of [name, password, "/api/v1/login", "/api/v1/session", "/app/"])
      assert.ok(!more.includes(secret), `it read ${secret}`);
  });

  test("at first contact a hijacked name gets no login and no password out of the page, whatever its box answers", async (t) => {
    const before = await devices();
    const fresh = await openProfile(t);
    [profile, fresh.known] = [fresh, profile];
    const shown = await logIn("other-root");
    t.diagnostic(`the page: ${shown.replaceAll("\n", " ")}; asked of the hijacker's box: ${evil.hijacked}`);
    assert.notEqual(shown, "in");
    assert.deepEqual(await devices(), before);
    assert.ok(!evil.recorded().includes(password));
    assert.ok(evil.hostRead().includes("/api/v1/login/start"), "the page did talk to the hijacker's own box");
    profile = fresh.known;
  });

  test("rolled-back: a record from before the host key was replaced leads nobody who has seen the newer one", async (t) => {
    evil.mode = "honest";
    const { words } = (await hearth(dataDir, ["--json", "recovery", "show"])).json();
    await hearth(dataDir, ["recovery", "confirm"], { input: `${words[6]}\n${words[17]}\n` });
    const old = evil.box.records.length;
    const rotated = await hearth(dataDir, ["--json", "recovery", "rotate"], { input: `${words.join("\n")}\n` });
    assert.equal(rotated.code, 0, rotated.err);
    const { peer_id: present } = rotated.json();
    await until(() => evil.box.relayed, (connection) => String(connection.remotePeer) === present, "a reservation under the new key");
    await until(() => evil.box.records.length, (count) => count > old, "a newer record");
    // Played honestly first: the page comes in under the new key, by that record.
    const reached = async () => {
      const page = await profile.page();
      await page.goto(pageAddress);
      return page;
    };
    let page = await reached();
    await page.getByRole("searchbox").waitFor({ timeout: 20_000 });
    await page.locator(".s-offline").waitFor({ state: "hidden", timeout: 20_000 });
    await until(() => page.locator(".s-reach").getAttribute("aria-label"), (label) => !/offline|connecting/i.test(label), "a connection", 20_000);
    await page.close();

    evil.mode = "rolled-back";
    const [former, heard] = [evil.circuitsTo(box.ready.peer_id), evil.hostRead().length];
    assert.ok(former > 0);
    page = await reached();
    await until(() => evil.told, (told) => told.includes("rolled-back"), "the old record told");
    await page.locator(".s-offline").waitFor({ timeout: 20_000 });
    const shown = await page.locator(".s-offline").innerText();
    t.diagnostic(`the page: ${shown.replaceAll("\n", " ")}`);
    assert.match(shown, /older than the one this browser has seen/);
    assert.equal(evil.circuitsTo(box.ready.peer_id), former, "it follows the old record nowhere");
    assert.equal(evil.hostRead().length, heard);
    await page.close();
    // And the lie leaves nothing behind.
    evil.mode = "honest";
    page = await reached();
    await until(() => page.locator(".s-reach").getAttribute("aria-label"), (label) => !/offline|connecting/i.test(label), "a connection", 20_000);
  });
});
