// A third of the table of docs/operating/networks.md, with two more in ../e2e/network.test.mjs; `./dev nets` plays all of it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cells, play } from "./cells.mjs";
import { Stage } from "./lib/stage.mjs";

describe("networks", () => {
  const cleanups = [];
  let stage;
  before(async () => {
    stage = await Stage.build({ after: (cleanup) => cleanups.push(cleanup) });
  });
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });
  test("a pairing link leads a browser with IPv6 alone to a flock that the box knows by an IPv4 address", async () => {
    assert.match(await stage.pairOverV6(), /^(direct|relayed)$/);
  });
  for (const cell of cells.filter((one) => one.test)) {
    const stays = cell.then ? ", and the app's page stays" : "";
    test(`${cell.name}: ${cell.over}${stays}`, async (t) => {
      const row = await play(stage, cell);
      t.diagnostic(JSON.stringify(row));
      assert.ok(row.connected, row.error);
      assert.equal(row.over, cell.over);
      assert.equal(row.finally ?? cell.over, cell.over);
    });
  }
});
