/** A private HTTP cache for what the app's pages fetch (RFC 9111), in the browser's Cache storage. */
import { cachePrefix } from "@hearth/sdk/app-protocol";
import { age, directives, isFresh, mayBeKept, mayBeStale, storedAt } from "./freshness.ts";

export interface Answer {
  status: number;
  statusText: string;
  headers: Headers;
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

/** Asks the box, with further header fields. */
export type Ask = (further: [string, string][]) => Promise<Answer>;

const maxEntries = 1000;
/** Bytes of an answer; films and downloads pass by. */
const largest = 4 << 20;
/** Who asks for what is just being kept waits so long for it, and then asks the box. */
const writingTimeout = 500;
const writing = new Map<string, Promise<void>>();

let current: Promise<Cache | undefined> | undefined;

/** The boot page says whose it is now. */
export function useCache(name: string): void {
  current = caches.open(name).catch(() => undefined);
}

/** A worker that was stopped meanwhile finds the only one there: the boot page removes others. */
function open(): Promise<Cache | undefined> {
  current ??= caches
    .keys()
    .then((names) => names.find((each) => each.startsWith(cachePrefix)))
    .then((name) => (name === undefined ? undefined : caches.open(name)))
    .catch(() => undefined);
  return current;
}

/** Answers from the cache, or asks and keeps. `later` holds the worker while something is being kept. */
export async function throughCache(
  request: Request,
  ask: Ask,
  later: (work: Promise<unknown>) => void,
): Promise<Answer> {
  const { method, headers, cache: mode } = request;
  const cache = await open();
  if (cache === undefined) return ask([]);
  const key = keyOf(request);
  if (method !== "GET") {
    const answer = await ask([]);
    const unsafe = !["HEAD", "OPTIONS", "TRACE"].includes(method);
    if (unsafe && answer.status >= 200 && answer.status < 400)
      await invalidate(cache, request.url, answer.headers);
    return answer;
  }
  const conditional = [
    "if-none-match",
    "if-modified-since",
    "if-match",
    "if-unmodified-since",
    "if-range",
    "range",
  ];
  if (mode === "no-store" || conditional.some((name) => headers.has(name))) return ask([]);

  const written = writing.get(request.url);
  if (written !== undefined)
    await Promise.race([written, new Promise((resolve) => setTimeout(resolve, writingTimeout))]);
  const stored = mode === "reload" ? undefined : await cache.match(key);
  const now = Date.now();
  if (stored !== undefined) {
    if (mode === "force-cache" || mode === "only-if-cached") return fromStored(stored, now);
    if (mode === "default" && isFresh(stored.headers, now)) return fromStored(stored, now);
  } else if (mode === "only-if-cached") {
    throw new TypeError("not in the cache");
  }

  const validators: [string, string][] = [];
  const etag = stored?.headers.get("etag");
  const modified = stored?.headers.get("last-modified");
  if (etag != null) validators.push(["If-None-Match", etag]);
  if (modified != null) validators.push(["If-Modified-Since", modified]);
  let answer: Answer;
  try {
    answer = await ask(validators);
  } catch (error) {
    // The box can't be asked: what was seen before is better than nothing, where its server doesn't mind.
    if (stored === undefined || mode !== "default" || !mayBeStale(stored.headers)) throw error;
    return fromStored(stored, now);
  }
  if (answer.status === 304 && stored !== undefined) {
    const fresh = new Headers(stored.headers);
    for (const [name, value] of answer.headers)
      if (!/^content-(length|encoding|type|range)$/.test(name)) fresh.set(name, value);
    const renewed = { ...toAnswer(stored), headers: fresh };
    // What is asked about each time gains nothing by being written again.
    return directives(fresh).noCache ? renewed : keep(cache, key, renewed, now, later);
  }
  if (!mayBeKept(answer.status, answer.headers)) {
    if (stored !== undefined && answer.status < 500) later(cache.delete(key, { ignoreVary: true }));
    return answer;
  }
  return keep(cache, key, answer, now, later);
}

function keyOf(request: Request): Request {
  return new Request(request.url, { headers: request.headers });
}

function toAnswer({ status, statusText, headers, body }: Response): Answer {
  return { status, statusText, headers, body };
}

function fromStored(stored: Response, now: number): Answer {
  const headers = new Headers(stored.headers);
  headers.set("Age", String(Math.floor(age(stored.headers, now))));
  headers.delete(storedAt);
  return { ...toAnswer(stored), headers };
}

/** Keeps what isn't large, once it has passed. */
function keep(
  cache: Cache,
  key: Request,
  answer: Answer,
  now: number,
  later: (work: Promise<unknown>) => void,
): Answer {
  if (Number(answer.headers.get("content-length") ?? 0) > largest) return answer;
  const headers = new Headers(answer.headers);
  headers.set(storedAt, String(now));
  const { status, statusText, body } = answer;
  const put = async (kept: Blob | null): Promise<void> => {
    // No room isn't the page's concern.
    await cache.put(key, new Response(kept, { status, statusText, headers })).catch(() => undefined);
    const keys = await cache.keys();
    for (const old of keys.slice(0, Math.max(0, keys.length - maxEntries))) await cache.delete(old);
  };
  const write = (kept: Blob | null): Promise<void> => {
    const done = put(kept).finally(() => {
      if (writing.get(key.url) === done) writing.delete(key.url);
    });
    writing.set(key.url, done);
    return done;
  };
  if (body === null) {
    later(write(null));
    return answer;
  }
  return { ...answer, body: passing(body, (whole) => void write(whole)) };
}

/** The same body; `done` gets it whole when it ends well and isn't large. Holds no more of it than that. */
function passing(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  done: (whole: Blob) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { done: ended, value } = await reader.read();
        if (ended) {
          if (size <= largest) done(new Blob(chunks));
          controller.close();
          return;
        }
        size += value.byteLength;
        if (size <= largest) chunks.push(value.slice());
        else chunks = [];
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    // Short ones are read to their end whether the page reads them or not: a redirect's never is.
    new ByteLengthQueuingStrategy({ highWaterMark: 64 << 10 }),
  );
}

/** Section 4.4. */
async function invalidate(cache: Cache, url: string, headers: Headers): Promise<void> {
  for (const place of [url, headers.get("location"), headers.get("content-location")]) {
    const target = place === null ? null : URL.parse(place, url);
    if (target !== null && target.origin === new URL(url).origin)
      await cache.delete(target.href, { ignoreVary: true });
  }
}
