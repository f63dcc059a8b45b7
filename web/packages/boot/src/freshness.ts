/** What a private cache may keep and hand out (RFC 9111), as far as answers' headers say it. */

/** When the request was sent, milliseconds since 1970; kept with the answer. */
export const storedAt = "x-hearth-stored";

export interface Directives {
  noStore: boolean;
  /** To be asked about each time. */
  noCache: boolean;
  mustRevalidate: boolean;
  immutable: boolean;
  maxAge?: number;
}

export function directives(headers: Headers): Directives {
  const said = new Map(
    (headers.get("cache-control") ?? "").split(",").map((part) => {
      const [name = "", value = ""] = part.trim().split("=");
      return [name.toLowerCase(), value.replace(/^"|"$/g, "")] as const;
    }),
  );
  const seconds = (name: string): number | undefined =>
    /^\d+$/.test(said.get(name) ?? "") ? Math.min(Number(said.get(name)), 2 ** 31) : undefined;
  const maxAge = seconds("max-age");
  return {
    noStore: said.has("no-store"),
    noCache:
      said.has("no-cache") ||
      (said.size <= 1 && !said.has("max-age") && headers.get("pragma") === "no-cache"),
    mustRevalidate: said.has("must-revalidate"),
    immutable: said.has("immutable"),
    ...(maxAge === undefined ? {} : { maxAge }),
  };
}

const time = (headers: Headers, name: string): number => Date.parse(headers.get(name) ?? "");

/** Section 4.2.1, in seconds. Nothing is said: a tenth of its age when it was sent (4.2.2), or 0. */
export function lifetime(headers: Headers): number {
  const { maxAge } = directives(headers);
  if (maxAge !== undefined) return maxAge;
  const date = time(headers, "date");
  if (headers.has("expires")) return Math.max(0, (time(headers, "expires") - date) / 1000) || 0;
  return Math.max(0, (date - time(headers, "last-modified")) / 10_000) || 0;
}

/** Section 4.2.3, in seconds. */
export function age(headers: Headers, now: number): number {
  const stored = Number(headers.get(storedAt));
  const apparent = Math.max(0, (stored - time(headers, "date")) / 1000) || 0;
  return Math.max(apparent, Number(headers.get("age")) || 0) + Math.max(0, (now - stored) / 1000);
}

export function isFresh(headers: Headers, now: number): boolean {
  return !directives(headers).noCache && lifetime(headers) > age(headers, now);
}

/** Whether it may be handed out though it isn't fresh, when the box can't be asked (section 4.2.4). */
export function mayBeStale(headers: Headers): boolean {
  const { noCache, mustRevalidate } = directives(headers);
  return !noCache && !mustRevalidate;
}

const mostBytes = 16 * 1024 * 1024;
const small = /^(text\/|font\/|image\/svg|application\/(javascript|json|wasm|manifest\+json|xhtml\+xml))/i;

/** Section 3; and what is neither huge nor endless. */
export function mayBeKept(status: number, headers: Headers): boolean {
  if (![200, 203, 404, 410].includes(status) || directives(headers).noStore) return false;
  // Cookies are the shell's: nothing here can tell one request's from another's.
  if (/(^|,)\s*(\*|cookie)\s*(,|$)/i.test(headers.get("vary") ?? "")) return false;
  const said = headers.has("etag") || headers.has("last-modified");
  if (lifetime(headers) <= 0 && (!said || status !== 200)) return false;
  const length = headers.get("content-length");
  return length === null ? small.test(headers.get("content-type") ?? "") : Number(length) <= mostBytes;
}
