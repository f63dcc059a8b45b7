/** The Files service (docs/protocol/files.md), typed. Everything from outside is read here, once. */

export interface Entry {
  name: string;
  path: string;
  kind: "file" | "folder" | "other";
  size?: number;
  /** Milliseconds since 1970. */
  modified: number;
  type?: string;
  etag?: string;
}

export type SortBy = "name" | "size" | "modified";
export interface Order {
  by: SortBy;
  down: boolean;
}

export interface Page {
  version: string;
  total: number;
  folders: number;
  offset: number;
  entries: Entry[];
}

export interface TrashedEntry {
  id: string;
  name: string;
  path: string;
  kind: Entry["kind"];
  size?: number;
  deleted: number;
  expires: number;
}

/** A request that takes a change back; sent as it is. */
export interface Undo {
  method: string;
  path: string;
  body: unknown;
}

export interface BatchResult {
  done: number;
  failed: { path: string; error: FilesError }[];
  undo: Undo[];
}

export class FilesError extends Error {
  override readonly name = "FilesError";
  /** The service's code, or `offline` when it didn't answer. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const pageSize = 200;
/** As many items as one batch may have. */
export const batchSize = 1000;

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** A query with spaces as `%20`: `+` means itself to the service. */
function queryOf(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
}

export function contentUrl(entry: Pick<Entry, "path" | "etag">): string {
  const version = entry.etag?.replace(/^W\/|"/g, "");
  return `/api/v1/content/${encodePath(entry.path)}${version ? `?v=${encodeURIComponent(version)}` : ""}`;
}

export function downloadUrl(entry: Pick<Entry, "path">): string {
  return `/api/v1/content/${encodePath(entry.path)}?download=1`;
}

type Json = Record<string, unknown>;

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}
function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}
function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
function kindOf(value: unknown): Entry["kind"] {
  return value === "file" || value === "folder" ? value : "other";
}

export function readEntry(value: unknown): Entry {
  const { name, path, kind, size, modified, type, etag } = object(value);
  return {
    name: text(name),
    path: text(path),
    kind: kindOf(kind),
    modified: count(modified),
    ...(typeof size === "number" ? { size } : {}),
    ...(typeof type === "string" ? { type } : {}),
    ...(typeof etag === "string" ? { etag } : {}),
  };
}

function readUndo(value: unknown): Undo[] {
  const { method, path, body } = object(value);
  return typeof method === "string" && typeof path === "string" && path.startsWith("/api/v1/")
    ? [{ method, path, body }]
    : [];
}

function readError(value: unknown, fallback: string): FilesError {
  const { code, message } = object(value);
  return new FilesError(text(code) || fallback, text(message) || fallback);
}

export type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

export class FilesApi {
  readonly #fetch: Fetch;
  constructor(fetch: Fetch = (path, init) => globalThis.fetch(path, init)) {
    this.#fetch = fetch;
  }

  async #ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Json> {
    let response: Response;
    try {
      response = await this.#fetch(path, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new FilesError("offline", String(error));
    }
    if (response.status === 204) return {};
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok) throw readError(object(answer).error, `HTTP ${response.status}`);
    return object(answer);
  }

  async page(
    path: string,
    order: Order,
    offset: number,
    signal?: AbortSignal,
    limit = pageSize,
  ): Promise<Page> {
    const query = queryOf({
      path,
      sort: order.by,
      order: order.down ? "desc" : "asc",
      limit: String(limit),
      offset: String(offset),
    });
    const answer = await this.#ask("GET", `/api/v1/list?${query}`, undefined, signal);
    return {
      version: text(answer.version),
      total: count(answer.total),
      folders: count(answer.folders),
      offset: count(answer.offset),
      entries: list(answer.entries).map(readEntry),
    };
  }

  async entry(path: string, signal?: AbortSignal): Promise<Entry> {
    const answer = await this.#ask(
      "GET",
      `/api/v1/entry?path=${encodeURIComponent(path)}`,
      undefined,
      signal,
    );
    return readEntry("entry" in answer ? answer.entry : answer);
  }

  async search(q: string, signal?: AbortSignal): Promise<{ entries: Entry[]; complete: boolean }> {
    const answer = await this.#ask(
      "GET",
      `/api/v1/search?q=${encodeURIComponent(q)}&limit=1000`,
      undefined,
      signal,
    );
    return { entries: list(answer.entries).map(readEntry), complete: answer.complete === true };
  }

  async stats(signal?: AbortSignal): Promise<{ used: number; free: number; trash: number }> {
    const { used, free, trash } = await this.#ask("GET", "/api/v1/stats", undefined, signal);
    return { used: count(used), free: count(free), trash: count(trash) };
  }

  async makeFolder(path: string): Promise<{ entry: Entry; undo: Undo[] }> {
    const answer = await this.#ask("POST", "/api/v1/folders", { path });
    return { entry: readEntry(answer.entry), undo: readUndo(answer.undo) };
  }

  async move(
    items: readonly { from: string; to: string }[],
    onConflict: "fail" | "keep_both",
  ): Promise<BatchResult> {
    return this.#batches(
      items,
      (part) => this.#ask("POST", "/api/v1/move", { items: part, on_conflict: onConflict }),
      "from",
    );
  }

  async trash(paths: readonly string[]): Promise<BatchResult> {
    return this.#batches(paths, (part) => this.#ask("POST", "/api/v1/trash", { paths: part }), "path");
  }

  async restore(ids: readonly string[]): Promise<BatchResult> {
    return this.#batches(
      ids,
      (part) => this.#ask("POST", "/api/v1/trash/restore", { ids: part, on_conflict: "keep_both" }),
      "id",
    );
  }

  async #batches<T>(
    items: readonly T[],
    send: (part: readonly T[]) => Promise<Json>,
    key: string,
  ): Promise<BatchResult> {
    const all: BatchResult = { done: 0, failed: [], undo: [] };
    for (let at = 0; at < items.length; at += batchSize) {
      const answer = await send(items.slice(at, at + batchSize));
      for (const each of list(answer.results)) {
        const result = object(each);
        if (result.error === undefined) all.done += 1;
        else all.failed.push({ path: text(result[key]), error: readError(result.error, "internal") });
      }
      // The last change is taken back first.
      all.undo.unshift(...readUndo(answer.undo));
    }
    return all;
  }

  /** One ZIP file of everything at and below `paths`; what it will be called and where it is to be had. */
  async archive(
    paths: readonly string[],
    name: string,
  ): Promise<{ url: string; name: string; size: number; files: number }> {
    const answer = await this.#ask("POST", "/api/v1/archives", { paths, name });
    const url = text(answer.path);
    if (!url.startsWith("/api/v1/archives/")) throw new FilesError("internal", "no address");
    return { url, name: text(answer.name), size: count(answer.size), files: count(answer.files) };
  }

  async undo(requests: readonly Undo[]): Promise<void> {
    for (const { method, path, body } of requests) await this.#ask(method, path, body ?? {});
  }

  async trashed(
    cursor: string | null,
    signal?: AbortSignal,
  ): Promise<{ entries: TrashedEntry[]; total: number; cursor: string | null }> {
    const query = queryOf({ limit: String(pageSize), ...(cursor === null ? {} : { cursor }) });
    const answer = await this.#ask("GET", `/api/v1/trash?${query}`, undefined, signal);
    return {
      total: count(answer.total),
      cursor: typeof answer.cursor === "string" ? answer.cursor : null,
      entries: list(answer.entries).map((each) => {
        const { id, name, path, kind, size, deleted, expires } = object(each);
        return {
          id: text(id),
          name: text(name),
          path: text(path),
          kind: kindOf(kind),
          deleted: count(deleted),
          expires: count(expires),
          ...(typeof size === "number" ? { size } : {}),
        };
      }),
    };
  }

  async deleteForGood(id: string): Promise<void> {
    await this.#ask("DELETE", `/api/v1/trash/${encodeURIComponent(id)}`, {});
  }

  async emptyTrash(): Promise<void> {
    await this.#ask("DELETE", "/api/v1/trash", {});
  }
}
