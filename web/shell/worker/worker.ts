/** The shell's service worker: the shell's pages and files come out of a verified bundle, and out of nothing else. */
import { Keeper } from "./keeper.ts";

declare const self: ServiceWorkerGlobalScope;

const channel = new BroadcastChannel("hearth-shell");
const keeper = new Keeper({
  caches,
  fetch: (input, init) => fetch(input, init),
  now: Date.now,
  location: self.location,
  onChange: (kept) => channel.postMessage(kept),
});

self.addEventListener("install", (event) => {
  event.waitUntil(keeper.install().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  const navigation = request.mode === "navigate";
  // What a page asks for as data is no part of the shell: the box's API on the loopback port, the flock's names.
  if (request.destination === "" && !navigation) return;
  event.respondWith(answer(url.pathname, navigation));
  if (navigation) event.waitUntil(keeper.check());
});

async function answer(path: string, navigation: boolean): Promise<Response> {
  try {
    return (await keeper.answer(path, navigation)) ?? new Response(null, { status: 404 });
  } catch {
    return new Response("Hearth's pages are gone from this browser, and can't be fetched just now.\n", {
      status: 503,
      headers: {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'",
      },
    });
  }
}

self.addEventListener("message", (event) => {
  if (event.data !== "status" && event.data !== "check") return;
  const look = event.data === "check" ? keeper.check() : Promise.resolve();
  event.waitUntil(
    look.then(async () => {
      const kept = await keeper.status();
      if (kept) channel.postMessage(kept);
    }),
  );
});
