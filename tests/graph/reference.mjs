// Another implementation of docs/protocol/graph.md, as slow and as plain as can be: the state is computed from the whole set
// of messages at once. It makes the vectors that the C++ core must agree with, in its native build and in WebAssembly.
//
//   node tests/graph/reference.mjs > src/graph/vectors/graph.json
//   node tests/graph/reference.mjs --histories 1000 --seed 7 > /tmp/more.json
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";

// --- bytes and CBOR ---

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const compareBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const concat = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));

function head(major, value) {
  const first = major << 5;
  if (value < 24) return Buffer.from([first | value]);
  for (const [size, code] of [
    [1, 24],
    [2, 25],
    [4, 26],
    [8, 27],
  ]) {
    if (BigInt(value) >= 1n << BigInt(8 * size)) continue;
    const bytes = Buffer.alloc(1 + size);
    bytes[0] = first | code;
    let rest = BigInt(value);
    for (let i = size; i > 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
    return bytes;
  }
  throw new Error("too large");
}

function half(value) {
  // Every half, tried: there are only 65,536.
  half.table ??= (() => {
    const table = new Map();
    for (let bits = 0; bits < 0x10000; bits++) {
      const exponent = (bits >> 10) & 31;
      if (exponent === 31) continue;
      const fraction = bits & 1023;
      const size = exponent === 0 ? fraction * 2 ** -24 : (fraction + 1024) * 2 ** (exponent - 25);
      const number = bits & 0x8000 ? -size : size;
      if (!Object.is(number, -0)) table.set(number, bits);
    }
    return table;
  })();
  return half.table.get(value);
}

function float(value) {
  const bits = half(value);
  if (bits !== undefined) return Buffer.from([0xf9, bits >> 8, bits & 255]);
  const bytes = Buffer.alloc(Math.fround(value) === value ? 5 : 9);
  bytes[0] = bytes.length === 5 ? 0xfa : 0xfb;
  if (bytes.length === 5) bytes.writeFloatBE(value, 1);
  else bytes.writeDoubleBE(value, 1);
  return bytes;
}

export function encode(item) {
  if (item === null) return Buffer.from([0xf6]);
  if (item === true) return Buffer.from([0xf5]);
  if (item === false) return Buffer.from([0xf4]);
  if (typeof item === "number") {
    if (!Number.isSafeInteger(item)) return float(item);
    return item >= 0 ? head(0, item) : head(1, -1 - item);
  }
  if (typeof item === "string") return concat(head(3, Buffer.byteLength(item)), Buffer.from(item));
  if (item instanceof Uint8Array) return concat(head(2, item.length), item);
  return concat(head(4, item.length), ...item.map(encode));
}

// --- keys ---

const labelled = (label, payload) => concat(Buffer.from(label), [0], payload);

class Key {
  constructor(number) {
    const seed = Buffer.alloc(32);
    seed[0] = number;
    seed[1] = 0x76;
    this.private = createPrivateKey({
      key: concat(Buffer.from("302e020100300506032b657004220420", "hex"), seed),
      format: "der",
      type: "pkcs8",
    });
    this.public = createPublicKey(this.private).export({ format: "der", type: "spki" }).subarray(-32);
  }
  sign(label, payload) {
    return sign(null, labelled(label, payload), this.private);
  }
  statement(label, payload) {
    return encode([payload, this.sign(label, payload)]);
  }
}

const certificateOf = (persona, device) =>
  persona.statement(
    "hearth/device-certificate",
    encode([1, persona.public, device.public, "cli", 1763731139, Buffer.alloc(0)]),
  );

// --- values (section 1) ---

const isLink = (value) => Array.isArray(value);
const isBytes = (value) => value instanceof Uint8Array;
const jsonOf = (value) => JSON.stringify(isLink(value) ? { "#": value[0] } : value);

export function compareValues(a, b) {
  if (isBytes(a) && isBytes(b)) return compareBytes(a, b);
  if (isBytes(a) !== isBytes(b)) return isBytes(a) ? 1 : -1;
  const [x, y] = [jsonOf(a), jsonOf(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

// --- who counts (sections 2, 4, 5) ---

const tolerance = 5 * 60 * 1000;
const horizonSpan = 30 * 24 * 60 * 60 * 1000;
const mayWrite = (role) => role >= 3;

function chainOf(entries) {
  const children = (parent) =>
    entries.filter((entry) => (parent ? entry.prev && entry.prev.equals(parent.id) : !entry.prev));
  const highest = (entry) => Math.max(entry.term, ...children(entry).map(highest));
  const chain = [];
  for (let next = children(null); next.length > 0; ) {
    next.sort(
      (a, b) => highest(b) - highest(a) || b.term - a.term || compareBytes(a.id, b.id),
    );
    chain.push(next[0]);
    next = children(next[0]);
  }
  return chain;
}

class Judge {
  constructor(world) {
    this.updates = world.updates;
    this.entries = world.entries;
    this.chain = chainOf(world.entries);
    this.byId = new Map(world.updates.map((update) => [hex(update.id), update]));
    this.checkpoints = [];
    for (;;) {
      const last = this.checkpoints.at(-1);
      const next = world.checkpoints
        .filter(
          (one) =>
            (last ? one.prev?.equals(last.id) : !one.prev) && this.exactPlace(one.membership) >= 0,
        )
        .filter((one) => !last || this.exactPlace(one.membership) >= this.exactPlace(last.membership))
        .sort(
          (a, b) =>
            this.exactPlace(b.membership) - this.exactPlace(a.membership) || compareBytes(a.id, b.id),
        )[0];
      if (!next) break;
      this.checkpoints.push(next);
    }
    const parents = new Map();
    for (const update of this.updates) {
      const key = hex(update.author) + hex(update.prev);
      parents.set(key, [...(parents.get(key) ?? []), update]);
    }
    for (const siblings of parents.values()) {
      siblings.sort((a, b) => compareBytes(a.id, b.id));
      siblings.forEach((update, rank) => (update.rank = rank));
    }
  }
  exactPlace(id) {
    return this.chain.findIndex((entry) => entry.id.equals(id));
  }
  place(id) {
    for (let entry = this.entry(id); entry; entry = this.entry(entry.prev)) {
      const place = this.exactPlace(entry.id);
      if (place >= 0) return place;
    }
    return -1;
  }
  entry(id) {
    return id && this.entries.find((entry) => entry.id.equals(id));
  }
  parent(update) {
    return update.seq > 1 ? this.byId.get(hex(update.prev)) : undefined;
  }
  isAncestor(ancestor, of) {
    for (let update = of; update; update = this.parent(update)) if (update === ancestor) return true;
    return false;
  }
  isOutranked(update) {
    for (let one = update; one; one = this.parent(one)) if (one.rank >= 8 && !this.isOnTheWay(one)) return true;
    return false;
  }
  named(id) {
    return this.byId.get(hex(id));
  }
  // Whether a chain names it, or what follows it.
  isOnTheWay(update) {
    const positions = this.checkpoints.flatMap((one) => one.heads);
    for (const entry of this.chain)
      for (const [code, what, role, cuts] of entry.changes) {
        if (code === 4 || code === 5) positions.push(what);
        if (code === 3 && !mayWrite(role)) positions.push(...cuts);
      }
    return positions.some(([author, , id]) => {
      const named = author.equals(update.author) && this.named(id);
      return named && this.isAncestor(update, named);
    });
  }
  isWithin(update, [, seq, id]) {
    if (update.seq > seq) return false;
    const last = this.named(id);
    return !last || this.isAncestor(update, last);
  }
  isBeside(update, [, , id]) {
    const named = this.named(id);
    return named && !this.isAncestor(update, named) && !this.isAncestor(named, update);
  }
  headOf(checkpoint, author) {
    return checkpoint.heads.find(([key]) => Buffer.from(key).equals(author));
  }
  covers(checkpoint, update) {
    const head = this.headOf(checkpoint, update.author);
    return head !== undefined && this.isWithin(update, head);
  }
  wasSettled(update, place) {
    return this.checkpoints.some(
      (one) => this.exactPlace(one.membership) < place && this.covers(one, update),
    );
  }
  role(persona, place) {
    let role = this.chain[0].changes[0][1] === 0 ? 3 : 0;
    for (const entry of this.chain.slice(0, place + 1))
      for (const [code, key, value] of entry.changes)
        if (code === 3 && key.equals(persona)) role = value;
    return role;
  }
  counts(update) {
    if (this.isOutranked(update)) return false;
    const place = this.place(update.membership);
    if (place < 0 || !mayWrite(this.role(update.persona, place))) return false;
    for (const [at, entry] of this.chain.entries()) {
      for (const change of entry.changes) {
        if (this.wasSettled(update, at)) continue;
        const [code, key] = change;
        if (code === 3 && at > place && key.equals(update.persona) && !mayWrite(change[2])) {
          const cut = change[3].find(([author]) => author.equals(update.author));
          if (!cut || !this.isWithin(update, cut)) return false;
        }
        if (code === 4 && key[0].equals(update.author) && !this.isWithin(update, key)) return false;
        if (code === 5 && key[0].equals(update.author) && this.isBeside(update, key)) return false;
      }
    }
    for (const one of this.checkpoints) {
      const named = this.headOf(one, update.author);
      if (named && this.isBeside(update, named)) return false;
      if (this.covers(one, update)) {
        if (update.state > one.time + tolerance) return false;
      } else if (update.state < one.time - horizonSpan) {
        return false;
      }
    }
    return true;
  }
  // By the membership log alone: nothing of that author and seq will ever count.
  isEnded(author, seq) {
    const isBeyond = (at, position) =>
      position[0].equals(author) &&
      seq > position[1] &&
      !this.checkpoints.some((one) => {
        const named = this.headOf(one, author);
        return this.exactPlace(one.membership) < at && named && seq <= named[1];
      });
    return this.chain.some((entry, at) =>
      entry.changes.some(([code, key, role, cuts]) => {
        if (code === 4) return isBeyond(at, key);
        if (code !== 3 || mayWrite(role)) return false;
        const again = this.chain.some(
          (later, when) =>
            when >= at && later.changes.some((c) => c[0] === 3 && c[1].equals(key) && mayWrite(c[2])),
        );
        return !again && cuts.some((cut) => isBeyond(at, cut));
      }),
    );
  }
  isComplete(checkpoint, now) {
    return (
      now >= checkpoint.time + tolerance &&
      checkpoint.heads.every(([, , id]) => this.byId.has(hex(id)))
    );
  }
}

// --- state (section 3) ---

const idKey = ([author, seq, index]) => `${hex(author)} ${String(seq).padStart(20, "0")} ${String(index).padStart(10, "0")}`;
const compareIds = (a, b) => (idKey(a) < idKey(b) ? -1 : idKey(a) > idKey(b) ? 1 : 0);
const isUpTo = (id, bound) =>
  id[0].equals(bound[0]) && (id[1] < bound[1] || (id[1] === bound[1] && id[2] <= bound[2]));

export function stateOf(world, now) {
  const judge = new Judge(world);
  const visible = judge.updates
    .filter((update) => judge.counts(update) && Math.floor(update.state) <= now)
    .sort((a, b) => compareBytes(a.id, b.id));

  const souls = new Map();
  for (const update of visible) {
    const name = ([author, seq, index]) => [author === 0 ? update.author : update.authors[author - 1], seq, index];
    for (const [soul, operations] of update.changes) {
      const node = souls.get(soul) ?? { deleted: new Set(), properties: new Map() };
      souls.set(soul, node);
      let index = 0;
      for (const operation of operations) {
        const [code, property] = operation;
        const own = [update.author, update.seq, index];
        index += code === 4 ? operation[4].length : 1;
        if (code === 7) {
          node.deleted.add(update.state);
          continue;
        }
        if (!node.properties.has(property))
          node.properties.set(property, { deleted: new Set(), puts: [], deltas: [], tags: [], kills: [], inserts: [], erases: [] });
        const held = node.properties.get(property);
        const state = update.state;
        if (code === 0) held.puts.push({ state, value: operation[2], author: update.author, seq: update.seq });
        if (code === 1) held.deltas.push({ state, id: own, delta: operation[2] });
        if (code === 2) held.tags.push({ state, id: own, element: operation[2], fields: operation[3] });
        if (code === 3)
          for (const id of operation[3]) held.kills.push({ state, id: name(id), element: operation[2] });
        if (code === 4) {
          let parent = operation[2] && name(operation[2]);
          let side = operation[3];
          operation[4].forEach((value, i) => {
            const id = [own[0], own[1], own[2] + i];
            held.inserts.push({ state, id, parent, side, value, update: update.id });
            parent = id;
            side = 1;
          });
        }
        if (code === 5)
          for (const [author, seq, first, count] of operation[2])
            for (let i = 0; i < count; i++) held.erases.push({ state, id: name([author, seq, first + i]) });
        if (code === 6) held.deleted.add(state);
      }
    }
  }

  const purged = [];
  for (const one of judge.checkpoints) {
    if (!judge.isComplete(one, now)) break;
    purged.push(one);
  }
  const nodes = [...souls.entries()]
    .sort(([a], [b]) => compareBytes(Buffer.from(a), Buffer.from(b)))
    .map(([soul, node]) => [soul, ...nodeItems(node, judge, purged)])
    .filter(([, deleted, properties]) => deleted.length + properties.length > 0);
  return encode([
    1,
    judge.chain.at(-1).id,
    judge.checkpoints.at(-1)?.id ?? null,
    nodes,
  ]);
}

const ascending = (numbers) => [...numbers].sort((a, b) => a - b);

function nodeItems(node, judge, purged) {
  const horizon = purged.length > 0 ? purged.at(-1).time - horizonSpan : -Infinity;
  const remembered = (stamps) => ascending(stamps).filter((stamp) => stamp >= horizon);
  const properties = [...node.properties.entries()]
    .sort(([a], [b]) => compareBytes(Buffer.from(a), Buffer.from(b)))
    .map(([name, held]) => {
      const deletions = ascending([...node.deleted, ...held.deleted]);
      const deletion = (state) => deletions.find((stamp) => stamp > state);
      const alive = (one) => deletion(one.state) === undefined;
      const parts = [
        registerItem(held.puts.filter(alive)),
        counterItem(held.deltas.filter(alive), horizon),
        setItem(held.tags.filter(alive), held.kills, horizon),
        listItem(held.inserts, held.erases, deletion, judge, purged),
      ];
      while (parts.length > 0 && parts.at(-1) === null) parts.pop();
      return [name, remembered(held.deleted), ...parts];
    })
    .filter(([, deleted, ...parts]) => deleted.length + parts.length > 0);
  return [remembered(node.deleted), properties];
}

function registerItem(puts) {
  const [best] = puts.sort(
    (a, b) =>
      b.state - a.state ||
      compareValues(b.value, a.value) ||
      compareBytes(b.author, a.author) ||
      b.seq - a.seq,
  );
  return best ? [best.state, best.value, best.author, best.seq] : null;
}

function counterItem(deltas, horizon) {
  let base = 0n;
  for (const { state, delta } of deltas) if (state < horizon) base += BigInt(delta);
  const kept = deltas
    .filter(({ state }) => state >= horizon)
    .sort((a, b) => a.state - b.state || compareIds(a.id, b.id) || a.delta - b.delta);
  if (base === 0n && kept.length === 0) return null;
  const digits = BigInt.asUintN(128, base).toString(16).padStart(32, "0");
  return [Buffer.from(digits, "hex"), kept.map(({ state, id, delta }) => [state, ...id, delta])];
}

function setItem(tags, kills, horizon) {
  const elements = new Map();
  const at = (element) => {
    const key = hex(encode(element));
    if (!elements.has(key)) elements.set(key, { element, tags: [], kills: [] });
    return elements.get(key);
  };
  for (const tag of tags) at(tag.element).tags.push(tag);
  for (const kill of kills) at(kill.element).kills.push(kill);

  const covers = (newer, older) =>
    isUpTo(older.id, newer.id) &&
    newer.state >= older.state &&
    older.fields.every(([name, value]) => {
      const mine = newer.fields.find(([other]) => other === name);
      return mine && (newer.state > older.state || compareValues(mine[1], value) >= 0);
    });
  const takes = (kill, one) => isUpTo(one.id, kill.id) && one.state <= kill.state;
  // Of those that cover each other, the first stays.
  const greatest = (list, isBelow) =>
    list.filter((one, i) => !list.some((other, k) => i !== k && isBelow(other, one) && (!isBelow(one, other) || k < i)));

  const items = [];
  for (const [key, state] of [...elements.entries()].sort(([a], [b]) => (a < b ? -1 : 1))) {
    void key;
    const live = greatest(
      state.tags.filter((tag) => !state.kills.some((kill) => takes(kill, tag))),
      covers,
    ).sort((a, b) => compareIds(a.id, b.id) || a.state - b.state || compareFields(a.fields, b.fields));
    const kept = greatest(state.kills, takes)
      .filter((kill) => kill.state >= horizon)
      .sort((a, b) => compareIds(a.id, b.id) || a.state - b.state);
    if (live.length + kept.length === 0) continue;
    items.push([
      state.element,
      live.map(({ id, state: when, fields }) => [...id, when, fields]),
      kept.map(({ id, state: when }) => [...id, when]),
    ]);
  }
  return items.length > 0 ? items : null;
}

function compareFields(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareBytes(Buffer.from(a[i][0]), Buffer.from(b[i][0])) || compareValues(a[i][1], b[i][1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function listItem(inserts, erases, deletion, judge, purged) {
  const elements = new Map();
  for (const insert of [...inserts].sort((a, b) => compareBytes(a.update, b.update))) {
    if (elements.has(idKey(insert.id))) continue;
    const stamps = erases
      .filter((erase) => idKey(erase.id) === idKey(insert.id) && erase.state >= insert.state)
      .map((erase) => erase.state);
    const taken = deletion(insert.state);
    if (taken !== undefined) stamps.push(taken);
    const erased = stamps.length > 0 ? Math.min(...stamps) : null;
    elements.set(idKey(insert.id), {
      ...insert,
      erased,
      value: erased === null ? insert.value : null,
    });
  }
  let unknown = erases.filter((erase) => !elements.has(idKey(erase.id)));

  // Purges look at what is covered alone, whether its place in the tree is known or not.
  const hangAtRoot = (element) => Object.assign(element, { parent: null, side: 1 });
  const childrenOf = ({ id }) =>
    [...elements.values()].filter((child) => child.parent && idKey(child.parent) === idKey(id));
  const coveredBy = (checkpoints) => (id) =>
    checkpoints.some((one) => id[1] <= (judge.headOf(one, id[0])?.[1] ?? 0));
  for (const [i, checkpoint] of purged.entries()) {
    const isCovered = coveredBy(purged.slice(0, i + 1));
    const horizon = checkpoint.time - horizonSpan;
    const mayGo = (element) =>
      isCovered(element.id) &&
      element.erased !== null &&
      element.erased < horizon &&
      !childrenOf(element).some((child) => isCovered(child.id));
    for (let gone; (gone = [...elements.values()].find(mayGo)); ) {
      elements.delete(idKey(gone.id));
      childrenOf(gone).forEach(hangAtRoot);
    }
    unknown = unknown.filter((erase) => erase.state >= horizon && !isCovered(erase.id));
  }

  // Whoever hangs on what will never come hangs from the root; all else waits.
  const isCovered = coveredBy(purged);
  for (const element of elements.values())
    if (
      element.parent &&
      !elements.has(idKey(element.parent)) &&
      (isCovered(element.parent) || judge.isEnded(element.parent[0], element.parent[1]))
    )
      hangAtRoot(element);
  const tree = new Map();
  const waiting = new Map(elements);
  for (let progress = true; progress; ) {
    progress = false;
    for (const [key, element] of waiting) {
      if (element.parent && !tree.has(idKey(element.parent))) continue;
      tree.set(key, element);
      waiting.delete(key);
      progress = true;
    }
  }

  const item = (element) => [
    ...element.id,
    element.parent,
    element.side,
    element.state,
    element.erased,
    element.value,
  ];
  const byId = (a, b) => compareIds(a.id, b.id);
  const ranges = [];
  const seen = new Set();
  const key = ({ id, state }) => `${hex(id[0])} ${id[1]} ${state} ${id[2]}`;
  for (const erase of unknown.sort((a, b) => compareIds(a.id, b.id) || a.state - b.state)) {
    if (seen.has(key(erase))) continue;
    seen.add(key(erase));
    const before = ranges.find(
      (range) =>
        range.state === erase.state &&
        range.id[0].equals(erase.id[0]) &&
        range.id[1] === erase.id[1] &&
        range.id[2] + range.count === erase.id[2],
    );
    if (before) before.count++;
    else ranges.push({ ...erase, count: 1 });
  }
  ranges.sort((a, b) => compareIds(a.id, b.id) || a.count - b.count || a.state - b.state);
  if (tree.size + waiting.size + ranges.length === 0) return null;
  return [
    [...tree.values()].sort(byId).map(item),
    [...waiting.values()].sort(byId).map(item),
    ranges.map(({ id, count, state }) => [...id, count, state]),
  ];
}

// --- histories ---

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

class History {
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

// --- small vectors ---

function* values() {
  const list = [null, true, false, 0, 1, -1, 23, 24, 256, 65536, 4294967296, 9007199254740991, -9007199254740991, 9007199254740992, -9007199254740992, 0.5, 1.5, 65504.5, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 3.4028234663852886e38, "", "a", "\u0000\u001f\u007f\"\\/", "\u2028", "é", "\u{1f600}", "\uff5e", ["soul"], Buffer.from([]), Buffer.from([0, 255])];
  for (const value of list)
    yield { kind: "value", hex: hex(encode(value)), ...(isBytes(value) ? {} : { json: hex(Buffer.from(jsonOf(value))) }) };
  for (const a of list)
    for (const b of list)
      if (list.indexOf(a) < list.indexOf(b))
        yield { kind: "order", a: hex(encode(a)), b: hex(encode(b)), order: Math.sign(compareValues(a, b)) };
}

function* refused() {
  // Not deterministic, not a value, or a number in another's form.
  for (const bytes of ["1800", "f93c00", "f90000", "f98000", "fa3fc00000", "fb7ff0000000000000", "f97e00", "1b0020000000000000", "3b001fffffffffffff", "5f4101ff", "61ff", "80", "8160", "820000", "a0", "c001", "f7", "f800"])
    yield { kind: "no value", hex: bytes };
  const key = new Key(9).public;
  const body = (changes, state = 1, authors = []) => encode([1, state, null, authors, changes]);
  const put = [0, "p", 1];
  for (const bytes of [
    encode([2, 1, null, [], [["a", [put]]]]),
    body([]),
    body([["a", []]]),
    body([["", [put]]]),
    body([["b", [put]], ["a", [put]]]),
    body([["a", [put]], ["a", [put]]]),
    body([["a", [put]]], -1),
    body([["a", [put]]], 8640000000000001),
    body([["a", [put]]], 1, [key, key]),
    body([["a", [[0, "p"]]]]),
    body([["a", [[1, "p", 0.5]]]]),
    body([["a", [[1, "p", 9007199254740992]]]]),
    body([["a", [[2, "p", 1, [["b", 1], ["a", 1]]]]]]),
    body([["a", [[3, "p", 1, []]]]]),
    body([["a", [[3, "p", 1, [[1, 1, 0]]]]]]),
    body([["a", [[3, "p", 1, [[0, 0, 0]]]]]]),
    body([["a", [[3, "p", 1, [[0, 2, 0], [0, 1, 0]]]]]]),
    body([["a", [[4, "p", null, 2, [1]]]]]),
    body([["a", [[4, "p", null, 1, []]]]]),
    body([["a", [[5, "p", [[0, 1, 0, 0]]]]]]),
    body([["a".repeat(1025), [put]]]),
    concat(body([["a", [put]]]), [0]),
  ])
    yield { kind: "no body", hex: hex(bytes) };
}

const argument = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const histories = argument("histories", 8);
const seed = argument("seed", 1);
const lines = [...values(), ...refused()];
for (let i = 0; i < histories; i++)
  lines.push(...new History(seed + i, argument("size", 12 + 6 * (i % 6))).output(`history ${seed + i}`, i === 0));
process.stdout.write(`[\n${lines.map((line) => JSON.stringify(line)).join(",\n")}\n]\n`);
