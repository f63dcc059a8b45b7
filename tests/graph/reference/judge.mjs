// Who counts: sections 2, 4 and 5 of docs/protocol/graph.md.
import { compareBytes, hex } from "./encoding.mjs";

const tolerance = 5 * 60 * 1000;
export const horizonSpan = 30 * 24 * 60 * 60 * 1000;
const mayWrite = (role) => role >= 3;

export function chainOf(entries) {
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

export class Judge {
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
