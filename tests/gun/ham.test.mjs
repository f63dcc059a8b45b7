// Random histories, merged by npm gun and by the relay: the same outcome. HEARTH_GUN_HISTORIES says how many.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { gunClient, node, rawClient, startRelay, until } from "./lib/relay.mjs";

const histories = Number(process.env.HEARTH_GUN_HISTORIES ?? 100_000);

/** A small generator, so that a failing history can be named by its number. */
function random(seed) {
  let state = (seed + 1) * 0x9e3779b1;
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b);
    state = (state ^ (state >>> 13)) >>> 0;
    return state % below;
  };
}

const values = [
  ...[null, true, false, 0, -1, 9, 10, 1.5, 1e21, 1e-7, 0.1, 123456789012345680000],
  ...["", "a", "ab", "abc", "b", "\u{1f600}", "～", "퟿", "", "\u2028", "\n", '"', "\\", "\u007f", "é"],
  ...[{ "#": "a" }, { "#": "b" }, { "#": "\u{1f600}" }, { "#": "～" }],
];

test("HAM decides as npm gun does, over random histories", async (t) => {
  const relay = await startRelay(t);
  const raw = await rawClient(t, relay.url);
  const gun = gunClient(t, "http://127.0.0.1:9/gun");
  gun._.opt.peers = {};
  // The writes of one node, in the order in which they are sent.
  const history = (number) => {
    const pick = random(number);
    return Array.from({ length: 2 + pick(10) }, () => {
      const names = ["p", "q", "r"].slice(0, 1 + pick(3));
      const chosen = Object.fromEntries(names.map((name) => [name, values[pick(values.length)]]));
      const states = Object.fromEntries(
        names.map((name) => [name, [1, 2, 2.5, 1e12, 1e12 + 0.001][pick(5)]]),
      );
      return node(`history ${number}`, chosen, states);
    });
  };
  const graph = gun._.graph;
  const clean = ({ _: meta, ...properties }) => ({ properties, states: { ...meta[">"] } });
  for (let from = 0; from < histories; from += 1000) {
    const all = Array.from({ length: Math.min(1000, histories - from) }, (_, i) => history(from + i));
    const souls = all.map(([first]) => first._["#"]);
    // One message has the nth write of every history: a message costs gun more than a node does.
    for (let step = 0; all.some((writes) => step < writes.length); step++) {
      const writes = all.flatMap((one) => (step < one.length ? [[one[step]._["#"], one[step]]] : []));
      // gun derives ids by appending digits: "a1" then hides "a10".
      const message = { "#": `h${from}.${step}.`, put: Object.fromEntries(writes) };
      raw.send(message);
      gun._.on("in", structuredClone(message));
    }
    const held = await Promise.all(souls.map((soul) => raw.get(soul)));
    const ours = held.map((answer, i) => clean(answer.put[souls[i]]));
    const isMerged = () => souls.every((soul, i) => graph[soul] && isDeepStrictEqual(clean(graph[soul]), ours[i]));
    // It merges in turns of its own; where it ends elsewhere, the first such history is told.
    await until(isMerged, "gun's own merge", 30_000).catch(() => {});
    for (const [i, soul] of souls.entries()) {
      assert.ok(graph[soul], `${soul} is not in gun's graph`);
      assert.deepEqual(ours[i], clean(graph[soul]), `${soul}: ${JSON.stringify(all[i])}`);
      delete graph[soul];
    }
    raw.heard.length = 0;
  }
});
