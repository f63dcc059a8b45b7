/**
 * The lifecycle of an app's own service workers (Service Workers, W3C, sections 4 and appendix A), held by the boot frame of one
 * tab: who is registered, what is installed, waits or is active, and who is asked about which request. Knows nothing
 * of browsers: what it needs of one comes in as `Surroundings`.
 */
import {
  matching,
  type ClientFacts,
  type Control,
  type FromPage,
  type PageCall,
  type PageHello,
  type RegistrationFacts,
  type Script,
  type ServiceCall,
  type ServiceRequest,
  type ToPage,
} from "./service_protocol.ts";
import {
  newId,
  Registration,
  Version,
  type Kept,
  type KeptVersion,
  type Running,
} from "./service_registration.ts";

/** What a running version wants. */
export interface Wants {
  call(call: ServiceCall): Promise<unknown>;
  post(client: string, data: unknown, transfer: readonly MessagePort[]): void;
}

export interface Fetched {
  body: string;
  response: Response;
}

export interface Surroundings {
  origin: string;
  start(version: KeptVersion, facts: RegistrationFacts, wants: Wants): Running;
  /** As the box has it now; rejects with Refusal. */
  fetchScript(url: string, cache: RequestCache, main: boolean): Promise<Fetched>;
  keepScript(version: string, url: string, fetched: Fetched): Promise<void>;
  /** What a version was made of: address and text. */
  scripts(version: string): Promise<[string, string][]>;
  load(): Promise<Kept[]>;
  /** Scripts of versions that aren't needed go; asked of each when it is to go, since another may come meanwhile. */
  save(kept: Kept[], isNeeded: (version: string) => boolean): Promise<void>;
  /** The pages and workers of the app, in all tabs. */
  clients(): Promise<ClientFacts[]>;
  move(client: string, url: string | undefined): Promise<ClientFacts | null>;
  /** Whether requests are to be asked about at all. */
  tell(asks: boolean): void;
  after(ms: number, then: () => void): void;
}

/** What the page's promise is rejected with. */
export class Refusal extends Error {
  constructor(name: "TypeError" | "SecurityError" | "InvalidStateError" | "AbortError", message: string) {
    super(message);
    this.name = name;
  }
}

/** How a page is spoken to. */
export type Line = (message: ToPage, transfer?: readonly MessagePort[]) => void;

/** Said to a page before it has asked for anything. */
const mostHeld = 32;
const mostRegistrations = 64;
/** Looked at again, since a page that goes is listed for a while. */
const settleAfter = [300, 2000];
const softUpdateAfter = 1000;
/** A page that was navigated to is listed, or speaks, by then; or it never came to be. */
const arrivesWithin = 10_000;

interface Page {
  facts: ClientFacts;
  line: Line;
}

export class ServiceHost {
  readonly #by: Surroundings;
  readonly #registrations = new Map<string, Registration>();
  readonly #pages = new Map<string, Page>();
  /** Pages by client id; those that are only on their way aren't listed yet. */
  readonly #controlled = new Map<string, { registration: Registration; arrives: boolean; turns: number }>();
  readonly #held = new Map<string, [ToPage, readonly MessagePort[]][]>();
  /** Unregistered, but pages that were there before still use it. */
  readonly #leaving = new Set<Registration>();
  /** Their scripts are there, and run for the first time. */
  readonly #parsed = new Set<Version>();
  /** By scope, one after another: registering and updating. */
  readonly #jobs = new Map<string, Promise<unknown>>();
  readonly #loaded: Promise<void>;
  #saved: Promise<void> = Promise.resolve();

  constructor(surroundings: Surroundings) {
    this.#by = surroundings;
    this.#loaded = this.#load();
  }

  /** What was registered before. Who waited for the pages to go finds them gone when this is the first tab. */
  async #load(): Promise<void> {
    const kept = await this.#by.load().catch(() => []);
    for (const each of kept) {
      const registration = Registration.of(each);
      this.#registrations.set(registration.scope, registration);
      if (registration.active?.state === "activating") this.#runActivate(registration, registration.active);
    }
    this.#by.tell(this.#asks());
    // Pages of other tabs will say who controls them; that it is too early to know leaves things as they are.
    if (kept.some(({ waiting }) => waiting !== undefined)) {
      if ((await this.#by.clients()).length > 0) return this.#settleLater();
      for (const registration of this.#registrations.values()) await this.#tryActivate(registration);
    }
  }

  /** A page speaks to the host. Gives what takes its messages. */
  connect(
    facts: ClientFacts,
    hello: PageHello,
    line: Line,
  ): (message: FromPage, ports: readonly MessagePort[]) => void {
    const page = { facts: { ...facts, frameType: hello.top ? "top-level" : "nested" }, line };
    void this.#loaded.then(() => {
      this.#pages.set(facts.id, page);
      const arrived = this.#controlled.get(facts.id);
      if (arrived !== undefined) arrived.arrives = false;
      if (hello.controlled !== undefined && arrived === undefined) {
        // The host before this one controlled it.
        const registration = this.#registrations.get(hello.controlled);
        if (registration?.active != null)
          this.#controlled.set(facts.id, { registration, arrives: false, turns: 0 });
      }
      this.#say(page);
      for (const [message, ports] of this.#held.get(facts.id) ?? []) line(message, ports);
      this.#held.delete(facts.id);
    });
    return (message, ports) => void this.#loaded.then(() => this.#take(page, message, ports));
  }

  /** Which worker controls who asks, if any. A navigation's page is controlled from then on. */
  async whose(request: ServiceRequest): Promise<Control | null> {
    await this.#loaded;
    return this.#registrationFor(request)?.control() ?? null;
  }

  /** Hands the exchange to the app's worker. Throws when it can't be started: then the network is asked. */
  async serve(request: ServiceRequest, port: MessagePort): Promise<void> {
    const registration = this.#registrationFor(request);
    if (registration === undefined) throw new Refusal("AbortError", "Nobody is asked.");
    await registration.activation;
    const { active } = registration;
    if (active === null) throw new Refusal("AbortError", "Nobody is asked.");
    const running = this.#run(registration, active);
    await running.ready;
    running.post({ k: "fetch", request }, [port]);
  }

  #registrationFor({
    mode,
    url,
    clientId,
    resultingClientId,
    client,
  }: ServiceRequest): Registration | undefined {
    if (mode === "navigate") {
      const registration = matching(this.#registrations.values(), url);
      if (registration?.active == null) return undefined;
      if (resultingClientId !== "" && !this.#controlled.has(resultingClientId)) {
        const arriving = { registration, arrives: true, turns: 0 };
        this.#controlled.set(resultingClientId, arriving);
        this.#by.after(arrivesWithin, () => {
          arriving.arrives = false;
          void this.#settle();
        });
        this.#by.after(softUpdateAfter, () => void this.#softUpdate(registration));
      }
      return registration;
    }
    const known = this.#controlled.get(clientId)?.registration;
    if (known !== undefined || client === undefined) return known;
    // Workers by their own address; what has none by that of who made it, which can't be told: the only one there is.
    const local = /^(about|blob|data):/.test(client.url);
    if (client.type === "window" && !local) return undefined;
    const active = [...this.#registrations.values()].filter((each) => each.active !== null);
    return local ? (active.length === 1 ? active[0] : undefined) : matching(active, client.url);
  }

  async #take(page: Page, message: FromPage, ports: readonly MessagePort[]): Promise<void> {
    switch (message.k) {
      case "call": {
        const { id, call } = message;
        // The reply leaves before what comes of it: a page listens before it hears of an update.
        try {
          const value = await this.#call(call);
          page.line({ k: "reply", id, value });
        } catch (error) {
          page.line({ k: "reply", id, refused: refusal(error) });
        }
        break;
      }
      case "post": {
        const { worker, data, focused, visible } = message;
        const client = { ...page.facts, focused, visibilityState: visible ? "visible" : "hidden" };
        for (const registration of this.#all())
          for (const version of registration.all())
            if (version.id === worker) {
              const running = this.#run(registration, version);
              await running.ready.catch(() => undefined);
              running.post({ k: "message", data, client }, [...ports]);
            }
        break;
      }
      case "bye":
        if (this.#pages.get(page.facts.id) === page) this.#pages.delete(page.facts.id);
        this.#settleLater();
        break;
    }
  }

  async #call(call: PageCall): Promise<unknown> {
    switch (call.name) {
      case "register":
        return this.#register(call);
      case "registration": {
        return matching(this.#begun(), call.url)?.facts();
      }
      case "registrations":
        return this.#begun().map((each) => each.facts());
      case "update":
        return this.#update(this.#byId(call.registration)).then((registration) => registration.facts());
      case "unregister":
        return this.#unregister(call.registration);
    }
  }

  #byId(id: string): Registration {
    for (const registration of this.#registrations.values()) if (registration.id === id) return registration;
    throw new Refusal("TypeError", "It isn't registered any more.");
  }

  /** Whose script has run at least once. */
  #begun(): Registration[] {
    return [...this.#registrations.values()].filter(({ newest }) => newest !== null);
  }

  #all(): Registration[] {
    return [...this.#registrations.values(), ...this.#leaving];
  }

  /** One job after another, each of which may say what comes of it before it is over. */
  #queue<T>(scope: string, job: (said: (value: T) => void) => Promise<void>): Promise<T> {
    return new Promise((resolve, reject) => {
      const before = this.#jobs.get(scope) ?? Promise.resolve();
      const mine = before
        .then(() => job(resolve))
        .catch(reject)
        .finally(() => {
          if (this.#jobs.get(scope) === mine) this.#jobs.delete(scope);
        });
      this.#jobs.set(scope, mine);
    });
  }

  async #register(call: Extract<PageCall, { name: "register" }>): Promise<RegistrationFacts> {
    const { origin } = this.#by;
    const script = new URL(call.script);
    const scope = new URL(call.scope ?? "./", script);
    script.hash = scope.hash = "";
    for (const { protocol, pathname } of [script, scope]) {
      if (!/^https?:$/.test(protocol)) throw new Refusal("TypeError", "The protocol isn't supported.");
      if (/%2f|%5c/i.test(pathname))
        throw new Refusal("TypeError", "The path has an escaped slash or backslash.");
    }
    if (script.origin !== origin || scope.origin !== origin)
      throw new Refusal("SecurityError", "A service worker is of its own origin.");
    if (!this.#registrations.has(scope.href) && this.#registrations.size >= mostRegistrations)
      throw new Refusal("AbortError", "There are too many registrations.");

    const { updateViaCache, type } = call;
    return this.#queue(scope.href, async (said) => {
      const registration =
        this.#registrations.get(scope.href) ?? new Registration(scope.href, updateViaCache);
      const { newest } = registration;
      if (
        newest !== null &&
        newest.script === script.href &&
        newest.type === type &&
        registration.updateViaCache === updateViaCache
      )
        return said(registration.facts());
      const fetched = await this.#by.fetchScript(
        script.href,
        updateViaCache === "all" ? "default" : "no-cache",
        true,
      );
      const allowed = fetched.response.headers.get("service-worker-allowed") ?? "./";
      if (!scope.pathname.startsWith(new URL(allowed, script).pathname))
        throw new Refusal("SecurityError", "The scope is above what the script may have.");
      registration.updateViaCache = updateViaCache;
      this.#registrations.set(registration.scope, registration);
      try {
        await this.#install(registration, { script: script.href, type, fetched }, () =>
          said(registration.facts()),
        );
      } catch (error) {
        this.#clearIfEmpty(registration);
        throw error;
      }
    });
  }

  #update(registration: Registration): Promise<Registration> {
    return this.#queue(registration.scope, async (said) => {
      const { newest, updateViaCache } = registration;
      if (newest === null || this.#registrations.get(registration.scope) !== registration)
        throw new Refusal("TypeError", "It isn't registered any more.");
      const fresh = updateViaCache === "all" ? "default" : "no-cache";
      const fetched = await this.#by.fetchScript(newest.script, fresh, true);
      if (await this.#isSame(newest, fetched, updateViaCache)) return said(registration);
      const { script, type } = newest;
      await this.#install(registration, { script, type, fetched }, () => said(registration));
    });
  }

  /** Byte for byte, and so all that it imported. */
  async #isSame(
    { id, script }: Version,
    fetched: Fetched,
    updateViaCache: ServiceWorkerUpdateViaCache,
  ): Promise<boolean> {
    const cache = updateViaCache === "none" ? "no-cache" : "default";
    for (const [url, text] of await this.#by.scripts(id)) {
      const now =
        url === script ? fetched : await this.#by.fetchScript(url, cache, false).catch(() => undefined);
      if (now !== undefined && now.body !== text) return false;
    }
    return true;
  }

  async #softUpdate(registration: Registration): Promise<void> {
    await this.#update(registration).catch(() => undefined);
  }

  /** `begun`: its script runs, and it is being installed. */
  async #install(
    registration: Registration,
    { script, type, fetched }: { script: string; type: Script; fetched: Fetched },
    begun: () => void,
  ): Promise<void> {
    const version = new Version({ id: newId(), script, type }, "parsed");
    this.#parsed.add(version);
    const running = await this.#by
      .keepScript(version.id, script, fetched)
      .then(() => this.#run(registration, version));
    try {
      await running.ready;
    } catch (error) {
      this.#end(version);
      throw error;
    } finally {
      this.#parsed.delete(version);
    }
    registration.installing = version;
    version.state = "installing";
    begun();
    // The reply is on its way before the page hears of it.
    await new Promise<void>((resolve) => this.#by.after(0, resolve));
    this.#changed(registration);
    const ok = await running.run("install");
    registration.installing = null;
    if (!ok) {
      this.#end(version);
      this.#clearIfEmpty(registration);
      return this.#changed(registration);
    }
    if (registration.waiting !== null) this.#end(registration.waiting);
    registration.waiting = version;
    version.state = "installed";
    this.#changed(registration);
    await this.#save();
    void this.#tryActivate(registration);
  }

  /** The one that waits becomes active: at once when it doesn't want to wait, else when no page uses the one before. */
  async #tryActivate(registration: Registration): Promise<void> {
    const { waiting, active } = registration;
    if (waiting === null || active?.state === "activating") return;
    if (active !== null && !waiting.skipsWaiting && (await this.#isUsed(registration))) return;
    // Meanwhile another may have been faster.
    if (registration.waiting !== waiting || registration.active !== active) return;
    registration.waiting = null;
    registration.active = waiting;
    if (active !== null) this.#end(active);
    waiting.state = "activating";
    for (const each of this.#controlled.values()) if (each.registration === registration) ++each.turns;
    this.#runActivate(registration, waiting);
    this.#changed(registration);
  }

  #runActivate(registration: Registration, version: Version): void {
    const run = async (): Promise<void> => {
      const running = this.#run(registration, version);
      await running.ready.then(() => running.run("activate")).catch(() => undefined);
      if (version.state !== "activating") return;
      version.state = "activated";
      this.#changed(registration);
      await this.#save();
      // One that came meanwhile.
      this.#by.after(0, () => void this.#tryActivate(registration));
    };
    registration.activation = run();
  }

  #unregister(id: string): boolean {
    const registration = [...this.#registrations.values()].find((each) => each.id === id);
    if (registration === undefined) return false;
    this.#registrations.delete(registration.scope);
    this.#leaving.add(registration);
    void this.#save();
    void this.#settle();
    return true;
  }

  #settleLater(): void {
    for (const ms of settleAfter) this.#by.after(ms, () => void this.#settle());
  }

  /** Pages that are gone use nothing any more. */
  async #settle(): Promise<void> {
    await this.#prune();
    for (const registration of this.#registrations.values()) await this.#tryActivate(registration);
  }

  async #isUsed(registration: Registration): Promise<boolean> {
    await this.#prune();
    return [...this.#controlled.values()].some((each) => each.registration === registration);
  }

  async #prune(): Promise<void> {
    const there = new Set((await this.#by.clients()).map(({ id }) => id));
    for (const [id, each] of this.#controlled) {
      if (there.has(id)) each.arrives = false;
      else if (!each.arrives) this.#controlled.delete(id);
    }
    const used = new Set(Array.from(this.#controlled.values(), ({ registration }) => registration));
    for (const registration of this.#leaving) {
      if (used.has(registration)) continue;
      this.#leaving.delete(registration);
      for (const version of registration.all()) this.#end(version);
      this.#changed(registration);
    }
  }

  #clearIfEmpty(registration: Registration): void {
    if (registration.newest === null && this.#registrations.get(registration.scope) === registration)
      this.#registrations.delete(registration.scope);
  }

  #run(registration: Registration, version: Version): Running {
    if (version.running !== undefined) return version.running;
    const running = this.#by.start(version.kept(), registration.facts(), {
      call: (call) => this.#serviceCall(registration, version, call),
      post: (client, data, transfer) =>
        this.#tellPage(client, { k: "message", data, worker: version.facts() }, transfer),
    });
    version.running = running;
    running.ready.catch(() => {
      if (version.running === running) version.running = undefined;
    });
    return running;
  }

  #end(version: Version): void {
    version.state = "redundant";
    version.running?.post({ k: "end" });
    version.running = undefined;
  }

  async #serviceCall(registration: Registration, version: Version, call: ServiceCall): Promise<unknown> {
    await this.#loaded;
    switch (call.name) {
      case "skipWaiting":
        version.skipsWaiting = true;
        if (registration.waiting === version) void this.#tryActivate(registration);
        return undefined;
      case "claim":
        if (registration.active !== version)
          throw new Refusal("InvalidStateError", "Only an active worker can claim pages.");
        return this.#claim(registration);
      case "update":
        // It may wait for this in its `install`: the job before would never end.
        void this.#softUpdate(registration);
        return undefined;
      case "unregister":
        return this.#unregister(registration.id);
      case "clients": {
        const all = await this.#by.clients();
        return all
          .filter(({ type }) => call.type === "all" || call.type === type)
          .filter(({ id }) => call.uncontrolled || this.#controlled.get(id)?.registration === registration)
          .map((each) => ({
            ...each,
            frameType: this.#pages.get(each.id)?.facts.frameType ?? each.frameType,
          }));
      }
      case "move":
        return this.#by.move(call.client, call.url);
    }
  }

  async #claim(registration: Registration): Promise<void> {
    for (const { id, url, type } of await this.#by.clients()) {
      if (type !== "window" || matching(this.#registrations.values(), url) !== registration) continue;
      const known = this.#controlled.get(id);
      if (known?.registration === registration) continue;
      this.#controlled.set(id, { registration, arrives: false, turns: (known?.turns ?? 0) + 1 });
      const page = this.#pages.get(id);
      if (page !== undefined) this.#say(page);
    }
  }

  #tellPage(client: string, message: ToPage, transfer: readonly MessagePort[]): void {
    const page = this.#pages.get(client);
    if (page !== undefined) return page.line(message, transfer);
    if (!this.#controlled.has(client)) return;
    const held = this.#held.get(client) ?? [];
    if (held.length < mostHeld) held.push([message, transfer]);
    this.#held.set(client, held);
    if (this.#held.size > mostHeld) this.#held.delete([...this.#held.keys()][0] ?? "");
  }

  #say(page: Page): void {
    const control = this.#controlled.get(page.facts.id);
    page.line({
      k: "now",
      registrations: this.#all().map((each) => each.facts()),
      controller: control?.registration.control() ?? null,
      turns: control?.turns ?? 0,
    });
  }

  #asks(): boolean {
    return this.#all().some(({ active }) => active !== null);
  }

  #changed(registration: Registration): void {
    this.#by.tell(this.#asks());
    for (const page of this.#pages.values()) this.#say(page);
    for (const version of registration.all())
      version.running?.post({ k: "facts", facts: registration.facts(), state: version.state });
  }

  /** One after another: what is kept last is what holds. */
  #save(): Promise<void> {
    return (this.#saved = this.#saved.then(() => this.#saveNow()));
  }

  async #saveNow(): Promise<void> {
    const kept = Array.from(this.#registrations.values(), (each) => each.kept());
    // No room isn't the app's concern: then it lasts as long as this tab.
    await this.#by
      .save(
        kept.filter((each) => each !== undefined),
        (version) => this.#isNeeded(version),
      )
      .catch(() => undefined);
  }

  #isNeeded(version: string): boolean {
    const current = [...this.#all().flatMap((each) => each.all()), ...this.#parsed];
    return current.some(({ id }) => id === version);
  }
}

export function refusal(error: unknown): { name: string; message: string } {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message };
}
