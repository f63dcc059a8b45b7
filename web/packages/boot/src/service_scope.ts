/**
 * Makes a dedicated worker look like a service worker to the app's code that follows: events, `clients`, `registration`,
 * `skipWaiting`, and nothing that a service worker hasn't. Its own requests go to the box and not to itself: our service worker
 * knows it by its address.
 */
import { answer, type Asking } from "@hearth/sdk/port-exchange";
import { NavigationPreloadManager } from "./navigation_preload.ts";
import {
  passedHeader,
  redirectHeader,
  type ClientFacts,
  type FromService,
  type RegistrationFacts,
  type ServiceCall,
  type ServiceRequest,
  type ToService,
  type WorkerFacts,
  type WorkerState,
} from "./service_protocol.ts";

type Handler = (event: Event) => unknown;

/** `on…` for each of these events, as the web has it: called in the place where the first was set. */
function handlers(target: EventTarget, ...types: string[]): void {
  for (const type of types) {
    let handler: Handler | null = null;
    let listens = false;
    Object.defineProperty(target, `on${type}`, {
      configurable: true,
      enumerable: true,
      get: () => handler,
      set: (value: unknown) => {
        handler = typeof value === "function" ? (value as Handler) : null;
        if (!listens) target.addEventListener(type, (event) => handler?.call(target, event));
        listens = true;
      },
    });
  }
}

/** What is used of a dedicated worker's. */
interface Scope extends EventTarget {
  origin: string;
  location: Location;
  close(): void;
  fetch: typeof fetch;
}

interface ClientQueryOptions {
  includeUncontrolled?: boolean;
  type?: string;
}

export function installServiceScope(scope: object): void {
  const self = scope as Scope;
  const origin = self.origin;
  const script = self.location.href.replace(/#.*$/, "");
  const closeWorker = self.close.bind(self);
  const fetchNatively = self.fetch.bind(self);
  const early: [FromService, Transferable[]][] = [];
  const waiting = new Map<number, (reply: Extract<ToService, { k: "reply" }>) => void>();
  let port: MessagePort | undefined;
  let state: WorkerState = "parsed";
  let facts: RegistrationFacts | undefined;
  let me = "";
  let number = 0;
  /** Events that aren't over, and answers on their way. */
  let open = 0;
  let ending = false;

  const post = (message: FromService, transfer: Transferable[] = []): void =>
    port === undefined ? void early.push([message, transfer]) : port.postMessage(message, transfer);
  const call = <T>(what: ServiceCall): Promise<T> => {
    const id = ++number;
    return new Promise((resolve, reject) => {
      waiting.set(id, ({ value, refused }) => {
        waiting.delete(id);
        if (refused === undefined) resolve(value as T);
        else if (refused.name === "TypeError") reject(new TypeError(refused.message));
        else reject(new DOMException(refused.message, refused.name));
      });
      post({ k: "call", id, call: what });
    });
  };
  const close = (): void => {
    if (--open === 0 && ending) closeWorker();
  };

  class ExtendableEvent extends Event {
    #open = 0;
    #failed = false;
    #settled = Promise.withResolvers<boolean>();
    waitUntil(work: unknown): void {
      if (this.eventPhase === Event.NONE && this.#open === 0)
        throw new DOMException("The event is over.", "InvalidStateError");
      ++this.#open;
      Promise.resolve(work)
        .catch(() => (this.#failed = true))
        // What a later reaction of the same promise still asks to wait for counts.
        .then(() => undefined)
        .then(() => {
          if (--this.#open === 0 && this.eventPhase === Event.NONE) this.#settled.resolve(!this.#failed);
        });
    }
    /** Dispatches; false when something that was waited for failed. */
    static async run(event: ExtendableEvent): Promise<boolean> {
      ++open;
      self.dispatchEvent(event);
      if (event.#open === 0) event.#settled.resolve(true);
      const ok = await event.#settled.promise;
      close();
      return ok;
    }
  }

  class InstallEvent extends ExtendableEvent {}

  class FetchEvent extends ExtendableEvent {
    readonly request: Request;
    readonly clientId: string;
    readonly resultingClientId: string;
    readonly replacesClientId = "";
    readonly preloadResponse = Promise.resolve(undefined);
    readonly #handled = Promise.withResolvers<undefined>();
    readonly handled = this.#handled.promise;
    #answer: Promise<unknown> | undefined;

    constructor(
      type: string,
      init: { request: Request; clientId?: string; resultingClientId?: string } & EventInit,
    ) {
      super(type, init);
      this.request = init.request;
      this.clientId = init.clientId ?? "";
      this.resultingClientId = init.resultingClientId ?? "";
      this.handled.catch(() => undefined);
    }
    respondWith(response: unknown): void {
      if (this.eventPhase === Event.NONE)
        throw new DOMException("The event handler is already finished.", "InvalidStateError");
      if (this.#answer !== undefined)
        throw new DOMException("respondWith() was already called.", "InvalidStateError");
      this.stopImmediatePropagation();
      this.#answer = Promise.resolve(response);
      this.waitUntil(this.#answer.catch(() => undefined));
    }
    /** What it was answered with; undefined: nothing. Throws what becomes a network error. */
    static async answer(event: FetchEvent): Promise<Response | undefined> {
      const failed = (): Error => Object.assign(new Error("no response"), { code: "network" });
      if (event.#answer === undefined) {
        event.#handled.resolve(undefined);
        if (event.defaultPrevented) throw failed();
        return undefined;
      }
      const response = await event.#answer.catch(() => undefined);
      if (
        !(response instanceof Response) ||
        response.type === "error" ||
        response.bodyUsed ||
        response.body?.locked
      ) {
        event.#handled.reject(new TypeError("The response was not one that can be used."));
        throw failed();
      }
      event.#handled.resolve(undefined);
      return response;
    }
  }

  class Client {
    readonly id: string;
    readonly url: string;
    readonly type: string;
    readonly frameType: string;
    constructor({ id, url, type, frameType }: ClientFacts) {
      this.id = id;
      this.url = url;
      this.type = type;
      this.frameType = frameType;
    }
    postMessage(data: unknown, options: Transferable[] | StructuredSerializeOptions = []): void {
      const transfer = Array.isArray(options) ? options : (options.transfer ?? []);
      post({ k: "post", client: this.id, data }, transfer);
    }
  }

  class WindowClient extends Client {
    readonly focused: boolean;
    readonly visibilityState: string;
    readonly ancestorOrigins: string[] = [];
    constructor(is: ClientFacts) {
      super(is);
      this.focused = is.focused;
      this.visibilityState = is.visibilityState;
    }
    async focus(): Promise<WindowClient> {
      const found = await call<ClientFacts | null>({ name: "move", client: this.id });
      if (found === null) throw new TypeError("The page can't be focused.");
      return new WindowClient(found);
    }
    async navigate(url: string | URL): Promise<WindowClient | null> {
      const target = new URL(url, script);
      if (target.origin !== origin) throw new TypeError("An app's pages stay on its origin.");
      const found = await call<ClientFacts | null>({ name: "move", client: this.id, url: target.href });
      if (found === null) throw new TypeError("The page can't be moved.");
      return new WindowClient(found);
    }
  }
  const clientOf = (is: ClientFacts): Client =>
    is.type === "window" ? new WindowClient(is) : new Client(is);

  const allClients = (uncontrolled: boolean, type: string): Promise<ClientFacts[]> =>
    call({ name: "clients", uncontrolled, type });
  class Clients {
    async matchAll({ includeUncontrolled = false, type = "window" }: ClientQueryOptions = {}): Promise<
      Client[]
    > {
      return (await allClients(includeUncontrolled, type)).map(clientOf);
    }
    async get(id: string): Promise<Client | undefined> {
      const found = (await allClients(true, "all")).find((each) => each.id === id);
      return found && clientOf(found);
    }
    claim(): Promise<void> {
      return call({ name: "claim" });
    }
    openWindow(): Promise<never> {
      return Promise.reject(new TypeError("An app's worker opens no windows."));
    }
  }

  class ExtendableMessageEvent extends ExtendableEvent {
    readonly origin: string;
    readonly lastEventId = "";
    readonly data: unknown;
    readonly source: unknown;
    readonly ports: readonly MessagePort[];
    constructor(
      type: string,
      init: {
        data?: unknown;
        origin?: string;
        source?: unknown;
        ports?: readonly MessagePort[];
      } & EventInit = {},
    ) {
      super(type, init);
      this.data = init.data ?? null;
      this.origin = init.origin ?? "";
      this.source = init.source ?? null;
      this.ports = init.ports ?? [];
    }
  }

  class ServiceWorker extends EventTarget {
    readonly #id: string;
    readonly scriptURL: string;
    constructor({ id, script }: WorkerFacts) {
      super();
      this.#id = id;
      this.scriptURL = script;
      handlers(this, "statechange", "error");
    }
    get state(): WorkerState {
      if (this.#id === me) return state;
      const known = [facts?.installing, facts?.waiting, facts?.active].find((each) => each?.id === this.#id);
      return known?.state ?? "redundant";
    }
    postMessage(data: unknown): void {
      if (this.#id !== me) throw new DOMException("Another version can't be reached.", "NotSupportedError");
      void ExtendableEvent.run(
        new ExtendableMessageEvent("message", { data: structuredClone(data), origin, source: this }),
      );
    }
  }
  const workers = new Map<string, ServiceWorker>();
  const workerOf = (is: WorkerFacts | null | undefined): ServiceWorker | null => {
    if (is == null) return null;
    const known = workers.get(is.id) ?? new ServiceWorker(is);
    workers.set(is.id, known);
    return known;
  };

  class ServiceWorkerRegistration extends EventTarget {
    readonly navigationPreload = new NavigationPreloadManager();
    constructor() {
      super();
      handlers(this, "updatefound");
    }
    get scope(): string {
      return facts?.scope ?? new URL("./", script).href;
    }
    get updateViaCache(): string {
      return facts?.updateViaCache ?? "imports";
    }
    get installing(): ServiceWorker | null {
      return workerOf(facts?.installing);
    }
    get waiting(): ServiceWorker | null {
      return workerOf(facts?.waiting);
    }
    get active(): ServiceWorker | null {
      return workerOf(facts?.active);
    }
    async update(): Promise<this> {
      await call({ name: "update" });
      return this;
    }
    unregister(): Promise<boolean> {
      return call({ name: "unregister" });
    }
    showNotification(): Promise<never> {
      return Promise.reject(new TypeError("Apps show no notifications."));
    }
    getNotifications(): Promise<never[]> {
      return Promise.resolve([]);
    }
  }
  const registration = new ServiceWorkerRegistration();

  /** Of requests that we made: as they were asked, which no script can give a request. */
  const asked = new WeakMap<Request, ServiceRequest>();
  function dress(plain: Request, is: ServiceRequest): Request {
    const clone = plain.clone.bind(plain);
    asked.set(plain, is);
    return Object.defineProperties(plain, {
      mode: { value: is.mode, configurable: true },
      destination: { value: is.destination === "iframe" ? "document" : is.destination, configurable: true },
      clone: { value: () => dress(clone(), is), configurable: true },
    });
  }
  function requestOf(is: ServiceRequest, { signal, body }: Asking): Request {
    const { method, url, headers, credentials, cache, redirect } = is;
    const init: RequestInit & { duplex?: string } = {
      ...{ method, headers, credentials, redirect, signal, mode: "same-origin" },
      cache,
      ...(body === null ? {} : { body, duplex: "half" }),
    };
    return dress(new Request(url, init), is);
  }

  async function serve(is: ServiceRequest, asking: Asking): Promise<Response> {
    const { clientId, resultingClientId } = is;
    const request = requestOf(is, asking);
    const event = new FetchEvent("fetch", { request, clientId, resultingClientId, cancelable: true });
    void ExtendableEvent.run(event);
    const response = await FetchEvent.answer(event);
    if (response === undefined)
      throw Object.assign(new Error("not the app's worker's"), { code: "not_handled" });
    if (response.type !== "opaqueredirect") return response;
    return new Response(null, { headers: { [redirectHeader]: response.url } });
  }

  function take(message: ToService, ports: readonly MessagePort[]): void {
    switch (message.k) {
      case "run": {
        const { id, what } = message;
        const event = what === "install" ? new InstallEvent(what) : new ExtendableEvent(what);
        void ExtendableEvent.run(event).then((ok) => post({ k: "ran", id, ok }));
        break;
      }
      case "fetch": {
        const [exchange] = ports;
        if (exchange === undefined) break;
        ++open;
        const { request } = message;
        void answer(exchange, request.hasBody, (asking) => serve(request, asking)).finally(close);
        break;
      }
      case "message": {
        const source = message.client === undefined ? null : clientOf(message.client);
        const { data } = message;
        void ExtendableEvent.run(new ExtendableMessageEvent("message", { data, origin, source, ports }));
        break;
      }
      case "facts": {
        const found = message.facts.installing?.id;
        const fresh = found !== undefined && found !== facts?.installing?.id;
        const before = new Map([...workers].map(([id, worker]) => [id, worker.state]));
        facts = message.facts;
        state = message.state;
        if (fresh) registration.dispatchEvent(new Event("updatefound"));
        for (const [id, worker] of workers)
          if (worker.state !== before.get(id)) worker.dispatchEvent(new Event("statechange"));
        break;
      }
      case "reply":
        waiting.get(message.id)?.(message);
        break;
      case "end":
        state = "redundant";
        ending = true;
        if (open === 0) closeWorker();
        break;
      case "begin":
        break;
    }
  }

  // Script that throws while it is first run doesn't become a worker.
  let failed = false;
  const onError = (): void => void (failed = true);
  self.addEventListener("error", onError);
  // The first message is the boot frame's; none other comes this way.
  self.addEventListener(
    "message",
    (event) => {
      const { data, ports } = event as MessageEvent<ToService | undefined>;
      const begin = data;
      if (begin?.k !== "begin" || port !== undefined) return;
      event.stopImmediatePropagation();
      self.removeEventListener("error", onError);
      ({ version: me, facts } = begin);
      port = ports[0];
      if (port === undefined) return;
      port.onmessage = ({ data, ports }: MessageEvent<ToService>) => take(data, ports);
      post({ k: "ready", failed });
      for (const [message, transfer] of early.splice(0)) post(message, transfer);
    },
    { capture: true },
  );

  /** A request that we made is passed on as what it was. */
  function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const was = input instanceof Request && init === undefined ? asked.get(input) : undefined;
    if (was === undefined) return fetchNatively(input, init);
    try {
      const headers = new Headers((input as Request).headers);
      headers.set(passedHeader, `${was.mode} ${was.destination}`);
      return fetchNatively(new Request(input as Request, { headers }));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new TypeError(String(error)));
    }
  }

  class ServiceWorkerGlobalScope {
    static [Symbol.hasInstance](value: unknown): boolean {
      return value === self;
    }
  }

  for (const name of [
    ...["postMessage", "name", "close", "onmessage", "onmessageerror", "DedicatedWorkerGlobalScope"],
    ...["Worker", "XMLHttpRequest", "XMLHttpRequestUpload", "XMLHttpRequestEventTarget"],
    ...["requestAnimationFrame", "cancelAnimationFrame"],
  ])
    Reflect.deleteProperty(self, name);
  for (const name of ["createObjectURL", "revokeObjectURL"]) Reflect.deleteProperty(URL, name);
  Object.defineProperty(self.location, "hash", { value: "" });
  Object.defineProperty(self.location, "href", { value: script });
  Object.defineProperty(self.location, "toString", { value: () => script });

  const globals: Record<string, unknown> = {
    ...{ fetch, registration, clients: new Clients(), skipWaiting: () => call({ name: "skipWaiting" }) },
    ...{ ServiceWorkerGlobalScope, ServiceWorkerRegistration, ServiceWorker, NavigationPreloadManager },
    ...{ ExtendableEvent, InstallEvent, ExtendableMessageEvent, FetchEvent, Client, WindowClient, Clients },
  };
  for (const [name, value] of Object.entries(globals)) {
    // Names are lost when this is packed.
    if (/^[A-Z]/.test(name)) {
      Object.defineProperty(value, "name", { value: name, configurable: true });
      const { prototype } = value as { prototype: object };
      Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
    }
    Object.defineProperty(self, name, { value, writable: true, configurable: true });
  }
  Object.defineProperty(self, "serviceWorker", {
    get: () => workerOf({ id: me, script, state }),
    configurable: true,
  });
  handlers(self, "install", "activate", "fetch", "message", "messageerror");
}
