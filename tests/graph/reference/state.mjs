// What is there then: sections 3, 5 and 6 of docs/protocol/graph.md.
import { compareBytes, compareValues, encode, hex } from "./encoding.mjs";
import { Judge, horizonSpan } from "./judge.mjs";

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
