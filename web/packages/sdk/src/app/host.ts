import { concat } from "../bytes.ts";
import type { Commit, HearthConnection } from "../connection.ts";
import { HearthError } from "../errors.ts";
import { checkedPath } from "../http/fetch.ts";
import { CookieStore } from "./cookie_store.ts";
import { appLabel, appOrigin } from "./label.ts";
import { answer } from "./port_exchange.ts";
import { serveSocket } from "./port_socket.ts";
import {
  bootPath,
  channel,
  isOurs,
  type BootMessage,
  type CookiesMessage,
  type NavigateMessage,
  type RequestMessage,
  type SocketMessage,
  type Welcome,
} from "./protocol.ts";

/** What the app shows now, as it says itself: a hint for the address bar, checked to be a path. */
export interface AppLocation {
  path: string;
  title: string;
}

export interface AppHostOptions {
  connection: Pick<HearthConnection, "fetch" | "root"> &
    Partial<Pick<HearthConnection, "openSocket" | "device">>;
  /** The app's id in the appliance's table. */
  app: string;
  /** The frame is appended here. */
  container: HTMLElement;
  /** Where it opens, default `/`. */
  path?: string;
  /** A link of another site led to `path`, for all that is known: `SameSite=Strict` cookies don't go with that page. */
  fromElsewhere?: boolean;
  /** The frame's accessible name. */
  title: string;
  /** `light`, `dark` or unset: handed to the app as its pages' `color-scheme`. */
  colorScheme?: "light" | "dark";
  onLocation?(location: AppLocation): void;
  /** The app's first page has been loaded. */
  onReady?(): void;
  /** A request could not be carried; the app sees a network error. */
  onError?(error: HearthError): void;
}

/** Of an answer, as `onFields` has it. */
interface Told {
  fields: readonly (readonly [string, string])[];
  commit?: Commit | undefined;
}

/** At once and per app; beyond that requests fail, since a frame could ask without end. */
const maxRequests = 256;
const maxSockets = 128;
const maxMeasured = 256 * 1024;
/** A boot frame that doesn't say that it has the cookies by then is busy with something else. */
const cookieTimeout = 500;
const maxText = 2048;
/** Ours to say, never an app page's. */
const refusedHeaders =
  /^(hearth-|proxy-|sec-)|^(cookie|origin|user-agent|accept-language|host|connection|authorization|forwarded|x-forwarded-.*)$/i;

/**
 * Shows an app in a frame on its own origin and serves it from the connection. The frame never holds a key or
 * token: each request is stamped with the app it came from by the port it came through.
 */
export class AppHost {
  readonly frame: HTMLIFrameElement;
  readonly #options: AppHostOptions;
  readonly #life = new AbortController();
  #origin: string | undefined;
  #path: string;
  /** Until the first page stands, through all of its redirects. */
  #fromElsewhere: boolean;
  #port: MessagePort | undefined;
  #cookies: CookieStore | undefined;
  #cache = "";
  #open = 0;
  #sockets = 0;
  #number = 0;
  #kept: ((number: number) => void) | undefined;

  constructor(options: AppHostOptions) {
    this.#options = options;
    this.#path = options.path ?? "/";
    this.#fromElsewhere = options.fromElsewhere === true;
    this.frame = document.createElement("iframe");
    this.frame.title = options.title;
    // No top navigation and no popups: both would carry data out without asking.
    this.frame.setAttribute(
      "sandbox",
      "allow-scripts allow-same-origin allow-forms allow-modals allow-downloads",
    );
    this.frame.setAttribute("allow", "fullscreen; clipboard-write; autoplay; picture-in-picture");
    this.frame.style.border = "0";
    window.addEventListener("message", this.#onMessage, { signal: this.#life.signal });
    void this.#load();
  }

  /** Goes to another path of the same app. */
  navigate(path: string): void {
    this.#path = checkedPath(path);
    this.#port?.postMessage({ kind: "navigate", path: this.#path } satisfies NavigateMessage);
  }

  /** Closes the port, ends its open requests, removes the frame. Idempotent. */
  revoke(): void {
    this.#life.abort(new HearthError("revoked", "the app was closed"));
    this.#port?.close();
    this.#port = undefined;
    this.frame.remove();
  }

  async #load(): Promise<void> {
    const { connection, app, container } = this.#options;
    this.#origin = await appOrigin(connection.root, app);
    const { hostname } = new URL(this.#origin);
    this.#cookies = await CookieStore.open(hostname, connection.root, connection.device, app);
    // Says nothing of the device, and is another's for another.
    this.#cache = await appLabel(connection.root, `cache of ${connection.device ?? ""}`);
    if (this.#life.signal.aborted) return;
    this.frame.src = this.#origin + bootPath;
    container.append(this.frame);
  }

  /** The boot frame asks for its port, also after it was reloaded. */
  readonly #onMessage = ({ data, origin, source }: MessageEvent): void => {
    if (
      origin !== this.#origin ||
      source !== this.frame.contentWindow ||
      !isOurs(data) ||
      data.kind !== "hello"
    )
      return;
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = (event: MessageEvent<BootMessage>) => this.#onPortMessage(event);
    const { colorScheme } = this.#options;
    const welcome: Welcome = {
      channel,
      kind: "welcome",
      path: this.#path,
      cookies: this.#cookies?.forPages() ?? [],
      cache: this.#cache,
      ...(colorScheme === undefined ? {} : { colorScheme }),
    };
    this.frame.contentWindow?.postMessage(welcome, this.#origin, [port2]);
  };

  #onPortMessage({ data, ports }: MessageEvent<BootMessage>): void {
    if (data.kind === "loaded") {
      this.#fromElsewhere = false; // it may have come out of the cache, without asking
      this.#options.onReady?.();
    } else if (data.kind === "location") {
      const { path, title } = data;
      if (typeof path !== "string" || typeof title !== "string" || path.length > maxText) return;
      try {
        this.#path = checkedPath(path);
      } catch {
        return;
      }
      this.#options.onLocation?.({ path: this.#path, title: title.slice(0, maxText) });
    } else if (data.kind === "request") {
      const [port] = ports;
      if (port !== undefined) void this.#serve(data, port);
    } else if (data.kind === "socket") {
      const [port] = ports;
      if (port !== undefined) void this.#serveSocket(data, port);
    } else if (data.kind === "cookie") {
      const { line, path } = data;
      if (typeof line !== "string" || typeof path !== "string") return;
      // What the boot frame put down for itself may have been refused here: it gets the truth.
      this.#cookies?.set([line], path, true);
      void this.#tellCookies();
    } else if (data.kind === "cookies") {
      this.#kept?.(data.number);
    }
  }

  /** Resolves when the app's pages see the cookies as they are now. */
  async #tellCookies(): Promise<void> {
    const number = ++this.#number;
    const kept = new Promise<void>((resolve) => {
      const before = this.#kept;
      this.#kept = (got) => {
        before?.(got);
        if (got >= number) resolve();
      };
      setTimeout(resolve, cookieTimeout);
    });
    const cookies = this.#cookies?.forPages() ?? [];
    this.#port?.postMessage({ kind: "cookies", cookies, number } satisfies CookiesMessage);
    await kept;
    if (number === this.#number) this.#kept = undefined;
  }

  /** Takes the cookies of an answer, before the page gets it. */
  async #keepCookies({ fields, commit }: Told, path: string): Promise<void> {
    const lines = fields.filter(([name]) => name.toLowerCase() === "set-cookie").map(([, value]) => value);
    if (lines.length === 0) return;
    let changed = false;
    const keep = (): void => void (changed = this.#cookies?.set(lines, path) === true);
    if (commit === undefined) keep();
    else if (!(await commit(keep))) throw new HearthError("cut_short", "another tab has taken over");
    if (changed) await this.#tellCookies();
  }

  /** What a browser says of itself, where an app's page can't. */
  #ownHeaders(method: string, path: string, request: Partial<RequestMessage>): [string, string][] {
    const { anonymous, mode, destination } = request;
    const own: [string, string][] = [["User-Agent", navigator.userAgent]];
    const languages = navigator.languages.slice(0, 10);
    if (languages.length > 0)
      own.push([
        "Accept-Language",
        languages.map((each, i) => (i === 0 ? each : `${each};q=${1 - i / 10}`)).join(","),
      ]);
    const word = /^[a-z-]+$/;
    // Only an app's own pages ask, and they share its origin; but for the first page itself.
    const fromElsewhere = this.#fromElsewhere && mode === "navigate";
    own.push(["Sec-Fetch-Site", fromElsewhere ? "cross-site" : "same-origin"]);
    if (mode !== undefined && word.test(mode)) own.push(["Sec-Fetch-Mode", mode]);
    if (destination !== undefined)
      own.push(["Sec-Fetch-Dest", word.test(destination) ? destination : "empty"]);
    if (this.#origin !== undefined && ((method !== "GET" && method !== "HEAD") || mode === "websocket"))
      own.push(["Origin", this.#origin]);
    const cookies = anonymous === true ? "" : (this.#cookies?.text(path, { fromElsewhere }) ?? "");
    if (cookies !== "") own.push(["Cookie", cookies]);
    return own;
  }

  async #serveSocket({ path, protocols }: SocketMessage, port: MessagePort): Promise<void> {
    const { connection, app } = this.#options;
    ++this.#sockets;
    try {
      await serveSocket(
        port,
        async (signal) => {
          if (this.#sockets > maxSockets) throw new HearthError("rate_limited", "too many sockets at once");
          if (connection.openSocket === undefined) throw new HearthError("unsupported", "no sockets here");
          const target = appPath(app, path);
          const own = pathOf(path);
          let told: Told = { fields: [] };
          const session = await connection.openSocket(target, {
            protocols: Array.isArray(protocols) ? protocols.map(String).slice(0, 64) : [],
            headers: this.#ownHeaders("GET", own, { mode: "websocket", destination: "websocket" }),
            signal,
            onFields: (fields, commit) => (told = { fields, commit }),
          });
          await this.#keepCookies(told, own).catch((error: Error) => {
            session.abort(error);
            throw error;
          });
          return session;
        },
        this.#life.signal,
      );
    } finally {
      --this.#sockets;
    }
  }

  async #serve(request: Extract<BootMessage, { kind: "request" }>, port: MessagePort): Promise<void> {
    const { connection, app, onError } = this.#options;
    ++this.#open;
    try {
      await answer(
        port,
        request.hasBody === true,
        async ({ signal, body }) => {
          this.#life.signal.throwIfAborted();
          if (this.#open > maxRequests) throw new HearthError("rate_limited", "too many requests at once");
          try {
            const method = String(request.method);
            const anonymous = request.anonymous === true;
            const path = pathOf(request.path);
            let told: Told = { fields: [] };
            const response = await connection.fetch(appPath(app, request.path), {
              method,
              headers: [...allowedHeaders(request.headers), ...this.#ownHeaders(method, path, request)],
              body: body === null ? null : await measured(body),
              signal,
              // The page must see redirects itself, to know where it is.
              redirect: "manual",
              onFields: (fields, commit) => (told = { fields, commit }),
            });
            if (request.mode === "navigate" && !isRedirect(response)) this.#fromElsewhere = false;
            if (!anonymous)
              await this.#keepCookies(told, path).catch(async (error: Error) => {
                await response.body?.cancel(error);
                throw error;
              });
            return response;
          } catch (error) {
            if (HearthError.is(error)) onError?.(error);
            throw error;
          }
        },
        this.#life.signal,
        request.hold === true,
      );
    } finally {
      --this.#open;
    }
  }
}

/** The path at the appliance. Dot segments are resolved first, so that no path leads out of the app. */
export function appPath(app: string, path: unknown): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(app)) throw new HearthError("no_such_app", "not an app's id");
  if (typeof path !== "string") throw new TypeError("not a path");
  return `/app/${app}${checkedPath(path)}`;
}

/** A body that soon ends is given whole, so that its length is known: servers that want one get it. */
async function measured(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  const reader = body.getReader();
  const first: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  while (size <= maxMeasured) {
    const { done, value } = await reader.read();
    if (done) return concat(...first);
    first.push(value);
    size += value.length;
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const held = first.shift();
        if (held !== undefined) return controller.enqueue(held);
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function isRedirect({ status, headers }: Response): boolean {
  return status >= 300 && status < 400 && headers.has("location");
}

/** Without the query. */
function pathOf(target: unknown): string {
  return new URL(checkedPath(String(target)), "http://app.invalid").pathname;
}

function allowedHeaders(headers: unknown): [string, string][] {
  if (!Array.isArray(headers) || headers.length > 128) return [];
  return (headers as unknown[]).filter(
    (field): field is [string, string] =>
      Array.isArray(field) &&
      typeof field[0] === "string" &&
      typeof field[1] === "string" &&
      !refusedHeaders.test(field[0]),
  );
}
