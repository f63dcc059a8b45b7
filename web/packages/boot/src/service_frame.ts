/** What hosting an app's service workers takes of a browser: the boot frame's workers, Cache storage, and our own service worker. */
import { channel, isOurs } from "@hearth/sdk/app-protocol";
import { Refusal, ServiceHost, type Surroundings, type Wants } from "./service_host.ts";
import {
  hostChannel,
  hostLock,
  passedHeader,
  registryPath,
  scriptKey,
  serviceCache,
  servicePrefix,
  type FromPage,
  type FromService,
  type RegistrationFacts,
  type ToBoot,
  type ToService,
  type ToWorker,
} from "./service_protocol.ts";
import type { Kept, KeptVersion, Running } from "./service_registration.ts";

/** For a script to load and run. */
const startTimeout = 60_000;
/** For what `install` and `activate` wait for; browsers have 5 minutes. */
const eventTimeout = 300_000;

const toWorker = (message: ToWorker, transfer: Transferable[] = []): void =>
  navigator.serviceWorker.controller?.postMessage({ channel, kind: "service", ...message }, transfer);

/** Our service worker's answer. */
function askWorker<T>(message: ToWorker): Promise<T> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<T>) => {
      resolve(data);
      port1.close();
    };
    toWorker(message, [port2]);
  });
}

function start({ id, script, type }: KeptVersion, facts: RegistrationFacts, wants: Wants): Running {
  const worker = new Worker(`${script}${servicePrefix}${id}`, { type });
  const { port1: port, port2 } = new MessageChannel();
  const ran = new Map<number, (ok: boolean) => void>();
  let number = 0;
  const post = (message: ToService, transfer: Transferable[] = []): void =>
    port.postMessage(message, transfer);
  const call = async ({ id, call }: Extract<FromService, { k: "call" }>): Promise<void> => {
    try {
      post({ k: "reply", id, value: await wants.call(call) });
    } catch (error) {
      const { name, message } = error as Error;
      post({ k: "reply", id, refused: { name, message } });
    }
  };
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (): void => {
      worker.terminate();
      reject(new Refusal("TypeError", "The service worker's script doesn't load, or throws."));
    };
    const timer = setTimeout(fail, startTimeout);
    let begun = false;
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (!begun) fail();
    });
    port.onmessage = ({ data, ports }: MessageEvent<FromService>) => {
      switch (data.k) {
        case "ready":
          clearTimeout(timer);
          begun = true;
          if (data.failed) fail();
          else resolve();
          break;
        case "ran":
          ran.get(data.id)?.(data.ok);
          ran.delete(data.id);
          break;
        case "call":
          void call(data);
          break;
        case "post":
          wants.post(data.client, data.data, ports);
          break;
      }
    };
  });
  worker.postMessage({ k: "begin", version: id, facts } satisfies ToService, [port2]);
  return {
    ready,
    post,
    run: (what) => {
      const id = ++number;
      return new Promise((resolve) => {
        setTimeout(() => resolve(false), eventTimeout);
        ran.set(id, resolve);
        post({ k: "run", id, what });
      });
    },
  };
}

const isScript = /^(text|application)\/(x-)?(java|ecma)script\s*(;|$)/i;

const surroundings: Surroundings = {
  origin: location.origin,
  start,
  async fetchScript(url, cache, main) {
    const headers: Record<string, string> = {
      [passedHeader]: `same-origin ${main ? "serviceworker" : "script"}`,
    };
    if (main) headers["Service-Worker"] = "script";
    const response = await fetch(url, { cache, headers, redirect: main ? "manual" : "follow" }).catch(() => {
      throw new Refusal("TypeError", "The service worker's script can't be fetched.");
    });
    if (response.type === "opaqueredirect")
      throw new Refusal("SecurityError", "The service worker's script is behind a redirect.");
    if (!response.ok)
      throw new Refusal(
        "TypeError",
        `A bad HTTP response code (${response.status}) for the service worker's script.`,
      );
    if (!isScript.test(response.headers.get("content-type") ?? ""))
      throw new Refusal("SecurityError", "The service worker's script has an unsupported MIME type.");
    return { body: await response.clone().text(), response };
  },
  async keepScript(version, url, { response }) {
    await (await caches.open(serviceCache)).put(scriptKey(version, url), response.clone());
  },
  async scripts(version) {
    const cache = await caches.open(serviceCache);
    const prefix = location.origin + scriptKey(version, "");
    const found: [string, string][] = [];
    for (const { url } of await cache.keys()) {
      if (!url.startsWith(prefix)) continue;
      const text = await (await cache.match(url))?.text();
      if (text !== undefined) found.push([decodeURIComponent(url.slice(prefix.length)), text]);
    }
    return found;
  },
  async load() {
    const kept = await caches.match(registryPath, { cacheName: serviceCache });
    return kept === undefined ? [] : ((await kept.json()) as Kept[]);
  },
  async save(kept, isNeeded) {
    const cache = await caches.open(serviceCache);
    await cache.put(registryPath, new Response(JSON.stringify(kept)));
    const of = new RegExp(`^${location.origin}${registryPath}/([^?]*)\\?`);
    for (const request of await cache.keys()) {
      const version = of.exec(request.url)?.[1];
      if (version !== undefined && !isNeeded(version)) await cache.delete(request);
    }
  },
  clients: () => askWorker({ k: "clients" }),
  move: (client, url) => askWorker({ k: "move", client, ...(url === undefined ? {} : { url }) }),
  tell: (asks) => toWorker({ k: "asks", asks }),
  after: (ms, then) => void setTimeout(then, ms),
};

/** Of all tabs one boot frame hosts. What is registered stays; when that tab goes, another takes over, and the workers start anew. */
export function hostServices(): void {
  let host: ServiceHost | undefined;
  void navigator.locks.request(hostLock, () => {
    host = new ServiceHost(surroundings);
    new BroadcastChannel(hostChannel).postMessage("here");
    return new Promise(() => undefined);
  });
  navigator.serviceWorker.addEventListener("message", ({ data, ports }: MessageEvent) => {
    if (!isOurs(data) || data.kind !== "service") return;
    const message = data as unknown as ToBoot;
    const [first, second] = ports;
    if (first === undefined) return;
    if (message.k === "host?") {
      first.postMessage(host !== undefined);
    } else if (message.k === "page") {
      const take = host?.connect(message.client, message.hello, (said, transfer = []) =>
        first.postMessage(said, [...transfer]),
      );
      first.onmessage = (event: MessageEvent<FromPage>) => take?.(event.data, event.ports);
      first.addEventListener("close", () => take?.({ k: "bye" }, []));
    } else if (second !== undefined) {
      const { request } = message;
      const refuse = (): void => second.postMessage({ k: "fail", code: "not_handled", message: "not asked" });
      const none = (): void => first.postMessage(null);
      if (host === undefined) return none();
      const hosting = host;
      void hosting.whose(request).then((control) => {
        first.postMessage(control);
        if (control !== null) hosting.serve(request, second).catch(refuse);
      }, none);
    }
  });
}
