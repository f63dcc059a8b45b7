import "fake-indexeddb/auto";
import { beforeEach, expect, test } from "vitest";
import { FencedPins, KnownAppliances } from "../appliances.ts";
import { Database, TermOver } from "../keys/database.ts";
import { fenceOf } from "./fence.ts";

let count = 0;
let root = "";
beforeEach(() => (root = `box ${++count}`));

test("terms only rise, each is taken once, and each box has its own", async () => {
  const [a, b] = [fenceOf(root), fenceOf(root)];
  expect(await a.current()).toBe(0);
  const taken = await Promise.all([a.next(), b.next(), a.next()]);
  expect(taken.sort()).toEqual([1, 2, 3]);
  expect(await fenceOf(`${root}'`).current()).toBe(0);
});

test("a change is made in the term in force, and in no other", async () => {
  const fence = fenceOf(root);
  const term = await fence.next();
  let changes = 0;
  expect(await fence.hold(term, () => ++changes)).toBe(true);
  await fence.next();
  expect(await fence.hold(term, () => ++changes)).toBe(false);
  expect(changes).toBe(1);
});

test("a term that is being taken waits for the change under way, or the change is not made", async () => {
  const fence = fenceOf(root);
  const term = await fence.next();
  const order: string[] = [];
  await Promise.all([
    fence.hold(term, () => order.push("change")),
    fence.next().then(() => order.push("next")),
  ]);
  expect(order).toEqual(["change", "next"]);
});

test("what a leader learned of a box is not kept once its term is over, and it is told so", async () => {
  const fence = fenceOf(root);
  const known = KnownAppliances.open();
  const pins = new FencedPins(known);
  let over = 0;
  pins.fence(await fence.next(), () => ++over);
  await pins.remember(root, { title: "Casa" });
  await fence.next();
  await expect(pins.remember(root, { title: "Stale" })).rejects.toThrow(TermOver);
  expect((await known.get(root))?.title).toBe("Casa");
  expect(over).toBe(1);
});

test("a box that was forgotten isn't brought back by a leader that is late, nor by an amendment", async () => {
  const known = KnownAppliances.open();
  const pins = new FencedPins(known);
  pins.fence(await fenceOf(root).next());
  await pins.remember(root, { persona: "p" });
  await known.forget(root);
  await expect(pins.remember(root, { persona: "p" })).rejects.toThrow(TermOver);
  await known.amend(root, { title: "late" });
  expect(await known.get(root)).toBeUndefined();
});

test("beside a newer shell nothing is written", async () => {
  const known = KnownAppliances.open();
  const pins = new FencedPins(known);
  pins.fence(null);
  expect((await pins.remember(root, { title: "Casa" })).title).toBe("Casa");
  expect(await known.get(root)).toBeUndefined();
});

test("the database of an older shell gets what is new, and that of a newer one is opened as it is", async () => {
  indexedDB.deleteDatabase("hearth");
  const make = (version: number) =>
    new Promise<void>((resolve) => {
      const request = indexedDB.open("hearth", version);
      request.onupgradeneeded = () => {
        for (const store of version === 1 ? ["keys", "appliances"] : ["later"])
          request.result.createObjectStore(store);
      };
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
    });
  await make(1);
  const old = new Database();
  await old.put("appliances", "a", 1);
  expect(await fenceOf("a", old).next()).toBe(1);
  await make(9);
  expect(await new Database().get("appliances", "a")).toBe(1);
});
