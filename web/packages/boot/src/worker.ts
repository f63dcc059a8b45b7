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

/** Of shim.ts, as it was built. */
declare const shimSource: string;
const shimPath = "/.hearth/shim.js";

declare const self: ServiceWorkerGlobalScope;

const shell = shellOrigin(self.location);
/** A boot frame that doesn't take a request up by then is frozen or gone; another tab's may live. */
const acceptTimeout = 1000;
/** After a reload the boot frame needs a moment to come back. */
const bootTimeout = 10_000;
const bootPoll = 100;

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  const { data, ports } = event;
  if (!isOurs(data)) return;
  if (data.kind === "claim") event.waitUntil(self.clients.claim());
  if (data.kind === "cache" && "name" in data && typeof data.name === "string") {
    useCache(data.name);
    ports[0]?.postMessage("done");
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin === self.location.origin && url.pathname === shimPath) {
    event.respondWith(new Response(shimSource, { headers: { "Content-Type": "text/javascript" } }));
    return;
  }
  // The policy of the pages forbids other origins; ours is served by the web server itself.
  if (url.origin !== self.location.origin || url.pathname.startsWith("/.hearth/")) return;
  if (request.mode === "navigate" && request.destination === "document") {
    event.respondWith(Response.redirect(shellUrl(url), 302));
    return;
  }
  event.respondWith(serve(event, url));
});

async function serve(event: FetchEvent, url: URL): Promise<Response> {
  const { request } = event;
  const later = (work: Promise<unknown>): void => event.waitUntil(work);
  try {
    const answer = await throughCache(request, (further) => askBox(event, url, further), later);
    const location = answer.headers.get("location");
    if ([301, 302, 303, 307, 308].includes(answer.status) && location !== null) {
      const target = redirectTarget(location, request.url);
      void answer.body?.cancel().catch(() => undefined);
      return target === undefined ? problem(request, "redirect") : Response.redirect(target, answer.status);
    }
    const { status, statusText } = answer;
    const headers = responseHeaders([...answer.headers], request.destination, shell);
    const body = answer.body === null ? null : withShim(decoded(answer.body, headers), headers, request);
    return new Response(body, { status, statusText, headers });
  } catch (error) {
    return problem(request, error instanceof PortError ? error.code : "internal");
  }
}

async function askBox(event: FetchEvent, url: URL, further: [string, string][]): Promise<Answer> {
  const { request } = event;
  const asked = await askShell(request, url, further);
  // The worker lives as long as the body flows.
  event.waitUntil(asked.done);
  request.signal.addEventListener("abort", () => asked.cancel(), { once: true });
  const { status, statusText, headers, hasBody } = await asked.head;
  return { status, statusText, headers: new Headers(headers), body: hasBody ? asked.body : null };
}

const frames = new Set(["iframe", "frame", "embed", "object"]);
const workers = new Set(["worker", "sharedworker"]);

/** Pages and workers get what the browser itself can't do over the connection: WebSocket and cookies. */
function withShim(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  headers: Headers,
  { destination }: Request,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const isPage = /^(text\/html|application\/xhtml\+xml)\s*(;|$)/i.test(headers.get("content-type") ?? "");
  if (workers.has(destination)) {
    headers.delete("content-length");
    return body.pipeThrough(withWorkerShim(shimSource, shimPath));
  }
  // Of UTF-16 the start would have to be written as such; hardly a page is.
  if (!isPage || !frames.has(destination) || /utf-16/i.test(headers.get("content-type") ?? "")) return body;
  const nonce = allowShim(headers, self.location.origin + shimPath);
  headers.delete("content-length");
  return body.pipeThrough(withPageShim(shimPath, nonce));
}

/** Asks each boot frame in turn, the seen ones first, until one takes the request up. */
async function askShell(request: Request, url: URL, further: [string, string][]): Promise<Asked> {
  const body = request.method === "GET" || request.method === "HEAD" ? null : await bodyOf(request);
  const message: RequestMessage = {
    channel,
    kind: "request",
    method: request.method,
    path: url.pathname + url.search,
    headers: [...request.headers, ...further],
    hasBody: body !== null,
    anonymous: request.credentials === "omit",
    mode: request.mode,
    destination: request.destination,
    hold: true,
  };
  const deadline = performance.now() + bootTimeout;
  for (;;) {
    for (const client of await bootFrames()) {
      const { port1, port2 } = new MessageChannel();
      const asked = ask(port1, body, { hold: true });
      client.postMessage(message, [port2]);
      if (await accepted(asked)) {
        asked.go();
        return asked;
      }
      asked.cancel();
    }
    if (performance.now() > deadline)
      throw new PortError("offline", "the page that holds the connection is gone");
    await new Promise((resolve) => setTimeout(resolve, bootPoll));
  }
}

async function accepted(asked: Asked): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), acceptTimeout)));
  const taken = asked.accepted.then(
    () => true,
    () => false,
  );
  const result = await Promise.race([taken, late]);
  clearTimeout(timer);
  return result;
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
async function bodyOf(request: Request): Promise<ReadableStream<Uint8Array> | null> {
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
