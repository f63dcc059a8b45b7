/** A folder seen through a window: pages are fetched as they come into view, and stay while one is near. */
import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { pageSize, type Entry, type Order, type Page } from "../model/api.ts";
import { useWorld } from "../context.tsx";

export interface Listing {
  total: number;
  folders: number;
  /** Nothing while its page is on the way. */
  at(index: number): Entry | undefined;
  /** Tells which rows are in view. */
  show(first: number, last: number): void;
  /** The entries from `first` to `last`, fetched when needed. */
  range(first: number, last: number): Promise<Entry[]>;
  /** Every path, for "select all". */
  allPaths(): Promise<string[]>;
  /** Where a path is, among what is loaded. */
  indexOf(path: string): number;
  isPending: boolean;
  error: unknown;
  retry(): void;
}

export function useFolder(path: string, order: Order, enabled: boolean): Listing {
  const { api } = useWorld();
  const client = useQueryClient();
  const [pages, setPages] = useState<{ first: number; last: number }>({ first: 0, last: 0 });
  const options = useCallback(
    (page: number) => ({
      queryKey: ["list", path, order.by, order.down, page],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.page(path, order, page * pageSize, signal),
      staleTime: 30_000,
    }),
    [api, path, order],
  );
  const head = useQuery({ ...options(0), enabled });
  const wanted = useMemo(
    () =>
      Array.from({ length: pages.last - pages.first + 1 }, (_, index) => pages.first + index).filter(
        (page) => page > 0,
      ),
    [pages],
  );
  const others = useQueries({
    queries: wanted.map((page) => ({ ...options(page), enabled, placeholderData: keepPreviousData })),
  });

  // Pages of different versions don't fit together: ask for all of them again.
  const version = head.data?.version;
  const torn = others.some(
    (other) => other.data && !other.isPlaceholderData && other.data.version !== version,
  );
  useEffect(() => {
    if (torn && version !== undefined) void client.invalidateQueries({ queryKey: ["list", path] });
  }, [torn, version, client, path]);

  const pageAt = useCallback(
    (page: number): Page | undefined => client.getQueryData<Page>(options(page).queryKey),
    [client, options],
  );
  const total = head.data?.total ?? 0;
  const at = (index: number) => pageAt(Math.floor(index / pageSize))?.entries[index % pageSize];
  return {
    total,
    folders: head.data?.folders ?? 0,
    at,
    show: useCallback((first: number, last: number) => {
      const next = { first: Math.floor(first / pageSize), last: Math.floor(last / pageSize) };
      setPages((old) => (old.first === next.first && old.last === next.last ? old : next));
    }, []),
    range: async (first, last) => {
      const found: Entry[] = [];
      for (let page = Math.floor(first / pageSize); page <= Math.floor(last / pageSize); page += 1) {
        const { entries } = await client.fetchQuery(options(page));
        entries.forEach((entry, index) => {
          const position = page * pageSize + index;
          if (position >= first && position <= last) found.push(entry);
        });
      }
      return found;
    },
    allPaths: async () => {
      const paths: string[] = [];
      for (;;) {
        const { entries, total: all } = await api.page(path, order, paths.length, undefined, 1000);
        paths.push(...entries.map((entry) => entry.path));
        if (entries.length === 0 || paths.length >= all) return paths;
      }
    },
    indexOf: (wantedPath) => {
      for (let page = 0; page * pageSize < total; page += 1) {
        const index = pageAt(page)?.entries.findIndex((entry) => entry.path === wantedPath) ?? -1;
        if (index >= 0) return page * pageSize + index;
      }
      return -1;
    },
    isPending: head.isPending,
    error: head.error,
    retry: () => void head.refetch(),
  };
}

/** The same shape over what a search found. */
export function useSearch(q: string, enabled: boolean): Listing & { complete: boolean } {
  const { api } = useWorld();
  const found = useQuery({
    queryKey: ["search", q],
    queryFn: ({ signal }) => api.search(q, signal),
    enabled: enabled && q !== "",
    placeholderData: keepPreviousData,
  });
  const entries = found.data?.entries ?? [];
  return {
    total: entries.length,
    folders: entries.filter((entry) => entry.kind === "folder").length,
    at: (index) => entries[index],
    show: () => undefined,
    range: (first, last) => Promise.resolve(entries.slice(first, last + 1)),
    allPaths: () => Promise.resolve(entries.map((entry) => entry.path)),
    indexOf: (path) => entries.findIndex((entry) => entry.path === path),
    isPending: found.isPending,
    error: found.error,
    retry: () => void found.refetch(),
    complete: found.data?.complete ?? true,
  };
}
