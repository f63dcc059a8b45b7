/**
 * The service worker of every app origin: page > worker > boot frame > shell > connection. It keeps no state that
 * matters, since the browser stops it at will: the boot frame is looked for at each request.
 */
import {
  bootPath,
  channel,
  isOurs,
  shellOrigin,
  shellUrl,
  type RequestMessage,
} from "@hearth/sdk/app-protocol";
import { ask, PortError, type Asked } from "@hearth/sdk/port-exchange";
import { allowShim, redirectTarget, responseHeaders } from "./policy.ts";
import { throughCache, useCache, type Answer } from "./http_cache.ts";
import { decoded, withPageShim, withWorkerShim } from "./inject.ts";
import {
  askerOf,
  consult,
  installedScript,
  noteRedirect,
  onServiceMessage,
  type Asker,
} from "./service_ask.ts";
import { controlText, passedHeader, type ToWorker } from "./service_protocol.ts";

/** Of shim.ts and service.ts, as they were built. */
declare const shimSource: string;
declare const serviceSource: string;
const shimPath = "/.hearth/shim.js";
const servicePath = "/.hearth/service.js";
const sources = new Map([
  [shimPath, shimSource],
  [servicePath, serviceSource],
]);

declare const self: ServiceWorkerGlobalScope;

type Body = ReadableStream<Uint8Array> | null;

const shell = shellOrigin(self.location);
/** A boot frame that doesn't take a request up by then is frozen or gone; another tab's may live. */
const acceptTimeout = 1000;
/** So much later the next one is asked, too. */
const acceptStagger = 100;
/** After a reload the boot frame needs a moment to come back. */
const bootTimeout = 10_000;
const bootPoll = 100;

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  const { data, ports } = event;
  if (!isOurs(data)) return;
  if (data.kind === "claim") event.waitUntil(self.clients.claim());
  if (data.kind === "service" && event.source instanceof Client)
    event.waitUntil(onServiceMessage(data as unknown as ToWorker, event.source, ports));
  if (data.kind === "cache" && "name" in data && typeof data.name === "string") {
    useCache(data.name);
    ports[0]?.postMessage("done");
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const source = url.origin === self.location.origin ? sources.get(url.pathname) : undefined;
  if (source !== undefined) {
    event.respondWith(new Response(source, { headers: { "Content-Type": "text/javascript" } }));
    return;
  }
  // The policy of the pages forbids other origins; ours is served by the web server itself.
  if (url.origin !== self.location.origin || isServed(url.pathname)) return;
  if (request.mode === "navigate" && request.destination === "document") {
    event.respondWith(Response.redirect(shellUrl(url), 302));
    return;
  }
  event.respondWith(serve(event, url));
});

/** By the web server itself: all of our own but the box's graph. */
function isServed(path: string): boolean {
  return path.startsWith("/.hearth/") && !path.startsWith("/.hearth/graph/");
}

async function serve(event: FetchEvent, url: URL): Promise<Response> {
  const { request } = event;
  const later = (work: Promise<unknown>): void => event.waitUntil(work);
  try {
    const asker = await askerOf(event);
    const fromBox = (further: [string, string][], body?: Body): Promise<Answer> =>
      askBox(event, url, further, asker, body);
    const installed = await installedScript(request, asker, () => fromBox([]), later);
    const own = installed === undefined ? await consult(event, asker, bodyOf) : undefined;
    const answer =
      installed ??
      own?.answer ??
      (await throughCache(request, (further) => fromBox(further, own?.body), later));
    const location = answer.headers.get("location");
    if ([301, 302, 303, 307, 308].includes(answer.status) && location !== null) {
      const target = redirectTarget(location, request.url);
      void answer.body?.cancel().catch(() => undefined);
      if (target !== undefined)
        noteRedirect(request, asker, { ...answer, headers: new Headers({ location: target }) });
      return target === undefined ? problem(request, "redirect") : Response.redirect(target, answer.status);
    }
    const { status, statusText } = answer;
    const headers = responseHeaders([...answer.headers], request.destination, shell);
    const shim: Shim = {
      service: installed !== undefined && asker.isBoot,
      by: own?.control == null ? "" : controlText(own.control),
    };
    const body =
      answer.body === null ? null : withShim(decoded(answer.body, headers), headers, request, shim);
    return new Response(body, { status, statusText, headers });
  } catch (error) {
    return problem(request, error instanceof PortError ? error.code : "internal");
  }
}

async function askBox(
  event: FetchEvent,
  url: URL,
  further: [string, string][],
  asker: Asker,
  body?: Body,
): Promise<Answer> {
  const { request } = event;
  const asked = await askShell(request, url, further, asker, body);
  // The worker lives as long as the body flows.
  event.waitUntil(asked.done);
  request.signal.addEventListener("abort", () => asked.cancel(), { once: true });
  const { status, statusText, headers, hasBody } = await asked.head;
  return { status, statusText, headers: new Headers(headers), body: hasBody ? asked.body : null };
}

const frames = new Set(["iframe", "frame", "embed", "object"]);
const workers = new Set(["worker", "sharedworker"]);

interface Shim {
  /** It is the script of an app's own service worker. */
  service: boolean;
  /** Who controls the page. */
  by: string;
}

/** Pages and workers get what the browser itself can't do over the connection: WebSocket and cookies. */
function withShim(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  headers: Headers,
  { destination }: Request,
  { service, by }: Shim,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const isPage = /^(text\/html|application\/xhtml\+xml)\s*(;|$)/i.test(headers.get("content-type") ?? "");
  if (workers.has(destination)) {
    headers.delete("content-length");
    return body.pipeThrough(
      service ? withWorkerShim(serviceSource, servicePath) : withWorkerShim(shimSource, shimPath),
    );
  }
  // Of UTF-16 the start would have to be written as such; hardly a page is.
  if (!isPage || !frames.has(destination) || /utf-16/i.test(headers.get("content-type") ?? "")) return body;
  const nonce = allowShim(headers, self.location.origin + shimPath);
  headers.delete("content-length");
  return body.pipeThrough(withPageShim(shimPath, nonce, by));
}

/** Asks the boot frames, the seen ones first, until one takes the request up. */
async function askShell(
  request: Request,
  url: URL,
  further: [string, string][],
  { passed }: Asker,
  given?: Body,
): Promise<Asked> {
  const reads = request.method === "GET" || request.method === "HEAD";
  const body = given ?? (reads ? null : await bodyOf(request));
  const message: RequestMessage = {
    channel,
    kind: "request",
    method: request.method,
    path: url.pathname + url.search,
    headers: [...request.headers, ...further].filter(([name]) => name !== passedHeader),
    hasBody: body !== null,
    anonymous: request.credentials === "omit",
    mode: passed?.mode ?? request.mode,
    destination: passed?.destination ?? request.destination,
    hold: true,
  };
  const askOne = (client: WindowClient): Asked => {
    const { port1, port2 } = new MessageChannel();
    const asked = ask(port1, body, { hold: true });
    client.postMessage(message, [port2]);
    return asked;
  };
  const deadline = performance.now() + bootTimeout;
  for (;;) {
    const asked = await firstAccepted(await bootFrames(), askOne);
    if (asked !== undefined) {
      asked.go();
      return asked;
    }
    if (performance.now() > deadline)
      throw new PortError("offline", "the page that holds the connection is gone");
    await new Promise((resolve) => setTimeout(resolve, bootPoll));
  }
}

/**
 * What takes a request up first is the one: each is asked a little after the one before, which may be frozen or on
 * its way out. All others are let go.
 */
async function firstAccepted(
  clients: readonly WindowClient[],
  askOne: (client: WindowClient) => Asked,
): Promise<Asked | undefined> {
  const asking: Asked[] = [];
  const taken: Promise<Asked>[] = [];
  let winner: Asked | undefined;
  for (const [i, client] of clients.entries()) {
    const asked = askOne(client);
    asking.push(asked);
    taken.push(asked.accepted.then(() => asked));
    const last = i === clients.length - 1;
    winner = await within(last ? acceptTimeout : acceptStagger, Promise.any(taken));
    if (winner !== undefined) break;
  }
  for (const asked of asking) if (asked !== winner) asked.cancel();
  return winner;
}

/** The result, unless it fails or takes longer. */
async function within<T>(ms: number, result: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
  const found = await Promise.race([result.catch(() => undefined), late]);
  clearTimeout(timer);
  return found;
}

async function bootFrames(): Promise<WindowClient[]> {
  const all = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const boots = all.filter(
    (client) => new URL(client.url).pathname === bootPath && client.frameType === "nested",
  );
  const rank = (client: WindowClient): number =>
    client.focused ? 0 : client.visibilityState === "visible" ? 1 : 2;
  return boots.sort((a, b) => rank(a) - rank(b));
}

/** Firefox gives no stream of a request's body; then it is read whole. */
async function bodyOf(request: Request): Promise<Body> {
  if (request.body !== undefined) return request.body;
  const blob = await (request as Request).blob();
  return blob.size === 0 ? null : blob.stream();
}

/** A page says what happened; anything else sees a network error, as it would without us. */
function problem(request: Request, code: string): Response {
  if (request.mode !== "navigate") return Response.error();
  const sentence = sentences[code] ?? "This page could not be opened.";
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Hearth</title><style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{display:grid;place-content:center;min-height:90vh;text-align:center;gap:1rem;margin:1rem}
a{color:inherit}</style><p>${sentence}</p><p><a href="">Try again</a></p></html>`;
  const headers = responseHeaders([["Content-Type", "text/html; charset=utf-8"]], request.destination, shell);
  return new Response(html, { status: 503, headers });
}

const sentences: Record<string, string> = {
  offline: "Your box can’t be reached right now.",
  timeout: "Your box didn’t answer.",
  revoked: "This app was closed.",
  denied: "You may not open this.",
  cut_short: "The connection broke off.",
  redirect: "This page leads somewhere it must not.",
};
