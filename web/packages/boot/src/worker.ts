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
import { redirectTarget, responseHeaders } from "./policy.ts";

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
  if (isOurs(event.data) && event.data.kind === "claim") event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
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
  try {
    const asked = await askShell(request, url);
    // The worker lives as long as the body flows.
    event.waitUntil(asked.done);
    const onAbort = (): void => asked.cancel();
    request.signal.addEventListener("abort", onAbort, { once: true });
    const head = await asked.head;
    if (head.status >= 300 && head.status < 400 && head.status !== 304) {
      const location = new Headers(head.headers).get("location");
      const target = redirectTarget(location, request.url);
      void asked.body.cancel().catch(() => undefined);
      return target === undefined ? problem(request, "redirect") : Response.redirect(target, head.status);
    }
    return new Response(head.hasBody ? asked.body : null, {
      status: head.status,
      statusText: head.statusText,
      headers: responseHeaders(head.headers, request.destination, shell),
    });
  } catch (error) {
    return problem(request, error instanceof PortError ? error.code : "internal");
  }
}

/** Asks each boot frame in turn, the seen ones first, until one takes the request up. */
async function askShell(request: Request, url: URL): Promise<Asked> {
  const message: RequestMessage = {
    channel,
    kind: "request",
    method: request.method,
    path: url.pathname + url.search,
    headers: [...request.headers],
    hasBody: request.method !== "GET" && request.method !== "HEAD",
  };
  const body = message.hasBody ? await bodyOf(request) : null;
  const deadline = performance.now() + bootTimeout;
  for (;;) {
    for (const client of await bootFrames()) {
      const { port1, port2 } = new MessageChannel();
      const asked = ask(port1, body);
      client.postMessage(message, [port2]);
      if (await accepted(asked)) return asked;
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
  return blob.stream();
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
