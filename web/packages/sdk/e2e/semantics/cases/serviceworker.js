"use strict";
// An app's own service worker. Each case has a place of its own below /sw/; the worker is ../service.js, the page below its scope empty.

/** With a place of its own, `at`, which is cleared afterwards. */
const workerTest = (name, run) =>
  pageTest(`service-worker/${name}`, async () => {
    const at = `/sw/${id()}/`;
    try {
      await run(at);
    } finally {
      for (const frame of document.querySelectorAll(`iframe[src^="${at}"]`)) frame.remove();
      for (const registration of await navigator.serviceWorker.getRegistrations())
        if (registration.scope.includes(at)) await registration.unregister();
    }
  });
const reaches = (worker, state) =>
  new Promise((resolve) => {
    const look = () => worker.state === state && resolve(worker);
    worker.addEventListener("statechange", look);
    look();
  });
const serviceWorker = async (at, options, query = "") => {
  const registration = await navigator.serviceWorker.register(`${at}worker.js${query}`, options);
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  return { registration, worker };
};
const activated = async (at, query) => {
  const { registration, worker } = await serviceWorker(at, undefined, query);
  await reaches(worker, "activated");
  return registration;
};
const frameAt = (url) =>
  new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.onload = () => resolve(frame.contentWindow);
    frame.src = url;
    document.body.append(frame);
  });
const controlled = async (at, query) => {
  const registration = await activated(at, query);
  const view = await frameAt(`${at}page.html`);
  return { registration, view };
};
const ask = (worker, message, transfer = []) =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage(message, [port2, ...transfer]);
  });
const textOf = async (view, url, init) => (await view.fetch(url, init)).text();
const set = (at, name, value) => fetch(`${at}set?name=${name}&value=${encodeURIComponent(value)}`);

workerTest("register-default-scope: beside the script, and it is found there alone", async (at) => {
  const { registration } = await serviceWorker(at);
  equal(registration.scope, location.origin + at);
  ok(registration instanceof ServiceWorkerRegistration);
  ok((await navigator.serviceWorker.getRegistration(`${at}deep/page`)) === registration, "the same object");
  equal(await navigator.serviceWorker.getRegistration("/sw/"), undefined);
  ok((await navigator.serviceWorker.getRegistrations()).includes(registration));
});
workerTest("registration-scope: narrower is allowed, wider is not", async (at) => {
  const { registration } = await serviceWorker(at, { scope: `${at}deep/` });
  equal(registration.scope, `${location.origin}${at}deep/`);
  await rejects(
    navigator.serviceWorker.register(`${at}worker.js`, { scope: at.slice(0, -1) }),
    "SecurityError",
  );
});
workerTest("service-worker-allowed: a header allows a wider scope", async (at) => {
  const allowed = encodeURIComponent(`Service-Worker-Allowed: /sw/`);
  const { registration } = await serviceWorker(at, { scope: `/sw/wide${id()}` }, `?h=${allowed}`);
  ok(registration.scope.includes("/sw/wide"));
  await registration.unregister();
});
workerTest("registration-script: what isn't there, or isn't script, or throws, is refused", async (at) => {
  await rejects(navigator.serviceWorker.register(`${at}missing.js`), "TypeError");
  await rejects(navigator.serviceWorker.register(`${at}page.html`), "SecurityError");
  await rejects(navigator.serviceWorker.register(`${at}worker.js?do=throw`), "TypeError");
  await rejects(navigator.serviceWorker.register(`${at}worker.js?do=syntax`), "TypeError");
  await rejects(navigator.serviceWorker.register(`${at}redirect?to=worker.js`), "SecurityError");
  await rejects(navigator.serviceWorker.register("https://elsewhere.example/worker.js"), "SecurityError");
  equal(await navigator.serviceWorker.getRegistration(at), undefined);
});
workerTest("register-same-scope: the same again is the same registration", async (at) => {
  const [one, other] = await Promise.all([serviceWorker(at), serviceWorker(at)]);
  ok(one.registration === other.registration);
  ok(one.worker === other.worker);
});
workerTest("state: parsed or installing, installed, activating, activated", async (at) => {
  const { registration, worker } = await serviceWorker(at);
  const states = [worker.state];
  await new Promise((resolve) => {
    worker.onstatechange = () => states.push(worker.state) && worker.state === "activated" && resolve();
  });
  equal(states, ["installing", "installed", "activating", "activated"]);
  ok(registration.active === worker && registration.installing === null && registration.waiting === null);
  ok(worker instanceof ServiceWorker);
  ok(worker.scriptURL.endsWith("/worker.js"));
});
workerTest("oninstall-waituntil: what is waited for fails, and so does the worker", async (at) => {
  const { registration, worker } = await serviceWorker(at, undefined, "?do=failInstall");
  await reaches(worker, "redundant");
  ok(registration.active === null && registration.installing === null);
  while ((await navigator.serviceWorker.getRegistration(at)) !== undefined) await wait(20);
});
workerTest("updatefound: a registration tells of what is being installed", async (at) => {
  const registration = await navigator.serviceWorker.register(`${at}worker.js`);
  await new Promise((resolve) => (registration.onupdatefound = resolve));
  ok(registration.installing !== null);
});
workerTest("ready: when there is an active worker, and not for another scope", async (at) => {
  const view = await frameAt(`${at}page.html`);
  let early = false;
  const ready = view.navigator.serviceWorker.ready.then((registration) => ((early = true), registration));
  await wait(100);
  equal(early, false);
  const registration = await view.navigator.serviceWorker.register("worker.js");
  ok((await ready) === registration);
  ok(["activating", "activated"].includes((await ready).active.state));
});
workerTest("controller-on-load: pages opened later are controlled, those before are not", async (at) => {
  const before = await frameAt(`${at}page.html`);
  await activated(at);
  equal(before.navigator.serviceWorker.controller, null);
  equal(await textOf(before, "own"), "network own");
  const after = await frameAt(`${at}page.html`);
  equal(after.atStart, "activated");
  ok(after.navigator.serviceWorker.controller.scriptURL.endsWith(`${at}worker.js`));
  equal(await textOf(after, "own"), "worker own");
  equal(navigator.serviceWorker.controller, null);
});
workerTest("claim-fetch: claimed pages are controlled from then on", async (at) => {
  const view = await frameAt(`${at}page.html`);
  const changed = new Promise((resolve) => (view.navigator.serviceWorker.oncontrollerchange = resolve));
  await serviceWorker(at, undefined, "?do=claim");
  await changed;
  ok(view.navigator.serviceWorker.controller.scriptURL.endsWith("?do=claim"));
  equal(await textOf(view, "own"), "worker own");
});
workerTest("fetch-event: method, headers, body, mode, destination and client of a request", async (at) => {
  const { view } = await controlled(at);
  const got = await (
    await view.fetch("describe", {
      method: "POST",
      body: "söme",
      headers: { "X-Mine": "1", "Content-Type": "text/plain" },
    })
  ).json();
  equal(
    [got.method, got.mine, got.body, got.mode, got.destination, got.resulting, got.isReload],
    ["POST", "1", "söme", "cors", "", "", false],
  );
  ok(got.client.length > 10 && got.known);
  ok(got.clientUrl.endsWith("/page.html"));
});
workerTest("fetch-event: a navigation's mode and destination, and whom it becomes", async (at) => {
  await controlled(at);
  const view = await frameAt(`${at}describe?html`);
  const got = JSON.parse(view.document.body.textContent);
  equal([got.method, got.mode, got.redirect, got.client], ["GET", "navigate", "manual", ""]);
  ok(got.resulting.length > 10);
  equal(view.navigator.serviceWorker.controller.state, "activated");
});
workerTest("fetch-event-respond-with: nothing said goes to the network", async (at) => {
  const { view } = await controlled(at);
  equal(await textOf(view, "plain"), "network plain");
  equal(await textOf(view, "echo", { method: "POST", body: "unread" }), "unread");
  equal(await textOf(view, "echo?clone", { method: "POST", body: "read before" }), "read before");
});
workerTest(
  "fetch-event-respond-with: fetch(event.request) passes on method, headers and body",
  async (at) => {
    const { view } = await controlled(at);
    equal(await textOf(view, "echo?pass", { method: "POST", body: "through" }), "through");
    const body = pattern(600_000);
    const back = new Uint8Array(await (await view.fetch("echo?pass", { method: "PUT", body })).arrayBuffer());
    equal([back.length, await sum(back)], [body.length, await sum(body)]);
    equal(await textOf(view, "header?pass", { headers: { "X-Mine": "seen" } }), "seen");
  },
);
workerTest("fetch-event-network-error: a rejection, or no response, is a network error", async (at) => {
  const { view } = await controlled(at);
  for (const what of ["reject", "error", "nothing", "used"])
    equal(
      await view.fetch(`fail?${what}`).then(
        () => "answered",
        ({ name }) => name,
      ),
      "TypeError",
      what,
    );
});
workerTest("fetch-event-respond-with-readable-stream: chunks come as they are made", async (at) => {
  const { view } = await controlled(at);
  const reader = (await view.fetch("stream")).body.getReader();
  const decoder = new TextDecoder();
  equal(decoder.decode((await reader.read()).value), "one");
  await view.fetch("release");
  let rest = "";
  for (let next; !(next = await reader.read()).done;) rest += decoder.decode(next.value);
  equal(rest, "two");
});
workerTest("fetch-event-respond-with: status, headers and text of a made-up response", async (at) => {
  const { view } = await controlled(at);
  const response = await view.fetch("made");
  equal([response.status, response.headers.get("x-made"), await response.text()], [418, "yes", "made"]);
});
workerTest("navigate: a page that only the worker has, with its scripts", async (at) => {
  await controlled(at);
  const view = await frameAt(`${at}made.html`);
  equal([view.document.title, view.ran, view.document.compatMode], ["Made", "worker script", "CSS1Compat"]);
  ok(view.navigator.serviceWorker.controller !== null);
});
workerTest("navigation-redirect: fetch(event.request) of a navigation leads on", async (at) => {
  await controlled(at);
  const view = await frameAt(`${at}redirect?pass&to=page.html`);
  equal(view.location.pathname, `${at}page.html`);
  const other = await frameAt(`${at}lead`);
  equal(other.location.pathname, `${at}page.html`);
});
workerTest(
  "sandboxed resources: scripts, styles and images pass the worker with their destination",
  async (at) => {
    const { view } = await controlled(at);
    const load = (tag, attributes) =>
      new Promise((resolve, reject) => {
        const element = Object.assign(view.document.createElement(tag), attributes);
        element.onload = () => resolve(element);
        element.onerror = () => reject(new Error(tag));
        view.document.body.append(element);
      });
    await load("script", { src: "destination.js" });
    equal(view.destination, "script");
    await load("link", { rel: "stylesheet", href: "destination.css" });
    equal(view.getComputedStyle(view.document.body).getPropertyValue("--destination").trim(), "style");
    equal((await load("img", { src: "destination.svg" })).naturalWidth, 5);
  },
);
workerTest("worker-interception: a dedicated worker's script and requests", async (at) => {
  const { view } = await controlled(at);
  const worker = new view.Worker("dedicated.js");
  equal(await new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data))), [
    "worker",
    "worker own",
  ]);
  worker.terminate();
});
workerTest("fetch-cors-xhr: XMLHttpRequest is asked about, too", async (at) => {
  const { view } = await controlled(at);
  equal(
    await new Promise((resolve) => {
      const request = new view.XMLHttpRequest();
      request.onload = () => resolve(request.responseText);
      request.open("GET", "own");
      request.send();
    }),
    "worker own",
  );
});
workerTest("fetch-event-abort: a page may give up waiting for the worker", async (at) => {
  const { view } = await controlled(at);
  const abort = new view.AbortController();
  const failed = view.fetch("hang", { signal: abort.signal }).catch(({ name }) => name);
  await wait(100);
  abort.abort();
  equal(await failed, "AbortError");
});
workerTest("postmessage: to the worker with a port, and back to the page that asked", async (at) => {
  const { view } = await controlled(at);
  const { controller } = view.navigator.serviceWorker;
  equal(await ask(controller, { what: "echo", value: { deep: [1, "é"] } }), { deep: [1, "é"] });
  const heard = new Promise((resolve) => (view.navigator.serviceWorker.onmessage = resolve));
  controller.postMessage({ what: "source" });
  const event = await heard;
  equal([event.data.url, event.data.type, event.origin], [view.location.href, "window", location.origin]);
  ok(event.source === controller, "it comes from that worker");
});
workerTest("postmessage-to-client-message-queue: early messages wait for the page", async (at) => {
  await controlled(at);
  const view = await frameAt(`${at}greeted.html`);
  equal(await view.greeting, "welcome");
});
workerTest("clients-matchall: the controlled, and with includeUncontrolled all", async (at) => {
  const { view, registration } = await controlled(at);
  const urls = (query) => ask(registration.active, { what: "clients", query });
  equal(await urls(), [view.location.href]);
  const all = await urls({ includeUncontrolled: true });
  ok(all.includes(view.location.href) && all.includes(location.href), all.join());
  ok(!all.some((url) => url.includes("/.hearth/")), "none but the app's own");
  const second = await frameAt(`${at}page.html?2`);
  equal((await urls()).sort(), [view.location.href, second.location.href]);
});
workerTest("windowclient-navigate: the worker moves a page", async (at) => {
  const { view, registration } = await controlled(at);
  const element = view.frameElement;
  const loaded = new Promise((resolve) => (element.onload = resolve));
  const moved = await ask(registration.active, {
    what: "navigate",
    from: view.location.href,
    to: `${at}page.html?moved`,
  });
  await loaded;
  ok(moved.endsWith("?moved"), moved);
  equal(element.contentWindow.location.search, "?moved");
});
workerTest("caches: both see the same, and an offline page is answered from them", async (at) => {
  const { view } = await controlled(at, "?do=precache");
  equal(await textOf(view, "kept"), "network kept");
  await set(at, "broken", "1");
  equal((await fetch(`${at}kept`)).status, 503);
  equal(await textOf(view, "kept"), "network kept");
  const again = await frameAt(`${at}page.html`);
  equal(again.atStart, "activated");
  const name = (await caches.keys()).find((each) => each.includes(at));
  ok((await (await caches.open(name)).keys()).length === 2);
  equal(await (await caches.match(`${at}kept`)).text(), "network kept");
});
workerTest("cache-storage-keys: whoever clears what it doesn't know finds only its own", async (at) => {
  const mine = `mine-${id()}`;
  await caches.open(mine);
  const names = await caches.keys();
  ok(names.includes(mine));
  equal(
    names.filter((name) => name.startsWith("hearth-")),
    [],
  );
  await caches.delete(mine);
});
workerTest("update: the same bytes are no update, others are, and wait for the pages", async (at) => {
  const { view, registration } = await controlled(at);
  const first = registration.active;
  await registration.update();
  ok(registration.installing === null && registration.waiting === null);
  await set(at, "version", "2");
  await registration.update();
  const second = registration.installing ?? registration.waiting;
  await reaches(second, "installed");
  ok(registration.active === first && registration.waiting === second);
  equal(await textOf(view, "version"), "1");
  view.frameElement.remove();
  await reaches(second, "activated");
  equal(first.state, "redundant");
  equal(await textOf(await frameAt(`${at}page.html`), "version"), "2");
});
workerTest("update-import-scripts: a changed import is an update", async (at) => {
  const { registration } = await controlled(at);
  await set(at, "imported", "other");
  await registration.update();
  await reaches(registration.installing ?? registration.waiting, "installed");
});
workerTest("skip-waiting: the new one takes over pages that are open", async (at) => {
  const { view, registration } = await controlled(at);
  await set(at, "version", "3");
  const changed = new Promise((resolve) =>
    view.navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }),
  );
  await registration.update();
  const second = registration.installing ?? registration.waiting;
  await reaches(second, "installed");
  second.postMessage({ what: "skip" });
  await changed;
  ok(view.navigator.serviceWorker.controller.scriptURL === second.scriptURL);
  await reaches(second, "activated");
  equal(await textOf(view, "version"), "3");
});
workerTest("unregister: its pages keep it, others don't get it", async (at) => {
  const { view, registration } = await controlled(at);
  equal(await registration.unregister(), true);
  equal(await navigator.serviceWorker.getRegistration(at), undefined);
  equal(await textOf(view, "own"), "worker own");
  const after = await frameAt(`${at}page.html`);
  equal(after.navigator.serviceWorker.controller, null);
  equal(await textOf(after, "own"), "network own");
  equal(await registration.unregister(), false);
});
workerTest("ServiceWorkerGlobalScope: what it has and what it hasn't", async (at) => {
  const { active } = await activated(at);
  const got = await ask(active, { what: "scope" });
  equal(got.missing, []);
  equal(got.surplus, []);
  equal(got.location, [`${location.origin}${at}worker.js`, `${location.origin}${at}worker.js`, ""]);
  equal(
    [got.scope, got.isScope, got.state, got.script],
    [location.origin + at, true, "activated", active.scriptURL],
  );
});
workerTest("extendable-event-waituntil: too late is an InvalidStateError", async (at) => {
  const { active } = await activated(at);
  equal(await ask(active, { what: "late" }), "InvalidStateError");
});
workerTest("import-scripts: what was imported is there, by its own address", async (at) => {
  const { active } = await activated(at);
  equal(await ask(active, { what: "imported" }), "imported");
});
workerTest("module: type module has imports", async (at) => {
  const registration = await navigator.serviceWorker.register(`${at}module.js`, { type: "module" });
  await reaches(registration.installing ?? registration.waiting ?? registration.active, "activated");
  equal(await ask(registration.active, { what: "echo", value: 1 }), 1);
});
workerTest("websocket-in-service-worker: it reaches its server", async (at) => {
  const { active } = await activated(at);
  equal(await ask(active, { what: "socket" }), "hello");
});
workerTest("indexeddb: page and worker share a database", async (at) => {
  const { active } = await activated(at);
  const name = `db-${id()}`;
  equal(await ask(active, { what: "database", name }), "kept");
  const got = await new Promise((resolve, reject) => {
    const open = indexedDB.open(name);
    open.onerror = reject;
    open.onsuccess = () => {
      const get = open.result.transaction("things").objectStore("things").get(1);
      get.onsuccess = () => (open.result.close(), resolve(get.result));
    };
  });
  equal(got, "value");
  indexedDB.deleteDatabase(name);
});
