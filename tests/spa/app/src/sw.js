import { clientsClaim } from "workbox-core";
import { createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { NetworkFirst } from "workbox-strategies";

self.skipWaiting();
clientsClaim();
precacheAndRoute(self.__WB_MANIFEST);
registerRoute(new NavigationRoute(createHandlerBoundToURL("/index.html"), { denylist: [/^\/(admin|control|asked)/] }));
registerRoute(({ url }) => url.pathname === "/from-worker", () => new Response("the worker says so"));
registerRoute(({ url }) => url.pathname === "/now", new NetworkFirst({ cacheName: "now" }));

self.addEventListener("message", async (event) => {
  if (event.data?.type === "VERSION") event.ports[0].postMessage(__VERSION__);
  if (event.data?.type === "WHO")
    for (const client of await self.clients.matchAll()) client.postMessage({ you: client.url });
});
