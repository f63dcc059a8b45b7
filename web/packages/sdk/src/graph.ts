/** docs/protocol/graph-api.md, typed: what lies in the graph, who wrote it, and changes as they happen. */
import { toBase64url } from "./bytes.ts";
import type { HearthConnection, PersonaId } from "./connection.ts";
import { followStream } from "./events.ts";
import { Fields, requestJson } from "./json.ts";

/** What a property, an element or a field holds. A link names another node by its soul. */
export type GraphValue =
  null | boolean | number | string | { readonly link: string } | { readonly bytes: Uint8Array<ArrayBuffer> };

const roles = ["none", "carrier", "reader", "writer", "admin", "owner"] as const;
export type GraphRole = (typeof roles)[number];

export interface GraphSpace {
  id: string;
  name: string;
  kind: "public" | "protected";
  /** The asking persona's. */
  role: GraphRole;
  /** The one that every box has. */
  home: boolean;
  /** Seconds since 1970. */
  created: number;
  /** Why it can't be opened, when it can't. */
  damage?: string;
}

export interface GraphAuthor {
  /** The key that signed: mostly the box's own, which writes for its people. */
  author: string;
  persona?: PersonaId;
  /** The app that asked for it. */
  app?: string;
}

/** `state`: when it was written, milliseconds since 1970, with fractions. */
export type GraphProperty =
  | { kind: "value"; value: GraphValue; state: number; by: GraphAuthor }
  | { kind: "counter"; value: number; state?: number }
  | { kind: "set"; elements: readonly SetElement[]; state?: number }
  | { kind: "list"; values: readonly GraphValue[]; state?: number }
  /** Of a later version. */
  | { kind: "unknown" };

export interface SetElement {
  value: GraphValue;
  fields: ReadonlyMap<string, GraphValue>;
}

export interface GraphNode {
  soul: string;
  /** By name, in the order of names. */
  properties: ReadonlyMap<string, GraphProperty>;
}

/** A node as lists show it. */
export interface GraphEntry {
  soul: string;
  /** What a person would call it. */
  summary?: string;
  properties: number;
  state?: number;
}

export interface GraphHit {
  soul: string;
  summary?: string;
  matches: readonly { property?: string; text: string }[];
}

/** `next` asks for what follows. */
export interface GraphPage<T> {
  items: readonly T[];
  next?: string;
  /** How many nodes a search has looked at for this page. */
  lookedAt?: number;
}

const knownOperations = ["put", "add", "include", "exclude", "insert", "erase", "remove"] as const;

export interface GraphOperation {
  op: (typeof knownOperations)[number] | "unknown";
  /** Absent where all of a node is meant. */
  property?: string;
  value?: GraphValue;
  fields?: ReadonlyMap<string, GraphValue>;
  values?: readonly GraphValue[];
  /** Of `add`. */
  by?: number;
  /** Of `erase`. */
  count?: number;
}

export interface GraphUpdate {
  id: string;
  seq: number;
  state: number;
  by: GraphAuthor;
  /** False: void, or not visible yet. */
  counts: boolean;
  /** Absent where the body is gone, or not here yet. */
  operations?: readonly GraphOperation[];
}

export type GraphEdit =
  | { op: "put"; soul: string; property: string; value: GraphValue }
  | { op: "add"; soul: string; property: string; by: number }
  | {
      op: "include";
      soul: string;
      property: string;
      value: GraphValue;
      fields?: ReadonlyMap<string, GraphValue>;
    }
  | { op: "exclude"; soul: string; property: string; value: GraphValue }
  | { op: "insert"; soul: string; property: string; at: number; values: readonly GraphValue[] }
  | { op: "erase"; soul: string; property: string; at: number; count: number }
  | { op: "remove"; soul: string; property?: string };

export interface GraphWritten {
  id: string;
  author: string;
  seq: number;
  state: number;
  /** It was on the disk before the box answered. */
  durable: boolean;
}

export interface GraphFilter {
  soul?: string;
  prefix?: string;
  property?: string;
}

export interface GraphListener {
  /** What is read from now on is followed by its changes; what was read before may be old. Also when too much changed. */
  begin(): void;
  /** Without property: look at all of the node. */
  change(soul: string, property?: string): void;
}

/** Every call rejects with HearthError. `space` is an id, or a name on this appliance. */
export class GraphApi {
  readonly #connection: Pick<HearthConnection, "fetch" | "subscribe" | "state">;

  constructor(connection: Pick<HearthConnection, "fetch" | "subscribe" | "state">) {
    this.#connection = connection;
  }

  async spaces(signal?: AbortSignal): Promise<GraphSpace[]> {
    return (await this.#ask("GET", "/spaces", undefined, signal)).list("spaces").map(readSpace);
  }

  /** By soul, those that begin with `prefix`. */
  async nodes(
    space: string,
    { prefix, after, limit }: { prefix?: string; after?: string; limit?: number },
    signal?: AbortSignal,
  ): Promise<GraphPage<GraphEntry>> {
    const told = await this.#ask("GET", at(space, "/nodes", { prefix, after, limit }), undefined, signal);
    return page(told, (node) => ({
      soul: node.text("soul"),
      ...(node.has("summary") ? { summary: node.text("summary") } : {}),
      properties: node.number("properties"),
      ...(node.has("state") ? { state: node.number("state") } : {}),
    }));
  }

  async node(space: string, soul: string, signal?: AbortSignal): Promise<GraphNode> {
    return readNode(await this.#ask("GET", at(space, pathOf(soul)), undefined, signal));
  }

  /** Newest first. */
  async history(
    space: string,
    soul: string,
    { before, limit }: { before?: string; limit?: number } = {},
    signal?: AbortSignal,
  ): Promise<GraphPage<GraphUpdate>> {
    const path = at(space, `${pathOf(soul)}/history`, { before, limit });
    return page(await this.#ask("GET", path, undefined, signal), readUpdate, "updates");
  }

  /** Every word of `query`, in souls, names of properties and texts. A page may be empty and have a next one. */
  async search(
    space: string,
    query: string,
    { after, limit }: { after?: string; limit?: number } = {},
    signal?: AbortSignal,
  ): Promise<GraphPage<GraphHit>> {
    const told = await this.#ask("GET", at(space, "/search", { q: query, after, limit }), undefined, signal);
    return page(told, (hit) => ({
      soul: hit.text("soul"),
      ...(hit.has("summary") ? { summary: hit.text("summary") } : {}),
      matches: hit.list("matches").map((match) => ({
        ...(match.has("property") ? { property: match.text("property") } : {}),
        text: match.text("text"),
      })),
    }));
  }

  /** One signed update: all of the edits, at one moment, or none. */
  async edit(space: string, edits: readonly GraphEdit[]): Promise<GraphWritten> {
    const told = await this.#ask("POST", at(space, "/updates"), { edits: edits.map(writeEdit) });
    return {
      id: told.text("id"),
      author: told.text("author"),
      seq: told.number("seq"),
      state: told.number("state"),
      durable: told.flag("durable"),
    };
  }

  /** Tells of changes until what it returns is called; connects again by itself. */
  follow(space: string, filter: GraphFilter, listener: GraphListener): () => void {
    return followStream(this.#connection, `/api/graph/v1${at(space, "/changes", { ...filter })}`, {
      open: () => undefined,
      event: ({ name, data }) => {
        if (name === "begin" || name === "lost") listener.begin();
        if (name !== "change") return;
        const told = new Fields(JSON.parse(data));
        listener.change(told.text("soul"), told.has("property") ? told.text("property") : undefined);
      },
    });
  }

  #ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Fields> {
    return requestJson(this.#connection, method, `/api/graph/v1${path}`, body, signal);
  }
}

function pathOf(soul: string): string {
  // A soul of dots alone would be taken for steps in the path.
  return `/nodes/${encodeURIComponent(soul).replace(/^\.{1,2}$/, (dots) => dots.replaceAll(".", "%2E"))}`;
}

function at(space: string, path: string, query: Record<string, string | number | undefined> = {}): string {
  const asked = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return `/spaces/${encodeURIComponent(space)}${path}${asked.length > 0 ? `?${asked.join("&")}` : ""}`;
}

function page<T>(told: Fields, read: (item: Fields) => T, list = "nodes"): GraphPage<T> {
  return {
    items: told.list(list).map(read),
    ...(told.has("next") ? { next: told.text("next") } : {}),
    ...(told.has("looked_at") ? { lookedAt: told.number("looked_at") } : {}),
  };
}

function readSpace(told: Fields): GraphSpace {
  return {
    id: told.text("id"),
    name: told.text("name"),
    kind: told.oneOf("kind", ["public", "protected"]),
    role: told.oneOf("role", roles),
    home: told.flag("home"),
    created: told.number("created"),
    ...(told.text("state") === "open" ? {} : { damage: told.has("why") ? told.text("why") : "damaged" }),
  };
}

export function readGraphValue(told: unknown): GraphValue {
  if (told === null || typeof told === "boolean" || typeof told === "number" || typeof told === "string")
    return told;
  const fields = new Fields(told);
  if (fields.has("#")) return { link: fields.text("#") };
  return { bytes: fields.bytes("bytes") as Uint8Array<ArrayBuffer> };
}

export function writeGraphValue(value: GraphValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  return "link" in value ? { "#": value.link } : { bytes: toBase64url(value.bytes) };
}

function readValues(told: unknown[]): GraphValue[] {
  return told.map(readGraphValue);
}

function readFields(told: Fields): ReadonlyMap<string, GraphValue> {
  return new Map(told.entries().map(([name, value]) => [name, readGraphValue(value)]));
}

function readAuthor(told: Fields): GraphAuthor {
  return {
    author: told.text("author"),
    ...(told.has("persona") ? { persona: told.text("persona") } : {}),
    ...(told.has("app") ? { app: told.text("app") } : {}),
  };
}

function readProperty(told: Fields): GraphProperty {
  const state = told.has("state") ? { state: told.number("state") } : {};
  const kind = told.text("kind");
  switch (kind) {
    case "value":
      return {
        kind,
        value: readGraphValue(told.value("value")),
        state: told.number("state"),
        by: readAuthor(told.object("by")),
      };
    case "counter":
      return { kind, value: told.number("value"), ...state };
    case "set":
      return {
        kind,
        elements: told.list("elements").map((element) => ({
          value: readGraphValue(element.value("value")),
          fields: readFields(element.object("fields")),
        })),
        ...state,
      };
    case "list":
      return { kind, values: readValues(told.array("values")), ...state };
    default:
      return { kind: "unknown" };
  }
}

function readNode(told: Fields): GraphNode {
  const properties = told
    .object("properties")
    .entries()
    // Objects of JavaScript put names that are numbers first.
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => [name, readProperty(new Fields(value))] as const);
  return { soul: told.text("soul"), properties: new Map(properties) };
}

function readUpdate(told: Fields): GraphUpdate {
  return {
    id: told.text("id"),
    seq: told.number("seq"),
    state: told.number("state"),
    by: readAuthor(told.object("by")),
    counts: told.flag("counts"),
    ...(told.has("operations") ? { operations: told.list("operations").map(readOperation) } : {}),
  };
}

function readOperation(told: Fields): GraphOperation {
  const op = told.text("op");
  const present = (name: string): boolean => told.value(name) !== undefined;
  return {
    op: knownOperations.find((each) => each === op) ?? "unknown",
    ...(told.has("property") ? { property: told.text("property") } : {}),
    ...(present("value") ? { value: readGraphValue(told.value("value")) } : {}),
    ...(told.has("by") ? { by: told.number("by") } : {}),
    ...(told.has("fields") ? { fields: readFields(told.object("fields")) } : {}),
    ...(told.has("values") ? { values: readValues(told.array("values")) } : {}),
    ...(told.has("count") ? { count: told.number("count") } : {}),
  };
}

function writeEdit(edit: GraphEdit): unknown {
  switch (edit.op) {
    case "put":
    case "exclude":
      return { ...edit, value: writeGraphValue(edit.value) };
    case "include":
      return {
        ...edit,
        value: writeGraphValue(edit.value),
        ...(edit.fields === undefined
          ? {}
          : {
              fields: Object.fromEntries(
                [...edit.fields].map(([name, value]) => [name, writeGraphValue(value)]),
              ),
            }),
      };
    case "insert":
      return { ...edit, values: edit.values.map(writeGraphValue) };
    default:
      return edit;
  }
}
