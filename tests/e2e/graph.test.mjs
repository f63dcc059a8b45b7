// The signed graph in hearthd: over HTTP, by Server-Sent Events and WebSocket, from the command line, and through kills.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { bin, hearth, scratch, startAppliance } from "./lib/daemon.mjs";
import { Device } from "./lib/libp2p.mjs";
import { eventually } from "./lib/processes.mjs";
import { sessionMessage } from "./lib/statements.mjs";

const password = "plum kettle rivers";
const api = "/api/graph/v1";
const home = `${api}/spaces/home`;
const node = (soul) => `${home}/nodes/${encodeURIComponent(soul)}`;
const json = { "Content-Type": "application/json" };

/** A device on the loopback port. */
class Session {
  static async open(ready, key) {
    const session = new Session();
    session.origin = `http://127.0.0.1:${new URL(ready.http).port}`;
    const { nonce } = await session.json("POST", "/api/v1/nonce", {});
    const root = Buffer.from(ready.root, "base64url");
    const host = new URL(session.origin).host;
    const message = sessionMessage(root, Buffer.from(nonce, "base64url"), host);
    const signature = Buffer.from(await key.sign(message)).toString("base64url");
    const { token } = await session.json("POST", "/api/v1/session", { device: key.id, nonce, signature });
    session.token = token;
    return session;
  }
  request(method, path, { headers = {}, ...options } = {}) {
    const authorization = this.token && { Authorization: `Hearth ${this.token}` };
    return fetch(this.origin + path, { method, headers: { ...authorization, ...headers }, ...options });
  }
  async json(method, path, body) {
    const answer = await this.request(method, path, body && { headers: json, body: JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text && JSON.parse(text);
  }
  async status(method, path, body) {
    const answer = await this.request(method, path, body && { headers: json, body: JSON.stringify(body) });
    await answer.arrayBuffer();
    return answer.status;
  }
  /** Events as they come: {event, data}. */
  async *events(path, signal) {
    const answer = await this.request("GET", path, { signal });
    assert.equal(answer.status, 200);
    let text = "";
    for await (const chunk of answer.body) {
      text += Buffer.from(chunk).toString();
      for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
        if (event) yield { event, data: JSON.parse(data) };
      }
    }
  }
  /** A socket: `ask` for answers, `told` for what else it says. */
  async socket() {
    const socket = new WebSocket(`${this.origin.replace("http", "ws")}${api}/socket`, ["hearth.graph.v1", this.token]);
    const waiting = new Map();
    const told = [];
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.id === undefined) told.push(frame);
      else waiting.get(frame.id)(frame);
    };
    const closed = new Promise((resolve) => (socket.onclose = resolve));
    await new Promise((resolve, reject) => ((socket.onopen = resolve), (socket.onerror = reject)));
    let last = 0;
    const ask = (frame) =>
      new Promise((resolve) => {
        waiting.set(++last, resolve);
        socket.send(JSON.stringify({ id: last, ...frame }));
      });
    return { socket, ask, told, closed };
  }
}

const atEnd = () => {
  const undo = [];
  return { after: (each) => undo.push(each), run: async () => { for (const each of undo.reverse()) await each(); } }; // prettier-ignore
};

describe("the graph", () => {
  const scope = atEnd();
  let data;
  let appliance;
  let owner; // by libp2p
  let anna; // on loopback
  const run = (...args) => hearth(data, ["graph", ...args]);
  const cli = async (...args) => {
    const answer = await hearth(data, ["--json", "graph", ...args]);
    assert.equal(answer.code, 0, answer.err);
    return answer.json();
  };
  /** A device of somebody else, who isn't an owner. */
  const pairedDevice = async (persona, name) => {
    const { secret } = (await hearth(data, ["--json", "pair", "--persona", persona])).json();
    const device = await Device.dial(appliance.ready.addrs[0]);
    scope.after(() => device.close());
    await device.pair(secret, name);
    return device;
  };

  const start = async () => {
    appliance = await startAppliance(scope, data, { args: ["--name", "casa"] });
    anna = await Session.open(appliance.ready, owner.key);
  };
  /** The folder of a backup, made by the user that hearthd runs as. */
  const backUp = async () => {
    const folder = scratch(scope, "hearth-backup-");
    chmodSync(folder, 0o777);
    const target = join(folder, "monday");
    assert.equal((await run("backup", target)).code, 0);
    return target;
  };
  /** In the place of what a stopped hearthd had. */
  const putBack = async (backup) => {
    const spaces = join(data, "graph", "spaces");
    rmSync(spaces, { recursive: true });
    cpSync(join(backup, "spaces"), spaces, { recursive: true });
    await start();
  };

  before(async () => {
    data = join(scratch(scope), "data");
    appliance = await startAppliance(scope, data, { args: ["--name", "casa"] });
    owner = await Device.dial(appliance.ready.addrs[0]);
    scope.after(() => owner.close());
    await owner.setUp(appliance.ready.setup_url, { name: "anna", password });
    anna = await Session.open(appliance.ready, owner.key);
  });
  after(() => scope.run());

  test("the box's owner has a space 'home'; a node is put, read, listed and removed, by libp2p and on loopback", async () => {
    const { spaces } = await owner.json("GET", `${api}/spaces`);
    assert.deepEqual(
      spaces.map(({ name, kind, role, home: isHome }) => ({ name, kind, role, isHome })),
      [{ name: "home", kind: "protected", role: "owner", isHome: true }],
    );
    const properties = { name: "Ännä", age: 41, ratio: 0.5, gone: null, ok: true, boss: { "#": "ü/b" }, raw: { bytes: "AAH_" } };
    const written = await owner.json("PUT", node("people/anna"), { properties });
    assert.equal(written.durable, true);
    assert.equal(written.seq, 1);
    const read = await anna.json("GET", node("people/anna"));
    assert.deepEqual(
      Object.fromEntries(Object.entries(read.properties).map(([name, { value }]) => [name, value])),
      properties,
    );
    const me = await anna.json("GET", "/api/v1/me");
    assert.deepEqual(read.properties.name.by, { author: written.author, persona: me.persona.id });
    for (let i = 0; i < 5; i++) await anna.json("PUT", node(`list/${i}`), { properties: { title: `No. ${i}` } });
    const first = await anna.json("GET", `${home}/nodes?prefix=list/&limit=3`);
    const second = await anna.json("GET", `${home}/nodes?prefix=list/&limit=3&after=${first.next}`);
    assert.deepEqual(
      [...first.nodes, ...second.nodes].map(({ soul, summary }) => [soul, summary]),
      [0, 1, 2, 3, 4].map((i) => [`list/${i}`, `No. ${i}`]),
    );
    await anna.json("DELETE", node("list/4"));
    assert.equal(await anna.status("GET", node("list/4")), 404);
  });

  test("a batch is one update: whole or not at all; counters, sets and lists", async () => {
    const edits = [
      { op: "put", soul: "album", property: "title", value: "Summer" },
      { op: "add", soul: "album", property: "views", by: 3 },
      { op: "include", soul: "album", property: "tags", value: "sea", fields: { by: "anna" } },
      { op: "include", soul: "album", property: "tags", value: { "#": "people/anna" } },
      { op: "insert", soul: "album", property: "songs", at: 0, values: ["a", "b", "d"] },
      { op: "insert", soul: "album", property: "songs", at: 2, values: ["c"] },
      { op: "erase", soul: "album", property: "songs", at: 0, count: 1 },
    ];
    const { seq } = await anna.json("POST", `${home}/updates`, { edits });
    const { properties } = await anna.json("GET", node("album"));
    assert.equal(properties.views.value, 3);
    assert.deepEqual(properties.songs.values, ["b", "c", "d"]);
    assert.deepEqual(new Set(properties.tags.elements.map(({ value }) => JSON.stringify(value))), new Set(['"sea"', '{"#":"people/anna"}'])); // prettier-ignore
    const broken = [...edits, { op: "exclude", soul: "album", property: "tags", value: "never there" }];
    const refused = await anna.request("POST", `${home}/updates`, { headers: json, body: JSON.stringify({ edits: broken }) });
    assert.equal(refused.status, 400);
    assert.match((await refused.json()).error.message, /Edit 7/);
    assert.equal((await anna.json("GET", node("album"))).properties.views.value, 3);
    assert.equal((await anna.json("PUT", node("album"), { properties: { title: "Winter" } })).seq, seq + 1);
    for (const edit of [{ op: "fly", soul: "x" }, { op: "put", soul: "", property: "a", value: 1 }, { op: "put", soul: "x", property: "a" }, { op: "add", soul: "x", property: "a", by: 0.5 }, { op: "insert", soul: "x", property: "l", at: 9, values: [1] }]) // prettier-ignore
      assert.equal(await anna.status("POST", `${home}/updates`, { edits: [edit] }), 400, JSON.stringify(edit));
    const large = { edits: [0, 1].map((i) => ({ op: "put", soul: `large${i}`, property: "a", value: "x".repeat(700_000) })) };
    assert.equal(await anna.status("POST", `${home}/updates`, large), 413);
  });

  test("a history says who wrote what when, newest first, and in pages", async () => {
    for (let i = 0; i < 4; i++) await anna.json("PUT", node("wiki"), { properties: { text: `version ${i}` } });
    const me = (await anna.json("GET", "/api/v1/me")).persona.id;
    const first = await anna.json("GET", `${node("wiki")}/history?limit=3`);
    const rest = await anna.json("GET", `${node("wiki")}/history?limit=3&before=${first.next}`);
    const all = [...first.updates, ...rest.updates];
    assert.deepEqual(
      all.map(({ by, counts, operations }) => [by.persona, counts, operations[0].value]),
      [3, 2, 1, 0].map((i) => [me, true, `version ${i}`]),
    );
    assert.equal(rest.next, undefined);
  });

  test("search finds words in souls and texts; an index answers values and ranges", async () => {
    for (let year = 1990; year < 2000; year++)
      await anna.json("PUT", node(`film/${year}`), { properties: { title: `Der Fluß ${year}`, year } });
    const found = await anna.json("GET", `${home}/search?q=${encodeURIComponent("FLUß 1995")}`);
    assert.deepEqual(found.nodes.map(({ soul }) => soul), ["film/1995"]); // prettier-ignore
    await anna.json("POST", `${home}/indexes`, { name: "by-year", property: "year", prefix: "film/" });
    await eventually(async () => (await anna.json("GET", `${home}/indexes`)).indexes[0].ready, "the index");
    const query = (text) => anna.json("GET", `${home}/query?index=by-year&${text}`);
    const souls = ({ nodes }) => nodes.map(({ soul }) => soul.slice(5));
    assert.deepEqual(souls(await query("equals=1993")), ["1993"]);
    assert.deepEqual(souls(await query("from=1996&to=1998&order=descending")), ["1998", "1997", "1996"]);
    const page = await query("from=1990&limit=2");
    assert.deepEqual(souls(await query(`from=1990&limit=2&after=${page.next}`)), ["1992", "1993"]);
    await anna.json("PUT", node("film/1993"), { properties: { year: 2001 } });
    assert.deepEqual(souls(await query("equals=1993")), []);
  });

  test("an app has what was granted of a space, as far as who uses it has it, and what it writes bears its name", async () => {
    const ofApp = (app, path) => `/app/${app}/.hearth/graph/v1${path}`;
    const soul = "/spaces/home/nodes/shopping";
    const put = (session, app) => session.status("PUT", ofApp(app, soul), { properties: { text: "milk" } });
    assert.equal(await anna.status("GET", ofApp("notes", "/spaces/home")), 404);
    assert.equal(await put(anna, "notes"), 404);
    assert.deepEqual(await cli("grant", "notes", "read"), { space: "home", app: "notes", access: "read" });
    assert.equal((await anna.json("GET", ofApp("notes", "/spaces/home"))).role, "reader");
    assert.equal(await put(anna, "notes"), 403);
    await cli("grant", "notes", "write");
    assert.equal(await put(anna, "notes"), 200);
    const { updates } = await anna.json("GET", `${node("shopping")}/history`);
    assert.equal(updates[0].by.app, "notes");
    assert.equal(await put(anna, "other"), 404);
    for (const [method, path, body] of [["PUT", "/spaces/home/apps/notes", { access: "write" }], ["GET", "/spaces/home/apps"], ["POST", "/spaces/home/checkpoint", {}], ["POST", "/spaces/home/verify", {}], ["POST", "/spaces", { name: "mine", kind: "public" }]]) // prettier-ignore
      assert.equal(await anna.status(method, ofApp("notes", path), body), 403, path);
    assert.deepEqual(await cli("apps"), { apps: [{ app: "notes", access: "write" }] });
    assert.equal(await anna.status("PUT", `${home}/apps/notes`, { access: "all" }), 400);
    await cli("grant", "notes", "none");
    assert.equal(await anna.status("GET", ofApp("notes", "/spaces/home")), 404);
    assert.deepEqual(await cli("apps"), { apps: [] });
  });

  test("Server-Sent Events tell of a soul, a prefix, a property, and of nothing else", async () => {
    const stop = new AbortController();
    const heard = [];
    const streams = ["soul=a%2F1", "prefix=a%2F", "property=title", ""].map((filter, i) => {
      heard[i] = [];
      return (async () => {
        for await (const each of anna.events(`${home}/changes?${filter}`, stop.signal)) heard[i].push(each);
      })().catch(() => {});
    });
    await eventually(() => heard.every(([first]) => first?.event === "begin"), "four beginnings");
    const from = performance.now();
    await anna.json("PUT", node("a/1"), { properties: { text: "x" } });
    await eventually(() => heard[0].length > 1, "a change");
    assert.ok(performance.now() - from < 2000);
    await anna.json("PUT", node("a/2"), { properties: { title: "y" } });
    await anna.json("PUT", node("b/1"), { properties: { title: "z" } });
    await eventually(() => heard[3].length > 3, "all changes");
    stop.abort();
    await Promise.all(streams);
    const changes = heard.map((events) => events.slice(1).map(({ data: { soul, property } }) => `${soul} ${property}`));
    assert.deepEqual(changes[0], ["a/1 text"]);
    assert.deepEqual(changes[1], ["a/1 text", "a/2 title"]);
    assert.deepEqual(changes[2], ["a/2 title", "b/1 title"]);
    assert.deepEqual(changes[3], ["a/1 text", "a/2 title", "b/1 title"]);
  });

  test("a slow reader is told of each thing once, and of too many only that there were", async () => {
    const { socket, ask, told } = await anna.socket();
    assert.equal((await ask({ subscribe: { space: "home", prefix: "many/" } })).status, 200);
    const edits = Array.from({ length: 3000 }, (_, i) => ({ op: "put", soul: `many/${i}`, property: "n", value: i }));
    await anna.json("POST", `${home}/updates`, { edits });
    await eventually(() => told.length > 0, "word of it");
    assert.deepEqual(told, [{ on: 1, lost: true }]);
    socket.close();
  });

  test("a WebSocket answers requests and tells of changes until unsubscribed", async () => {
    const { socket, ask, told } = await anna.socket();
    const { id: subscription } = await ask({ subscribe: { space: "home", soul: "chat" } });
    const edits = [{ op: "insert", soul: "chat", property: "lines", at: 0, values: ["hello"] }];
    const written = await ask({ method: "POST", path: "/spaces/home/updates", body: { edits } });
    assert.equal(written.status, 201);
    await eventually(() => told.length > 0, "word of it");
    assert.deepEqual(told, [{ on: subscription, changes: [{ soul: "chat", property: "lines" }] }]);
    const read = await ask({ method: "GET", path: "/spaces/home/nodes/chat" });
    assert.deepEqual(read.body.properties.lines.values, ["hello"]);
    assert.equal((await ask({ method: "GET", path: "/spaces/home/nodes/nobody" })).status, 404);
    assert.equal((await ask({ subscribe: { space: "nowhere" } })).status, 404);
    assert.equal((await ask({ unsubscribe: subscription })).status, 200);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => ask({ method: "PUT", path: `/spaces/home/nodes/ws${i}`, body: { properties: { i } } })),
    );
    assert.ok(answers.every(({ status, body }) => status === 200 && body.durable));
    await ask({ method: "PUT", path: "/spaces/home/nodes/chat", body: { properties: { a: 1 } } });
    assert.equal(told.length, 1);
    socket.close();
  });

  test("strangers, foreign pages and forms have no say", async () => {
    const bare = (method, path, headers = {}, body) => fetch(anna.origin + path, { method, headers, body });
    assert.equal((await bare("GET", `${api}/spaces`)).status, 401);
    const authorization = { Authorization: `Hearth ${anna.token}` };
    const foreign = { ...authorization, ...json, Origin: "https://evil.example" };
    assert.equal((await bare("PUT", node("x"), foreign, '{"properties":{"a":1}}')).status, 403);
    const form = { ...authorization, "Content-Type": "text/plain" };
    assert.equal((await bare("PUT", node("x"), form, '{"properties":{"a":1}}')).status, 400);
    assert.equal((await bare("PUT", node("x"), { "Content-Type": "text/plain" }, '{"properties":{"a":1}}')).status, 415);
    assert.equal(await anna.status("GET", node("x")), 404);
    const rebound = await owner.request("GET", `${api}/spaces`, { headers: { Host: "evil.example" } });
    assert.equal(rebound.status, 200); // by libp2p there is no name to rebind
    const stranger = await Device.dial(appliance.ready.addrs[0]);
    await assert.rejects(stranger.json("GET", `${api}/spaces`), { status: 401 });
    await stranger.close();
  });

  test("another persona writes in home as a writer, sees no space of others, and a removed one is out at once", async () => {
    await hearth(data, ["persona", "add", "bert"], { input: `${password}\n` });
    const bert = await pairedDevice("bert", "Bert's");
    const { persona } = await bert.json("GET", "/api/v1/me");
    assert.equal((await bert.json("GET", `${api}/spaces`)).spaces[0].role, "writer");
    await bert.json("PUT", node("bert"), { properties: { name: "Bert" } });
    assert.equal((await anna.json("GET", node("bert"))).properties.name.by.persona, persona.id);
    for (const [method, path, body] of [
      ["POST", `${api}/spaces`, { name: "own", kind: "protected" }],
      ["POST", `${home}/checkpoint`, {}],
      ["POST", `${home}/upkeep`, {}],
      ["PUT", `${home}/members/${persona.id}`, { role: "owner" }],
    ])
      await assert.rejects(bert.json(method, path, body), { status: 403 });

    const made = await anna.json("POST", `${api}/spaces`, { name: "diary", kind: "protected" });
    assert.equal(made.role, "owner");
    await anna.json("PUT", `${api}/spaces/diary/nodes/day`, { properties: { text: "secret" } });
    await assert.rejects(bert.json("GET", `${api}/spaces/diary/nodes/day`), { status: 404 });
    await anna.json("PUT", `${api}/spaces/diary/members/${persona.id}`, { role: "reader" });
    assert.equal((await bert.json("GET", `${api}/spaces/diary/nodes/day`)).soul, "day");
    await assert.rejects(bert.json("PUT", `${api}/spaces/diary/nodes/day`, { properties: { a: 1 } }), { status: 403 });
    const session = await Session.open(appliance.ready, bert.key);
    const { ask, told } = await session.socket();
    await ask({ subscribe: { space: made.id } });
    await anna.json("PUT", `${api}/spaces/diary/members/${persona.id}`, { role: "none" });
    await eventually(() => told.some(({ ended }) => ended), "the end of what Bert listened to");
    await assert.rejects(bert.json("GET", `${api}/spaces/diary/nodes/day`), { status: 404 });

    await anna.json("POST", `${api}/spaces`, { name: "wall", kind: "public" });
    await bert.json("PUT", `${api}/spaces/wall/nodes/a`, { properties: { hi: "there" } });
    await ask({ subscribe: { space: "wall" } });
    told.length = 0;
    assert.equal(await anna.status("DELETE", home), 409);
    assert.equal(await anna.status("DELETE", `${api}/spaces/nothing`), 404);
    await assert.rejects(bert.json("DELETE", `${api}/spaces/wall`), { status: 403 });
    assert.equal(await anna.status("DELETE", `${api}/spaces/wall`), 204);
    await eventually(() => told.some(({ ended }) => ended), "the end of a space that Bert listened to");
    assert.equal(await anna.status("GET", `${api}/spaces/wall`), 404);
    await hearth(data, ["persona", "remove", "bert"]);
    assert.equal(await session.status("GET", `${api}/spaces`), 401);
    await eventually(async () => {
      const { members } = await anna.json("GET", `${home}/members`);
      return !members.some((each) => each.persona === persona.id);
    }, "Bert's end in home");
    assert.equal((await anna.json("GET", node("bert"))).properties.name.value, "Bert"); // what he wrote stays
  });

  test("a revoked device's events and sockets end within 2 seconds", async () => {
    const kiosk = await pairedDevice("anna", "Kiosk");
    const session = await Session.open(appliance.ready, kiosk.key);
    const { closed } = await session.socket();
    const ended = (async () => {
      for await (const each of session.events(`${home}/changes`)) void each;
    })();
    const from = performance.now();
    await hearth(data, ["device", "revoke", "Kiosk"]);
    await Promise.all([closed, ended.catch(() => {})]);
    assert.ok(performance.now() - from < 2000);
    assert.equal(await session.status("GET", node("wiki")), 401);
  });

  test("an export imports elsewhere and exports again byte for byte; an altered line is named and refused", async () => {
    const lines = await (await anna.request("GET", `${home}/export`)).text();
    assert.equal(await (await anna.request("GET", `${home}/export`)).text(), lines);
    const other = join(scratch(scope), "other");
    const second = await startAppliance(scope, other, { args: ["--name", "otra"] });
    const away = await Device.dial(second.ready.addrs[0]);
    scope.after(() => away.close());
    await away.setUp(second.ready.setup_url, { name: "carla", password });
    const carla = await Session.open(second.ready, away.key);
    const bring = async (name, body) => {
      const answer = await carla.request("POST", `${api}/import?name=${name}`, { body, headers: { "Content-Type": "application/jsonl" } });
      return { status: answer.status, ...(await answer.json()) };
    };
    const altered = lines.replace("Summer", "Winter");
    assert.notEqual(altered, lines);
    const brought = await bring("annas", lines);
    assert.equal(brought.complete, true, JSON.stringify(brought));
    // Carla is nobody there; her machine's administrator may look.
    assert.equal(await carla.status("GET", `${api}/spaces/annas/nodes/wiki`), 404);
    const out = join(scratch(scope), "again.jsonl");
    assert.equal((await hearth(other, ["graph", "export", "--space", "annas", out])).code, 0);
    assert.equal(readFileSync(out, "utf8"), lines);
    assert.equal((await bring("annas2", lines)).status, 409);
    assert.equal((await bring("junk", "junk\n")).status, 400);
    const again = await anna.request("POST", `${home}/import`, { body: altered, headers: { "Content-Type": "application/jsonl" } });
    const told = await again.json();
    assert.equal(told.added, 0);
    assert.equal(told.refused.length >= 1, true, JSON.stringify(told));
    await second.stop();
  });

  test("the command line: put, get, ls, watch, search, export, import, verify, stats, with --json and exit codes", async () => {
    const watch = spawn(bin("hearth"), ["--data-dir", data, "--json", "graph", "watch", "--prefix", "cli/"]);
    scope.after(() => watch.kill("SIGTERM"));
    let watched = "";
    watch.stdout.on("data", (chunk) => (watched += chunk));
    await eventually(() => watched.includes("begin"), "the watch");
    assert.equal((await cli("put", "cli/1", "name=Zoë", "age=7", 'friend={"#":"cli/2"}')).durable, true);
    await eventually(() => watched.includes("cli/1"), "the change");
    watch.kill("SIGTERM");
    const { properties } = await cli("get", "cli/1");
    assert.deepEqual(properties.age.value, 7);
    assert.deepEqual(properties.friend.value, { "#": "cli/2" });
    assert.match((await run("get", "cli/1")).out, /name +Zoë/);
    assert.match((await run("ls", "cli/")).out, /cli\/1 +Zoë/);
    assert.equal((await cli("search", "zoë")).nodes[0].soul, "cli/1");
    assert.equal((await cli("history", "cli/1")).updates.length, 1);
    assert.match((await run("spaces")).out, /home +protected/);
    assert.equal((await run("get", "nobody")).code, 1);
    assert.equal((await run("get", "--space", "nowhere", "x")).code, 1);
    assert.equal((await run("put", "x")).code, 2);
    assert.equal((await hearth("/nowhere", ["graph", "get", "x"])).code, 3);
    const out = join(scratch(scope), "home.jsonl");
    assert.equal((await run("export", out)).code, 0);
    assert.equal((await cli("import", "--space", "home", out)).added, 0);
    writeFileSync(out, "junk\n");
    assert.equal((await run("import", "--space", "home", out)).code, 1);
    const verified = await cli("verify");
    assert.equal(verified.ok, true, JSON.stringify(verified));
    assert.equal((await cli("stats")).sync, "always");
    assert.equal((await run("rm", "cli/1")).code, 0);
    assert.equal((await run("get", "cli/1")).code, 1);
    assert.match((await run("--help")).out, /Examples:/);
  });

  test("a space is looked after when asked: a checkpoint, then nothing to do; writers may not ask, stats say what was done", async () => {
    const done = await cli("upkeep");
    assert.equal(done.done, true, JSON.stringify(done));
    assert.ok(done.checkpoint >= 1);
    assert.equal(done.reclaimed.updates, 0); // nothing is 30 days old
    assert.deepEqual(await cli("upkeep"), { done: false });
    assert.match((await run("upkeep")).out, /nothing to do/);
    const { upkeep } = await anna.json("GET", `${home}/stats`);
    assert.equal(upkeep.checkpoint.number, done.checkpoint);
    assert.equal(upkeep.since_checkpoint.updates, 0);
    assert.ok(Math.abs(upkeep.last - Date.now()) < 60_000);
    await anna.json("PUT", node("wiki"), { properties: { text: "version 3" } });
    assert.equal((await anna.json("GET", `${home}/stats`)).upkeep.since_checkpoint.updates, 1);
    assert.match((await run("stats")).out, /home: last checkpoint +\S/);
    assert.equal((await run("upkeep", "--space", "nowhere")).code, 1);
  });

  test("a backup taken while it runs, put back, has all of it and writes under a new key", async () => {
    const target = await backUp();
    assert.ok(!existsSync(join(target, "author.key")));
    assert.equal(statSync(join(target, "home.key")).mode & 0o777, 0o600);
    const { author } = await anna.json("PUT", node("backup"), { properties: { a: 1 } });
    await appliance.stop();
    await putBack(target);
    assert.equal((await anna.json("GET", node("wiki"))).properties.text.value, "version 3");
    assert.equal(await anna.status("GET", node("backup")), 404);
    const written = await anna.json("PUT", node("backup"), { properties: { a: 2 } });
    assert.notEqual(written.author, author);
    assert.equal(written.seq, 1);
  });

  test("a bit that turned on the disk is named in words, hearthd serves the rest, and a backup puts it right", async () => {
    const texts = Array.from({ length: 40 }, () => randomBytes(600).toString("base64"));
    for (const [i, text] of texts.entries()) await anna.json("PUT", node(`rot/${i}`), { properties: { text } });
    // On one disk a backup shares files with what it is a copy of, and what happens to them.
    const target = join(scratch(scope), "elsewhere");
    cpSync(await backUp(), target, { recursive: true });
    await appliance.stop();
    await start(); // what the log of its database held is in a table now
    await appliance.stop();
    const folder = join(data, "graph", "spaces");
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".sst"))) {
      const bytes = readFileSync(join(folder, name));
      const at = bytes.indexOf(texts[20].slice(400, 416));
      if (at < 0) continue;
      bytes[at] ^= 1;
      writeFileSync(join(folder, name), bytes);
    }
    await start();
    const { code, out, err } = await run("verify");
    assert.equal(code, 1, err);
    assert.match(out, /home: damaged:\n[^]*a file of the database can't be read[^]*hearth graph backup/, err);
    assert.equal(await anna.status("GET", "/api/v1/me"), 200);

    await appliance.stop();
    await putBack(target);
    assert.equal((await cli("verify")).ok, true);
    for (const [i, text] of texts.entries())
      assert.equal((await anna.json("GET", node(`rot/${i}`))).properties.text.value, text);
  });

  test("nothing acknowledged is lost when hearthd is killed with -9, again and again", async () => {
    const acknowledged = new Map();
    let next = 0;
    for (let life = 0; life < 6; life++) {
      let going = true;
      const writer = async () => {
        while (going) {
          const soul = `kill/${next++}`;
          const value = createHash("sha256").update(soul).digest("hex").slice(0, 8 + (next % 50));
          try {
            const { durable } = await anna.json("PUT", node(soul), { properties: { value } });
            if (durable) acknowledged.set(soul, value);
          } catch {
            return;
          }
        }
      };
      const writers = Array.from({ length: 8 }, writer);
      await new Promise((resolve) => setTimeout(resolve, 150 + life * 70));
      await appliance.kill();
      going = false;
      await Promise.all(writers);
      await start();
    }
    assert.ok(acknowledged.size > 20, `${acknowledged.size} acknowledged`);
    for (const [soul, value] of acknowledged)
      assert.equal((await anna.json("GET", node(soul))).properties.value.value, value, soul);
    assert.equal((await cli("verify")).ok, true);
  });
});
