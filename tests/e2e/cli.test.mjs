// The command line against a real appliance, and what hearthd promises of its own process.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, copyFileSync, cpSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { openProfile } from "./lib/chromium.mjs";
import { bin, hearth, scratch, startAppliance, web } from "./lib/daemon.mjs";
import { Device } from "./lib/libp2p.mjs";
import { eventually, statusOf } from "./lib/processes.mjs";
import { Key, sessionMessage } from "./lib/statements.mjs";
import { Visitor } from "./lib/visitor.mjs";

const password = "plum kettle rivers";
const atEnd = () => {
  const undo = [];
  return {
    after: (each) => undo.push(each),
    run: async () => {
      for (const each of undo.reverse()) await each();
    },
  };
};

const pages = ["--shell", join(web, "shell"), "--boot", join(web, "boot")];

/** `hearth open casa`, until the test is over. */
async function startOpen(t, data) {
  const child = spawn(bin("hearth"), ["--data-dir", data, "--json", "open", "casa", "--port", "0", ...pages]);
  t.after(() => child.kill("SIGTERM"));
  return JSON.parse(await new Promise((resolve) => child.stdout.once("data", resolve)));
}

/** The loopback port by its bare name: *.localhost isn't resolved everywhere. */
const local = ({ http }) => `http://127.0.0.1:${new URL(http).port}`;

/** A bearer token for a device that proves its key there. */
async function openSession(ready, key) {
  const post = async (path, body) => {
    const answer = await fetch(`${local(ready)}/api/v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  };
  const { nonce } = await post("nonce", {});
  const root = Buffer.from(ready.root, "base64url");
  const message = sessionMessage(root, Buffer.from(nonce, "base64url"), new URL(local(ready)).host);
  const signature = Buffer.from(await key.sign(message)).toString("base64url");
  return (await post("session", { device: key.id, nonce, signature })).token;
}

describe("hearth", () => {
  const scope = atEnd();
  let data;
  let appliance;
  let owner;
  const run = (args, options) => hearth(data, args, options);
  const ok = async (args, options) => {
    const answer = await run(args, options);
    assert.equal(answer.code, 0, answer.err);
    return answer;
  };
  const json = async (...args) => (await ok(["--json", ...args])).json();

  before(async () => {
    data = join(scratch(scope), "data");
    appliance = await startAppliance(scope, data, { args: ["--name", "casa"] });
    owner = await Device.dial(appliance.ready.addrs[0]);
    scope.after(() => owner.close());
    await owner.setUp(appliance.ready.setup_url, { name: "anna", password });
  });
  after(() => scope.run());

  const commands = [
    ...["status", "persona", "persona add", "persona list", "persona passwd", "persona remove", "device"],
    ...["device list", "device revoke", "pair", "open", "recovery", "recovery show", "recovery confirm"],
    ...["recovery rotate"],
    ...["graph", "graph spaces", "graph make-space", "graph remove-space", "graph get", "graph put"],
    ...["graph rm", "graph ls", "graph history", "graph search", "graph watch", "graph export", "graph import", "graph stats"],
    ...["graph import-gun", "graph verify", "graph backup", "graph upkeep", "graph bench"],
    ...["flock", "flock join", "flock list", "flock leave", "doctor", "completion"],
  ];
  test("every command explains itself with an example", async () => {
    for (const command of ["", ...commands]) {
      const { out } = await ok([...command.split(" ").filter(Boolean), "--help"]);
      assert.match(out, /Usage: hearth/, command);
      assert.match(out, /Examples:\n +\S*hearth|Examples:\n.*hearth/, command);
    }
  });

  test("wrong usage ends with 2: no command, an unknown one, an unknown flag, a missing name", async () => {
    for (const args of [
      [],
      ["fly"],
      ["status", "--fly"],
      ["persona"],
      ["persona", "remove"],
      ["completion", "ksh"],
      ["open", "-no-"],
    ])
      assert.equal((await run(args)).code, 2, args.join(" "));
  });

  test("status says who the box is, for people and as JSON", async () => {
    const { out } = await ok(["status"]);
    assert.match(out, new RegExp(appliance.ready.root));
    const status = await json("status");
    assert.equal(status.root, appliance.ready.root);
    assert.equal(status.peer_id, appliance.ready.peer_id);
    assert.ok(status.connections.some((each) => each.device_name === "owner's device"));
  });

  test("a persona is added with a password from standard input, listed, and removed", async () => {
    const { persona } = (
      await ok(["--json", "persona", "add", "bert", "--display-name", "Bert Ek"], { input: `${password}\n` })
    ).json();
    assert.equal(persona.role, "member");
    assert.match((await ok(["persona", "list"])).out, /bert +Bert Ek +member/);
    await ok(["persona", "remove", "bert"]);
    assert.deepEqual(
      (await json("persona", "list")).personas.map(({ name }) => name),
      ["anna"],
    );
    assert.equal((await run(["persona", "remove", "bert"])).code, 1);
  });

  test("the last owner stays", async () => {
    const { code, err } = await run(["persona", "remove", "anna"]);
    assert.equal(code, 1);
    assert.match(err, /owner/);
  });

  test("a password is never an argument, and a short one or none is refused", async () => {
    assert.equal((await run(["persona", "add", "carl", "--password", password])).code, 2);
    assert.equal((await run(["persona", "add", "carl", password])).code, 2);
    assert.equal((await run(["persona", "add", "carl"], { input: "short\n" })).code, 1);
    assert.equal((await run(["persona", "add", "carl"])).code, 1);
    assert.equal((await json("persona", "list")).personas.length, 1);
  });

  test("a password is changed by who knows the present one, and only then", async () => {
    const next = "nine other words";
    const wrong = await run(["persona", "passwd", "anna"], { input: `not this one\n${next}\n` });
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /wrong/);
    await ok(["persona", "passwd", "anna"], { input: `${password}\n${next}\n` });
    assert.equal((await run(["persona", "passwd", "anna"], { input: `${password}\n${next}\n` })).code, 1);
    await ok(["persona", "passwd", "anna"], { input: `${next}\n${password}\n` });
  });

  test("a paired device is listed; revoked, it is cut within 2 seconds and nobody when it comes again", async () => {
    const { url, secret } = await json("pair", "--persona", "anna", "--device-name", "Tablet");
    const shell = new URL(url);
    assert.equal(shell.origin, appliance.ready.flock_shell);
    assert.match(shell.hash, new RegExp(`^#1\\.pair\\.${appliance.ready.root}\\..+\\.${secret}`));
    const tablet = await Device.dial(appliance.ready.addrs[0]);
    try {
      const { device } = await tablet.pair(url, "Tablet");
      assert.match((await ok(["device", "list"])).out, /Tablet +cli +pairing/);
      const late = await Device.dial(appliance.ready.addrs[0]);
      await assert.rejects(late.pair(url), { code: "used" });
      await late.close();
      const from = performance.now();
      await ok(["device", "revoke", "Tablet"]);
      await eventually(() => !tablet.isConnected, "the cut");
      assert.ok(performance.now() - from < 2000);
      assert.ok(!(await json("device", "list")).devices.some(({ id }) => id === device.id));
      const again = await Device.dial(appliance.ready.addrs[0], tablet.key);
      await assert.rejects(again.json("GET", "/api/v1/me"), { status: 401 });
      await again.close();
    } finally {
      await tablet.close();
    }
    assert.equal((await run(["device", "revoke", "Tablet"])).code, 1);
  });

  test("a device whose id begins with a hyphen, or with two, is revoked like any other", async () => {
    for (const beginning of ["-", "--"]) {
      let key;
      do key = await Key.make();
      while (!key.id.startsWith(beginning));
      const { secret } = await json("pair", "--persona", "anna");
      const device = await Device.dial(appliance.ready.addrs[0], key);
      await device.pair(secret, "Odd");
      await device.close();
      assert.equal((await json("device", "revoke", key.id)).revoked, key.id);
    }
  });

  test("a password with accents is one password: composed or not, here or in a browser", async () => {
    const written = { composed: "a caf\u00e9 in Zu\u0308rich", apart: "a cafe\u0301 in Z\u00fcrich" };
    assert.notEqual(written.composed, written.apart);
    await ok(["persona", "add", "elin"], { input: `${written.composed}\n` });
    // A browser sends it in normal form C (packages/sdk), whatever was typed.
    const visitor = await Visitor.dial(appliance.ready.addrs[0]);
    const told = { root: appliance.ready.root, name: "elin", password: written.apart.normalize("NFC") };
    assert.equal((await visitor.login(told)).persona.name, "elin");
    await visitor.close();
    await ok(["persona", "passwd", "elin"], { input: `${written.apart}\n${password}\n` });
    const bytes = Buffer.from([...Buffer.from("not utf-8 at all "), 0xff, 0xfe, 0x0a]);
    assert.match((await run(["persona", "add", "finn"], { input: bytes })).err, /UTF-8/);
    await ok(["persona", "remove", "elin"]);
  });

  test("a revoked device's events on the loopback port end within 2 seconds", async () => {
    const { url } = await json("pair", "--persona", "anna", "--device-name", "Kiosk");
    const kiosk = await Device.dial(appliance.ready.addrs[0]);
    await kiosk.pair(url, "Kiosk");
    await kiosk.close();
    const token = await openSession(appliance.ready, kiosk.key);
    const events = await fetch(`${local(appliance.ready)}/api/v1/events`, {
      headers: { authorization: `Hearth ${token}` },
    });
    assert.equal(events.status, 200);
    const reader = events.body.getReader();
    assert.equal(Buffer.from((await reader.read()).value).toString(), ":\n\n");
    const from = performance.now();
    await ok(["device", "revoke", "Kiosk"]);
    while (!(await reader.read()).done);
    assert.ok(performance.now() - from < 2000);
    const after = await fetch(`${local(appliance.ready)}/api/v1/me`, { headers: { authorization: `Hearth ${token}` } });
    assert.equal(after.status, 401);
  });

  test("a pairing link is shown in full; with several people one says whose it is", async () => {
    assert.match((await ok(["pair"])).out, /#1\.pair\.[\s\S]*It works once/);
    await ok(["persona", "add", "dora"], { input: `${password}\n` });
    assert.match((await run(["pair"])).err, /--persona/);
    await ok(["persona", "remove", "dora"]);
  });

  test("flocks are listed, joined and left", async () => {
    const [own] = (await json("flock", "list")).flocks;
    assert.equal(own.state, "joined");
    assert.equal(own.name, "casa");
    const gone = "/ip4/127.0.0.1/tcp/9/p2p/12D3KooWBmwkafWE2fqfzS96VoTZgpGp6aJsF4N5EBYfJkEQ9Zfz";
    assert.equal((await run(["flock", "join", "/ip4/127.0.0.1/tcp/9"])).code, 1);
    const known = appliance.ready.peer_id;
    const there = gone.replace(/12D3.*/, known);
    await ok(["flock", "join", there, "--name", "second"]);
    assert.equal((await json("flock", "list")).flocks.length, 2);
    await ok(["flock", "leave", there]);
    assert.equal((await json("flock", "list")).flocks.length, 1);
    assert.equal((await run(["flock", "leave", there])).code, 1);
  });

  test("doctor finds what is missing, says what helps, and ends with 1 until it is done", async () => {
    const before = await run(["doctor"]);
    assert.equal(before.code, 1);
    assert.match(before.out, /ok +The box has an owner/);
    assert.match(before.out, /NOT +The recovery kit[\s\S]*hearth recovery show/);
    const { words } = await json("recovery", "show");
    assert.equal(words.length, 24);
    assert.match((await ok(["recovery"])).out, new RegExp(`24 +${words[23]}`));
    assert.equal((await run(["recovery", "confirm"], { input: "zoo\nzoo\n" })).code, 1);
    await ok(["recovery", "confirm"], { input: `${words[6]}\n${words[17]}\n` });
    assert.deepEqual(await json("recovery", "show"), { state: "saved" });
    const checks = (await json("doctor")).checks;
    assert.ok(
      checks.every(({ ok }) => ok),
      JSON.stringify(checks),
    );
  });

  test("another user of the machine is kept out, with 3", (t) => {
    // Where the other user can come, unlike a checkout in somebody's home.
    const program = join(scratch(t), "hearth");
    copyFileSync(bin("hearth"), program);
    chmodSync(dirname(program), 0o755);
    const { status, stderr } = spawnSync(program, ["--data-dir", data, "status"], {
      uid: 65534,
      gid: 65534,
      encoding: "utf8",
    });
    assert.equal(status, 3);
    assert.match(stderr, /may not use/);
  });

  test("without an appliance it ends with 3 and says how to name one", async () => {
    const { code, err } = await hearth("/nonexistent", ["status"]);
    assert.equal(code, 3);
    assert.match(err, /--data-dir or HEARTH_DATA_DIR/);
    const env = { ...process.env, HEARTH_DATA_DIR: data };
    assert.match(execFileSync(bin("hearth"), ["status"], { env, encoding: "utf8" }), /casa/);
  });

  test("bash completes commands, subcommands and flags", () => {
    const complete = (...words) =>
      execFileSync(
        "bash",
        [
          "-c",
          `source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hearth; echo "\${COMPREPLY[*]}"`,
          bin("hearth"),
          ...words,
        ],
        { encoding: "utf8" },
      ).trim();
    assert.equal(complete("hearth", "per"), "persona");
    assert.equal(complete("hearth", "persona", ""), "add list passwd remove --json --data-dir --help");
    assert.equal(complete("hearth", "status", "--j"), "--json");
    assert.equal(complete("hearth", "--data-dir", "/x", "persona", "add", "--r"), "--role");
    assert.match(complete("hearth", "graph", ""), /\bmake-space\b.*\bgrant\b.*\bapps\b/);
  });

  test("a space is made, and taken away by whoever is sure", async () => {
    await ok(["graph", "make-space", "recipes"]);
    await ok(["graph", "put", "--space", "recipes", "cake", "eggs=3"]);
    const unsure = await hearth(data, ["graph", "remove-space", "recipes"]);
    assert.equal(unsure.code, 2);
    assert.match(unsure.err, /can't be undone[^]*graph export --space recipes[^]*--yes/);
    assert.match((await ok(["graph", "get", "--space", "recipes", "cake"])).out, /eggs/);
    assert.match((await ok(["graph", "remove-space", "recipes", "--yes"])).out, /gone/);
    assert.doesNotMatch((await ok(["graph", "spaces"])).out, /recipes/);
    const home = await hearth(data, ["graph", "remove-space", "home", "--yes"]);
    assert.equal(home.code, 1);
    assert.match(home.err, /stays/);
  });

  test("open serves the shell from this machine and tells it the flock, and ends on a signal", async () => {
    const child = spawn(bin("hearth"), ["--data-dir", data, "--json", "open", "casa", "--port", "0", ...pages]);
    try {
      const line = await new Promise((resolve) => child.stdout.once("data", resolve));
      const { address, flock } = JSON.parse(line);
      const url = new URL(address);
      assert.equal(url.search, "?box=casa");
      // fetch sends no Host but its own.
      const get = async (path, host = url.host) => {
        const sent = request({ host: "127.0.0.1", port: url.port, path, headers: { host } }).end();
        const [answer] = await once(sent, "response");
        return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
      };
      const login = await get("/login");
      assert.equal(login.status, 200);
      assert.ok(login.headers["content-security-policy"]);
      assert.match(login.body, /<script/);
      assert.ok((await get("/.well-known/hearth-flock")).body.includes(flock.peer_id));
      assert.equal((await get("/api/v1/appliance")).status, 404);
      assert.equal((await get("/", "evil.example")).status, 421);
    } finally {
      child.kill("SIGTERM");
    }
    assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 0);
  });

  test("open serves nothing but the pages that were built", async (t) => {
    const folder = scratch(t);
    cpSync(join(web, "shell"), folder, { recursive: true });
    appendFileSync(join(folder, "index.html"), "<script src=/assets/more.js></script>");
    const changed = await run(["open", "casa", "--port", "0", "--shell", folder]);
    assert.equal(changed.code, 1);
    assert.match(changed.err, /index\.html isn't what was built/);
  });

  test("open's page has the name in its place already", async (t) => {
    const opened = await startOpen(t, data);
    const page = await (await openProfile(t)).page();
    await page.goto(opened.address);
    assert.equal(await page.getByLabel("Box").inputValue(), "casa");
    await page.getByLabel("Your name").fill("anna");
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.keyboard.press("Enter");
    await page.getByRole("searchbox").waitFor({ timeout: 60_000 });
  });
});

describe("hearthd", () => {
  test("refuses unknown flags and an address that others could reach, with 2", () => {
    for (const args of [["--fly"], ["--http", "0.0.0.0:1"], ["--http", "[::]:1"], ["--name", "-"]]) {
      const { status, stderr } = spawnSync(bin("hearthd"), ["--data-dir", "/nonexistent/x", ...args], {
        encoding: "utf8",
      });
      assert.equal(status, 2, args.join(" "));
      assert.notEqual(stderr, "");
    }
  });

  test("started as root it is an ordinary user without capabilities before it opens a socket to the network", async (t) => {
    const data = join(scratch(t), "data");
    const appliance = await startAppliance(t, data);
    const status = statusOf(appliance.child.pid);
    for (const id of [...status.get("Uid").split("\t"), ...status.get("Gid").split("\t")])
      assert.notEqual(id, "0");
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
      assert.equal(BigInt(`0x${status.get(set)}`), 0n, set);
    assert.equal(status.get("NoNewPrivs"), "1");
    // A socket's owner is whoever made it: none of root's.
    const own = new Set(
      readdirSync(`/proc/${appliance.child.pid}/fd`)
        .map((fd) => /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${appliance.child.pid}/fd/${fd}`))?.[1])
        .filter(Boolean),
    );
    const sockets = ["tcp", "tcp6", "udp", "udp6"]
      .flatMap((table) =>
        readFileSync(`/proc/net/${table}`, "utf8")
          .trim()
          .split("\n")
          .slice(1)
          .map((line) => line.trim().split(/\s+/)),
      )
      .filter((fields) => own.has(fields[9]));
    assert.ok(sockets.length >= 4, "loopback, peers by TCP and UDP, flock");
    for (const fields of sockets) assert.equal(fields[7], status.get("Uid").split("\t")[0], fields[1]);
    await appliance.stop();
  });

  test("ends within 2 seconds of SIGTERM, with 0, and starts again as the same box", async (t) => {
    const data = join(scratch(t), "data");
    const first = await startAppliance(t, data);
    const { code, ms } = await first.stop();
    assert.equal(code, 0);
    assert.ok(ms < 2000, `${ms} ms`);
    const second = await startAppliance(t, data);
    assert.equal(second.ready.root, first.ready.root);
    assert.equal(second.ready.peer_id, first.ready.peer_id);
    const device = await Device.dial(second.ready.addrs[0]);
    const busy = await second.stop();
    assert.equal(busy.code, 0);
    assert.ok(busy.ms < 2000, `${busy.ms} ms with a connection open`);
    await device.close();
  });
});
