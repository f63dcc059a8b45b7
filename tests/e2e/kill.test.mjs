// What was acknowledged stays, whenever hearthd is killed; and nothing of it goes on running.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { applianceArguments, bin, hearth, scratch, startAppliance } from "./lib/daemon.mjs";
import { Device } from "./lib/libp2p.mjs";
import { eventually, isRunning, processTree } from "./lib/processes.mjs";
import { Key, hostCertificate, nameRecord } from "./lib/statements.mjs";

const kills = Number(process.env.HEARTH_KILLS ?? 100);
const seed = Number(process.env.HEARTH_SEED ?? randomBytes(4).readUInt32LE());
const args = ["--name", "casa", "--log-level", "error"];
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Mulberry32: a number in [0, 1) each time, the same for the same seed. */
function randomFrom(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** SIGKILL to hearthd alone; everything that it started must end by itself. */
async function killAndMourn(child) {
  const tree = processTree(child.pid);
  child.kill("SIGKILL");
  await eventually(() => !tree.some(isRunning), `the end of ${tree.map(({ name }) => name)}`);
  return tree.length;
}

/** What was acknowledged, and what was only asked for. */
class Ledger {
  personas = new Map(); // name → id
  devices = new Map(); // id → persona's name
  revoked = new Set();
  uploads = new Map(); // path → sha256
  names = []; // {name, root, host, certificate, records: [{sequence, bytes}], acknowledged}
  fresh = []; // paths completed since the last kill
  counts = { persona: 0, device: 0, revoke: 0, upload: 0, name: 0 };
}

/** One life of the appliance, from a start to a kill. */
class Life {
  constructor(dataDir, appliance, owner, ledger, random) {
    Object.assign(this, { dataDir, appliance, owner, ledger, random });
    this.flock = appliance.ready.flock.replace("/ws/", "/");
  }

  static async begin(t, dataDir, ownerKey, ledger, random) {
    const appliance = await startAppliance(t, dataDir, { args });
    const owner = await Device.dial(appliance.ready.addrs[0], ownerKey);
    return new Life(dataDir, appliance, owner, ledger, random);
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }
  async cli(command, options) {
    const { code, out, err } = await hearth(this.dataDir, ["--json", ...command], options);
    if (code !== 0) throw new Error(`hearth ${command.join(" ")}: ${err}`);
    return JSON.parse(out);
  }
  app(method, path, options) {
    return this.owner.request(method, `/app/files${path}`, options);
  }

  // --- operations: each notes in the ledger what it was told, after it was told ---

  async persona() {
    const name = `person-${this.ledger.counts.persona++}`;
    const { persona } = await this.cli(["persona", "add", name], { input: "plum kettle rivers\n" });
    this.ledger.personas.set(name, persona.id);
  }

  async device() {
    const persona = this.pick([...this.ledger.personas.keys()]);
    if ([...this.ledger.devices.values()].filter((each) => each === persona).length > 50) return;
    const name = `device-${this.ledger.counts.device++}`;
    const { secret } = await this.cli(["pair", "--persona", persona]);
    const device = await Device.dial(this.appliance.ready.addrs[0]);
    try {
      const told = await device.pair(secret, name);
      this.ledger.devices.set(told.device.id, persona);
    } finally {
      await device.close();
    }
  }

  async revoke() {
    const id = this.pick([...this.ledger.devices.keys()].filter((each) => each !== this.owner.key.id));
    if (id === undefined) return;
    this.ledger.devices.delete(id); // once it was asked for, both may be
    await this.cli(["device", "revoke", "--", id]); // an id may begin with a hyphen
    this.ledger.counts.revoke++;
    this.ledger.revoked.add(id);
  }

  async upload() {
    const size = Math.floor(this.random() < 0.25 ? this.random() * 2e6 : this.random() * 60_000) + 1;
    const bytes = randomBytes(size);
    const path = `file-${this.ledger.counts.upload++}.bin`;
    const tus = { "Tus-Resumable": "1.0.0" };
    const made = await this.app("POST", "/api/v1/uploads", {
      headers: {
        ...tus,
        "Upload-Length": size,
        "Upload-Metadata": `name ${Buffer.from(path).toString("base64")}`,
      },
    });
    assert.equal(made.status, 201, made.body.toString());
    const cut = this.random() < 0.5 ? Math.floor(size / 2) : 0;
    for (const [from, to] of cut > 0
      ? [
          [0, cut],
          [cut, size],
        ]
      : [[0, size]]) {
      const { status, body } = await this.app("PATCH", made.headers.get("location"), {
        headers: { ...tus, "Upload-Offset": from, "Content-Type": "application/offset+octet-stream" },
        body: bytes.subarray(from, to),
      });
      assert.equal(status, 204, body.toString());
    }
    this.ledger.uploads.set(path, sha256(bytes));
    this.ledger.fresh.push(path);
  }

  async name() {
    const { names } = this.ledger;
    let entry = names.length < 5 ? undefined : this.pick(names);
    if (entry === undefined) {
      const root = await Key.make();
      const host = await Key.make();
      const certificate = await hostCertificate(root, host);
      entry = { name: `house-${names.length}`, root, host, certificate, records: [], acknowledged: 0 };
      names.push(entry);
    }
    const sequence = entry.records.length + 1;
    const bytes = await nameRecord({ ...entry, sequence });
    entry.records.push({ sequence, bytes });
    const host = await Device.dial(this.flock, entry.host);
    try {
      const { status, body } = await host.request("PUT", `/flock/v1/names/${entry.name}`, {
        headers: { "Content-Type": "application/cbor" },
        body: bytes,
      });
      assert.ok(status === 200 || status === 201, `${status} ${body}`);
      entry.acknowledged = sequence;
      this.ledger.counts.name++;
    } finally {
      await host.close();
    }
  }

  /** One thing after another until the kill. */
  async work(round) {
    if (round % 5 === 0) await this.persona();
    const chances = ["upload", "upload", "upload", "upload", "device", "device", "name", "name", "revoke"];
    for (;;) await this[this.pick(chances)]();
  }

  // --- after a start: everything acknowledged is there ---

  async check({ all = false } = {}) {
    const { ledger } = this;
    const { personas } = await this.cli(["persona", "list"]);
    for (const [name, id] of ledger.personas)
      assert.ok(
        personas.some((each) => each.name === name && each.id === id),
        `${name} is gone`,
      );
    const devices = new Set((await this.cli(["device", "list"])).devices.map(({ id }) => id));
    for (const id of ledger.devices.keys()) assert.ok(devices.has(id), `device ${id} is gone`);
    for (const id of ledger.revoked) assert.ok(!devices.has(id), `device ${id} is back`);
    await this.checkNames();
    const older = Array.from({ length: 2 }, () => this.pick([...ledger.uploads.keys()]));
    const paths = all ? ledger.uploads.keys() : new Set([...ledger.fresh, ...older]);
    for (const path of paths) {
      if (path === undefined) continue;
      const { status, body } = await this.app("GET", `/api/v1/content/${path}`);
      assert.equal(status, 200, `${path} is gone: ${body}`);
      assert.equal(sha256(body), ledger.uploads.get(path), `${path} is damaged`);
    }
    ledger.fresh = [];
  }

  async checkNames() {
    const origin = `http://127.0.0.1:${/\/tcp\/(\d+)/.exec(this.flock)[1]}`;
    const resolve = (name) => fetch(`${origin}/flock/v1/names/${name}`);
    assert.equal((await resolve("casa")).status, 200, "the box's own name is gone");
    for (const { name, records, acknowledged } of this.ledger.names) {
      if (acknowledged === 0) continue;
      const answer = await resolve(name);
      assert.equal(answer.status, 200, `${name} is gone`);
      const bytes = Buffer.from(await answer.arrayBuffer());
      const found = records.find((each) => each.bytes.equals(bytes));
      assert.ok(found?.sequence >= acknowledged, `${name}: record ${found?.sequence}, not ${acknowledged}`);
    }
  }
}

/** A kill while it starts, before it has said anything. */
async function killWhileStarting(dataDir, random) {
  const child = spawn(bin("hearthd"), applianceArguments(dataDir, args), { stdio: "ignore" });
  await sleep(random() * 400);
  await killAndMourn(child);
}

test(`${kills} kills lose nothing that was acknowledged, and leave no process behind`, async (t) => {
  t.diagnostic(`HEARTH_SEED=${seed}`);
  const random = randomFrom(seed);
  const dataDir = join(scratch(t), "data");
  const ledger = new Ledger();
  const ownerKey = await Key.make();

  let life = await Life.begin(t, dataDir, ownerKey, ledger, random);
  const { root, peer_id } = life.appliance.ready;
  const persona = await life.owner.setUp(life.appliance.ready.setup_url, {
    name: "anna",
    password: "plum kettle rivers",
  });
  ledger.personas.set("anna", persona.id);
  ledger.devices.set(ownerKey.id, "anna");

  let sandboxed = 0;
  for (let round = 0; round < kills;) {
    let killed = false;
    const working = life.work(round).catch((error) => {
      if (!killed) throw error; // what was under way when it died was never acknowledged
    });
    await Promise.race([sleep(random() * 700), working]);
    killed = true;
    sandboxed += (await killAndMourn(life.appliance.child)) > 3 ? 1 : 0;
    round++;
    await life.owner.close();
    // js-libp2p leaves some promises for ever pending when their connection is gone.
    await Promise.race([working, sleep(2000)]);
    if (round < kills && random() < 0.2) {
      await killWhileStarting(dataDir, random);
      round++;
    }
    life = await Life.begin(t, dataDir, ownerKey, ledger, random);
    assert.equal(life.appliance.ready.root, root);
    assert.equal(life.appliance.ready.peer_id, peer_id);
    await life.check();
  }
  await life.check({ all: true });
  await life.owner.close();
  await life.appliance.stop();
  const { counts } = ledger;
  t.diagnostic(
    `acknowledged: ${JSON.stringify({ ...counts, upload: ledger.uploads.size, persona: ledger.personas.size })}`,
  );
  t.diagnostic(`killed with an app running: ${sandboxed}`);
  assert.ok(
    ledger.uploads.size >= kills / 4 && ledger.devices.size > kills / 20,
    "too little was done to mean anything",
  );
  assert.ok(sandboxed >= kills / 4, "the apps were seldom running");
});
