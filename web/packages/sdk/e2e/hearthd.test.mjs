// The SDK in Chromium against the real appliance with its embedded flock: hearthd of HEARTH_BIN (build/dev/bin). Where it
// isn't built this is skipped, and fails under CI.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer } from "./server.mjs";
import { bundle, launch, page as htmlOf } from "./support.mjs";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const program = join(process.env.HEARTH_BIN ?? join(root, "build/dev/bin"), "hearthd");
const skip = existsSync(program) || process.env.CI ? false : "hearthd isn't built";

let folder, daemon, ready, server, browser, context, page;

async function startDaemon() {
  daemon = spawn(
    program,
    `--data-dir ${folder} --http 127.0.0.1:0 --p2p-port 0 --listen-ip 127.0.0.1 --embedded-flock 0 --name casa --user nobody --shell off --log-level warning --ready-json`.split(
      " ",
    ),
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  for await (const chunk of daemon.stdout) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  ready = JSON.parse(text);
}

function stopDaemon() {
  return new Promise((resolve) => {
    daemon.once("exit", resolve);
    daemon.kill("SIGTERM");
  });
}

before(async () => {
  if (skip) return;
  assert.ok(existsSync(program), `${program} isn't built`);
  folder = mkdtempSync(join(tmpdir(), "hearth-sdk-"));
  chmodSync(folder, 0o777);
  await startDaemon();
  server = await startServer({
    "/visitor.html": htmlOf("/visitor.js"),
    "/visitor.js": await bundle("visitor.ts"),
  });
  browser = await launch("--disable-features=WebRtcHideLocalIpsWithMdns");
});

after(async () => {
  await browser?.close();
  await server?.close();
  if (daemon !== undefined) await stopDaemon();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

async function visitor() {
  const opened = await context.newPage();
  opened.on("pageerror", (error) => console.error("page:", error.message));
  await opened.goto(`http://home.hearth.localhost:${server.port}/visitor.html`);
  await opened.waitForFunction(() => window.reach !== undefined);
  return opened;
}

beforeEach(async () => {
  if (skip) return;
  context = await browser.newContext();
  page = await visitor();
});

afterEach(() => context?.close());

const peer = () => ready.peer_id;
const circuit = () => `${ready.flock}/p2p-circuit/p2p/${peer()}`;
const direct = () => ready.addrs.filter((address) => address.includes("webrtc-direct"));
const socket = () => ready.addrs.filter((address) => address.includes("/ws/"));

describe("against hearthd", { skip }, () => {
  const password = "correct horse";

  test("the first owner is made with the console's link", async () => {
    const result = await page.evaluate(
      async ({ link, addrs }) => {
        const parsed = window.parseLink(link);
        await window.reach({ root: parsed.root, multiaddrs: addrs });
        const made = await window.sdk.setup(window.connection, {
          key: window.device,
          device: { name: "First", remember: true },
          code: parsed.secret,
          name: "anna",
          displayName: "Anna",
          password: "correct horse",
        });
        const api = new window.sdk.HearthApi(window.connection);
        return {
          made,
          me: await api.me(),
          devices: await api.devices(),
          claimed: (await api.appliance()).claimed,
        };
      },
      { link: ready.setup_url, addrs: socket() },
    );
    assert.equal(result.made.persona.role, "owner");
    assert.equal(result.me.persona.name, "anna");
    assert.equal(result.claimed, true);
    assert.ok(result.devices.some((device) => device.current));
  });

  const login = (target, name = "anna", secret = password, options = {}) =>
    page.evaluate(
      async ([target, name, password, options]) => {
        await window.reach(target, false, options);
        const signedIn = await window.sdk.login(window.connection, {
          key: window.device,
          device: { name: "Test", remember: false },
          name,
          password,
        });
        return {
          signedIn,
          status: window.connection.status,
          transport: (await new window.sdk.HearthApi(window.connection).me()).connection,
        };
      },
      [target, name, secret, options],
    );

  test("login works over the relay, found by name", async () => {
    const { signedIn, status } = await login({ name: "casa", flock: ready.flock });
    assert.equal(signedIn.persona.name, "anna");
    assert.ok(["relayed", "direct"].includes(status.state));
  });

  test("login works over webrtc-direct", async () => {
    const { status, transport } = await login({ root: ready.root, multiaddrs: direct() });
    assert.equal(status.transport, "webrtc-direct");
    assert.equal(transport.relayed, false);
  });

  test("webrtc-direct needs no changed offer, which browsers are about to refuse", async () => {
    const strict = await launch("--force-fieldtrials=WebRTC-NoSdpMangleUfrag/Enabled/");
    try {
      context = await strict.newContext();
      page = await visitor();
      const { status } = await login({ root: ready.root, multiaddrs: direct() });
      assert.equal(status.transport, "webrtc-direct");
    } finally {
      await strict.close();
    }
  });

  test("a relayed connection becomes direct through the flock", async () => {
    const { signedIn } = await login({ root: ready.root, multiaddrs: [circuit()] });
    assert.equal(signedIn.persona.name, "anna");
    await page.waitForFunction(() => window.connection.state === "direct", undefined, { timeout: 15_000 });
    const me = await page.evaluate(() => new window.sdk.HearthApi(window.connection).me());
    assert.equal(me.connection.relayed, false);
  });

  test("a wrong password and an unknown name are refused alike", async () => {
    for (const [name, secret] of [
      ["anna", "wrong"],
      ["nobody", password],
    ]) {
      const error = await login({ root: ready.root, multiaddrs: socket() }, name, secret).catch(
        (reason) => reason.message,
      );
      assert.match(String(error), /name or the password/);
    }
  });

  test("a device that was removed is cut off within 2 s", async () => {
    await login({ root: ready.root, multiaddrs: socket() });
    const other = await visitor();
    const first = page;
    page = other;
    await login({ root: ready.root, multiaddrs: socket() });
    const took = await other.evaluate(
      async (id) => {
        await new window.sdk.HearthApi(window.connection).removeDevice(id);
        return performance.now();
      },
      await first.evaluate(() => window.device.id),
    );
    assert.ok(took > 0);
    const begin = Date.now();
    for (;;) {
      const code = await first.evaluate(() =>
        new window.sdk.HearthApi(window.connection).me().then(
          () => "still in",
          (error) => error.code,
        ),
      );
      if (code !== "still in") {
        assert.ok(["unauthorized", "denied", "offline", "cut_short"].includes(code), code);
        break;
      }
      assert.ok(Date.now() - begin < 2000, "still in after 2 s");
    }
  });

  test("a pairing link lets one new device in", async () => {
    await login({ root: ready.root, multiaddrs: socket() });
    const link = await page.evaluate(async () => {
      const pairing = await new window.sdk.HearthApi(window.connection).createPairing("Phone");
      const { secret, linkRoot, flock, multiaddrs } = pairing;
      return window.sdk.formatLink(
        { kind: "pair", root: linkRoot, secret, multiaddrs, ...(flock === undefined ? {} : { flock }) },
        "http://home.hearth.localhost",
      );
    });
    const phone = await visitor();
    const paired = await phone.evaluate(async (link) => {
      await window.reach(link);
      const options = {
        key: window.device,
        device: { name: "Phone", remember: true },
        secret: window.parseLink(link).secret,
      };
      const first = await window.sdk.pair(window.connection, options);
      const me = await new window.sdk.HearthApi(window.connection).me();
      return [first.persona.name, me.device.how];
    }, link);
    assert.deepEqual(paired, ["anna", "pairing"]);
    const again = await visitor();
    const error = await again.evaluate(async (link) => {
      await window.reach(link);
      return window.sdk
        .pair(window.connection, {
          key: window.device,
          device: { name: "Thief", remember: true },
          secret: window.parseLink(link).secret,
        })
        .catch((reason) => reason.code);
    }, link);
    assert.ok(["used", "expired", "denied", "not_found"].includes(error), error);
  });

  test("a changed password opens the same vault", async () => {
    await login({ root: ready.root, multiaddrs: socket() });
    await page.evaluate(() =>
      window.sdk.changePassword(window.connection, {
        key: window.device,
        present: "correct horse",
        next: "another one",
      }),
    );
    const other = await visitor();
    page = other;
    const { signedIn } = await login({ root: ready.root, multiaddrs: socket() }, "anna", "another one");
    assert.equal(signedIn.persona.name, "anna");
  });
});
