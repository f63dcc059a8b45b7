/**
 * Small pictures for what is in view: two are made at a time, in order, and kept in the browser's cache under the
 * file's version. What scrolls away before its turn is dropped, and a picture asked for twice is made once.
 */
import { canDraw, poster, thumbnail } from "@hearth/ui";
import { contentUrl, type Entry } from "./api.ts";

/** Enough for the widest tile on a dense screen. */
const edge = 480;
const cacheName = "thumbnails-1";
/** Of 10 to 40 KB each. */
const mostKept = 2000;
/** A large photograph takes some 60 MB while it is made small. */
const mostAtOnce = 2;
/** Of films: their beginning is at most this much work. */
const posterTimeout = 8000;
/** ms until work that nobody waits for any more is given up: the same pictures may be shown in another way. */
const patience = 500;

export function hasThumbnail(entry: Entry): boolean {
  const { kind, type = "", size = 0 } = entry;
  return kind === "file" && (canDraw({ type, size }) || /^video\/(mp4|webm|ogg|quicktime)$/.test(type));
}

/** One picture, for all who ask while it is made. */
class Job {
  readonly entry: Entry;
  readonly #stop = new AbortController();
  readonly #askers = new Set<(url: string | undefined) => void>();

  constructor(entry: Entry) {
    this.entry = entry;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get isWanted(): boolean {
    return this.#askers.size > 0;
  }

  wait(signal: AbortSignal): Promise<string | undefined> {
    return new Promise((done) => {
      this.#askers.add(done);
      const leave = (): void => {
        this.#askers.delete(done);
        done(undefined);
        setTimeout(() => !this.isWanted && this.#stop.abort(), patience);
      };
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  end(url: string | undefined): void {
    for (const done of this.#askers) done(url);
    this.#askers.clear();
  }
}

export class Thumbnails {
  /** Addresses of pictures in memory, the last used at the end; nothing where there can't be one. */
  readonly #made = new Map<string, string | undefined>();
  readonly #jobs = new Map<string, Job>();
  readonly #waiting: Job[] = [];
  #working = 0;
  #added = 0;

  /** At once, when it is in memory. */
  known(entry: Entry): { url: string | undefined } | undefined {
    const key = keyOf(entry);
    return this.#made.has(key) ? { url: this.#made.get(key) } : undefined;
  }

  /** The picture's address, good while it is among the last few hundred; nothing when there is none, or it was aborted. */
  get(entry: Entry, signal: AbortSignal): Promise<string | undefined> {
    const known = this.known(entry);
    if (known || signal.aborted) return Promise.resolve(known?.url);
    const key = keyOf(entry);
    let job = this.#jobs.get(key);
    if (!job || job.signal.aborted) {
      job = new Job(entry);
      this.#jobs.set(key, job);
      this.#waiting.push(job);
    }
    const url = job.wait(signal);
    void this.#work();
    return url;
  }

  async #work(): Promise<void> {
    if (this.#working === mostAtOnce) return;
    this.#working += 1;
    for (let job = this.#waiting.shift(); job; job = this.#waiting.shift()) {
      const url = job.isWanted ? await this.#make(job.entry, job.signal) : undefined;
      const key = keyOf(job.entry);
      if (this.#jobs.get(key) === job) this.#jobs.delete(key);
      job.end(url);
    }
    this.#working -= 1;
  }

  async #make(entry: Entry, signal: AbortSignal): Promise<string | undefined> {
    const key = keyOf(entry);
    try {
      const cache = await caches.open(cacheName).catch(() => undefined);
      let picture = await (await cache?.match(key))?.blob();
      if (!picture) {
        picture = await draw(entry, signal);
        if (picture && cache) await this.#keep(cache, key, picture);
      }
      const url = picture && URL.createObjectURL(picture);
      this.#remember(key, url);
      return url;
    } catch {
      // Away, or aborted: asked for again when it is next in view.
      return undefined;
    }
  }

  #remember(key: string, url: string | undefined): void {
    this.#made.set(key, url);
    const [oldest] = this.#made;
    if (this.#made.size <= 500 || oldest === undefined) return;
    this.#made.delete(oldest[0]);
    // It may be on the screen, which holds it by itself; shown anew, it is in the cache.
    if (oldest[1] !== undefined) URL.revokeObjectURL(oldest[1]);
  }

  async #keep(cache: Cache, key: string, picture: Blob): Promise<void> {
    try {
      await cache.put(key, new Response(picture));
      if (++this.#added % 100 !== 1) return;
      const keys = await cache.keys();
      for (const old of keys.slice(0, Math.max(0, keys.length - mostKept))) await cache.delete(old);
    } catch {
      // No room: made again next time.
    }
  }
}

/** Changes with the file, like its content's address. */
function keyOf(entry: Entry): string {
  return contentUrl(entry).replace("/content/", "/thumbnail/");
}

async function draw(entry: Entry, signal: AbortSignal): Promise<Blob | undefined> {
  const { type = "", size = 0 } = entry;
  const url = contentUrl(entry);
  if (type.startsWith("video/"))
    return poster(url, edge, AbortSignal.any([signal, AbortSignal.timeout(posterTimeout)]));
  return thumbnail(
    {
      type,
      size,
      async read(length) {
        const headers: HeadersInit = length === undefined ? {} : { Range: `bytes=0-${length - 1}` };
        const response = await fetch(url, { headers, signal });
        if (!response.ok) throw new Error(`HTTP ${response.status}`);
        return response.blob();
      },
    },
    edge,
  );
}
