// `hearth box`, `hearth tunnel`, `hearth service`: programs without a browser reach an app and a TCP service of a box, and
// nobody else does. The device has folders of its own; nothing but sockets leads from it to the box.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, statSync, writeFileSync, existsSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { skip, startWithApp } from "../../web/packages/sdk/e2e/sandboxed.mjs";
import { openProfile } from "./lib/chromium.mjs";
import { until } from "./lib/console.mjs";
import { bin, hearth, scratch, start } from "./lib/daemon.mjs";
import { Device } from "./lib/libp2p.mjs";
import { statusOf } from "./lib/processes.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const ws = join(here, "../../web/node_modules/ws");
const password = "correct horse";
const mib = 1 << 20;

/** A free port, for what is told to use a port of its own. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** One request with exactly these headers; `port` or a socket's path. */
function ask(to, { method = "GET", path = "/", headers = {}, body } = {}) {
  const where = typeof to === "number" ? { host: "127.0.0.1", port: to } : { socketPath: to };
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, method, path, headers, agent: false }, async (answer) => {
      const hash = createHash("sha256");
      const kept = [];
      let size = 0;
      for await (const part of answer) {
        size += part.length;
        if (size <= mib) kept.push(part);
        else hash.update(part);
      }
      resolve({ status: answer.statusCode, headers: answer.headers, size, text: Buffer.concat(kept).toString() });
    });
    sent.on("error", reject);
    if (body?.pipe) body.pipe(sent);
    else sent.end(body);
  });
}

/** All that a TCP connection says until it ends; how it ended. */
function talk(port, words = "") {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true }, () => socket.end(words));
    let heard = "";
    socket.on("data", (data) => (heard += data));
    socket.on("error", (error) => resolve({ heard, error: error.code }));
    socket.on("end", () => resolve({ heard }));
  });
}

describe("a tunnel", { skip }, () => {
  const undo = [];
  const scope = { after: (each) => undo.push(each) };
  let box, boxes, owner, ports, echo, server;

  const onBox = (...args) => hearth(box.dataDir, args);
  const onDevice = (args, options) => hearth("/nonexistent", [...args, "--boxes", boxes], options);
  const ok = (answer) => (assert.equal(answer.code, 0, answer.err), answer);
  const link = async (persona) => ok(await onBox("pair", "--json", "--persona", persona)).json().url;
  /** A tunnel until the test is over; `ready` is its first line. */
  const tunnel = (t, ...args) => start(t, "hearth", ["--json", "tunnel", ...args, "--boxes", boxes]);
  const events = (running) => running.output.trim().split("\n").map((line) => JSON.parse(line));
  const fixed = () => [
    ...["--p2p-port", String(ports[0]), "--embedded-flock", String(ports[1])],
    ...["--http", "127.0.0.1:0"],
  ];

  before(async () => {
    ports = [await freePort(), await freePort(), await freePort()];
    box = await startWithApp("tunnel", { app: join(here, "tunnel"), "app/node_modules/ws": ws }, fixed());
    boxes = join(scratch(scope), "boxes");
    owner = await Device.dial(box.ready.addrs[0]);
    await owner.setUp(box.ready.setup_url, { name: "anna", password });
    ok(await hearth(box.dataDir, ["persona", "add", "bert"], { input: `${password}\n` }));
    // Says what it heard when the other side has ended: TCP's half-close, which only a tunnel that knows it survives.
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      const heard = [];
      socket.on("data", (data) => heard.push(data));
      socket.on("end", () => socket.end(Buffer.concat(heard)));
      socket.on("error", () => {});
    }).listen(0, "127.0.0.1");
    await once(echo, "listening");
    server = await startWebServer(ports[2]);
  });
  after(async () => {
    for (const each of undo.reverse()) await each();
    echo?.close();
    server?.kill("SIGTERM");
    await owner?.close();
    await box?.close();
  });

  /** A service of other people's, which knows nothing of us. */
  async function startWebServer(port) {
    const folder = scratch(scope);
    writeFileSync(join(folder, "index.html"), "python of the box");
    const args = ["-m", "http.server", "--bind", "127.0.0.1", "--directory", folder, String(port)];
    const child = spawn("python3", args, { stdio: "ignore" });
    await until(() => talk(port, "GET / HTTP/1.0\r\n\r\n"), ({ heard }) => /python of/.test(heard), "python");
    return child;
  }

  test("a link lets this user in once, as a device of a persona", async () => {
    const url = await link("anna");
    const added = ok(await onDevice(["--json", "box", "add", "-", "--name", "casa"], { input: `${url}\n` })).json();
    assert.equal(added.persona, "anna");
    assert.equal(added.root, box.ready.root);
    assert.equal(statSync(join(boxes, "casa.json")).mode & 0o777, 0o600);
    assert.equal(statSync(boxes).mode & 0o777, 0o700);
    const { devices } = ok(await onBox("--json", "device", "list")).json();
    assert.equal(devices.find(({ id }) => id === added.device).kind, "cli");
    const again = await onDevice(["box", "add", url, "--name", "twice"]);
    assert.equal(again.code, 1);
    assert.match(again.err, /used already/);
    ok(await onDevice(["box", "add", await link("bert"), "--name", "berts"]));
    assert.match(ok(await onDevice(["box", "list"])).out, /berts +bert.*\n.*casa +anna/);
  });

  test("an app's pages come as that persona, whatever the program says", async (t) => {
    const { ready } = await tunnel(t, "tunnel", "0", "--box", "casa");
    assert.equal(ready.app, "tunnel");
    assert.equal(ready.relayed, false);
    const port = Number(new URL(ready.url).port);
    const page = await ask(port);
    assert.equal(page.status, 200);
    assert.match(page.text, /Through the tunnel/);
    assert.match(String(page.headers["set-cookie"]), /seen=1/);
    const seen = JSON.parse((await ask(port, { path: "/who", headers: { "Hearth-Persona-Name": "bert" } })).text);
    assert.equal(seen["hearth-persona-name"], "anna");
    assert.equal(seen.host, "tunnel");
    // A redirect that names the app's own host leads to this port.
    assert.equal((await ask(port, { path: "/away" })).headers.location, "/who");
    assert.equal((await ask(port, { path: "/nothing" })).status, 404);
  });

  test("100 MiB go up and down whole, in memory that doesn't grow", async (t) => {
    const running = await tunnel(t, "tunnel", "0", "--box", "casa");
    const port = Number(new URL(running.ready.url).port);
    await ask(port);
    const held = () => Number.parseInt(statusOf(running.child.pid).get("VmRSS")) * 1024;
    const from = held();
    let most = from;
    const watch = setInterval(() => (most = Math.max(most, held())), 50);
    const down = await new Promise((resolve, reject) => {
      request({ host: "127.0.0.1", port, path: "/download?mib=100" }, async (answer) => {
        const hash = createHash("sha256");
        let last = Buffer.alloc(0);
        let size = 0;
        for await (const part of answer) {
          size += part.length;
          const all = Buffer.concat([last, part]);
          hash.update(all.subarray(0, Math.max(0, all.length - 32)));
          last = all.subarray(Math.max(0, all.length - 32));
        }
        resolve({ size, right: hash.digest().equals(last) });
      })
        .on("error", reject)
        .end();
    });
    assert.deepEqual(down, { size: 100 * mib + 32, right: true });
    const piece = Buffer.alloc(mib, (i) => i % 241);
    const hash = createHash("sha256");
    for (let i = 0; i < 100; ++i) hash.update(piece);
    const up = await new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, method: "POST", path: "/upload" }, async (answer) =>
        resolve(JSON.parse(Buffer.concat(await answer.toArray()).toString())),
      ).on("error", reject);
      (async () => {
        for (let i = 0; i < 100; ++i) if (!sent.write(piece)) await once(sent, "drain");
        sent.end();
      })();
    });
    assert.deepEqual(up, { size: 100 * mib, sha256: hash.digest("hex") });
    clearInterval(watch);
    assert.ok(most - from < 32 * mib, `grew by ${((most - from) / mib).toFixed(1)} MiB`);
  });

  test("hostile pages get nothing through it: foreign hosts, origins, frames and sockets", async (t) => {
    const { ready } = await tunnel(t, "tunnel", "0", "--box", "casa");
    const port = Number(new URL(ready.url).port);
    const hits = async () => Number((await ask(port, { path: "/hits" })).text);
    const before = await hits();
    const status = async (headers, method) => (await ask(port, { headers, method })).status;
    assert.equal(await status({ Host: `rebound.example:${port}` }), 421);
    assert.equal(await status({ Host: `127.0.0.1:${port + 1}` }), 421);
    assert.equal(await status({ Origin: "http://evil.example" }, "POST"), 403);
    assert.equal(await status({ Origin: "null" }, "POST"), 403);
    assert.equal(await status({ "Sec-Fetch-Site": "cross-site" }), 403);
    assert.equal(await status({ "Sec-Fetch-Site": "same-site" }), 403);

    // The same by a real browser, whose names all lead here: as after a rebinding.
    const evil = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () =>
        socket.end("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 17\r\n\r\n<title>x</title>\n"),
      );
    }).listen(0, "127.0.0.1");
    await once(evil, "listening");
    t.after(() => evil.close());
    const profile = await openProfile(t, {
      args: ["--host-resolver-rules=MAP * 127.0.0.1", "--disable-features=LocalNetworkAccessChecks"],
    });
    const page = await profile.page();
    await page.goto(`http://evil.example:${evil.address().port}/`);
    const got = await page.evaluate(
      async ([port, app]) => {
        const targets = [`http://127.0.0.1:${port}`, `http://${app}.localhost:${port}`, `http://rebound.example:${port}`];
        const tried = [];
        for (const target of targets) {
          tried.push(await fetch(target + "/who").then((r) => r.text(), () => "blocked"));
          await fetch(target + "/", { method: "POST", mode: "no-cors", body: "x=1" }).catch(() => {});
          await new Promise((done) => {
            const frame = document.body.appendChild(document.createElement("iframe"));
            frame.onload = frame.onerror = done;
            frame.src = target + "/";
          });
          tried.push(
            await new Promise((done) => {
              const socket = new WebSocket(`${target.replace("http", "ws")}/ws`);
              socket.onopen = () => done("open");
              socket.onerror = () => done("blocked");
            }),
          );
        }
        return tried;
      },
      [port, "tunnel"],
    );
    assert.deepEqual(got, Array(6).fill("blocked"));
    const rebound = await page.goto(`http://rebound.example:${port}/who`);
    assert.equal(rebound.status(), 421);
    assert.equal(await hits(), before);

    // And the user's own page works, its WebSocket with it.
    const own = await page.goto(ready.url);
    assert.equal(own.status(), 200);
    const echoed = await page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket("/ws");
          socket.onopen = () => socket.send("hello tunnel");
          socket.onmessage = ({ data }) => (socket.close(), resolve(data));
          socket.onerror = () => reject(new Error("no socket"));
        }),
    );
    assert.equal(echoed, "hello tunnel");
  });

  test("other users of the machine are turned away, at the port and at a socket", async (t) => {
    const running = await tunnel(t, "tunnel", "0", "--box", "casa");
    const port = Number(new URL(running.ready.url).port);
    const as = (uid, args) =>
      new Promise((resolve) =>
        execFile("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", ...args], { uid, gid: uid }, (_, out) =>
          resolve(out),
        ),
      );
    assert.equal(await as(0, [`http://127.0.0.1:${port}/`]), "200");
    assert.equal(await as(65534, [`http://127.0.0.1:${port}/`]), "000");
    await until(() => events(running), (all) => all.some(({ why }) => /Another user/.test(why ?? "")), "a word of it");

    const folder = join(scratch(t), "s");
    mkdirSync(folder, { mode: 0o777 });
    const path = join(folder, "app.sock");
    const atPath = await tunnel(t, "tunnel", path, "--box", "casa");
    assert.equal(atPath.ready.path, path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(await as(0, ["--unix-socket", path, "http://anything/"]), "200");
    assert.equal(await as(65534, ["--unix-socket", path, "http://anything/"]), "000");
    assert.equal((await atPath.stop()).code, 0);
    assert.ok(!existsSync(path));
  });

  test("a TCP service is closed to all until an owner opens it, and ends when it is closed again", async (t) => {
    const port = String(ports[2]);
    const refused = await onDevice(["tunnel", "--tcp", port, "--box", "casa"]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, new RegExp(`hearth service allow ${port}`));
    ok(await onBox("service", "allow", port, "--name", "web"));
    const berts = await onDevice(["tunnel", "--tcp", port, "--box", "berts"]);
    assert.equal(berts.code, 1, "only the owners so far");

    const running = await tunnel(t, "--tcp", port, "--box", "casa");
    const local = Number(running.ready.address.split(":")[1]);
    const words = "GET / HTTP/1.0\r\n\r\n";
    assert.match((await talk(local, words)).heard, /python of the box$/);

    ok(await onBox("service", "allow", port, "--persona", "bert"));
    assert.match(ok(await onBox("service", "list")).out, new RegExp(`${port} +web +owners, bert`));
    const bert = await tunnel(t, "--tcp", port, "--box", "berts");
    const bertsPort = Number(bert.ready.address.split(":")[1]);
    const held = connect(bertsPort, "127.0.0.1");
    held.on("error", () => {});
    held.write("GET / HTTP/1.1\r\n");
    // Its request isn't whole: the server waits, and so does the connection.
    await until(() => talk(bertsPort, words), ({ heard }) => /python of/.test(heard), "bert's own");
    const from = performance.now();
    const ended = once(held, "close");
    ok(await onBox("service", "deny", port, "--persona", "bert"));
    await ended;
    assert.ok(performance.now() - from < 2000);
    assert.equal((await talk(bertsPort, words)).heard, "");
    await until(() => events(bert), (all) => all.some(({ why }) => /isn't open to bert/.test(why ?? "")), "why not");
    assert.match((await talk(local, words)).heard, /python of the box$/, "the owner's goes on");
    ok(await onBox("service", "deny", port));
    assert.equal((await talk(local, words)).heard, "");
    assert.equal(ok(await onBox("--json", "service", "list")).json().services.length, 0);
  });

  test("bytes of a TCP service go both ways whole, and one end may end first", async (t) => {
    const { port } = echo.address();
    ok(await onBox("service", "allow", String(port)));
    const { ready } = await tunnel(t, "--tcp", String(port), "--box", "casa");
    const socket = connect({ host: "127.0.0.1", port: Number(ready.address.split(":")[1]), allowHalfOpen: true });
    const piece = Buffer.alloc(mib, (i) => i % 239);
    const sent = createHash("sha256");
    for (let i = 0; i < 20; ++i) {
      sent.update(piece);
      if (!socket.write(piece)) await once(socket, "drain");
    }
    socket.end();
    const heard = createHash("sha256");
    for await (const part of socket) heard.update(part);
    assert.equal(heard.digest("hex"), sent.digest("hex"));
    ok(await onBox("service", "deny", String(port)));
  });

  test("it goes through the flock's relay where the box can't be reached itself", async (t) => {
    const file = join(boxes, "casa.json");
    const kept = JSON.parse(readFileSync(file, "utf8"));
    assert.ok(kept.addresses.length > 0 && kept.flocks.length > 0);
    writeFileSync(file, JSON.stringify({ ...kept, addresses: ["/ip4/127.0.0.1/tcp/1"] }));
    const { ready } = await tunnel(t, "tunnel", "0", "--box", "casa");
    assert.equal(ready.relayed, true);
    const port = Number(new URL(ready.url).port);
    assert.match((await ask(port)).text, /Through the tunnel/);
    assert.equal((await ask(port, { path: "/download?mib=10" })).size, 10 * mib + 32);
  });

  test("a lost box is found again, and requests wait for it", async (t) => {
    const running = await tunnel(t, "tunnel", "0", "--box", "casa");
    const port = Number(new URL(running.ready.url).port);
    await box.restart();
    await until(() => events(running), (all) => all.some(({ event }) => event === "lost"), "that it was lost");
    assert.match((await ask(port)).text, /Through the tunnel/);
    assert.ok(events(running).some(({ event }) => event === "connected"));
    assert.equal((await running.stop()).code, 0);
    const gone = await talk(port);
    assert.equal(gone.error, "ECONNREFUSED");
  });

  test("a device that is revoked is out at once, and says so", async (t) => {
    const running = await tunnel(t, "tunnel", "0", "--box", "berts");
    const socket = connect(Number(new URL(running.ready.url).port), "127.0.0.1");
    socket.on("error", () => {});
    const { devices } = ok(await onBox("--json", "device", "list")).json();
    const list = ok(await onDevice(["--json", "box", "list"])).json().boxes;
    const mine = list.find(({ name }) => name === "berts").device;
    assert.ok(devices.some(({ id }) => id === mine));
    const from = performance.now();
    ok(await onBox("device", "revoke", mine));
    const { code } = await running.ended;
    assert.equal(code, 1);
    assert.ok(performance.now() - from < 3000);
    assert.match(running.errors, /revoked/);
    const again = await onDevice(["tunnel", "tunnel", "--box", "berts"]);
    assert.equal(again.code, 1);
    assert.match(again.err, /revoked/);
  });

  test("exit codes, help and completion say what is the matter", async () => {
    assert.match(ok(await onDevice(["tunnel", "--help"])).out, /hearth tunnel --tcp 22 2222/);
    assert.match(ok(await onBox("service", "--help")).out, /hearth service allow 22/);
    assert.match(ok(await onBox("completion", "bash")).out, /service box tunnel/);
    assert.equal((await onDevice(["tunnel", "--tcp", "ssh", "--box", "casa"])).code, 2);
    assert.equal((await onDevice(["box", "add", "https://x/#nonsense"])).code, 2);
    const nobody = await onDevice(["tunnel", "mail", "--box", "casa"]);
    assert.equal(nobody.code, 1);
    assert.match(nobody.err, /there is tunnel/);
    const file = join(boxes, "casa.json");
    const kept = JSON.parse(readFileSync(file, "utf8"));
    const nowhere = { ...kept, name: "nowhere", addresses: ["/ip4/127.0.0.1/tcp/1"], flocks: [] };
    writeFileSync(join(boxes, "nowhere.json"), JSON.stringify(nowhere));
    assert.equal((await onDevice(["tunnel", "tunnel", "--box", "nowhere"])).code, 3);
    ok(await onDevice(["box", "remove", "nowhere"]));
    assert.ok(!existsSync(join(boxes, "nowhere.json")));
    assert.ok(existsSync(bin("hearth")));
  });
});
