/**
 * Holds one verified bundle of the shell, answers with it, and takes a newer one when it is signed and whole.
 *
 * The first bundle is taken as the origin serves it; from then on nothing else gets in, and never an older one. What was
 * refused is told to the pages, until the origin offers what it should again.
 */
import {
  BundleError,
  hasDigest,
  mostBundleBytes,
  readBundle,
  succeeds,
  verify,
  type Bundle,
  type BundleFile,
  type Refusal,
} from "./bundle.ts";

export interface Refused {
  reason: Refusal;
  /** When it was found, in ms. */
  at: number;
  version?: number | undefined;
  path?: string | undefined;
}

/** What pages are told. */
export interface KeptShell {
  version: number;
  keys: string[];
  /** When the origin last answered, in ms. */
  checked: number;
  refused: Refused | null;
}

/** The parts of the browser that it needs. */
export interface KeeperParts {
  caches: CacheStorage;
  fetch: typeof fetch;
  now: () => number;
  /** The origin's address, for the policy that pages get. */
  location: { protocol: string; host: string };
  /** Told of every change. */
  onChange?: (kept: KeptShell) => void;
}

interface State {
  bundle: string;
  checked: number;
  refused: Refused | null;
}

const stateCache = "hearth-shell";
const stateKey = "/.hearth/held";
const decides = (path: string) => path === "/index.html" || path === "/sw.js";
const filesCache = (version: number) => `hearth-shell-${version}`;

export class Keeper {
  readonly #parts: KeeperParts;
  #held: Promise<{ bundle: Bundle; state: State } | null> | undefined;
  #checking: Promise<void> | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Takes the first bundle, as it is served, when none is held yet. Throws BundleError. */
  async install(): Promise<void> {
    if ((await this.#hold()) !== null) return;
    const text = await this.#fetchBundle();
    const bundle = readBundle(text);
    verify(bundle, bundle);
    await this.#take(bundle, text);
  }

  async status(): Promise<KeptShell | null> {
    const held = await this.#hold();
    return held && tell(held);
  }

  /** Looks at what the origin offers. One look at a time; never throws. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /** What `path` holds; for a path of no file, the page. `null`: a file that isn't of the shell. */
  async answer(path: string, navigation: boolean): Promise<Response | null> {
    let held = await this.#hold();
    if (held === null) {
      // The browser made room. What comes is a first visit again.
      await this.install();
      held = await this.#hold();
      if (held === null) return null;
    }
    const file =
      held.bundle.files.get(path) ?? (navigation ? held.bundle.files.get("/index.html") : undefined);
    if (file === undefined) return null;
    const cache = await this.#parts.caches.open(filesCache(held.bundle.version));
    const bytes = (await this.#cached(cache, file)) ?? (await this.#fetchFile(file));
    return new Response(bytes, { headers: this.#headers(file, held.bundle.version) });
  }

  /** As the server has them (src/host/local/origins.cpp): what it says at this visit doesn't count. */
  #headers(file: BundleFile, version: number): Record<string, string> {
    const { protocol, host } = this.#parts.location;
    const apps = `${protocol}//*.${host.replace(/^home\./, "")}`;
    return {
      "Content-Type": file.type,
      "Content-Security-Policy":
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self' ws: wss:; " +
        `manifest-src 'self'; worker-src 'self'; frame-src ${apps}; ` +
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Resource-Policy": "same-site",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "DENY",
      "Hearth-Bundle": String(version),
    };
  }

  #hold(): Promise<{ bundle: Bundle; state: State } | null> {
    this.#held ??= this.#load();
    return this.#held;
  }

  async #load(): Promise<{ bundle: Bundle; state: State } | null> {
    const kept = await (await this.#parts.caches.open(stateCache)).match(stateKey);
    if (kept === undefined) return null;
    try {
      const state = (await kept.json()) as State;
      return { bundle: readBundle(state.bundle), state };
    } catch {
      return null; // of a form that this worker doesn't know
    }
  }

  async #write(bundle: Bundle, state: State): Promise<void> {
    const cache = await this.#parts.caches.open(stateCache);
    await cache.put(stateKey, new Response(JSON.stringify(state)));
    const held = { bundle, state };
    this.#held = Promise.resolve(held);
    this.#parts.onChange?.(tell(held));
  }

  async #check(): Promise<void> {
    const held = await this.#hold();
    if (held === null) return;
    try {
      const text = await this.#fetchBundle();
      const bundle = readBundle(text);
      if (succeeds(bundle, held.bundle)) return await this.#take(bundle, text);
      // The list is the one we have: is what a first visit runs still as it says?
      for (const file of held.bundle.files.values()) if (decides(file.path)) await this.#fetchFile(file);
      await this.#write(held.bundle, { ...held.state, checked: this.#parts.now(), refused: null });
    } catch (error) {
      if (!(error instanceof BundleError)) return; // nobody answers
      const { reason, version, path } = error;
      const refused = { reason, version, path, at: this.#parts.now() };
      await this.#write(held.bundle, { ...held.state, checked: this.#parts.now(), refused });
    }
  }

  /** Every file, each as listed, and only then the list: a bundle is in place whole or not at all. */
  async #take(bundle: Bundle, text: string): Promise<void> {
    const before = await this.#hold();
    const { caches } = this.#parts;
    const old = before && (await caches.open(filesCache(before.bundle.version)));
    const name = filesCache(bundle.version);
    const cache = await caches.open(name);
    for (const file of bundle.files.values()) {
      // What decides what a first visit runs is looked at, whether we need it or not.
      const known = !decides(file.path) && before?.bundle.files.get(file.path)?.sha256 === file.sha256;
      const bytes =
        (await this.#cached(cache, file)) ??
        (known && old ? await this.#cached(old, file) : null) ??
        (await this.#fetchFile(file, bundle.version));
      await cache.put(file.path, new Response(bytes));
    }
    await this.#write(bundle, { bundle: text, checked: this.#parts.now(), refused: null });
    for (const each of await caches.keys())
      if (each.startsWith(`${stateCache}-`) && each !== name) await caches.delete(each);
  }

  async #cached(cache: Cache, file: BundleFile): Promise<Uint8Array<ArrayBuffer> | null> {
    const kept = await cache.match(file.path);
    if (kept === undefined) return null;
    const bytes = new Uint8Array(await kept.arrayBuffer());
    return (await hasDigest(bytes, file.sha256)) ? bytes : null;
  }

  async #fetchBundle(): Promise<string> {
    const bytes = await this.#fetch("/bundle.json", mostBundleBytes);
    if (bytes === null) throw new BundleError("missing");
    return new TextDecoder().decode(bytes);
  }

  /** Throws BundleError when it isn't the one that is listed. */
  async #fetchFile(file: BundleFile, version?: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#fetch(file.path, file.size);
    if (bytes !== null && (await hasDigest(bytes, file.sha256))) return bytes;
    throw new BundleError("file", { path: file.path, ...(version === undefined ? {} : { version }) });
  }

  /** Nothing: the origin answers, but not with that, or with more than `most` bytes. Throws when nobody answers. */
  async #fetch(path: string, most: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const { fetch } = this.#parts;
    const response = await fetch(path, { cache: "no-store", credentials: "omit", redirect: "manual" });
    // A gateway's own words: the origin itself isn't there.
    if ([502, 503, 504].includes(response.status)) throw new TypeError("nobody answers");
    if (response.status !== 200 || response.body === null) return null;
    const pieces: Uint8Array[] = [];
    let size = 0;
    const reader = response.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.length;
      if (size > most) {
        void reader.cancel();
        return null;
      }
      pieces.push(next.value);
    }
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }
}

function tell({ bundle, state }: { bundle: Bundle; state: State }): KeptShell {
  return { version: bundle.version, keys: bundle.keys, checked: state.checked, refused: state.refused };
}
