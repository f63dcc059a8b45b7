import type { HearthConnection } from "../connection.ts";
import { HearthError } from "../errors.ts";
import { checkedPath } from "../http/fetch.ts";
import { appOrigin } from "./label.ts";
import { answer } from "./port_exchange.ts";
import {
  bootPath,
  channel,
  isOurs,
  type BootMessage,
  type NavigateMessage,
  type Welcome,
} from "./protocol.ts";

/** What the app shows now, as it says itself: a hint for the address bar, checked to be a path. */
export interface AppLocation {
  path: string;
  title: string;
}

export interface AppHostOptions {
  connection: Pick<HearthConnection, "fetch" | "root">;
  /** The app's id in the appliance's table. */
  app: string;
  /** The frame is appended here. */
  container: HTMLElement;
  /** Where it opens, default `/`. */
  path?: string;
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

/** At once and per app; beyond that requests fail, since a frame could ask without end. */
const maxRequests = 256;
const maxText = 2048;
/** Ours to say, never an app page's. */
const refusedHeaders =
  /^(hearth-|proxy-|sec-)|^(cookie|host|connection|authorization|forwarded|x-forwarded-.*)$/i;

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
  #port: MessagePort | undefined;
  #open = 0;

  constructor(options: AppHostOptions) {
    this.#options = options;
    this.#path = options.path ?? "/";
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
      ...(colorScheme === undefined ? {} : { colorScheme }),
    };
    this.frame.contentWindow?.postMessage(welcome, this.#origin, [port2]);
  };

  #onPortMessage({ data, ports }: MessageEvent<BootMessage>): void {
    if (data.kind === "loaded") {
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
            return await connection.fetch(appPath(app, request.path), {
              method: String(request.method),
              headers: allowedHeaders(request.headers),
              body,
              signal,
              // The page must see redirects itself, to know where it is.
              redirect: "manual",
            });
          } catch (error) {
            if (HearthError.is(error)) onError?.(error);
            throw error;
          }
        },
        this.#life.signal,
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
