// The networks that people have, each as a cell of the table. `test` marks a third that stands for the rest; two more
// are played by ../e2e/network.test.mjs.
import { setTimeout as sleep } from "node:timers/promises";

const nat = (kind) => ({ nat: kind });
const [cone, restricted, symmetric] = ["endpoint-independent", "port-restricted", "symmetric"];

// Direct wherever two peers who know each other's mapped address can meet: not where one side's port is another for
// each peer and the other side lets only known ports in.
const nats = [cone, restricted, symmetric].flatMap((box) =>
  [cone, restricted, symmetric].map((visitor) => ({
    name: `box: ${box} NAT; browser: ${visitor} NAT`,
    box: nat(box),
    visitor: nat(visitor),
    over: box === cone || visitor === cone || (box === restricted && visitor === restricted) ? "direct" : "relayed",
    test: visitor === symmetric && box !== restricted,
  })),
);

export const cells = [
  ...nats,
  { name: "double NAT at the browser", visitor: { double: true }, over: "direct", test: true },
  { name: "double NAT on both sides", box: { double: true }, visitor: { double: true }, over: "direct" },
  { name: "UDP blocked at the browser", visitor: { block: "udp" }, over: "relayed" },
  { name: "UDP blocked at the box", box: { block: "udp" }, over: "relayed" },
  { name: "only TCP port 443 open, on both sides", box: { block: "all but 443" }, visitor: { block: "all but 443" }, over: "relayed", test: true },
  { name: "IPv4 only", box: { v4: true }, visitor: { v4: true }, over: "direct" },
  { name: "IPv6 only", box: { v4: false, v6: true }, visitor: { v4: false, v6: true }, over: "direct", test: true },
  { name: "box: IPv4 only; browser: IPv6 only", visitor: { v4: false, v6: true }, over: "relayed" },
  { name: "MTU of 1280, said by the path", path: { mtu: 1280 }, over: "direct" },
  { name: "MTU of 1280, a black hole above", path: { mtu: 1280, tells: false }, over: "direct", test: true },
  { name: "1 % loss, 40 ms", path: { delay_ms: 20, loss: 0.01 }, over: "direct" },
  { name: "5 % loss, 40 ms", path: { delay_ms: 20, loss: 0.05 }, over: "direct", test: true },
  { name: "300 ms", path: { delay_ms: 150 }, over: "direct" },
  { name: "40 ms", path: { delay_ms: 20 }, over: "direct" },
  {
    name: "UDP is blocked during an upload, and opened again",
    path: { bits_per_second: 16e6 },
    over: "direct",
    async then(stage) {
      const upload = stage.upload(8e6);
      await sleep(1_500);
      stage.visitorHome.become({ block: "udp" });
      const took = await upload;
      await stage.becomes("Relayed");
      stage.visitorHome.become();
      await stage.becomes("Direct");
      return took;
    },
  },
  {
    name: "an outage of 30 s",
    over: "direct",
    async then(stage) {
      await stage.visitorHome.path.cut(30_000);
      await sleep(30_000);
      return stage.upload();
    },
  },
  {
    name: "the browser's address changes",
    over: "direct",
    test: true,
    then(stage) {
      stage.visitorHome.changeAddress();
      return stage.upload();
    },
  },
  {
    name: "the browser's machine sleeps for 45 s and wakes",
    over: "direct",
    async then(stage) {
      stage.signal("SIGSTOP");
      await stage.visitorHome.path.cut(45_000);
      await sleep(45_000);
      stage.signal("SIGCONT");
      return stage.upload();
    },
  },
  {
    name: "the flock restarts while relayed",
    visitor: { block: "udp" },
    over: "relayed",
    test: true,
    async then(stage) {
      await stage.flocks.first.stop();
      await stage.startFlock("first");
      return stage.upload();
    },
  },
  {
    name: "the flock is gone while direct",
    over: "direct",
    async then(stage) {
      await stage.flocks.first.kill();
      const took = await stage.upload();
      delete stage.flocks.first;
      return took;
    },
  },
  {
    name: "two flocks, and the relaying one goes",
    visitor: { block: "udp" },
    flocks: ["first", "second"],
    over: "relayed",
    test: true,
    async then(stage) {
      await stage.flocks.first.kill();
      const took = await stage.upload();
      delete stage.flocks.first;
      return took;
    },
  },
];

/** Two tries for a direct connection: a first one of 10 s, a pause of 15 s, and some. */
const patience = 35_000;

/** Plays one: what came of it, or why nothing did. */
export async function play(stage, cell) {
  const row = { name: cell.name, expected: cell.over };
  try {
    await stage.become(cell);
    Object.assign(row, await stage.visit({ v6: cell.visitor?.v6, patience: cell.over === "direct" ? patience : 4_000 }));
    if (cell.then) {
      await stage.markApp();
      row.again = await cell.then(stage);
      row.finally = await stage.over();
      await stage.appStayed();
    }
    row.connected = true;
    if (row.over !== cell.over || (row.finally ?? cell.over) !== cell.over) await stage.explain(cell.name);
  } catch (error) {
    row.connected = false;
    row.error = String(error.message ?? error).split("\n")[0];
    await stage.explain(cell.name);
  } finally {
    await stage.leave();
  }
  return row;
}
