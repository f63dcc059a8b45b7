import type { GraphEdit, GraphNode, GraphProperty } from "@hearth/sdk";
import { describe, expect, test } from "vitest";
import { isStillThere, isUntouched, undoOf } from "./graph_edits.ts";
import {
  firstLine,
  folded,
  hex,
  inOneLine,
  inOrder,
  isSoul,
  marked,
  pictureInText,
  pictureType,
  readNumber,
  sameValue,
  timeIn,
  titleOf,
  valueFrom,
} from "./graph_values.ts";

const by = { author: "b".repeat(43) };
const value = (
  value: GraphProperty extends infer P ? (P extends { kind: "value"; value: infer V } ? V : never) : never,
  state = 1,
): GraphProperty => ({
  kind: "value",
  value,
  state,
  by,
});
const node = (properties: Record<string, GraphProperty>): GraphNode => ({
  soul: "a",
  properties: new Map(Object.entries(properties)),
});

describe("a title", () => {
  test("is what an entry calls itself, in one line, or its own name", () => {
    expect(titleOf(node({ title: value("  Plum cake\nfor six"), text: value("Stone the plums") }))).toBe(
      "Plum cake",
    );
    expect(titleOf(node({ name: value(""), text: value("Stone the plums") }))).toBe("Stone the plums");
    expect(titleOf(node({ name: value(7) }))).toBe("a");
    expect(titleOf(node({}))).toBe("a");
  });

  test("stands before the other properties, which go by name", () => {
    const { properties } = node({
      b: value(1),
      text: value("x"),
      a: value(2),
      name: value("y"),
      Z: value(3),
    });
    expect(inOrder(properties).map(([name]) => name)).toEqual(["name", "text", "Z", "a", "b"]);
  });

  test("of 200 characters is cut between characters", () => {
    expect(firstLine("👩‍🌾".repeat(200), 120).length).toBeLessThan(400);
    expect(firstLine(`${"😀".repeat(130)}`, 120)).toBe(`${"😀".repeat(119)}…`);
  });
});

describe("a long text is folded", () => {
  test("at a space, and at a line, and not for a few words", () => {
    expect(folded("short")).toBeUndefined();
    expect(folded("word ".repeat(200))).toBe("word ".repeat(96).trimEnd());
    expect(folded("x".repeat(500))).toBeUndefined();
    expect(folded("line\n".repeat(40))).toBe("line\n".repeat(12).trimEnd());
  });

  test("and never inside a character", () => {
    expect(folded(`x${"😀".repeat(400)}`)?.isWellFormed()).toBe(true);
  });
});

test("a number is a time when its size or its name says so", () => {
  const now = 1_763_740_000_000;
  expect(timeIn("x", now)).toBe(now);
  expect(timeIn("created", now / 1000)).toBe(now);
  expect(timeIn("seenAt", now / 1000)).toBe(now);
  expect(timeIn("price", now / 1000)).toBeUndefined();
  expect(timeIn("format", now / 1000)).toBeUndefined();
  expect(timeIn("created", 3)).toBeUndefined();
});

describe("a picture", () => {
  const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1];
  test("is known by its first bytes, and is pixels alone", () => {
    expect(pictureType(new Uint8Array(png))).toBe("image/png");
    expect(pictureType(new Uint8Array([0xff, 0xd8, 0xff, 0xe0]))).toBe("image/jpeg");
    expect(pictureType(new TextEncoder().encode("<svg xmlns="))).toBeUndefined();
    expect(pictureType(new Uint8Array(0))).toBeUndefined();
  });

  test("in a text is one only when its bytes are", () => {
    const text = (type: string, bytes: string) => `data:${type};base64,${btoa(bytes)}`;
    expect(pictureInText(text("image/png", String.fromCharCode(...png)))).toEqual(new Uint8Array(png));
    expect(pictureInText(text("image/png", "<script>"))).toBeUndefined();
    expect(pictureInText("data:image/png;base64,A")).toBeUndefined();
    expect(pictureInText("data:text/html,hello")).toBeUndefined();
  });

  test("or other bytes are shown in hex, the first of them", () => {
    expect(hex(new Uint8Array([0, 161, 255]))).toBe("00 a1 ff");
    expect(hex(new Uint8Array(40), 2)).toBe("00 00 …");
  });
});

test("each value has one line", () => {
  const words = { yes: "Yes", no: "No", nothing: "Nothing", bytes: (n: number) => `${n} B`, number: String };
  const line = (each: Parameters<typeof inOneLine>[0]) => inOneLine(each, words, 10);
  expect(
    [null, true, false, 1.5, "a\nb", "a very long text", { link: "b" }, { bytes: new Uint8Array(3) }].map(
      line,
    ),
  ).toEqual(["Nothing", "Yes", "No", "1.5", "a …", "a very lo…", "b", "3 B"]);
});

describe("what somebody types", () => {
  test.each([
    ["1 000,5", 1000.5],
    ["−2", -2],
    ["-0", 0],
    [".5", 0.5],
    ["1e3", 1000],
    ["1,000.5", undefined],
    ["1e999", undefined],
    ["", undefined],
    ["0x10", undefined],
    ["ten", undefined],
  ])("%j as a number is %j", (text, number) => {
    expect(readNumber(text)).toBe(number);
  });

  test("becomes a value of the kind they chose, or none", () => {
    expect(valueFrom("text", " x ")).toEqual({ value: " x " });
    expect(valueFrom("text", "\ud800")).toBeUndefined();
    expect(valueFrom("flag", "yes")).toEqual({ value: true });
    expect(valueFrom("nothing", "x")).toEqual({ value: null });
    expect(valueFrom("link", " people/anna ")).toEqual({ value: { link: "people/anna" } });
    expect(valueFrom("link", " ")).toBeUndefined();
    expect(valueFrom("number", "x")).toBeUndefined();
  });

  test("as the name of an entry has 1 to 1,024 bytes", () => {
    expect([isSoul(""), isSoul("x".repeat(1024)), isSoul("ü".repeat(513))]).toEqual([false, true, false]);
  });
});

test("what was searched for is marked, whatever its case; the pieces are the text", () => {
  expect(marked("Plum cake", "CAKE lu")).toEqual([
    { text: "P", hit: false },
    { text: "lu", hit: true },
    { text: "m ", hit: false },
    { text: "cake", hit: true },
  ]);
  // In lower case this letter is two.
  expect(marked("İstanbul", "bul")).toEqual([{ text: "İstanbul", hit: false }]);
  expect(marked("x", "")).toEqual([{ text: "x", hit: false }]);
});

test("values are the same by what they hold", () => {
  expect(sameValue({ bytes: new Uint8Array([1]) }, { bytes: new Uint8Array([1]) })).toBe(true);
  expect(sameValue({ bytes: new Uint8Array([1]) }, { bytes: new Uint8Array([2]) })).toBe(false);
  expect(sameValue({ link: "1" }, { bytes: new Uint8Array([1]) })).toBe(false);
  expect(sameValue({ link: "a" }, { link: "a" })).toBe(true);
  expect(sameValue(null, { link: "a" })).toBe(false);
  expect(sameValue("1", 1)).toBe(false);
});

describe("undo", () => {
  const set: GraphProperty = {
    kind: "set",
    elements: [{ value: { link: "b" }, fields: new Map([["since", 2020]]) }],
    state: 5,
  };
  const list: GraphProperty = { kind: "list", values: ["x", "y", "z"], state: 5 };
  const before = node({
    name: value("Anna"),
    likes: { kind: "counter", value: 3 },
    friends: set,
    lines: list,
  });
  const on = { soul: "a" };

  test.each<[GraphEdit, GraphEdit[]]>([
    [
      { ...on, op: "put", property: "name", value: "Bert" },
      [{ ...on, op: "put", property: "name", value: "Anna" }],
    ],
    [{ ...on, op: "put", property: "new", value: 1 }, [{ ...on, op: "remove", property: "new" }]],
    [{ ...on, op: "add", property: "likes", by: 2 }, [{ ...on, op: "add", property: "likes", by: -2 }]],
    [
      { ...on, op: "include", property: "friends", value: "c" },
      [{ ...on, op: "exclude", property: "friends", value: "c" }],
    ],
    [
      {
        ...on,
        op: "include",
        property: "friends",
        value: { link: "b" },
        fields: new Map([["how", "school"]]),
      },
      [
        { ...on, op: "exclude", property: "friends", value: { link: "b" } },
        {
          ...on,
          op: "include",
          property: "friends",
          value: { link: "b" },
          fields: new Map([["since", 2020]]),
        },
      ],
    ],
    [
      { ...on, op: "exclude", property: "friends", value: { link: "b" } },
      [
        {
          ...on,
          op: "include",
          property: "friends",
          value: { link: "b" },
          fields: new Map([["since", 2020]]),
        },
      ],
    ],
    [
      { ...on, op: "insert", property: "lines", at: 1, values: [1, 2] },
      [{ ...on, op: "erase", property: "lines", at: 1, count: 2 }],
    ],
    [
      { ...on, op: "erase", property: "lines", at: 1, count: 2 },
      [{ ...on, op: "insert", property: "lines", at: 1, values: ["y", "z"] }],
    ],
    [
      { ...on, op: "remove", property: "friends" },
      [
        {
          ...on,
          op: "include",
          property: "friends",
          value: { link: "b" },
          fields: new Map([["since", 2020]]),
        },
      ],
    ],
    [
      { ...on, op: "remove" },
      [
        { ...on, op: "put", property: "name", value: "Anna" },
        { ...on, op: "add", property: "likes", by: 3 },
        {
          ...on,
          op: "include",
          property: "friends",
          value: { link: "b" },
          fields: new Map([["since", 2020]]),
        },
        { ...on, op: "insert", property: "lines", at: 0, values: ["x", "y", "z"] },
      ],
    ],
  ])("of %j", (edit, undo) => {
    expect(undoOf(before, edit)).toEqual(undo);
  });

  test("isn't promised for what can't be written again", () => {
    const remove: GraphEdit = { ...on, op: "remove" };
    expect(undoOf(node({ essay: { kind: "unknown" } }), remove)).toBeUndefined();
    expect(undoOf(node({ text: value("x".repeat(400_000)) }), remove)).toBeUndefined();
    const elements = Array.from({ length: 4097 }, (_, index) => ({ value: index, fields: new Map() }));
    expect(
      undoOf(node({ many: { kind: "set", elements } }), { ...remove, property: "many" }),
    ).toBeUndefined();
  });

  test("takes nobody else's words: not when somebody wrote since", () => {
    const put: GraphEdit = { ...on, op: "put", property: "name", value: "Bert" };
    expect(isUntouched(node({ name: value("Bert", 9) }), put, 9)).toBe(true);
    expect(isUntouched(node({ name: value("Bert", 10) }), put, 9)).toBe(false);
    expect(isUntouched(node({}), put, 9)).toBe(false);
    const remove: GraphEdit = { ...on, op: "remove", property: "name" };
    expect(isUntouched(node({ other: value(1) }), remove, 9)).toBe(true);
    expect(isUntouched(node({ name: value("Carl", 10) }), remove, 9)).toBe(false);
    expect(isUntouched(undefined, { ...on, op: "remove" }, 9)).toBe(true);
    expect(isUntouched(before, { ...on, op: "remove" }, 9)).toBe(false);
    expect(isUntouched(before, { ...on, op: "erase", property: "lines", at: 0, count: 1 }, 5)).toBe(true);
    expect(isUntouched(before, { ...on, op: "insert", property: "lines", at: 0, values: [1] }, 4)).toBe(
      false,
    );
    expect(isUntouched(before, { ...on, op: "add", property: "likes", by: 1 }, 0)).toBe(true);
  });

  test("and a place in a list is erased only while it holds what was seen there", () => {
    const erase: GraphEdit = { ...on, op: "erase", property: "lines", at: 1, count: 1 };
    expect(isStillThere(before, erase, before)).toBe(true);
    const moved = node({ lines: { kind: "list", values: ["new", "x", "y", "z"] } });
    expect(isStillThere(moved, erase, before)).toBe(false);
    expect(isStillThere(undefined, erase, before)).toBe(false);
  });
});
