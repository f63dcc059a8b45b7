/** A glance at Files for Home: what is new, and search. docs/protocol/files.md. */
import type { HearthConnection } from "@hearth/sdk";
import { canDraw, thumbnail } from "@hearth/ui";

export interface FileEntry {
  name: string;
  path: string;
  kind: "file" | "folder" | "other";
  size?: number;
  modified: number;
  type?: string;
  etag?: string;
}

type Fetcher = Pick<HearthConnection, "fetch">;

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Entries from outside, one by one; what doesn't look like one is left out. */
export function readEntries(value: unknown): FileEntry[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown): FileEntry[] => {
    const { name, path, kind, size, modified, type, etag } = record(each);
    if (typeof name !== "string" || typeof path !== "string" || typeof modified !== "number") return [];
    if (kind !== "file" && kind !== "folder" && kind !== "other") return [];
    return [
      {
        name,
        path,
        kind,
        modified,
        ...(typeof size === "number" ? { size } : {}),
        ...(typeof type === "string" ? { type } : {}),
        ...(typeof etag === "string" ? { etag } : {}),
      },
    ];
  });
}

async function ask(connection: Fetcher, path: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  const response = await connection.fetch(`/app/files/api/v1/${path}`, { signal });
  if (!response.ok) throw new Error(`Files answered HTTP ${response.status}`);
  return record(await response.json());
}

export interface Latest {
  entries: FileEntry[];
  used?: number;
  files?: number;
}

export async function latestFiles(connection: Fetcher, signal: AbortSignal): Promise<Latest> {
  const [list, stats] = await Promise.all([
    ask(connection, "list?path=&sort=modified&order=desc&limit=24", signal),
    ask(connection, "stats", signal).catch((): Record<string, unknown> => ({})),
  ]);
  const entries = readEntries(list.entries).filter((entry) => entry.kind === "file");
  return {
    entries,
    ...(typeof stats.used === "number" ? { used: stats.used } : {}),
    ...(typeof stats.files === "number" ? { files: stats.files } : {}),
  };
}

export async function searchFiles(
  connection: Fetcher,
  query: string,
  signal: AbortSignal,
): Promise<{ entries: FileEntry[]; complete: boolean }> {
  const answer = await ask(connection, `search?q=${encodeURIComponent(query)}&limit=20`, signal);
  return { entries: readEntries(answer.entries), complete: answer.complete === true };
}

export function isPicture({ type = "", size = Infinity }: FileEntry): boolean {
  return type.startsWith("image/") && canDraw({ type, size });
}

/** A small version of a picture; nothing when it can't be drawn. */
export function pictureOf(
  connection: Fetcher,
  { path, type = "", size = 0 }: FileEntry,
  signal: AbortSignal,
): Promise<Blob | undefined> {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return thumbnail(
    {
      type,
      size,
      async read(length) {
        const response = await connection.fetch(`/app/files/api/v1/content/${encoded}`, {
          signal,
          ...(length === undefined ? {} : { headers: { Range: `bytes=0-${length - 1}` } }),
        });
        if (!response.ok) throw new Error(`HTTP ${response.status}`);
        return response.blob();
      },
    },
    720,
  );
}
