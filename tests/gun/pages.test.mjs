// Two people in two Chromium pages, with gun.js and sea.js as published, and a box that dies between them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";
import { openProfile } from "../e2e/lib/chromium.mjs";
import { startRelay, until } from "./lib/relay.mjs";

const require = createRequire(import.meta.url);
const files = { "/gun.js": "gun/gun.js", "/sea.js": "gun/sea.js" };
const html = `<!doctype html><title>Chat</title><script src="/gun.js"></script><script src="/sea.js"></script>
<script>
  // Without localStorage, whose own acknowledgement may come first: a line counts as said when the box has said so.
  const gun = Gun({ peers: [new URLSearchParams(location.search).get("relay")], localStorage: false });
  const lines = (window.lines = {});
  const follow = (chain) => chain.map().on((line, key) => { if (line && line.text) lines[key] = line.who + ": " + line.text; });
  const say = (chain, who, text) => new Promise((resolve, reject) =>
    chain.set({ who, text }, (ack) => (ack.err ? reject(Error(ack.err)) : resolve())));
  const connected = () => Object.values(gun._.opt.peers).some((peer) => peer.wire && peer.wire.readyState === 1);
</script>`;

async function site(t) {
  const server = createServer((request, response) => {
    const file = files[new URL(request.url, "http://x").pathname];
    response.setHeader("content-type", file ? "text/javascript" : "text/html; charset=utf-8");
    response.end(file ? readFileSync(require.resolve(file)) : html);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

async function person(t, origin, relay) {
  const profile = await openProfile(t);
  const page = await profile.page();
  await page.goto(`${origin}/?relay=${encodeURIComponent(relay.url.replace("ws:", "http:"))}`, {
    timeout: 120_000, // the machine may be busy
  });
  await until(() => page.evaluate("connected()"), "a page's connection");
  return page;
}

/** Both talk, the box is killed and started again, both talk, a third arrives. `chain` is the chat, as a page has it. */
async function chat(t, origin, { relay, pages, chain, arrive }) {
  const said = [];
  const say = async (index, text) => {
    const who = ["Ann", "Ben"][index];
    await pages[index].evaluate(`say(${chain}, ${JSON.stringify(who)}, ${JSON.stringify(text)})`);
    said.push(`${who}: ${text}`);
  };
  const sees = (page) =>
    until(async () => {
      const lines = Object.values(await page.evaluate("lines"));
      return said.every((line) => lines.includes(line)) && lines.length === said.length;
    }, `${said.length} lines on a page`);
  for (const page of pages) await page.evaluate(`void follow(${chain})`);
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 5; i += 1) await say(i % 2, `round ${round}, line ${i}, ä \u{1f600}`);
    if (round === 0) for (const page of pages) await sees(page);
    // The last words are just acknowledged, and may not have reached the other page.
    await relay.kill();
    relay = await relay.again();
    for (const page of pages) await until(() => page.evaluate("connected()"), "the page's reconnection");
  }
  for (const page of pages) await sees(page);
  const third = await person(t, origin, relay);
  await arrive?.(third);
  await third.evaluate(`void follow(${chain})`);
  await sees(third);
}

test("two pages chat through a box that is killed in between, and lose nothing", async (t) => {
  const relay = await startRelay(t);
  const origin = await site(t);
  const pages = [await person(t, origin, relay), await person(t, origin, relay)];
  await chat(t, origin, { relay, pages, chain: 'gun.get("chat")' });
});

test("the same with a signed user on both pages", async (t) => {
  const relay = await startRelay(t);
  const origin = await site(t);
  const pages = [await person(t, origin, relay), await person(t, origin, relay)];
  const enter = (page, what) =>
    page.evaluate(
      `new Promise((resolve) => gun.user().${what}("family", "correct horse", (ack) => resolve(ack.err || "")))`,
    );
  assert.equal(await enter(pages[0], "create"), "");
  for (const page of pages) assert.equal(await enter(page, "auth"), "");
  const arrive = async (page) => assert.equal(await enter(page, "auth"), "");
  await chat(t, origin, {
    relay,
    pages,
    chain: 'gun.user().get("chat")',
    arrive,
  });
});
