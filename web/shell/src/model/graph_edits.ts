/** Putting things right by hand: each edit, and the edits that take it back. */
import type { GraphEdit, GraphNode, GraphProperty, GraphValue } from "@hearth/sdk";
import { sameValue } from "./graph_values.ts";

/** docs/protocol/graph-api.md: what one batch may hold, less some room for what surrounds the values. */
const mostEdits = 4096;
const mostBytes = 900_000;

/**
 * What takes `edit` back, given the node as it was before; nothing where that can't be done (a kind of a later version, or
 * more than one batch holds).
 */
export function undoOf(before: GraphNode | undefined, edit: GraphEdit): GraphEdit[] | undefined {
  const { soul } = edit;
  if (edit.op === "remove" && edit.property === undefined) return rebuiltAll(before);
  const property = edit.property ?? "";
  const old = before?.properties.get(property);
  switch (edit.op) {
    case "put":
      return old === undefined ? [{ op: "remove", soul, property }] : rebuilt(soul, property, old);
    case "add":
      return [{ op: "add", soul, property, by: -edit.by }];
    case "include": {
      const element = old?.kind === "set" && old.elements.find(({ value }) => sameValue(value, edit.value));
      const exclude: GraphEdit = { op: "exclude", soul, property, value: edit.value };
      return element ? [exclude, { op: "include", soul, property, ...element }] : [exclude];
    }
    case "exclude": {
      const element = old?.kind === "set" && old.elements.find(({ value }) => sameValue(value, edit.value));
      return element ? [{ op: "include", soul, property, ...element }] : [];
    }
    case "insert":
      return [{ op: "erase", soul, property, at: edit.at, count: edit.values.length }];
    case "erase": {
      if (old?.kind !== "list") return undefined;
      return [
        {
          op: "insert",
          soul,
          property,
          at: edit.at,
          values: old.values.slice(edit.at, edit.at + edit.count),
        },
      ];
    }
    case "remove":
      return old === undefined ? [] : bounded(rebuilt(soul, property, old));
  }
}

function rebuiltAll(node: GraphNode | undefined): GraphEdit[] | undefined {
  const edits: GraphEdit[] = [];
  for (const [name, property] of node?.properties ?? []) {
    const some = rebuilt(node!.soul, name, property);
    if (some === undefined) return undefined;
    edits.push(...some);
  }
  return bounded(edits);
}

function rebuilt(soul: string, property: string, old: GraphProperty): GraphEdit[] | undefined {
  switch (old.kind) {
    case "value":
      return [{ op: "put", soul, property, value: old.value }];
    case "counter":
      return [{ op: "add", soul, property, by: old.value }];
    case "set":
      return old.elements.map((element) => ({ op: "include", soul, property, ...element }));
    case "list":
      return [{ op: "insert", soul, property, at: 0, values: old.values }];
    case "unknown":
      return undefined;
  }
}

function bounded(edits: GraphEdit[] | undefined): GraphEdit[] | undefined {
  if (edits === undefined || edits.length > mostEdits) return undefined;
  let bytes = 0;
  for (const edit of edits) {
    if ("value" in edit) bytes += sizeOf(edit.value);
    if ("values" in edit) for (const value of edit.values) bytes += sizeOf(value);
    if ("fields" in edit)
      for (const [name, value] of edit.fields ?? []) bytes += name.length * 3 + sizeOf(value);
  }
  return bytes <= mostBytes ? edits : undefined;
}

/** An upper bound. */
function sizeOf(value: GraphValue): number {
  if (typeof value === "string") return value.length * 3 + 5;
  if (typeof value !== "object" || value === null) return 9;
  return "link" in value ? value.link.length * 3 + 6 : value.bytes.length + 5;
}

/**
 * Whether taking `edit` back would take nobody else's words: whether the node is as `edit`, written at `state`, left it.
 * Counters and elements of sets are each one's own, whatever happened around them.
 */
export function isUntouched(now: GraphNode | undefined, edit: GraphEdit, state: number): boolean {
  switch (edit.op) {
    case "add":
    case "include":
    case "exclude":
      return true;
    case "remove":
      return edit.property === undefined
        ? (now?.properties.size ?? 0) === 0
        : now?.properties.get(edit.property) === undefined;
    case "put":
    case "insert":
    case "erase": {
      const property = now?.properties.get(edit.property);
      // A list that lost its last value is no longer told of.
      if (property === undefined) return edit.op === "erase";
      return property.kind !== "unknown" && property.state === state;
    }
  }
}

/** Whether a node still has what somebody saw when they chose to change it: lists are changed by place. */
export function isStillThere(
  now: GraphNode | undefined,
  edit: GraphEdit,
  seen: GraphNode | undefined,
): boolean {
  if (edit.op !== "erase") return true;
  const values = (node: GraphNode | undefined): readonly GraphValue[] => {
    const property = node?.properties.get(edit.property);
    return property?.kind === "list" ? property.values.slice(edit.at, edit.at + edit.count) : [];
  };
  const [a, b] = [values(now), values(seen)];
  return a.length === b.length && a.every((value, index) => sameValue(value, b[index]!));
}
