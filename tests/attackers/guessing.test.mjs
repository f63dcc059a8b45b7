// Strangers who guess at a password for as long as they like, over connections and names of their own.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { scratch, startAppliance } from "../e2e/lib/daemon.mjs";
import { client, ready } from "../e2e/lib/parts.mjs";
import { Visitor } from "../e2e/lib/visitor.mjs";

const [name, password] = ["anna", "plum kettle rivers nine"];

test("S8: of a burst of guesses from many strangers five are answered, and the owner's device does all it wants", async (t) => {
  const box = await startAppliance(t, join(scratch(t), "data"));
  const address = box.ready.addrs.find((one) => /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//.test(one));
  const owner = await Visitor.at(t, address);
  await owner.setUp(box.ready.setup_url, { name, password });

  // Each stranger has a key and a connection of its own: neither gives a further try.
  const strangers = await Promise.all(Array.from({ length: 8 }, () => Visitor.at(t, address)));
  const ke1 = Buffer.alloc(96, 1).toString("base64url");
  await ready;
  const blinded = client.startLogin({ password: "a guess" }).startLoginRequest;
  const answers = [];
  const until = performance.now() + 3000;
  await Promise.all(
    strangers.map(async (stranger) => {
      while (performance.now() < until) {
        const sent = { name, ke1: answers.length % 3 === 0 ? ke1 : blinded };
        const { status, body, headers } = await stranger.request("POST", "/api/v1/login/start", {
          headers: { "Content-Type": "application/json" },
          body: Buffer.from(JSON.stringify(sent)),
        });
        answers.push({ status, wait: Number(headers.get("retry-after")), body });
      }
    }),
  );
  const count = (wanted) => answers.filter(({ status }) => status === wanted).length;
  t.diagnostic(`${answers.length} guesses in 3 s: ${count(200)} answered, ${count(429)} refused, ${count(400)} malformed`);
  assert.ok(answers.length > 300);
  assert.ok(count(200) >= 5 && count(200) <= 6, `${count(200)} answered`);
  assert.equal(count(200) + count(429) + count(400), answers.length);
  assert.ok(answers.filter(({ status }) => status === 429).every(({ wait }) => wait >= 1), "each says when to come again");

  assert.equal(await owner.standing(), 200);
  const { secret } = await owner.json("POST", "/api/v1/pairings", {});
  const phone = await Visitor.at(t, address);
  await phone.pair(secret);
  assert.equal(await phone.standing(), 200, "a new device comes in by pairing meanwhile");
});
