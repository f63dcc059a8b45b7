import { beforeEach, describe, expect, test } from "vitest";
import { Refusal, ServiceHost, type Fetched, type Surroundings, type Wants } from "./service_host.ts";
import type { ClientFacts, FromPage, ServiceRequest, ToPage, ToService } from "./service_protocol.ts";
import type { Kept, KeptVersion, Running } from "./service_registration.ts";

const origin = "http://app.example";
const scope = `${origin}/`;
const script = `${origin}/sw.js`;

/** A version that runs: what it was sent, and what becomes of its events. */
class FakeRunning implements Running {
  readonly version: KeptVersion;
  readonly wants: Wants;
  readonly sent: ToService[] = [];
  ready: Promise<void> = Promise.resolve();
  installs = Promise.resolve(true);
  events: string[] = [];
  constructor(version: KeptVersion, wants: Wants) {
    this.version = version;
    this.wants = wants;
  }
  async run(what: "install" | "activate"): Promise<boolean> {
    this.events.push(what);
    return what === "install" ? this.installs : true;
  }
  post(message: ToService): void {
    this.sent.push(message);
  }
  get ended(): boolean {
    return this.sent.some(({ k }) => k === "end");
  }
}

/** A browser and a box: what there is to be fetched, who is open, and a clock that is moved by hand. */
class World implements Surroundings {
  readonly origin = origin;
  readonly files = new Map<string, { text: string; headers?: Record<string, string> }>();
  readonly kept = new Map<string, string>();
  registry: Kept[] = [];
  open: ClientFacts[] = [];
  readonly running: FakeRunning[] = [];
  asks = false;
  /** Changes a version before it runs. */
  prepare: (running: FakeRunning) => void = () => undefined;
  #later: { at: number; then: () => void }[] = [];
  #now = 0;

  start(version: KeptVersion, _facts: unknown, wants: Wants): Running {
    const running = new FakeRunning(version, wants);
    this.prepare(running);
    this.running.push(running);
    return running;
  }
  async fetchScript(url: string): Promise<Fetched> {
    const file = this.files.get(url);
    if (file === undefined) throw new Refusal("TypeError", "404");
    return { body: file.text, response: new Response(file.text, { headers: file.headers ?? {} }) };
  }
  async keepScript(version: string, url: string, { body }: Fetched): Promise<void> {
    this.kept.set(`${version} ${url}`, body);
  }
  async scripts(version: string): Promise<[string, string][]> {
    return [...this.kept]
      .filter(([key]) => key.startsWith(version))
      .map(([key, text]) => [key.slice(version.length + 1), text]);
  }
  async load(): Promise<Kept[]> {
    return this.registry;
  }
  /** Takes a while, as a browser's does. */
  async save(kept: Kept[], isNeeded: (version: string) => boolean): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.registry = kept;
    for (const key of this.kept.keys()) if (!isNeeded(key.split(" ")[0] ?? "")) this.kept.delete(key);
  }
  async clients(): Promise<ClientFacts[]> {
    return this.open;
  }
  async move(): Promise<null> {
    return null;
  }
  tell(asks: boolean): void {
    this.asks = asks;
  }
  after(ms: number, then: () => void): void {
    this.#later.push({ at: this.#now + ms, then });
  }

  /** Everything that is due within `ms` happens, and all that follows from it at once. */
  async pass(ms = 0): Promise<void> {
    this.#now += ms;
    for (let quiet = 0; quiet < 5; ++quiet) {
      const due = this.#later.filter(({ at }) => at <= this.#now);
      this.#later = this.#later.filter(({ at }) => at > this.#now);
      for (const { then } of due) then();
      if (due.length > 0) quiet = 0;
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

class FakePage {
  readonly heard: ToPage[] = [];
  readonly #take: (message: FromPage, ports: readonly MessagePort[]) => void;
  #number = 0;
  readonly world: World;
  readonly id: string;
  constructor(world: World, host: ServiceHost, id: string, controlled?: string) {
    this.world = world;
    this.id = id;
    const facts: ClientFacts = {
      ...{ id, url: `${origin}/${id}`, type: "window", frameType: "top-level" },
      ...{ focused: true, visibilityState: "visible" },
    };
    world.open.push(facts);
    this.#take = host.connect(facts, { controlled, top: true }, (message) => this.heard.push(message));
  }
  async call<T>(call: Extract<FromPage, { k: "call" }>["call"]): Promise<T> {
    const id = ++this.#number;
    this.#take({ k: "call", id, call }, []);
    await this.world.pass();
    const reply = this.heard.find((each) => each.k === "reply" && each.id === id);
    if (reply?.k !== "reply") throw new Error("no reply");
    if (reply.refused !== undefined) throw Object.assign(new Error(), reply.refused);
    return reply.value as T;
  }
  register(more: object = {}): Promise<{ id: string; installing: { state: string } | null }> {
    return this.call({
      ...{ name: "register", script, scope: undefined, type: "classic", updateViaCache: "imports" },
      ...more,
    });
  }
  get now(): Extract<ToPage, { k: "now" }> {
    const last = this.heard.findLast(({ k }) => k === "now");
    if (last?.k !== "now") throw new Error("nothing heard");
    return last;
  }
  async leave(): Promise<void> {
    this.world.open = this.world.open.filter(({ id }) => id !== this.id);
    this.#take({ k: "bye" }, []);
    await this.world.pass();
    await this.world.pass(5000);
  }
}

const request = (more: Partial<ServiceRequest>): ServiceRequest => ({
  ...{ method: "GET", url: `${origin}/data`, headers: [], mode: "cors", destination: "" },
  ...{ credentials: "same-origin", cache: "default", redirect: "follow", hasBody: false },
  ...{ clientId: "", resultingClientId: "", ...more },
});
const navigation = (resultingClientId: string, url = scope): ServiceRequest =>
  request({ mode: "navigate", destination: "iframe", resultingClientId, url });

describe("an app's own service workers", () => {
  let world: World;
  let host: ServiceHost;
  let page: FakePage;
  const newest = (): FakeRunning => world.running.at(-1) as FakeRunning;

  beforeEach(() => {
    world = new World();
    world.files.set(script, { text: "1" });
    host = new ServiceHost(world);
    page = new FakePage(world, host, "first");
  });

  test("registering ends when the worker is being installed, and it becomes active by and by", async () => {
    const { installing } = await page.register();
    expect(installing?.state).toBe("installing");
    const states = page.heard.flatMap((each) =>
      each.k !== "now"
        ? []
        : each.registrations.flatMap(({ installing, waiting, active }) =>
            [installing, waiting, active].flatMap((one) => (one === null ? [] : [one.state])),
          ),
    );
    expect([...new Set(states)]).toEqual(["installing", "installed", "activating", "activated"]);
    expect(newest().events).toEqual(["install", "activate"]);
    expect(world.registry).toMatchObject([{ scope, active: { script, activated: true } }]);
  });

  test("the reply comes before the news of it, so that a page can listen", async () => {
    await page.register();
    const kinds = page.heard.map((each) =>
      each.k === "now" ? (each.registrations.length > 0 ? "news" : "nothing") : each.k,
    );
    expect(kinds.slice(0, 3)).toEqual(["nothing", "reply", "news"]);
  });

  test("the same script again is no other registration, and isn't installed again", async () => {
    const one = await page.register();
    const other = await page.register();
    expect(other.id).toBe(one.id);
    expect(world.running.length).toBe(1);
  });

  test("a wider scope than the script's folder takes the script's word", async () => {
    world.files.set(`${origin}/deep/sw.js`, { text: "1" });
    const deep = { script: `${origin}/deep/sw.js`, scope };
    await expect(page.register(deep)).rejects.toMatchObject({ name: "SecurityError" });
    world.files.set(deep.script, { text: "1", headers: { "Service-Worker-Allowed": "/" } });
    await expect(page.register(deep)).resolves.toBeDefined();
  });

  test("other origins, escaped slashes and other protocols are refused", async () => {
    for (const [more, name] of [
      [{ script: "http://other.example/sw.js" }, "SecurityError"],
      [{ scope: "http://other.example/" }, "SecurityError"],
      [{ script: `${origin}/a%2fsw.js` }, "TypeError"],
      [{ script: "data:text/javascript,1" }, "TypeError"],
    ] as const)
      await expect(page.register(more)).rejects.toMatchObject({ name });
    expect(world.running.length).toBe(0);
  });

  test("a script that throws, and an installation that fails, leave nothing behind", async () => {
    world.prepare = (running) => {
      running.ready = Promise.reject(new Refusal("TypeError", "it throws"));
      running.ready.catch(() => undefined);
    };
    await expect(page.register()).rejects.toMatchObject({ name: "TypeError" });
    world.prepare = (running) => (running.installs = Promise.resolve(false));
    await page.register();
    await world.pass();
    expect(newest().ended).toBe(true);
    expect(await page.call({ name: "registrations" })).toEqual([]);
    expect(page.now.registrations).toEqual([]);
    expect(world.asks).toBe(false);
  });

  test("a page that was there before isn't controlled, one that is navigated to is, and so is what claims make", async () => {
    await page.register();
    expect(await host.whose(request({ clientId: "first" }))).toBeNull();
    expect(await host.whose(navigation("second"))).toMatchObject({ scope, script, state: "activated" });
    expect(await host.whose(request({ clientId: "second" }))).toMatchObject({ script });
    await newest().wants.call({ name: "claim" });
    expect(await host.whose(request({ clientId: "first" }))).toMatchObject({ script });
    expect(page.now).toMatchObject({ controller: { script }, turns: 1 });
  });

  test("only an active worker claims", async () => {
    world.prepare = (running) => (running.installs = new Promise(() => undefined));
    await page.register();
    await expect(newest().wants.call({ name: "claim" })).rejects.toMatchObject({ name: "InvalidStateError" });
  });

  test("workers are controlled by their own address, windows by how they came to be", async () => {
    await page.register();
    const client = (type: string, url: string): ServiceRequest =>
      request({ clientId: "x", client: { type, url } });
    expect(await host.whose(client("worker", `${origin}/w.js`))).not.toBeNull();
    expect(await host.whose(client("window", `${origin}/page`))).toBeNull();
    expect(await host.whose(client("window", "about:srcdoc"))).not.toBeNull();
  });

  test("an update that differs waits until no page uses the old one", async () => {
    const { id } = await page.register();
    await host.whose(navigation("second"));
    const second = new FakePage(world, host, "second", scope);
    await page.call({ name: "update", registration: id });
    expect(world.running.length).toBe(1);
    world.files.set(script, { text: "2" });
    await page.call({ name: "update", registration: id });
    const [old, fresh] = world.running as [FakeRunning, FakeRunning];
    expect(page.now.registrations).toMatchObject([
      { active: { id: old.version.id }, waiting: { id: fresh.version.id, state: "installed" } },
    ]);
    expect(world.registry).toMatchObject([
      { active: { id: old.version.id }, waiting: { id: fresh.version.id } },
    ]);
    await second.leave();
    expect(page.now.registrations).toMatchObject([{ active: { id: fresh.version.id }, waiting: null }]);
    expect(old.ended).toBe(true);
    // Its scripts went with it.
    expect([...world.kept.values()]).toEqual(["2"]);
  });

  test("what comes while the registrations are being kept isn't cleared away", async () => {
    await page.register();
    const other = `${origin}/other/sw.js`;
    world.files.set(other, { text: "other" });
    // Its script is there when those that are left over go.
    const saving = world.save.bind(world);
    world.save = async (kept, isNeeded) => {
      const arrives = page.call({
        ...{ name: "register", script: other, scope: undefined, type: "classic", updateViaCache: "imports" },
      });
      world.save = saving;
      await arrives;
      await saving(kept, isNeeded);
    };
    await page.call({ name: "unregister", registration: page.now.registrations[0]?.id ?? "" });
    await world.pass();
    expect([...world.kept.values()]).toEqual(["other"]);
  });

  test("skipWaiting takes over the pages that are open, and they hear of it", async () => {
    const { id } = await page.register();
    await newest().wants.call({ name: "claim" });
    world.files.set(script, { text: "2" });
    await page.call({ name: "update", registration: id });
    expect(page.now.turns).toBe(1);
    await newest().wants.call({ name: "skipWaiting" });
    await world.pass();
    expect(page.now).toMatchObject({ turns: 2, controller: { id: newest().version.id, state: "activated" } });
  });

  test("a changed import is an update, too", async () => {
    const { id } = await page.register();
    const imported = `${origin}/imported.js`;
    world.files.set(imported, { text: "a" });
    world.kept.set(`${newest().version.id} ${imported}`, "a");
    await page.call({ name: "update", registration: id });
    expect(world.running.length).toBe(1);
    world.files.set(imported, { text: "b" });
    await page.call({ name: "update", registration: id });
    expect(world.running.length).toBe(2);
  });

  test("after a navigation it looks for an update by itself", async () => {
    await page.register();
    world.files.set(script, { text: "2" });
    await host.whose(navigation("second"));
    await world.pass(1000);
    expect(world.running.length).toBe(2);
  });

  test("unregistered, it stays for the pages it controls and for no others", async () => {
    const { id } = await page.register();
    await host.whose(navigation("second"));
    const second = new FakePage(world, host, "second", scope);
    expect(await page.call({ name: "unregister", registration: id })).toBe(true);
    expect(await page.call({ name: "registration", url: scope })).toBeUndefined();
    expect(await host.whose(navigation("third"))).toBeNull();
    expect(await host.whose(request({ clientId: "second" }))).not.toBeNull();
    expect(newest().ended).toBe(false);
    await second.leave();
    expect(newest().ended).toBe(true);
    expect(world.asks).toBe(false);
    expect(world.registry).toEqual([]);
    expect(await page.call({ name: "unregister", registration: id })).toBe(false);
  });

  test("another tab's host finds what was registered, starts it when it is asked, and keeps its pages", async () => {
    await page.register();
    const { id } = newest().version;
    const next = new ServiceHost(world);
    const there = new FakePage(world, next, "there", scope);
    await world.pass();
    expect(there.now.controller).toMatchObject({ id, state: "activated" });
    expect(there.now.registrations.map((each) => each.id)).toEqual(
      page.now.registrations.map((each) => each.id),
    );
    expect(world.running.length).toBe(1);
    const { port1 } = new MessageChannel();
    await next.serve(request({ clientId: "there" }), port1);
    port1.close();
    expect(newest().version.id).toBe(id);
    expect(newest().events).toEqual([]);
    expect(newest().sent).toMatchObject([{ k: "fetch" }]);
  });

  test("who waited is active when no page is left to wait for", async () => {
    world.registry = [
      {
        ...{ id: "kept", scope, updateViaCache: "imports" },
        active: { id: "old", script, type: "classic", activated: true },
        waiting: { id: "fresh", script, type: "classic", activated: false },
      },
    ];
    world.open = [];
    const next = new ServiceHost(world);
    await world.pass();
    expect(await next.whose(navigation("x"))).toMatchObject({ id: "fresh" });
    expect(newest().events).toEqual(["activate"]);
  });

  test("who waited goes on waiting while pages of other tabs are open", async () => {
    world.registry = [
      {
        ...{ id: "kept", scope, updateViaCache: "imports" },
        active: { id: "old", script, type: "classic", activated: true },
        waiting: { id: "fresh", script, type: "classic", activated: false },
      },
    ];
    const next = new ServiceHost(world);
    const there = new FakePage(world, next, "there", scope);
    await world.pass(5000);
    expect(await next.whose(request({ clientId: "there" }))).toMatchObject({ id: "old" });
    await there.leave();
    expect(await next.whose(navigation("x"))).toMatchObject({ id: "fresh" });
  });

  test("requests wait while it is being activated", async () => {
    await page.register();
    expect(await host.whose(navigation("second"))).not.toBeNull();
    const running = newest();
    let activate: (ok: boolean) => void = () => undefined;
    world.files.set(script, { text: "2" });
    world.prepare = (fresh) =>
      (fresh.run = (what) =>
        what === "install" ? Promise.resolve(true) : new Promise((resolve) => (activate = resolve)));
    const [registration] = page.now.registrations;
    await page.call({ name: "update", registration: registration?.id ?? "" });
    await newest().wants.call({ name: "skipWaiting" });
    await world.pass();
    const { port1 } = new MessageChannel();
    const served = host.serve(request({ clientId: "second" }), port1);
    await world.pass();
    expect(newest().sent.some(({ k }) => k === "fetch")).toBe(false);
    activate(true);
    await served;
    port1.close();
    expect(newest().sent.some(({ k }) => k === "fetch")).toBe(true);
    expect(running.ended).toBe(true);
  });

  test("what is said to a page before it has spoken waits for it", async () => {
    await page.register();
    await host.whose(navigation("second"));
    newest().wants.post("second", "hello", []);
    const second = new FakePage(world, host, "second");
    await world.pass();
    expect(second.heard).toMatchObject([
      { k: "now", controller: { script } },
      { k: "message", data: "hello" },
    ]);
  });

  test("clients are the controlled, or all; a worker's own registration alone", async () => {
    await page.register();
    await host.whose(navigation("second"));
    new FakePage(world, host, "second");
    await world.pass();
    const list = async (uncontrolled: boolean): Promise<string[]> =>
      ((await newest().wants.call({ name: "clients", uncontrolled, type: "window" })) as ClientFacts[]).map(
        ({ id }) => id,
      );
    expect(await list(false)).toEqual(["second"]);
    expect(await list(true)).toEqual(["first", "second"]);
  });

  test("there are 64 registrations and no more", async () => {
    for (let i = 0; i < 64; ++i) await page.register({ scope: `${origin}/${i}/` });
    await expect(page.register({ scope: `${origin}/65/` })).rejects.toMatchObject({ name: "AbortError" });
  });
});
