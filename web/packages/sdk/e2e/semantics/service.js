// The service worker of the cases in cases/serviceworker.js: what is asked of it, it does.
const what = new URL(location.href).searchParams.get("do");
const path = registration.scope.replace(location.origin, "");
if (what === "throw") throw new Error("as asked");
self.handlers || importScripts("imported.js");

const release = [];

addEventListener("install", (event) => {
  if (what === "failInstall") event.waitUntil(Promise.reject(new Error("as asked")));
  if (what === "precache")
    event.waitUntil(caches.open(`kept ${path}`).then((cache) => cache.addAll(["kept", "page.html"])));
});
self.onactivate = (event) => {
  if (what === "claim") event.waitUntil(clients.claim());
};

const describe = async (event) => {
  const { request, clientId, resultingClientId } = event;
  const client = await clients.get(clientId);
  return {
    method: request.method,
    mine: request.headers.get("x-mine"),
    body: request.method === "POST" ? await request.text() : "",
    mode: request.mode,
    destination: request.destination,
    redirect: request.redirect,
    isReload: request.isReloadNavigation ?? false,
    client: clientId,
    clientUrl: client?.url,
    known: client instanceof WindowClient,
    resulting: resultingClientId,
  };
};
const typed = (type, text) => new Response(text, { headers: { "Content-Type": type } });
const html = (title, body = "") =>
  typed("text/html", `<!doctype html><html><head><title>${title}</title></head><body>${body}</body></html>`);

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const name = url.pathname.split("/").at(-1);
  const respond = (work) => event.respondWith(work);
  if (what === "precache") return respond(caches.match(request).then((kept) => kept ?? fetch(request)));
  if (url.searchParams.has("pass")) return respond(fetch(request));
  if (url.searchParams.has("clone")) return void request.clone().text();
  switch (name) {
    case "own":
      return respond(new Response("worker own"));
    case "version":
      return respond(new Response(self.version));
    case "describe":
      return respond(
        describe(event).then((all) =>
          url.search === "?html"
            ? html("Describe", JSON.stringify(all))
            : typed("application/json", JSON.stringify(all)),
        ),
      );
    case "fail":
      if (url.search === "?reject") return respond(Promise.reject(new Error("as asked")));
      if (url.search === "?error") return respond(Response.error());
      if (url.search === "?nothing") return respond(Promise.resolve(undefined));
      const used = new Response("used");
      return respond(used.text().then(() => used));
    case "stream":
      return respond(
        new Response(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(new TextEncoder().encode("one"));
              await new Promise((resolve) => release.push(resolve));
              controller.enqueue(new TextEncoder().encode("two"));
              controller.close();
            },
          }),
        ),
      );
    case "release":
      for (const each of release.splice(0)) each();
      return respond(new Response("released"));
    case "made":
      return respond(new Response("made", { status: 418, headers: { "X-Made": "yes" } }));
    case "made.html":
      return respond(html("Made", `<script src="made.js"></script>`));
    case "made.js":
      return respond(typed("text/javascript", `window.ran = "worker script";`));
    case "lead":
      return respond(Response.redirect(`${path}page.html`, 302));
    case "destination.js":
      return respond(
        typed("text/javascript", `window.destination = ${JSON.stringify(request.destination)};`),
      );
    case "destination.css":
      return respond(typed("text/css", `body { --destination: ${request.destination}; }`));
    case "destination.svg":
      return respond(
        typed(
          "image/svg+xml",
          `<svg xmlns="http://www.w3.org/2000/svg" width="${request.destination.length}" height="5"/>`,
        ),
      );
    case "dedicated.js":
      return respond(
        typed(
          "text/javascript",
          `fetch("own").then((r) => r.text()).then((text) => postMessage([${JSON.stringify(request.destination)}, text]));`,
        ),
      );
    case "hang":
      return respond(new Promise(() => undefined));
    case "greeted.html":
      event.waitUntil(
        (async () => {
          for (let i = 0; i < 50; ++i) {
            const client = await clients.get(event.resultingClientId);
            if (client !== undefined) return client.postMessage("welcome");
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        })(),
      );
      return respond(
        html(
          "Greeted",
          `<script>window.greeting = new Promise((resolve) => navigator.serviceWorker.addEventListener("message", ({ data }) => resolve(data)));</script>`,
        ),
      );
  }
});

const wanted = [
  "clients",
  "registration",
  "skipWaiting",
  "caches",
  "indexedDB",
  "importScripts",
  "serviceWorker",
  "fetch",
]
  .concat([
    "oninstall",
    "onactivate",
    "onfetch",
    "onmessage",
    "ExtendableEvent",
    "FetchEvent",
    "InstallEvent",
  ])
  .concat([
    "ExtendableMessageEvent",
    "Client",
    "Clients",
    "WindowClient",
    "ServiceWorker",
    "crypto",
    "navigator",
  ]);
const unwanted = [
  "window",
  "document",
  "localStorage",
  "XMLHttpRequest",
  "Worker",
  "postMessage",
  "close",
  "name",
].concat("DedicatedWorkerGlobalScope");

self.onmessage = (event) => {
  const { data, ports, source } = event;
  const reply = (value) => ports[0].postMessage(value);
  switch (data.what) {
    case "echo":
      return reply(data.value);
    case "source":
      return source.postMessage({ url: source.url, type: source.type });
    case "skip":
      return event.waitUntil(skipWaiting());
    case "clients":
      return event.waitUntil(
        clients.matchAll(data.query).then((all) => reply(Array.from(all, ({ url }) => url))),
      );
    case "navigate":
      return event.waitUntil(
        clients
          .matchAll()
          .then((all) => all.find(({ url }) => url === data.from).navigate(data.to))
          .then(
            ({ url }) => reply(url),
            (error) => reply(String(error)),
          ),
      );
    case "scope":
      return reply({
        missing: wanted.filter((each) => !(each in self)),
        surplus: unwanted.filter((each) => each in self),
        location: [location.href, String(location), location.hash],
        scope: registration.scope,
        isScope: self instanceof ServiceWorkerGlobalScope,
        state: serviceWorker.state,
        script: serviceWorker.scriptURL,
      });
    case "late":
      return setTimeout(() => {
        try {
          event.waitUntil(Promise.resolve());
          reply("accepted");
        } catch ({ name }) {
          reply(name);
        }
      }, 100);
    case "imported":
      return reply(self.imported);
    case "socket": {
      const socket = new WebSocket(`${origin.replace("http", "ws")}/ws/echo`);
      socket.onopen = () => socket.send("hello");
      socket.onmessage = ({ data }) => (reply(data), socket.close());
      return;
    }
    case "database": {
      const open = indexedDB.open(data.name, 1);
      open.onupgradeneeded = () => open.result.createObjectStore("things").put("value", 1);
      open.onsuccess = () => (open.result.close(), reply("kept"));
    }
  }
};
