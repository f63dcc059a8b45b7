import { expect, test } from "vitest";
import { contentUrl, FilesApi, FilesError, readEntry } from "./api.ts";
import { fromDrop, fromInput } from "./drop.ts";
import { lookOf } from "./kinds.ts";
import { isWithin, nameTrouble, parentOf, stemLength, trail } from "./paths.ts";
import { readPlace, writePlace } from "./place.ts";
import { hasThumbnail } from "./thumbnails.ts";
import { add, countOf, everything, has, nothing, only, toggle } from "./selection.ts";

test("paths", () => {
  expect([parentOf("a/b/c"), parentOf("a"), trail("a/b"), trail("")]).toEqual([
    "a/b",
    "",
    ["", "a", "a/b"],
    [""],
  ]);
  expect([isWithin("a/b", "a"), isWithin("ab", "a"), isWithin("a", "a")]).toEqual([true, false, true]);
});

test("names that the service would refuse are refused while they are typed", () => {
  expect(["", ".", "..", "a/b", "a\u0007", "ü".repeat(128), "fine.txt", ".hidden"].map(nameTrouble)).toEqual([
    "empty",
    "dots",
    "dots",
    "slash",
    "control",
    "long",
    null,
    null,
  ]);
});

test("renaming begins with the stem selected, not the extension", () => {
  expect([
    stemLength("a.b.jpg", "file"),
    stemLength(".profile", "file"),
    stemLength("a.b", "folder"),
  ]).toEqual([3, 8, 3]);
});

test("the selection of everything keeps exceptions, without a list of 100,000", () => {
  const some = toggle(toggle(everything, "a"), "b");
  expect([has(some, "a"), has(some, "c"), countOf(some, 100_000)]).toEqual([false, true, 99_998]);
  expect(has(add(some, ["a"]), "a")).toBe(true);
  expect(countOf(toggle(only("a"), "a"), 5)).toBe(0);
  expect([...(add(nothing, ["x", "y"]) as unknown as { paths: Set<string> }).paths]).toEqual(["x", "y"]);
});

test("places survive the address bar, also with odd names", () => {
  for (const place of [
    { view: "folder", path: "" },
    { view: "folder", path: "a b/ü & 100% #1" },
    { view: "folder", path: "a", open: "a/x?.jpg" },
    { view: "search", q: "a+b" },
    { view: "trash" },
  ] as const)
    expect(readPlace(new URL(`http://x${writePlace(place)}`).search)).toEqual(place);
  expect(readPlace("?open=a%2Fb.jpg")).toEqual({ view: "folder", path: "a", open: "a/b.jpg" });
});

test("content is asked for by version, with each part of the path encoded", () => {
  expect(contentUrl({ path: "a b/50%.jpg", etag: '"x-1"' })).toBe("/api/v1/content/a%20b/50%25.jpg?v=x-1");
});

test("looks and thumbnails", () => {
  const file = (type: string, size = 1) =>
    readEntry({ name: "x", path: "x", kind: "file", type, size, modified: 1 });
  expect([
    lookOf(file("image/png")),
    lookOf(file("image/heic")),
    lookOf(file("application/json")),
    lookOf(file("")),
  ]).toEqual(["image", "file", "text", "file"]);
  expect([hasThumbnail(file("image/png")), hasThumbnail(file("image/png", 50_000_000))]).toEqual([
    true,
    false,
  ]);
});

test("large changes go in batches of 1,000, and are taken back last first", async () => {
  const bodies: unknown[] = [];
  const api = new FilesApi((path, init) => {
    bodies.push([path, JSON.parse(String(init?.body))]);
    const { paths } = JSON.parse(String(init?.body)) as { paths: string[] };
    const results = paths.map((each) =>
      each === "p5" ? { path: each, error: { code: "not_found", message: "" } } : { path: each, id: each },
    );
    return Promise.resolve(
      Response.json({
        results,
        undo: { method: "POST", path: "/api/v1/trash/restore", body: { ids: [paths[0]] } },
      }),
    );
  });
  const result = await api.trash(Array.from({ length: 1500 }, (_, index) => `p${index}`));
  expect(bodies).toHaveLength(2);
  expect([result.done, result.failed.map((each) => each.path)]).toEqual([1499, ["p5"]]);
  expect(result.undo.map((each) => each.body)).toEqual([{ ids: ["p1000"] }, { ids: ["p0"] }]);
});

test("an undo that leads elsewhere than the API is not taken", async () => {
  const api = new FilesApi(() =>
    Promise.resolve(
      Response.json({ results: [], undo: { method: "POST", path: "https://evil.example/", body: {} } }),
    ),
  );
  expect((await api.trash(["a"])).undo).toEqual([]);
});

test("no answer is offline; the service's code passes through", async () => {
  const dead = new FilesApi(() => Promise.reject(new TypeError("failed to fetch")));
  await expect(dead.entry("x")).rejects.toMatchObject({ code: "offline" });
  const full = new FilesApi(() =>
    Promise.resolve(Response.json({ error: { code: "no_space", message: "full" } }, { status: 507 })),
  );
  await expect(full.makeFolder("x")).rejects.toEqual(new FilesError("no_space", "full"));
});

test("queries encode a space as %20, since + means itself to the service", async () => {
  const asked: string[] = [];
  const api = new FilesApi((path) => {
    asked.push(path);
    return Promise.resolve(Response.json({ entries: [] }));
  });
  await api.page("a b+c", { by: "name", down: false }, 0);
  expect(asked[0]).toContain("path=a%20b%2Bc&");
});

test("a dropped tree keeps its paths; folders without files are told", async () => {
  const file = (name: string) => ({
    isFile: true,
    name,
    file: (done: (file: File) => void) => done(new File(["x"], name)),
  });
  const folder = (name: string, ...children: unknown[]) => ({
    isFile: false,
    name,
    createReader: () => {
      // As browsers do: some at a time, then nothing.
      const parts = [children.slice(0, 1), children.slice(1), []];
      return { readEntries: (done: (entries: unknown[]) => void) => done(parts.shift() ?? []) };
    },
  });
  const tree = folder("Holiday", folder("day 1", file("a.jpg"), file("b.jpg")), folder("day 2"));
  const items = [
    { kind: "file", webkitGetAsEntry: () => tree },
    { kind: "string" },
    { kind: "file", webkitGetAsEntry: () => file("c.txt") },
  ];
  const found = await fromDrop({ items, files: [] } as never);
  expect(found.files.map((each) => each.path)).toEqual([
    "Holiday/day 1/a.jpg",
    "Holiday/day 1/b.jpg",
    "c.txt",
  ]);
  expect(found.emptyFolders).toEqual(["Holiday/day 2"]);
});

test("picked files keep the folder they were picked with", () => {
  const inFolder = Object.assign(new File([], "a.jpg"), { webkitRelativePath: "Holiday/a.jpg" });
  expect(fromInput([inFolder, new File([], "b.jpg")]).files.map((each) => each.path)).toEqual([
    "Holiday/a.jpg",
    "b.jpg",
  ]);
});
