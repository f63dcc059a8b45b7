/** What the pages of "Your data" share: asking, following changes, changing, and words for who and what. */
import { useTexts } from "@hearth/ui";
import type { GraphAuthor, GraphEdit, GraphNode, GraphUpdate, GraphValue } from "@hearth/sdk";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useMemo, useState } from "react";
import { explain } from "../model/errors.ts";
import { isStillThere, isUntouched, undoOf } from "../model/graph_edits.ts";
import { inOneLine, titleOf, type Words } from "../model/graph_values.ts";
import type { Graph } from "../model/platform.ts";
import { useApps, useInside, usePersonas, useSession, useStatus, useText, useWorld } from "../shared.tsx";

/** The souls that somebody came by, following links; kept with the entry of the browser's history. */
declare module "@tanstack/history" {
  interface HistoryState {
    trail?: readonly string[];
  }
}

export const keys = {
  spaces: ["graph", "spaces"] as const,
  nodes: (space: string, prefix: string) => ["graph", space, "nodes", prefix] as const,
  search: (space: string, query: string) => ["graph", space, "search", query] as const,
  node: (space: string, soul: string) => ["graph", space, "node", soul] as const,
  history: (space: string, soul: string) => ["graph", space, "history", soul] as const,
};

export function useGraph(): Graph {
  const { platform } = useSession();
  const { connection } = useInside();
  return useMemo(() => platform.graph(connection), [platform, connection]);
}

export function useSpaces() {
  const graph = useGraph();
  return useQuery({ queryKey: keys.spaces, queryFn: ({ signal }) => graph.spaces(signal) });
}

export function useSpace(space: string) {
  const { data } = useSpaces();
  return data?.find((each) => each.name === space || each.id === space);
}

export function useCanWrite(space: string): boolean {
  const found = useSpace(space);
  if (found === undefined) return false;
  return (
    ["writer", "admin", "owner"].includes(found.role) || (found.kind === "public" && found.role !== "none")
  );
}

export function useNode(space: string, soul: string, enabled = true) {
  const graph = useGraph();
  return useQuery({
    queryKey: keys.node(space, soul),
    queryFn: ({ signal }) => graph.node(space, soul, signal),
    enabled,
  });
}

/** What another entry calls itself; its soul until that is known. Asked for over direct connections only. */
export function useTitle(space: string, soul: string): { title: string; missing: boolean } {
  const { state } = useStatus();
  const node = useNode(space, soul, state === "direct");
  const missing = node.error !== null && explain(node.error).code === "not_found";
  return { title: node.data ? titleOf(node.data) : soul, missing };
}

export function useHistory(space: string, soul: string) {
  const graph = useGraph();
  return useInfiniteQuery({
    queryKey: keys.history(space, soul),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) =>
      graph.history(space, soul, pageParam === undefined ? {} : { before: pageParam }, signal),
    getNextPageParam: (last) => last.next,
    select: (data) => data.pages.flatMap((page) => page.items),
  });
}

/** Who last touched a property, as far as its history is known here. */
export function lastOf(
  history: readonly GraphUpdate[] | undefined,
  property: string,
): GraphUpdate | undefined {
  return history?.find(
    ({ counts, operations }) => counts && operations?.some((operation) => operation.property === property),
  );
}

/** Milliseconds that changes of one entry, and of a whole space, are gathered. */
const gathered = { entry: 300, space: 1_500 };

/**
 * Calls `changed` after what lies there may have changed: one soul, or anything in a space. `isFirst`: nothing is known to
 * have changed, but what was read before the box began to tell may be old.
 */
export function useFollow(
  space: string,
  soul: string | undefined,
  changed: (isFirst: boolean) => void,
): void {
  const graph = useGraph();
  const tell = useEffectEvent(changed);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isFirst = true;
    const soon = () => {
      timer ??= setTimeout(
        () => {
          timer = undefined;
          tell(false);
        },
        soul === undefined ? gathered.space : gathered.entry,
      );
    };
    const stop = graph.follow(space, soul === undefined ? {} : { soul }, {
      begin: () => {
        if (isFirst) tell(true);
        else soon();
        isFirst = false;
      },
      change: soon,
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [graph, space, soul]);
}

/** Names of properties that changed while somebody looked, each for some seconds. */
export function useFresh(node: GraphNode | undefined): ReadonlySet<string> {
  const [seen, setSeen] = useState(node);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  if (node !== seen) {
    setSeen(node);
    if (seen !== undefined && node?.soul === seen.soul) {
      const changed = [...node.properties].filter(([name, property]) => {
        const before = seen.properties.get(name);
        return stateOf(property) !== (before && stateOf(before)) || property.kind !== before?.kind;
      });
      if (changed.length > 0) setFresh(new Set(changed.map(([name]) => name)));
    } else setFresh(new Set());
  }
  useEffect(() => {
    if (fresh.size === 0) return;
    const timer = setTimeout(() => setFresh(new Set()), 4_000);
    return () => clearTimeout(timer);
  }, [fresh]);
  return fresh;
}

function stateOf(property: NonNullable<ReturnType<GraphNode["properties"]["get"]>>): number | undefined {
  return property.kind === "unknown" ? undefined : property.state;
}

export function useWords(): Words {
  const t = useText();
  const texts = useTexts();
  return {
    yes: t("data.yes"),
    no: t("data.no"),
    nothing: t("data.nothing"),
    bytes: (size) => texts.size(size),
    number: (value) => plainNumber(value, (each) => texts.number(each, { maximumFractionDigits: 20 })),
  };
}

/** Numbers that nobody writes out keep their short form. */
function plainNumber(value: number, spell: (value: number) => string): string {
  const size = Math.abs(value);
  return value !== 0 && (size >= 1e15 || size < 1e-6) ? String(value) : spell(value);
}

/** Text from elsewhere inside a sentence of ours keeps its own direction (Unicode's isolates). */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

/** A value inside a sentence: texts in quotation marks, links by what they lead to where that is known. */
export function useSaid(space: string): (value: GraphValue) => string {
  const words = useWords();
  const client = useQueryClient();
  return (value) => {
    if (typeof value === "object" && value !== null && "link" in value) {
      const node = client.getQueryData<GraphNode>(keys.node(space, value.link));
      return isolated(node ? titleOf(node) : value.link);
    }
    const line = inOneLine(value, words, 60);
    return isolated(typeof value === "string" ? `“${line}”` : line);
  };
}

export function useNameOf(): (by: GraphAuthor) => string {
  const t = useText();
  const { persona: me } = useInside();
  const { data: personas } = usePersonas();
  const { data: apps } = useApps();
  return ({ persona, app }) => {
    const found = personas?.find(({ id }) => id === persona);
    const name =
      persona === undefined
        ? t("data.box_itself")
        : persona === me.id
          ? t("data.you")
          : (found?.displayName ?? t("data.someone"));
    if (app === undefined) return name;
    return t("data.by_app", { name, app: apps?.find(({ id }) => id === app)?.title ?? app });
  };
}

export interface Change {
  edit: GraphEdit;
  /** What a notice says when it is done. */
  done: string;
}

/** Thrown when somebody else was faster; the person has been told. */
class Moved extends Error {}

/**
 * Changes an entry; each change can be taken back for as long as its notice stays, and nobody wrote since. `inDialog`: what
 * goes wrong is shown there.
 */
export function useChange(space: string, { inDialog = false } = {}) {
  const t = useText();
  const graph = useGraph();
  const client = useQueryClient();
  const { toasts } = useWorld();
  const look = async (soul: string) => {
    await Promise.all([
      client.invalidateQueries({ queryKey: keys.node(space, soul) }),
      client.invalidateQueries({ queryKey: keys.history(space, soul) }),
      client.invalidateQueries({ queryKey: ["graph", space, "nodes"] }),
    ]);
  };
  const now = (soul: string): Promise<GraphNode | undefined> =>
    graph.node(space, soul).catch((error: unknown) => {
      if (explain(error).code === "not_found") return undefined;
      throw error;
    });

  async function takeBack(edit: GraphEdit, undo: GraphEdit[], state: number): Promise<void> {
    if (isUntouched(await now(edit.soul), edit, state)) {
      await graph.edit(space, undo);
      toasts.show({ text: t("data.done_undone") });
    } else toasts.show({ text: t("data.undo_late"), tone: "bad" });
    await look(edit.soul);
  }

  return useMutation({
    mutationFn: async ({ edit, done }: Change) => {
      const before = client.getQueryData<GraphNode>(keys.node(space, edit.soul));
      if (edit.op === "erase" && !isStillThere(await now(edit.soul), edit, before)) {
        toasts.show({ text: t("data.list_moved"), tone: "bad" });
        await look(edit.soul);
        throw new Moved();
      }
      const written = await graph.edit(space, [edit]);
      const undo = undoOf(before, edit);
      toasts.show({
        text: done,
        ...(undo === undefined || undo.length === 0
          ? {}
          : {
              action: {
                text: t("app.undo"),
                run: () =>
                  void takeBack(edit, undo, written.state).catch((error: unknown) => {
                    const { key, values } = explain(error);
                    toasts.show({ text: t(key, values), tone: "bad" });
                  }),
              },
            }),
      });
      await look(edit.soul);
    },
    onError: (error) => {
      if (inDialog || error instanceof Moved) return;
      const { key, values } = explain(error);
      toasts.show({ text: t(key, values), tone: "bad" });
    },
  });
}
