/** docs/protocol/graph-api.md over a few made-up entries: what the shell asks of it, and no more. */
import { pictures } from "./fake_pictures.ts";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
interface By {
  [name: string]: Json;
  author: string;
}
interface Held {
  kind: string;
  value?: Json;
  elements?: { value: Json; fields: Record<string, Json> }[];
  values?: Json[];
  state: number;
  by?: By;
}
interface Update {
  id: string;
  seq: number;
  state: number;
  by: By;
  counts: boolean;
  operations?: Record<string, Json>[];
}
interface Entry {
  properties: Map<string, Held>;
  updates: Update[];
}

const box = "xGfTz2bBoxBoxBoxBoxBoxBoxBoxBoxBoxBoxBoxBox";
const hour = 3_600_000;
const day = 24 * hour;
const anna = "p-anna";

export class FakeGraph {
  readonly entries = new Map<string, Entry>();
  readonly role: string;
  readonly manySpaces: boolean;
  #seq = 0;
  #many: number;
  readonly #watchers = new Set<(soul: string, property: string) => void>();

  constructor(query: URLSearchParams, empty: boolean) {
    this.role = query.get("role") ?? "owner";
    this.manySpaces = query.has("spaces");
    this.#many = Number(query.get("many") ?? 0);
    if (!empty) this.#fill(query.has("long"));
  }

  /** Somebody else changes something. */
  change(soul: string, property: string, value: Json): void {
    this.#write([{ op: "put", soul, property, value }], Date.now(), { author: box, persona: "p-jonas" });
  }

  async answer(
    path: string,
    method: string,
    body: string | undefined,
    signal?: AbortSignal | null,
  ): Promise<Response> {
    const url = new URL(path, "http://box");
    const [, , , , , ...parts] = url.pathname.split("/").map(decodeURIComponent);
    if (parts[0] === undefined) return json({ spaces: this.#spaces() });
    const query = url.searchParams;
    if (!this.#spaces().some(({ name }) => name === parts[0])) return refuse(404, "not_found");
    switch (parts[1]) {
      case "changes":
        return this.#follow(query.get("soul"), signal);
      case "updates": {
        const { edits } = JSON.parse(body ?? "{}") as { edits: Record<string, Json>[] };
        return json(this.#write(edits, Date.now(), { author: box, persona: anna }), 201);
      }
      case "search":
        return json(this.#search(query));
      case "nodes":
        if (parts[2] === undefined) return json(this.#list(query));
        return this.#node(parts[2], parts[3] === "history", query);
      default:
        return refuse(404, "not_found");
    }
  }

  #spaces() {
    const space = (name: string, kind: string, facts: Record<string, Json> = {}) => ({
      id: name.padEnd(43, "A"),
      name,
      kind,
      role: this.role,
      home: name === "home",
      created: Math.floor(Date.now() / 1000) - 86400 * 200,
      state: "open",
      ...facts,
    });
    const home = space("home", "protected");
    if (!this.manySpaces) return [home];
    return [
      home,
      space("choir", "public", { role: "writer" }),
      space("old-archive", "protected", { role: "reader", state: "damaged", why: "000123.sst: checksum" }),
    ];
  }

  #node(soul: string, history: boolean, query: URLSearchParams): Response {
    const entry = this.entries.get(soul);
    if (history) {
      const from = Number(query.get("before") ?? 0);
      const updates = (entry?.updates ?? []).toReversed().slice(from, from + 8);
      const rest = (entry?.updates.length ?? 0) > from + 8;
      return json({ updates, ...(rest ? { next: String(from + 8) } : {}) });
    }
    if (!entry || entry.properties.size === 0) return refuse(404, "not_found");
    return json({ soul, properties: Object.fromEntries(entry.properties) });
  }

  #souls(): string[] {
    const made = Array.from({ length: this.#many }, (_, index) => `log/${String(index).padStart(6, "0")}`);
    return [
      ...made,
      ...[...this.entries].filter(([, { properties }]) => properties.size > 0).map(([soul]) => soul),
    ].sort();
  }

  #entryOf(soul: string) {
    const entry = this.entries.get(soul);
    if (!entry) return { soul, summary: `Entry ${soul.slice(4)}`, properties: 2, state: Date.now() - day };
    const summary = this.#summary(entry);
    return {
      soul,
      ...(summary === undefined ? {} : { summary }),
      properties: entry.properties.size,
      state: Math.max(...[...entry.properties.values()].map(({ state }) => state)),
    };
  }

  #summary(entry: Entry): string | undefined {
    for (const name of ["name", "title", "label", "subject", "text"]) {
      const value = entry.properties.get(name)?.value;
      if (typeof value === "string") return value.slice(0, 120);
    }
    return undefined;
  }

  #list(query: URLSearchParams) {
    const all = this.#souls().filter((soul) => soul.startsWith(query.get("prefix") ?? ""));
    const from = Number(query.get("after") ?? 0);
    const limit = Number(query.get("limit") ?? 100);
    return {
      nodes: all.slice(from, from + limit).map((soul) => this.#entryOf(soul)),
      ...(all.length > from + limit ? { next: String(from + limit) } : {}),
    };
  }

  #search(query: URLSearchParams) {
    const words = (query.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const all = this.#souls();
    const from = Number(query.get("after") ?? 0);
    const looked = all.slice(from, from + 5000);
    const nodes = looked.flatMap((soul) => {
      const texts = [...(this.entries.get(soul)?.properties ?? [])].flatMap(([property, { value }]) =>
        typeof value === "string" ? [{ property, text: value }] : [],
      );
      const whole = [soul, ...texts.map(({ property, text }) => `${property} ${text}`)]
        .join(" ")
        .toLowerCase();
      if (!words.every((word) => whole.includes(word))) return [];
      const matches = texts.flatMap(({ property, text }) => {
        const at = text.toLowerCase().indexOf(words[0]!);
        return at < 0 ? [] : [{ property, text: text.slice(Math.max(0, at - 30), at + 90) }];
      });
      const { summary } = this.#entryOf(soul);
      return [{ soul, ...(summary === undefined ? {} : { summary }), matches }];
    });
    const next = from + looked.length;
    return { nodes, looked_at: looked.length, ...(next < all.length ? { next: String(next) } : {}) };
  }

  #follow(soul: string | null, signal: AbortSignal | null | undefined): Response {
    const encoder = new TextEncoder();
    let watcher: (soul: string, property: string) => void;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(encoder.encode("event: begin\ndata: {}\n\n"));
        watcher = (changed, property) => {
          if (soul === null || soul === changed)
            controller.enqueue(
              encoder.encode(`event: change\ndata: ${JSON.stringify({ soul: changed, property })}\n\n`),
            );
        };
        this.#watchers.add(watcher);
        signal?.addEventListener("abort", () => {
          this.#watchers.delete(watcher);
          controller.error(new Error("aborted"));
        });
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  #write(edits: Record<string, Json>[], state: number, by: By) {
    const id = `u${(this.#seq += 1)}`.padEnd(43, "x");
    for (const edit of edits) {
      const { soul, ...operation } = edit as { soul: string; op: string; property: string } & Record<
        string,
        Json
      >;
      const entry = this.entries.get(soul) ?? { properties: new Map<string, Held>(), updates: [] };
      this.entries.set(soul, entry);
      apply(entry.properties, operation, state, by);
      const last = entry.updates.at(-1);
      if (last?.id === id) last.operations!.push(operation);
      else entry.updates.push({ id, seq: this.#seq, state, by, counts: true, operations: [operation] });
      for (const watcher of this.#watchers) watcher(soul, operation.property);
    }
    return { id, author: box, seq: this.#seq, state, durable: true };
  }

  #fill(long: boolean): void {
    const now = Date.now();
    const put = (soul: string, properties: Record<string, Json>, ago: number, by: By) =>
      this.#write(
        Object.entries(properties).map(([property, value]) => ({ op: "put", soul, property, value })),
        now - ago,
        by,
      );
    const me = { author: box, persona: anna };
    const jonas = { author: box, persona: "p-jonas" };
    const notes = { author: box, persona: anna, app: "notes" };
    put(
      "people/anna",
      { name: "Anna Lindqvist", phone: "+46 70 123 45 67", birthday: 481_075_200_000 },
      150 * day,
      me,
    );
    put("people/jonas", { name: "Jonas", likes: { "#": "recipes/plum-cake" } }, 140 * day, jonas);
    put("people/mira", { name: "Mira Okafor" }, 12 * day, { author: box, persona: "p-mira" });
    put("notes/garden", { title: "The garden in autumn", text: story, pinned: true }, 9 * day, notes);
    put(
      "notes/lake",
      { text: "The boat is at the far jetty. Key under the third stone.", seen: null },
      30 * day,
      notes,
    );
    put("settings/kitchen", { "oven.degrees": 175, unit: "°C" }, 60 * day, jonas);
    const cake = "recipes/plum-cake";
    put(cake, { title: "Plum cake", minutes: 55, author: { "#": "people/jonas" } }, 40 * day, jonas);
    put(cake, { text: recipe, vegetarian: true, price: 7.5 }, 39 * day, { ...jonas, app: "notes" });
    const sets = ["autumn", "sweet", "for guests"].map((value) => ({
      op: "include",
      soul: cake,
      property: "tags",
      value,
    }));
    this.#write(sets, now - 38 * day, me);
    this.#write(
      [
        {
          ...{ op: "include", soul: cake, property: "baked by", value: { "#": "people/anna" } },
          fields: { times: 4, liked: "very much" },
        },
        {
          op: "include",
          soul: cake,
          property: "baked by",
          value: { "#": "people/mira" },
          fields: { times: 1 },
        },
      ],
      now - 20 * day,
      me,
    );
    const steps = [
      "Stone the plums.",
      "Knead the dough, and let it rest for an hour.",
      "Bake until it smells right.",
    ];
    this.#write(
      [{ op: "insert", soul: cake, property: "steps", at: 0, values: steps }],
      now - 19 * day,
      notes,
    );
    this.#write([{ op: "add", soul: cake, property: "baked", by: 5 }], now - 6 * day, me);
    put(
      cake,
      {
        photo: { bytes: pictures.cake },
        "oven profile": { bytes: "AAEC_wAQIDBAUGBwgJCgsMDQ4PABAgMEBQYHCAk" },
      },
      5 * day,
      me,
    );
    put(cake, { title: "Plum cake, grandmother’s" }, 3 * hour, me);
    const cakeEntry = this.entries.get(cake)!;
    cakeEntry.updates.splice(2, 0, {
      ...{ id: "late".padEnd(43, "x"), seq: 3, state: now - 30 * day, by: jonas, counts: false },
      operations: [{ op: "put", property: "minutes", value: 40 }],
    });
    if (long) {
      const word = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(5);
      put(
        `notes/${"folder-with-a-long-name/".repeat(6)}${word}`,
        { title: word, [word]: word, اسم: "نص طويل بالعربية ".repeat(20) },
        day,
        me,
      );
    }
  }
}

function apply(properties: Map<string, Held>, operation: Record<string, Json>, state: number, by: By): void {
  const { op, property } = operation as { op: string; property: string };
  const value = operation.value as Json;
  const same = (other: Json) => JSON.stringify(other) === JSON.stringify(value);
  const old = properties.get(property);
  switch (op) {
    case "put":
      properties.set(property, { kind: "value", value, state, by });
      break;
    case "add":
      properties.set(property, {
        kind: "counter",
        value: Number(old?.value ?? 0) + Number(operation.by),
        state,
      });
      break;
    case "include":
    case "exclude": {
      const elements = (old?.elements ?? []).filter((element) => !same(element.value));
      const fields = {
        ...old?.elements?.find((each) => same(each.value))?.fields,
        ...(operation.fields as object),
      };
      if (op === "include") elements.push({ value, fields });
      if (elements.length > 0) properties.set(property, { kind: "set", elements, state });
      else properties.delete(property);
      break;
    }
    case "insert":
    case "erase": {
      const values = [...(old?.values ?? [])];
      values.splice(
        Number(operation.at),
        op === "erase" ? Number(operation.count) : 0,
        ...((operation.values as Json[] | undefined) ?? []),
      );
      properties.set(property, { kind: "list", values, state });
      break;
    }
    case "remove":
      if (property === undefined) properties.clear();
      else properties.delete(property);
  }
}

function json(value: unknown, status = 200): Response {
  return Response.json(value, { status });
}

function refuse(status: number, code: string): Response {
  return json({ error: { code, message: `the fake box says ${code}` } }, status);
}

const recipe = `Two kilograms of plums, the small blue ones. Half a kilogram of flour, a pinch of salt, a quarter of a litre of milk, one cube of yeast, eighty grams of butter and two spoons of sugar.

Warm the milk, but not so warm that a finger wouldn’t stay in it. Stir the yeast into it with one spoon of the sugar and wait until it moves by itself. Everything else into the large bowl, the one with the blue rim; the milk in the middle. Knead until the dough no longer sticks to the hands, then cover it with a cloth and leave it in peace where it is warm.

Roll it out on the tin, plums on top like tiles on a roof, cinnamon and sugar over them. Into the oven when it is hot, and out when the edges are brown.`;

const story = `The pears came early this year, and the wasps before them. The hedge at the end needs cutting before the birds settle in it; ask Jonas for the long ladder.`;
