// Histories: people who write, remove each other, fork and make checkpoints, by a seed.
import { Key, certificateOf, compareBytes, encode, hex, sha256 } from "./encoding.mjs";
import { Judge, chainOf } from "./judge.mjs";
import { stateOf } from "./state.mjs";

class Random {
  constructor(seed) {
    this.state = BigInt(seed) * 0x9e3779b97f4a7c15n + 1n;
  }
  below(bound) {
    this.state = BigInt.asUintN(64, this.state * 6364136223846793005n + 1442695040888963407n);
    return Number((this.state >> 33n) % BigInt(bound));
  }
  of(list) {
    return list[this.below(list.length)];
  }
}

const beginning = 1763731139000;
const day = 24 * 60 * 60 * 1000;

export class History {
  constructor(seed, size) {
    this.random = new Random(seed);
    this.owner = new Key(1);
    this.home = new Key(2);
    this.personas = [new Key(3), new Key(4), new Key(5)];
    this.devices = [new Key(6), new Key(7), new Key(8)];
    this.certificates = this.devices.map((device, i) => certificateOf(this.personas[i], device));
    this.world = { entries: [], updates: [], checkpoints: [] };
    this.lines = [];
    this.now = beginning;
    this.addEntry(this.home, 1, null, [
      [1, this.random.below(4) === 0 ? 0 : 1, Buffer.alloc(16, seed & 255)],
      [3, this.owner.public, 5, []],
      ...this.personas.map((persona) => [3, persona.public, 3, []]),
    ]);
    for (let i = 0; i < size; i++) this.act();
    this.now += 3 * day;
  }

  addEntry(signer, term, prev, changes) {
    const seq = prev ? prev.seq + 1 : 0;
    const space = prev ? this.world.entries[0].id : Buffer.alloc(0);
    const payload = encode([1, space, term, seq, prev ? prev.id : Buffer.alloc(0), beginning, signer.public, changes]);
    this.world.entries.push({ id: sha256(payload), term, seq, prev: prev?.id ?? null, changes });
    this.lines.push({ kind: "entry", hex: hex(signer.statement("hearth/graph/membership", payload)) });
  }

  act() {
    const { random, world } = this;
    const what = random.below(40);
    if (what < 30) return this.update();
    if (what < 33) this.now += random.below(120_000);
    else if (what < 34) this.now += (1 + random.below(40)) * day;
    else if (what < 37) {
      const prev = chainOf(world.entries).at(-1);
      this.addEntry(this.home, prev.term, prev, [this.memberChange()]);
    } else if (what < 38) {
      const prev = random.of(world.entries);
      this.addEntry(this.owner, prev.term + 1, prev, [[2, this.home.public]]);
    } else this.checkpoint();
  }

  position(author) {
    const of = this.world.updates.filter((update) => update.author.equals(author));
    if (of.length === 0 || this.random.below(4) === 0) return [author, 0, Buffer.alloc(32)];
    const update = this.random.of(of);
    return [author, update.seq, update.id];
  }

  memberChange() {
    const who = this.random.below(3);
    const author = this.devices[who].public;
    const persona = this.personas[who].public;
    switch (this.random.below(5)) {
      case 0:
        return [3, persona, 0, this.random.below(3) ? [this.position(author)] : []];
      case 1:
        return [4, this.position(author)];
      case 2:
        return [5, this.position(author)];
      case 3:
        return [9, "of a later version"];
      default:
        return [3, persona, 3, []];
    }
  }

  checkpoint() {
    const judge = new Judge(this.world);
    const last = judge.checkpoints.at(-1);
    const heads = [];
    for (const device of this.devices) {
      const tips = this.world.updates.filter(
        (update) =>
          update.author.equals(device.public) &&
          !this.world.updates.some((other) => other.seq > 1 && other.prev.equals(update.id)),
      );
      if (tips.length > 0) {
        const tip = this.random.of(tips);
        heads.push([tip.author, tip.seq, tip.id]);
      }
    }
    heads.sort((a, b) => compareBytes(a[0], b[0]));
    const membership = judge.chain.at(-1).id;
    const number = (last?.number ?? 0) + 1;
    const time = Math.max(this.now, last?.time ?? 0);
    const payload = encode([1, this.world.entries[0].id, number, last ? last.id : Buffer.alloc(0), membership, time, heads, Buffer.alloc(32)]);
    this.world.checkpoints.push({ id: sha256(payload), number, prev: last?.id ?? null, membership, time, heads });
    this.lines.push({ kind: "checkpoint", hex: hex(this.home.statement("hearth/graph/checkpoint", payload)) });
  }

  value() {
    const values = [null, true, false, 0, 1, -1.5, 10, 9, 1e21, 0.1, "", "a", "ab", "\u{1f600}", "\uff5e", "\n", ["a"], ["b"], Buffer.from([]), Buffer.from([1])];
    return this.random.of(values);
  }

  id(authors) {
    return [this.random.below(authors + 1), 1 + this.random.below(6), this.random.below(4)];
  }

  operation(authors) {
    const { random } = this;
    const property = random.of(["p", "q"]);
    switch (random.below(12)) {
      case 0:
      case 1:
        return [0, property, this.value()];
      case 2:
        return [1, property, random.below(9) - 4];
      case 3:
      case 4:
        return [2, property, this.value(), ["f", "g"].filter(() => random.below(2) === 1).map((name) => [name, this.value()])];
      case 5:
        return [3, property, this.value(), [this.id(authors)]];
      case 6:
      case 7:
        return [4, property, null, random.below(2), [this.value(), this.value()]];
      case 8:
        return [4, property, this.id(authors), random.below(2), [this.value()]];
      case 9:
        return [5, property, [[...this.id(authors), 1 + random.below(3)]]];
      case 10:
        return [6, property];
      default:
        return [7];
    }
  }

  update() {
    const { random, world } = this;
    const who = random.below(3);
    const key = this.devices[who];
    const own = world.updates.filter((update) => update.author.equals(key.public));
    // Mostly on top; else on any, which forks.
    const parent = random.below(10) === 0 ? (random.below(4) === 0 ? undefined : random.of([...own, undefined])) : own.at(-1);
    const others = this.devices.filter((device) => device !== key).map((device) => device.public);
    const skew = random.below(16);
    const state =
      this.now + (skew === 0 ? 3650 * day : skew === 1 ? random.below(400_000) : skew === 2 ? -random.below(50) * day : random.below(8) / 4);
    const souls = ["a", "b"].filter(() => random.below(2) === 1);
    const changes = (souls.length > 0 ? souls : ["a"]).map((soul) => [
      soul,
      Array.from({ length: 1 + random.below(3) }, () => this.operation(others.length)),
    ]);
    const body = encode([1, state, null, others, changes]);
    const seq = (parent?.seq ?? 0) + 1;
    const prev = parent?.id ?? sha256(this.certificates[who]);
    const membership = random.below(4) === 0 ? random.of(world.entries).id : chainOf(world.entries).at(-1).id;
    const bytes = (parent?.bytes ?? 0) + body.length;
    const header = encode([1, world.entries[0].id, key.public, seq, prev, membership, 0, bytes, sha256(body)]);
    const id = sha256(header);
    if (world.updates.some((update) => update.id.equals(id))) return;
    world.updates.push({ id, author: key.public, persona: this.personas[who].public, seq, prev, membership, bytes, state, authors: others, changes });
    this.lines.push({
      kind: "update",
      header: hex(header),
      signature: hex(key.sign("hearth/graph/update", header)),
      body: hex(body),
      certificate: hex(this.certificates[who]),
    });
  }

  *output(name, isFull) {
    for (const line of this.lines) yield { case: name, ...line };
    const state = stateOf(this.world, this.now);
    yield {
      case: name,
      kind: "state",
      space: hex(this.world.entries[0].id),
      now: this.now,
      digest: hex(sha256(state)),
      ...(isFull ? { state: hex(state) } : {}),
    };
  }
}
