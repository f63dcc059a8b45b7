/** `navigator.serviceWorker` of an app's pages: in front of what a boot frame hosts (service_host.ts). */
import { bootPath, channel } from "@hearth/sdk/app-protocol";
import { NavigationPreloadManager } from "./navigation_preload.ts";
import {
  hostChannel,
  matching,
  type Control,
  type FromPage,
  type PageCall,
  type PageHello,
  type RegistrationFacts,
  type ToPage,
  type ToWorker,
  type WorkerFacts,
} from "./service_protocol.ts";

type Handler = ((event: Event) => unknown) | null;

/** With an `on…` for each of its events. */
class Target extends EventTarget {
  constructor(...types: string[]) {
    super();
    for (const type of types) {
      let handler: Handler = null;
      let listens = false;
      Object.defineProperty(this, `on${type}`, {
        configurable: true,
        get: () => handler,
        set: (value: unknown) => {
          handler = typeof value === "function" ? (value as Handler) : null;
          if (!listens) this.addEventListener(type, (event) => handler?.call(this, event));
          listens = true;
          this.onHandler(type);
        },
      });
    }
  }
  onHandler(_type: string): void {
    // For who wants to know.
  }
}

export function installServiceWorkers(told: Control | undefined): void {
  const native = navigator.serviceWorker as Navigator["serviceWorker"] | undefined;
  if (native === undefined) return;
  /** `ready` goes by where the page was made. */
  const created = location.href;
  const waiting = new Map<number, (reply: Extract<ToPage, { k: "reply" }>) => void>();
  let calls: Extract<FromPage, { k: "call" }>[] = [];
  let number = 0;
  let port: MessagePort | undefined;
  let control: Control | null = told ?? null;
  let turns = 0;
  let known: RegistrationFacts[] = [];

  class ServiceWorker extends Target {
    facts: WorkerFacts;
    constructor(facts: WorkerFacts) {
      super("statechange", "error");
      this.facts = facts;
    }
    get scriptURL(): string {
      return this.facts.script;
    }
    get state(): string {
      return this.facts.state;
    }
    postMessage(data: unknown, options: Transferable[] | StructuredSerializeOptions = []): void {
      const transfer = Array.isArray(options) ? options : (options.transfer ?? []);
      const [focused, visible] = [document.hasFocus(), document.visibilityState === "visible"];
      line().postMessage({ k: "post", worker: this.facts.id, data, focused, visible } satisfies FromPage, [
        ...transfer,
      ]);
    }
  }

  class ServiceWorkerRegistration extends Target {
    facts: RegistrationFacts;
    readonly navigationPreload = new NavigationPreloadManager();
    constructor(facts: RegistrationFacts) {
      super("updatefound");
      this.facts = facts;
    }
    get scope(): string {
      return this.facts.scope;
    }
    get updateViaCache(): string {
      return this.facts.updateViaCache;
    }
    get installing(): ServiceWorker | null {
      return workerOf(this.facts.installing);
    }
    get waiting(): ServiceWorker | null {
      return workerOf(this.facts.waiting);
    }
    get active(): ServiceWorker | null {
      return workerOf(this.facts.active);
    }
    async update(): Promise<this> {
      // Its news may be older than the reply.
      this.facts = await call<RegistrationFacts>({ name: "update", registration: this.facts.id });
      return this;
    }
    unregister(): Promise<boolean> {
      return call({ name: "unregister", registration: this.facts.id });
    }
    showNotification(): Promise<never> {
      return Promise.reject(new TypeError("Apps show no notifications."));
    }
    getNotifications(): Promise<never[]> {
      return Promise.resolve([]);
    }
  }

  const workers = new Map<string, ServiceWorker>();
  function workerOf(facts: WorkerFacts | null): ServiceWorker | null {
    if (facts === null) return null;
    const worker = workers.get(facts.id) ?? new ServiceWorker(facts);
    workers.set(facts.id, worker);
    return worker;
  }
  const registrations = new Map<string, ServiceWorkerRegistration>();
  function registrationOf(facts: RegistrationFacts): ServiceWorkerRegistration {
    const registration = registrations.get(facts.id) ?? new ServiceWorkerRegistration(facts);
    registration.facts = facts;
    registrations.set(facts.id, registration);
    return registration;
  }

  const ready = Promise.withResolvers<ServiceWorkerRegistration>();
  const early: MessageEvent[] = [];
  let listens = false;
  class ServiceWorkerContainer extends Target {
    constructor() {
      super("controllerchange", "message", "messageerror");
    }
    get controller(): ServiceWorker | null {
      return workerOf(control);
    }
    get ready(): Promise<ServiceWorkerRegistration> {
      line();
      return ready.promise;
    }
    async register(url: string | URL, options: RegistrationOptions = {}): Promise<ServiceWorkerRegistration> {
      const script = new URL(url, document.baseURI).href;
      const scope = options.scope === undefined ? undefined : new URL(options.scope, document.baseURI).href;
      const { type = "classic", updateViaCache = "imports" } = options;
      return registrationOf(await call({ name: "register", script, scope, type, updateViaCache }));
    }
    async getRegistration(url: string | URL = ""): Promise<ServiceWorkerRegistration | undefined> {
      const { href, origin } = new URL(url, document.baseURI);
      if (origin !== location.origin) throw new DOMException("It is of another origin.", "SecurityError");
      const facts = await call<RegistrationFacts | undefined>({
        name: "registration",
        url: href.replace(/#.*$/, ""),
      });
      return facts && registrationOf(facts);
    }
    async getRegistrations(): Promise<ServiceWorkerRegistration[]> {
      return (await call<RegistrationFacts[]>({ name: "registrations" })).map(registrationOf);
    }
    startMessages(): void {
      line();
      listens = true;
      for (const event of early.splice(0)) this.dispatchEvent(event);
    }
    override onHandler(type: string): void {
      if (type === "message") this.startMessages();
    }
    override addEventListener(...all: Parameters<EventTarget["addEventListener"]>): void {
      super.addEventListener(...all);
      line();
    }
  }
  const container = new ServiceWorkerContainer();

  /** To the host; when there is another, calls that weren't answered are made again. */
  function line(): MessagePort {
    if (port !== undefined) return port;
    const { port1, port2 } = new MessageChannel();
    port = port1;
    port.onmessage = ({ data, ports }: MessageEvent<ToPage>) => take(data, ports);
    // A host that went before it heard of us: the next one may have said already that it is there.
    port.addEventListener("close", () => port === port1 && setTimeout(() => port === port1 && again(), 500));
    const hello: PageHello = {
      controlled: control?.scope,
      top: window.parent.location.pathname === bootPath,
    };
    const connect: ToWorker = { k: "connect", hello };
    native?.controller?.postMessage({ channel, kind: "service", ...connect }, [port2]);
    for (const each of calls) port.postMessage(each);
    return port;
  }

  function call<T>(what: PageCall): Promise<T> {
    const id = ++number;
    const message = { k: "call", id, call: what } as const;
    const open = line();
    calls.push(message);
    return new Promise((resolve, reject) => {
      waiting.set(id, ({ value, refused }) => {
        if (refused === undefined) resolve(value as T);
        else if (refused.name === "TypeError") reject(new TypeError(refused.message));
        else reject(new DOMException(refused.message, refused.name));
      });
      open.postMessage(message);
    });
  }

  function take(message: ToPage, ports: readonly MessagePort[]): void {
    switch (message.k) {
      case "reply": {
        calls = calls.filter(({ id }) => id !== message.id);
        const then = waiting.get(message.id);
        waiting.delete(message.id);
        then?.(message);
        break;
      }
      case "message": {
        const { data, worker } = message;
        const event = new MessageEvent("message", { data, origin: location.origin, ports: [...ports] });
        Object.defineProperty(event, "source", { value: workerOf(worker) });
        if (listens) container.dispatchEvent(event);
        else early.push(event);
        break;
      }
      case "now":
        now(message);
        break;
    }
  }

  function now(news: Extract<ToPage, { k: "now" }>): void {
    const before = new Map(known.map(({ id, installing }) => [id, installing?.id]));
    known = news.registrations;
    control = news.controller;
    const states = new Map<string, WorkerFacts>();
    for (const facts of known) {
      const { id, installing, waiting, active } = facts;
      for (const each of [installing, waiting, active]) if (each !== null) states.set(each.id, each);
      const registration = registrations.get(id);
      if (registration !== undefined) registration.facts = facts;
    }
    for (const [id, registration] of registrations)
      if (!known.some((each) => each.id === id))
        registration.facts = { ...registration.facts, installing: null, waiting: null, active: null };
    for (const { id, installing } of known)
      if (installing !== null && before.get(id) !== installing.id)
        registrations.get(id)?.dispatchEvent(new Event("updatefound"));
    for (const worker of workers.values()) {
      const { id, script, state } = worker.facts;
      worker.facts = states.get(id) ?? { id, script, state: "redundant" };
      if (worker.facts.state !== state) worker.dispatchEvent(new Event("statechange"));
    }
    if (news.turns > turns) container.dispatchEvent(new Event("controllerchange"));
    turns = news.turns;
    const mine = matching(known, created);
    if (mine?.active != null) ready.resolve(registrationOf(mine));
  }

  function again(): void {
    port?.close();
    port = undefined;
    turns = 0;
    line();
  }
  new BroadcastChannel(hostChannel).onmessage = () => port !== undefined && again();
  window.addEventListener("pagehide", () => {
    port?.postMessage({ k: "bye" } satisfies FromPage);
    port?.close();
    port = undefined;
  });
  window.addEventListener("pageshow", ({ persisted }) => persisted && control !== null && line());
  if (told !== undefined) line();
  if (document.readyState === "loading")
    document.addEventListener("DOMContentLoaded", () => port !== undefined && container.startMessages());
  else listens = true;

  Object.defineProperty(navigator, "serviceWorker", {
    value: container,
    configurable: true,
    enumerable: true,
  });
  for (const [name, value] of Object.entries({
    ...{ ServiceWorker, ServiceWorkerRegistration, ServiceWorkerContainer, NavigationPreloadManager },
  })) {
    Object.defineProperty(value, "name", { value: name, configurable: true });
    Object.defineProperty(value.prototype, Symbol.toStringTag, { value: name, configurable: true });
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
}
