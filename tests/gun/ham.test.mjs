// Random histories, merged by npm gun and by the relay: the same outcome. HEARTH_GUN_HISTORIES says how many.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gunClient, node, rawClient, startRelay, until } from "./lib/relay.mjs";

const histories = Number(process.env.HEARTH_GUN_HISTORIES ?? 10_000);

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
  const history = (number) => {
    const pick = random(number);
    return Array.from({ length: 2 + pick(10) }, (_, i) => {
      const names = ["p", "q", "r"].slice(0, 1 + pick(3));
      const chosen = Object.fromEntries(names.map((name) => [name, values[pick(values.length)]]));
      const states = Object.fromEntries(
        names.map((name) => [name, [1, 2, 2.5, 1e12, 1e12 + 0.001][pick(5)]]),
      );
      const soul = `history ${number}`;
      // gun derives ids by appending digits: "a1" then hides "a10".
      return {
        "#": `h${number}.${i}.`,
        put: { [soul]: node(soul, chosen, states) },
      };
    });
  };
  for (let from = 0; from < histories; from += 1000) {
    const numbers = Array.from({ length: Math.min(1000, histories - from) }, (_, i) => from + i);
    let answers = [];
    for (const number of numbers) {
      const messages = history(number);
      raw.send(messages);
      answers.push(number);
      for (const message of structuredClone(messages)) gun._.on("in", message);
    }
    const held = await Promise.all(answers.map((number) => raw.get(`history ${number}`)));
    const graph = gun._.graph;
    await until(() => numbers.every((number) => graph[`history ${number}`]), "gun's own merge");
    for (const [i, number] of numbers.entries()) {
      const soul = `history ${number}`;
      const { _: meta, ...ours } = held[i].put[soul];
      const { _: theirs, ...wanted } = graph[soul];
      assert.deepEqual(ours, { ...wanted }, `history ${number}: ${JSON.stringify(history(number))}`);
      assert.deepEqual(meta[">"], { ...theirs[">"] }, `states of history ${number}`);
      delete graph[soul];
    }
    raw.heard.length = 0;
  }
});
