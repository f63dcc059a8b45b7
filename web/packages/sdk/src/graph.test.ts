/** docs/protocol/graph-api.md, as this side reads and writes it. */
import { describe, expect, test } from "vitest";
import type { ConnectionStatus, HearthConnection } from "./connection.ts";
import { GraphApi, readGraphValue, writeGraphValue, type GraphEdit } from "./graph.ts";
import { settled } from "./testing/index.ts";

const persona = "p".repeat(43);
const box = "b".repeat(43);

/** A box that answers with one value, and notes what it was asked. */
function answering(value: unknown) {
  const asked: { method: string; path: string; body: unknown }[] = [];
  const connection: Pick<HearthConnection, "fetch" | "subscribe" | "state"> = {
    state: "direct",
    subscribe: () => () => undefined,
    fetch: async (path, init) => {
      asked.push({
        method: init?.method ?? "GET",
        path,
        body: typeof init?.body === "string" ? JSON.parse(init.body) : undefined,
      });
      return value instanceof Response ? value : Response.json(value);
    },
  };
  return { graph: new GraphApi(connection), asked };
}

describe("values", () => {
  test.each([null, true, false, 0, 1.5, "", "text", { "#": "anna" }, { bytes: "AAH_" }])(
    "%j is read and written as it came",
    (value) => {
      expect(writeGraphValue(readGraphValue(value))).toEqual(value);
    },
  );

  test.each([{ "#": 1 }, { bytes: "A" }, {}, [], { bytes: "AA==" }])("%j is none", (value) => {
    expect(() => readGraphValue(value)).toThrow("unexpected answer");
  });
});

describe("a node", () => {
  test("has properties of each kind, in the order of their names, whatever those are", async () => {
    const told = `{"soul": "a/b", "properties": {
      "name": {"kind": "value", "value": "Anna", "state": 1.25, "by": {"author": "${box}", "persona": "${persona}", "app": "notes"}},
      "10": {"kind": "counter", "value": 3, "state": 2},
      "9": {"kind": "counter", "value": 0},
      "__proto__": {"kind": "set", "elements": [{"value": {"#": "c"}, "fields": {"__proto__": 1, "since": 2020}}], "state": 3},
      "lines": {"kind": "list", "values": [null, "x"], "state": 4},
      "essay": {"kind": "text", "spans": []}}}`;
    const { graph, asked } = answering(new Response(told));
    const node = await graph.node("home", "a/b ü");
    expect(asked[0]?.path).toBe("/api/graph/v1/spaces/home/nodes/a%2Fb%20%C3%BC");
    expect([...node.properties.keys()]).toEqual(["10", "9", "__proto__", "essay", "lines", "name"]);
    expect(node.properties.get("name")).toEqual({
      kind: "value",
      value: "Anna",
      state: 1.25,
      by: { author: box, persona, app: "notes" },
    });
    const set = node.properties.get("__proto__");
    expect(set?.kind === "set" && [...(set.elements[0]?.fields ?? [])]).toEqual([
      ["__proto__", 1],
      ["since", 2020],
    ]);
    expect(node.properties.get("9")).toEqual({ kind: "counter", value: 0 });
    expect(node.properties.get("lines")).toEqual({ kind: "list", values: [null, "x"], state: 4 });
    expect(node.properties.get("essay")).toEqual({ kind: "unknown" });
  });

  test.each([".", ".."])("of the soul %j is no step in the path", async (soul) => {
    const { graph, asked } = answering({ soul, properties: {} });
    await graph.node("home", soul);
    expect(asked[0]?.path).toBe(`/api/graph/v1/spaces/home/nodes/${soul.replaceAll(".", "%2E")}`);
  });

  test("of another shape is refused", async () => {
    for (const properties of [
      [],
      { a: 1 },
      { a: { kind: "value", value: 1, state: 1 } },
      { a: { kind: "list" } },
    ])
      await expect(answering({ soul: "a", properties }).graph.node("home", "a")).rejects.toMatchObject({
        code: "bad_response",
      });
  });
});

describe("pages", () => {
  test("of nodes ask for what follows with what they were given", async () => {
    const nodes = [
      { soul: "a", summary: "Anna", properties: 3, state: 7 },
      { soul: "b", properties: 0 },
    ];
    const { graph, asked } = answering({ nodes, next: "c&d" });
    const first = await graph.nodes("home", { prefix: "people/", limit: 50 });
    expect(first).toEqual({ items: nodes, next: "c&d" });
    await graph.nodes("home", { after: first.next!, prefix: "people/" });
    expect(asked.map(({ path }) => path)).toEqual([
      "/api/graph/v1/spaces/home/nodes?prefix=people%2F&limit=50",
      "/api/graph/v1/spaces/home/nodes?prefix=people%2F&after=c%26d",
    ]);
  });

  test("of a search may be empty and go on", async () => {
    const { graph } = answering({ nodes: [], next: "x", looked_at: 5000 });
    expect(await graph.search("home", "plum cake")).toEqual({ items: [], next: "x", lookedAt: 5000 });
  });

  test("of a history have who, when and what; what is gone or of a later version too", async () => {
    const operations = [
      { op: "put", property: "a", value: null },
      { op: "add", property: "b", by: -2 },
      { op: "include", property: "c", value: { "#": "x" }, fields: { since: 2020 } },
      { op: "insert", property: "d", values: [1, 2] },
      { op: "erase", property: "d", count: 2 },
      { op: "remove" },
      { op: "mark", property: "e" },
    ];
    const by = { author: box, persona, app: "notes" };
    const { graph } = answering({
      updates: [
        { id: "i", seq: 2, state: 9.5, by, counts: true, operations },
        { id: "j", seq: 1, state: 8, by: { author: box }, counts: false },
      ],
    });
    const { items } = await graph.history("home", "a");
    expect(items[0]?.operations).toEqual([
      operations[0],
      operations[1],
      { op: "include", property: "c", value: { link: "x" }, fields: new Map([["since", 2020]]) },
      operations[3],
      operations[4],
      { op: "remove" },
      { op: "unknown", property: "e" },
    ]);
    expect(items[1]).toEqual({ id: "j", seq: 1, state: 8, by: { author: box }, counts: false });
  });
});

test("edits are one batch, written as the box reads them", async () => {
  const { graph, asked } = answering({ id: "i", author: box, seq: 1, state: 1, durable: true });
  const edits: GraphEdit[] = [
    { op: "put", soul: "a", property: "p", value: { bytes: new Uint8Array([0, 1, 255]) } },
    { op: "include", soul: "a", property: "s", value: { link: "b" }, fields: new Map([["__proto__", 1]]) },
    { op: "exclude", soul: "a", property: "s", value: "x" },
    { op: "add", soul: "a", property: "c", by: 2 },
    { op: "insert", soul: "a", property: "l", at: 0, values: [{ link: "b" }] },
    { op: "erase", soul: "a", property: "l", at: 1, count: 2 },
    { op: "remove", soul: "a" },
  ];
  expect(await graph.edit("home", edits)).toEqual({ id: "i", author: box, seq: 1, state: 1, durable: true });
  expect(asked).toEqual([
    {
      method: "POST",
      path: "/api/graph/v1/spaces/home/updates",
      body: JSON.parse(`{"edits": [
        {"op": "put", "soul": "a", "property": "p", "value": {"bytes": "AAH_"}},
        {"op": "include", "soul": "a", "property": "s", "value": {"#": "b"}, "fields": {"__proto__": 1}},
        {"op": "exclude", "soul": "a", "property": "s", "value": "x"},
        {"op": "add", "soul": "a", "property": "c", "by": 2},
        {"op": "insert", "soul": "a", "property": "l", "at": 0, "values": [{"#": "b"}]},
        {"op": "erase", "soul": "a", "property": "l", "at": 1, "count": 2},
        {"op": "remove", "soul": "a"}]}`),
    },
  ]);
});

test("changes are followed, and again after the stream broke", async () => {
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const paths: string[] = [];
  let wake: ((status: ConnectionStatus) => void) | undefined;
  const graph = new GraphApi({
    state: "direct",
    subscribe: (listener) => {
      wake = listener;
      return () => (wake = undefined);
    },
    fetch: async (path, init) => {
      paths.push(path);
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          streams.push(controller);
          init?.signal?.addEventListener("abort", () => controller.error(new Error("aborted")));
        },
      });
      return new Response(body);
    },
  });
  const seen: string[] = [];
  const stop = graph.follow(
    "home",
    { soul: "a b" },
    { begin: () => seen.push("begin"), change: (soul, property) => seen.push(`${soul} ${property ?? "*"}`) },
  );
  const say = async (index: number, text: string) => {
    await settled();
    streams[index]!.enqueue(new TextEncoder().encode(text));
    await settled();
  };
  await say(0, 'event: begin\ndata: {}\n\nevent: change\ndata: {"soul":"a b","property":"name"}\n\n');
  await say(0, ': still here\n\nevent: lost\ndata: {}\n\nevent: change\ndata: {"soul":"a b"}\n\n');
  streams[0]!.close();
  await settled();
  wake?.({ state: "direct", upgrading: false });
  await say(1, "event: begin\ndata: {}\n\n");
  expect(seen).toEqual(["begin", "a b name", "begin", "a b *", "begin"]);
  expect(paths).toEqual(Array(2).fill("/api/graph/v1/spaces/home/changes?soul=a%20b"));
  stop();
  await settled();
  wake?.({ state: "direct", upgrading: false });
  await settled();
  expect(paths.length).toBe(2);
});
