// The SDK in a real browser against stock js-libp2p: a relay in Node as the flock, another page as the appliance.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { circuitRelayServer } from "@libp2p/circuit-relay-v2";
import { identify } from "@libp2p/identify";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { webSockets } from "@libp2p/websockets";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import { Libp2pStream } from "../src/net/libp2p_stream.ts";
import { serveOne } from "../src/testing/http_server.ts";
import { startServer } from "./server.mjs";
import { bundle, launch, page as htmlOf } from "./support.mjs";

let flock, server, browser, context, box, page, reached, contacted;

before(async () => {
  flock = await createLibp2p({
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0/ws"] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      relay: circuitRelayServer({ reservations: { applyDefaultLimit: false } }),
    },
  });
  await flock.handle("/http/1.1", (stream) =>
    serveOne(new Libp2pStream(stream), ({ target }) =>
      target === "/.well-known/hearth-flock"
        ? Response.json({ peer_id: flock.peerId.toString(), addrs: [], stun: "stun:127.0.0.1:9" })
        : new Response(null, { status: 404 }),
    ).catch(() => undefined),
  );
  server = await startServer({
    "/box.html": htmlOf("/box.js"),
    "/visitor.html": htmlOf("/visitor.js"),
    "/box.js": await bundle("box.ts"),
    "/visitor.js": await bundle("visitor.ts"),
  });
  // Both pages run on this machine: without the flag their addresses would hide behind names that only mDNS knows.
  browser = await launch("--disable-features=WebRtcHideLocalIpsWithMdns");
});

after(async () => {
  await browser?.close();
  await server?.close();
  await flock?.stop();
});

beforeEach(async () => {
  context = await browser.newContext();
  await context.addInitScript(() => {
    window.configurations = [];
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Native {
      constructor(configuration) {
        super(configuration);
        window.configurations.push(configuration);
      }
      // Deaf pages never learn where the other is: no direct path can stand.
      addIceCandidate(candidate) {
        return window.deaf ? Promise.resolve() : super.addIceCandidate(candidate);
      }
    };
  });
  contacted = new Set();
  box = await context.newPage();
  await box.goto(`http://home.hearth.localhost:${server.port}/box.html`);
  await box.waitForFunction(() => window.start !== undefined);
  reached = await box.evaluate((address) => window.start(address), flock.getMultiaddrs()[0].toString());
  page = await context.newPage();
  page.on("request", (request) => contacted.add(new URL(request.url()).host));
  page.on("websocket", (socket) => contacted.add(new URL(socket.url()).host));
  await page.goto(`http://home.hearth.localhost:${server.port}/visitor.html`);
  await page.waitForFunction(() => window.reach !== undefined);
});

afterEach(() => context.close());

const reach = () =>
  page.evaluate(async ({ root, address }) => {
    const connection = await window.reach({ root, multiaddrs: [address] });
    return connection.state;
  }, reached);
// Enough for further attempts at the direct path, after some that a busy machine made too slow (10 s each).
const state = (wanted, timeout = 60_000) =>
  page.waitForFunction((each) => window.connection.state === each, wanted, { timeout });
const by = () => page.evaluate(async () => (await window.connection.fetch("/x")).headers.get("x-by"));

describe("a connection", () => {
  test("is relayed at once, then direct, and says so", async () => {
    assert.equal(await reach(), "relayed");
    await state("direct");
    assert.equal(await by(), "webrtc");
    const status = await page.evaluate(() => window.connection.status);
    assert.equal(status.transport, "webrtc");
    assert.equal(status.upgrading, false);
  });

  test("moves to the direct path without losing a request", async () => {
    const answers = await page.evaluate(async ({ root, address }) => {
      await window.reach({ root, multiaddrs: [address] });
      const slow = window.connection
        .fetch("/slow")
        .then(async (response) => [response.headers.get("x-by"), (await response.arrayBuffer()).byteLength]);
      const quick = [];
      while (window.connection.state !== "direct") {
        quick.push((await window.connection.fetch("/x")).headers.get("x-by"));
      }
      quick.push((await window.connection.fetch("/x")).headers.get("x-by"));
      return { slow: await slow, quick };
    }, reached);
    assert.deepEqual(answers.slow, ["relay", 1_000_000]);
    assert.equal(answers.quick[0], "relay");
    assert.equal(answers.quick.at(-1), "webrtc");
  });

  test("carries 20 MB down and 10 MB up over data channels, whole", async () => {
    await reach();
    await state("direct");
    const result = await page.evaluate(async () => {
      const down = new Uint8Array(await (await window.connection.fetch("/large")).arrayBuffer());
      const bytes = new Uint8Array(10_000_000).map((_, i) => i * 7);
      const echoed = new Uint8Array(
        await (await window.connection.fetch("/echo", { method: "POST", body: bytes })).arrayBuffer(),
      );
      return [
        down.length,
        down.every((byte) => byte === 5),
        echoed.length,
        echoed.every((byte, i) => byte === bytes[i]),
      ];
    });
    assert.deepEqual(result, [20_000_000, true, 10_000_000, true]);
  });

  test("holds little of a body that is read slowly over data channels, and reads it whole", async () => {
    await reach();
    await state("direct");
    const result = await page.evaluate(async () => {
      const response = await window.connection.fetch("/ranged");
      let offset = 0;
      let whole = true;
      // A reader that lags behind by all that may wait, twice, and then keeps up.
      const pauses = [100_000, 20_000_000];
      for await (const chunk of response.body) {
        for (let i = 0; i < chunk.length; i += 97) whole &&= chunk[i] === (((offset + i) >> 8) & 0xff);
        offset += chunk.length;
        if (offset > (pauses[0] ?? Infinity)) {
          pauses.shift();
          await new Promise((resolve) => setTimeout(resolve, 2500));
        }
      }
      return [offset, whole];
    });
    assert.deepEqual(result, [40_000_000, true]);
    const asked = await box.evaluate(() => window.asked.filter((target) => target === "/ranged").length);
    assert.ok(asked > 1, "the stream was never cut");
  });

  test("stays relayed when the browsers can't meet, and says so within 3.5 s", async () => {
    for (const each of [page, box]) await each.evaluate(() => (window.deaf = true));
    await reach();
    await page.waitForFunction(
      () => !window.connection.status.upgrading && window.connection.status.directFailure,
    );
    const [status, time] = await page.evaluate(() => [window.connection.status, window.times.at(-1)]);
    assert.equal(status.state, "relayed");
    assert.ok(time < 3500, `${time} ms`);
    assert.equal(await by(), "relay");
  });

  test("falls back to the relay when the direct path breaks, and finds a new one", async () => {
    await reach();
    await state("direct");
    await page.evaluate(() => (window.seen.length = 0));
    await box.evaluate(() => window.cut("webrtc"));
    // Whoever asks for something notices within 3 s; the browser itself takes 15.
    assert.equal(await by(), "relay");
    await page.waitForFunction(() => window.seen.some((status) => status.state === "relayed"));
    await state("direct");
    assert.equal(await by(), "webrtc");
    const states = await page.evaluate(() => window.seen.map((status) => status.state));
    assert.ok(!states.includes("offline"), states.join());
  });

  test("tells the truth when the box is gone", async () => {
    await reach();
    await state("direct");
    await box.close();
    await by().catch(() => undefined);
    await state("offline", 45_000);
    const error = await page.evaluate(() => window.connection.fetch("/x").catch((reason) => reason.code));
    assert.equal(error, "offline");
    assert.ok((await page.evaluate(() => window.connection.status.nextAttempt)) > 0);
  });

  test("contacts nobody but the flock, and asks no STUN server it wasn't told of", async () => {
    await reach();
    await state("direct");
    const flockHost = flock
      .getMultiaddrs()[0]
      .toString()
      .split("/")
      .slice(2, 5)
      .join(":")
      .replace(":tcp:", ":");
    assert.deepEqual([...contacted].sort(), [flockHost, `home.hearth.localhost:${server.port}`].sort());
    const servers = await page.evaluate(() => window.configurations.map((each) => each?.iceServers));
    assert.ok(servers.length > 0);
    for (const each of servers) assert.deepEqual(each, []);
  });

  test("asks the flock's STUN server when the flock told of one, and no other", async () => {
    await page.evaluate(
      async ({ root, address, flockAddress, peerId }) => {
        const multiaddrs = [`/ip4/127.0.0.1/tcp/1/ws/p2p/${peerId}`];
        const connection = await window.reach({ root, multiaddrs, flock: flockAddress });
        return connection.state;
      },
      { ...reached, flockAddress: flock.getMultiaddrs()[0].toString() },
    );
    await state("direct");
    const servers = await page.evaluate(() => window.configurations.map((each) => each?.iceServers));
    assert.deepEqual(servers, [[{ urls: "stun:127.0.0.1:9" }]]);
  });

  test("keeps its device key in the browser where no script can read it", async () => {
    const facts = await page.evaluate(async (target) => {
      const made = await window.DeviceKeys.open().create();
      const connection = await window.reach({ root: target.root, multiaddrs: [target.address] }, true);
      return { kept: made.id, used: connection.device, protection: made.protection };
    }, reached);
    assert.equal(facts.used, facts.kept);
    assert.equal(facts.protection, "webcrypto");
    await page.reload();
    await page.waitForFunction(() => window.DeviceKeys !== undefined);
    assert.equal(await page.evaluate(async () => (await window.DeviceKeys.open().load()).id), facts.kept);
  });
});
