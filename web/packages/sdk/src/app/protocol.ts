/**
 * What shell, boot frame and service worker say to each other. The boot frame shares its origin with the app, so
 * the shell takes nothing that comes from there at its word.
 */

import type { PageCookie } from "./cookies.ts";

/** Marks our messages among whatever else a page posts. */
export const channel = "hearth-app-1";

/** Where the boot page lives on every app origin. */
export const bootPath = "/.hearth/boot";

/** Before the name of an app origin's HTTP cache. */
export const cachePrefix = "hearth-http-";

/** boot frame → shell, by `window.postMessage`: ready for a port. */
export interface Hello {
  channel: typeof channel;
  kind: "hello";
}

/** shell → boot frame, with the port. */
export interface Welcome {
  channel: typeof channel;
  kind: "welcome";
  /** Where the app opens. */
  path: string;
  /** Those that pages may see. */
  cookies: PageCookie[];
  /** Names the HTTP cache of who is signed in; what others left is removed. */
  cache: string;
  colorScheme?: "light" | "dark";
}

/** worker → boot frame → shell; carries the port of this one request. */
export interface RequestMessage {
  channel: typeof channel;
  kind: "request";
  method: string;
  /** Path and query on the app's origin. */
  path: string;
  headers: [string, string][];
  hasBody: boolean;
  /** The page asked without cookies. */
  anonymous?: boolean;
  /** As the request has them. */
  mode?: string;
  destination?: string;
  /** Nothing is to be done before the asker says so. Older workers don't. */
  hold?: boolean;
}

/** boot frame → shell; carries the port of this one WebSocket. */
export interface SocketMessage {
  channel: typeof channel;
  kind: "socket";
  /** Path and query on the app's origin. */
  path: string;
  protocols: string[];
}

/** boot frame → shell: a page set `document.cookie`. */
export interface CookieMessage {
  kind: "cookie";
  line: string;
  path: string;
}

/** shell → boot frame: all the cookies that pages may see. Answered with the number. */
export interface CookiesMessage {
  kind: "cookies";
  cookies: PageCookie[];
  number: number;
}

/** Where a worker of the app asks any boot frame of its origin for a WebSocket. */
export const socketChannel = "hearth-sockets-1";

/** What the boot page offers the app's pages, which share its origin and so its trust. */
export interface BootOffers {
  socket(port: MessagePort, path: string, protocols: string[]): void;
  cookies(path: string): string;
  setCookie(line: string, path: string): void;
}

declare global {
  interface Window {
    hearthBoot?: BootOffers;
  }
}

/** boot frame → shell, on the port. */
export type BootMessage =
  | RequestMessage
  | SocketMessage
  | CookieMessage
  | { kind: "cookies"; number: number }
  | { kind: "location"; path: string; title: string }
  | { kind: "loaded" };

/** shell → boot frame, on the port. */
export interface NavigateMessage {
  kind: "navigate";
  path: string;
}

export function isOurs(data: unknown): data is { channel: typeof channel; kind: string } {
  return typeof data === "object" && data !== null && (data as { channel?: unknown }).channel === channel;
}

/** The shell's origin: the app's with its first label replaced by `home`. */
export function shellOrigin(app: { protocol: string; host: string }): string {
  return `${app.protocol}//${app.host.replace(/^[^.]+\./, "home.")}`;
}

/** Where a top-level visit to an app's page leads: the shell opens that app there. All after `#`. */
export function shellUrl(app: { protocol: string; host: string; pathname: string; search: string }): string {
  const label = app.host.split(".")[0] ?? "";
  const path = app.pathname === bootPath ? "/" : app.pathname + app.search;
  return `${shellOrigin(app)}/#/open/${label}?path=${encodeURIComponent(path)}`;
}
