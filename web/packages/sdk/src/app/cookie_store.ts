/**
 * Where the shell keeps apps' cookies: one jar for each box, device and app, in the shell's own storage, which no app
 * can read. Tabs share it. Session cookies end with the last tab of the shell.
 */
import type { DeviceId, Root } from "../connection.ts";
import { DeviceKeys } from "../keys/device_keys.ts";
import { cookieKeys, cookiePrefix, storageOf } from "./cookie_storage.ts";
import { CookieJar, type Cookie, type PageCookie } from "./cookies.ts";

const sessionMark = "hearth-session";
const lockName = "hearth-session";

export class CookieStore {
  readonly #jar: CookieJar;
  #storage: Storage | undefined;
  readonly #key: string;
  /** What the jar was read from, or written as. */
  #text: string | null = null;

  private constructor(host: string, key: string, storage: Storage | undefined) {
    this.#jar = new CookieJar(host);
    this.#key = key;
    this.#storage = storage;
  }

  /** `host`: of the app's origin. A device whose key this browser doesn't keep leaves nothing behind. */
  static async open(
    host: string,
    root: Root,
    device: DeviceId | undefined,
    app: string,
  ): Promise<CookieStore> {
    const kept = device === undefined ? undefined : await keptDevice();
    const storage = storageOf(device !== undefined && kept === device ? "localStorage" : "sessionStorage");
    await beginSession();
    return new CookieStore(host, `${cookiePrefix}${root}:${device ?? ""}:${app}`, storage);
  }

  /** As CookieJar.text. */
  text(path: string, options: { fromElsewhere?: boolean } = {}): string {
    this.#read();
    return this.#jar.text(path, options);
  }

  /** What pages may know. */
  forPages(): PageCookie[] {
    this.#read();
    return this.#jar.forPages();
  }

  /** Takes lines of `Set-Cookie`; true when pages have other cookies now. */
  set(lines: readonly string[], path: string, fromPage = false): boolean {
    let changed = false;
    this.#change(() => {
      const before = JSON.stringify(this.#jar.forPages().map(({ used: _, ...rest }) => rest));
      for (const line of lines) this.#jar.set(line, path, fromPage);
      changed = before !== JSON.stringify(this.#jar.forPages().map(({ used: _, ...rest }) => rest));
    });
    return changed;
  }

  #change(change: () => void): void {
    this.#read();
    change();
    const cookies = this.#jar.all();
    this.#text = cookies.length === 0 ? null : JSON.stringify(cookies);
    try {
      if (this.#text === null) this.#storage?.removeItem(this.#key);
      else this.#storage?.setItem(this.#key, this.#text);
    } catch {
      // No room: then they last as long as this page.
      this.#storage = undefined;
    }
  }

  /** Another tab may have changed them. */
  #read(): void {
    const text = this.#storage?.getItem(this.#key) ?? null;
    if (this.#storage === undefined || text === this.#text) return;
    this.#text = text;
    try {
      this.#jar.load(text === null ? [] : (JSON.parse(text) as Cookie[]));
    } catch {
      this.#jar.load([]);
    }
  }
}

async function keptDevice(): Promise<DeviceId | undefined> {
  try {
    return (await DeviceKeys.open().load())?.id;
  } catch {
    return undefined;
  }
}

let begun: Promise<void> | undefined;

/** Once a page: unless another tab of the shell is open, or this one was reloaded, the last session is over. */
function beginSession(): Promise<void> {
  begun ??= (async () => {
    const locks = (globalThis.navigator as Navigator | undefined)?.locks;
    const tab = storageOf("sessionStorage");
    const goesOn =
      tab?.getItem(sessionMark) === "1" ||
      (await locks?.query())?.held?.some(({ name }) => name === lockName) === true;
    // Held for as long as this page lives.
    void locks
      ?.request(lockName, { mode: "shared" }, () => new Promise(() => undefined))
      .catch(() => undefined);
    if (!goesOn) dropSessionCookies();
    try {
      tab?.setItem(sessionMark, "1");
    } catch {
      // Then a reload begins a session anew.
    }
  })();
  return begun;
}

function dropSessionCookies(): void {
  const storage = storageOf("localStorage");
  if (storage === undefined) return;
  for (const key of cookieKeys(storage)) {
    try {
      const kept = (JSON.parse(storage.getItem(key) ?? "[]") as Cookie[]).filter(
        ({ expires }) => expires !== undefined,
      );
      if (kept.length === 0) storage.removeItem(key);
      else storage.setItem(key, JSON.stringify(kept));
    } catch {
      storage.removeItem(key);
    }
  }
}
