import { expect, test } from "vitest";
import { FakeOrigin, type FakeTab } from "../testing/fake_origin.ts";
import { settled } from "../testing/fake_clock.ts";
import { serveOne, type TestRequest } from "../testing/http_server.ts";
import { pipe } from "../testing/pipe.ts";
import type { ConnectionStatus } from "../connection.ts";
import type { ByteStream } from "../http/stream.ts";
import { tabsVersion } from "./machine.ts";
import { SharedConnection, type Upstream } from "./shared_connection.ts";

const second = 1000;

/** The box, as the tabs' connections reach it. */
class Box {
  readonly connections: FakeUpstream[] = [];
  readonly requests: string[] = [];
  answer: (request: TestRequest, count: number) => Response | Promise<Response> = () => new Response("ok");

  get open(): FakeUpstream[] {
    return this.connections.filter(({ closed }) => !closed);
  }

  connect(): FakeUpstream {
    const upstream = new FakeUpstream(this);
    this.connections.push(upstream);
    return upstream;
  }
}

class FakeUpstream implements Upstream {
  readonly peerId = "box";
  status: ConnectionStatus = { state: "direct", upgrading: false };
  closed = false;
  fenced: number | null | undefined;
  retries = 0;
  readonly #box: Box;
  readonly #streams: ByteStream[] = [];
  readonly #listeners: ((status: ConnectionStatus) => void)[] = [];

  constructor(box: Box) {
    this.#box = box;
  }

  openStream(): Promise<ByteStream> {
    if (this.closed) return Promise.reject(new Error("closed"));
    const [ours, theirs] = pipe();
    this.#streams.push(ours);
    void serveOne(theirs, (request) => {
      this.#box.requests.push(`${request.method} ${request.target}`);
      return this.#box.answer(request, this.#box.requests.length);
    }).catch(() => undefined);
    return Promise.resolve(ours);
  }

  fence(term: number | null): void {
    this.fenced = term;
  }

  subscribe(listener: (status: ConnectionStatus) => void): () => void {
    this.#listeners.push(listener);
    return () => undefined;
  }

  retry(): void {
    ++this.retries;
  }

  become(status: ConnectionStatus): void {
    this.status = status;
    for (const listener of this.#listeners) listener(status);
  }

  close(): Promise<void> {
    this.closed = true;
    for (const stream of this.#streams) stream.abort(new Error("closed"));
    return Promise.resolve();
  }
}

function world() {
  const origin = new FakeOrigin();
  const box = new Box();
  const open = (options?: { visible?: boolean; switchboard?: boolean }) => {
    const tab = origin.tab(options);
    const connection = new SharedConnection({
      root: "r",
      device: "d",
      world: tab.world,
      open: () => box.connect(),
    });
    return { tab, connection, text: async (path: string) => (await connection.fetch(path)).text() };
  };
  /** As many tabs, of which the first leads. */
  const tabs = async (count: number, options?: { visible?: boolean }) => {
    const all = [];
    for (let i = 0; i < count; ++i) {
      all.push(open(options));
      await calm();
    }
    return all;
  };
  return { origin, box, open, tabs };
}

/** Ports, locks and storage answer within a few turns. */
async function calm(): Promise<void> {
  for (let i = 0; i < 12; ++i) await settled();
}

const roles = (tabs: { connection: SharedConnection }[]) => tabs.map(({ connection }) => connection.role);

test("any number of tabs have one connection at the box", async () => {
  const { box, tabs } = world();
  const all = await tabs(4);
  expect(roles(all)).toEqual(["leading", "following", "following", "following"]);
  for (const [i, { text }] of all.entries()) expect(await text(`/${i}`)).toBe("ok");
  expect(box.requests).toEqual(["GET /0", "GET /1", "GET /2", "GET /3"]);
  expect(box.connections).toHaveLength(1);
});

test("followers see the leader's state, and ask it to try again", async () => {
  const { box, tabs } = world();
  const [, follower] = await tabs(2);
  await follower!.connection.ready;
  expect(follower!.connection.peerId).toBe("box");
  const seen: string[] = [];
  follower!.connection.subscribe(({ state }) => seen.push(state));
  box.connections[0]!.become({ state: "relayed", upgrading: true, relay: "flock" });
  await calm();
  expect(seen).toEqual(["relayed"]);
  expect(follower!.connection.status.relay).toBe("flock");
  follower!.connection.retry();
  await calm();
  expect(box.connections[0]!.retries).toBe(1);
});

test("a leader that closes hands over, and the others go on with one connection", async () => {
  const { box, tabs } = world();
  const [leader, second, third] = await tabs(3);
  await leader!.connection.close();
  await calm();
  expect(roles([second!, third!]).sort()).toEqual(["following", "leading"]);
  expect([await second!.text("/2"), await third!.text("/3")]).toEqual(["ok", "ok"]);
  expect(box.open).toHaveLength(1);
});

test("a GET under way is repeated by the follower when its leader goes; a POST fails and is not sent again", async () => {
  const { box, tabs } = world();
  const [leader, follower] = await tabs(2);
  box.answer = (_, count) => (count <= 2 ? new Promise(() => undefined) : new Response("again"));
  const get = follower!.text("/get");
  const post = follower!.connection.fetch("/post", { method: "POST", body: "once" });
  const failed = expect(post).rejects.toMatchObject({ code: "cut_short" });
  await calm();
  expect(box.requests).toEqual(["GET /get", "POST /post"]);
  leader!.tab.crash();
  await calm();
  await failed;
  expect(await get).toBe("again");
  expect(box.requests).toEqual(["GET /get", "POST /post", "GET /get"]);
});

test("a request that waits while nobody leads is sent once somebody does", async () => {
  const { box, tabs, origin } = world();
  const [leader, follower] = await tabs(2);
  origin.lose = 100;
  leader!.tab.freeze();
  const post = follower!.connection.fetch("/post", { method: "POST", body: "once" });
  await calm();
  expect(box.requests).toEqual([]);
  await origin.clock.advance(1.5 * second);
  await calm();
  expect(await (await post).text()).toBe("ok");
  leader!.tab.thaw();
  await calm();
  await origin.clock.advance(2 * second);
  await calm();
  // The frozen one found the request when it woke, and left it alone.
  expect(box.requests).toEqual(["POST /post"]);
});

test("a frozen leader is replaced by a visible follower after a second, and steps down when it wakes", async () => {
  const { box, tabs, origin } = world();
  const [old, heir] = await tabs(2);
  await origin.clock.advance(5 * second);
  expect(roles([old!, heir!])).toEqual(["leading", "following"]);
  old!.tab.freeze();
  await origin.clock.advance(0.9 * second);
  await calm();
  expect(heir!.connection.role).toBe("following");
  await origin.clock.advance(0.6 * second);
  await calm();
  expect(heir!.connection.role).toBe("leading");
  expect(await heir!.text("/")).toBe("ok");
  expect(box.open).toHaveLength(2);
  old!.tab.thaw();
  await calm();
  await origin.clock.advance(1 * second);
  await calm();
  expect(roles([old!, heir!])).toEqual(["following", "leading"]);
  expect(box.open).toHaveLength(1);
  expect(await old!.text("/old")).toBe("ok");
});

test("a hidden follower leaves a frozen leader alone until it is seen", async () => {
  const { tabs, origin } = world();
  const [leader, follower] = await tabs(2, { visible: false });
  leader!.tab.freeze();
  await origin.clock.advance(10 * second);
  await calm();
  expect(follower!.connection.role).toBe("following");
  follower!.tab.show(true);
  await origin.clock.advance(1.5 * second);
  await calm();
  expect(follower!.connection.role).toBe("leading");
});

test("what a thawed leader still commits is refused, and it steps down", async () => {
  const { tabs, origin, box } = world();
  const [old] = await tabs(2);
  const commits: unknown[] = [];
  const told = Promise.withResolvers<void>();
  await old!.connection.fetch("/cookie", {
    onFields: (_, commit) => {
      // As AppHost has it: the answer is there, what it sets is about to be kept.
      void (async () => {
        await told.promise;
        commits.push(await commit!(() => commits.push("written")));
      })();
    },
  });
  old!.tab.freeze();
  await origin.clock.advance(2 * second);
  await calm();
  told.resolve();
  old!.tab.thaw();
  await calm();
  expect(commits).toEqual([false]);
  expect(old!.connection.role).not.toBe("leading");
  expect(box.connections[0]!.closed).toBe(true);
});

test("a POST that a frozen leader had taken on fails at the follower, and is not begun when it wakes", async () => {
  const { tabs, origin, box } = world();
  const [old, follower] = await tabs(2);
  let body!: ReadableStreamDefaultController<Uint8Array>;
  const post = follower!.connection.fetch("/post", {
    method: "POST",
    body: new ReadableStream<Uint8Array>({ start: (controller) => void (body = controller) }),
  });
  const failed = expect(post).rejects.toMatchObject({ code: "cut_short" });
  await calm();
  old!.tab.freeze();
  body.enqueue(new Uint8Array(10));
  body.close();
  await origin.clock.advance(2 * second);
  await calm();
  await failed;
  old!.tab.thaw();
  await calm();
  expect(box.requests).toEqual([]);
});

test("two followers that miss the leader at once end up with one leader and one connection", async () => {
  const { tabs, origin, box } = world();
  const [old, a, b] = await tabs(3);
  old!.tab.freeze();
  await origin.clock.advance(3 * second);
  await calm();
  await origin.clock.advance(3 * second);
  await calm();
  expect(roles([a!, b!]).sort()).toEqual(["following", "leading"]);
  expect(box.open.filter((each) => each !== box.connections[0])).toHaveLength(1);
});

test("lost messages cost time, not the connection", async () => {
  const { origin, open, box } = world();
  const first = open();
  await calm();
  origin.lose = 3;
  const late = open();
  await calm();
  expect(late.connection.role).toBe("seeking");
  await origin.clock.advance(1 * second);
  await calm();
  expect(roles([first, late])).toEqual(["leading", "following"]);
  expect(box.connections).toHaveLength(1);
});

test("a leader that vanishes while its heir's announcement is lost is found by the others", async () => {
  const { origin, tabs, box } = world();
  const [leader, a, b] = await tabs(3);
  origin.lose = 2;
  leader!.tab.crash();
  await calm();
  await origin.clock.advance(2 * second);
  await calm();
  expect(roles([a!, b!]).sort()).toEqual(["following", "leading"]);
  expect([await a!.text("/a"), await b!.text("/b")]).toEqual(["ok", "ok"]);
  expect(box.connections).toHaveLength(2);
});

test("an heir that hears nothing of another's term doesn't rob it, until that one doesn't answer either", async () => {
  const { origin, tabs } = world();
  const [old, a, b] = await tabs(3);
  old!.tab.freeze();
  origin.lose = 1000;
  await origin.clock.advance(3 * second);
  await calm();
  expect(roles([a!, b!]).sort()).toEqual(["leading", "seeking"]);
  expect(origin.term).toBe(2);
  const [heir, other] = a!.connection.role === "leading" ? [a!, b!] : [b!, a!];
  heir.tab.freeze();
  await origin.clock.advance(12 * second);
  await calm();
  expect(other.connection.role).toBe("leading");
  expect(await other.text("/")).toBe("ok");
});

test("a leader whose term was ended by forgetting the box holds nothing any more", async () => {
  const { origin, tabs, box } = world();
  const [leader] = await tabs(1);
  let commit: ((change: () => void) => Promise<boolean>) | undefined;
  await leader!.connection.fetch("/", { onFields: (_, given) => void (commit = given) });
  ++origin.term;
  expect(await commit!(() => expect.fail())).toBe(false);
  await calm();
  expect(box.connections[0]!.closed).toBe(true);
});

test("beside a newer shell a tab has a connection of its own, which writes nothing", async () => {
  const { origin, tabs, box } = world();
  const [old] = await tabs(1);
  origin.say(undefined, { kind: "lead", version: tabsVersion + 1, term: 2, whatever: true });
  await calm();
  expect(old!.connection.role).toBe("alone");
  expect(await old!.text("/")).toBe("ok");
  expect(box.open).toHaveLength(1);
  expect(box.open[0]!.fenced).toBeNull();
  expect(origin.holder).toBeUndefined();
});

test("what isn't understood on the channel is passed over", async () => {
  const { origin, tabs } = world();
  const all = await tabs(2);
  for (const message of [
    null,
    7,
    "lead",
    {},
    { kind: "lead", version: "1", term: 9 },
    { kind: "lead", version: 1 },
  ])
    origin.say(undefined, message);
  await calm();
  expect(roles(all)).toEqual(["leading", "following"]);
});

test("without a switchboard the first leads, and each other tab has a connection of its own", async () => {
  const { open, box } = world();
  const first = open({ switchboard: false });
  await calm();
  const other = open({ switchboard: false });
  await calm();
  expect([await first.text("/"), await other.text("/")]).toEqual(["ok", "ok"]);
  expect(other.connection.role).toBe("alone");
  expect(box.open).toHaveLength(2);
});

test("a page that is left hands over, and takes part again when it is shown again", async () => {
  const { tabs, box } = world();
  const [left, other] = await tabs(2);
  left!.tab.onLeave();
  await calm();
  expect(roles([left!, other!])).toEqual(["gone", "leading"]);
  left!.tab.onReturn();
  await calm();
  expect(roles([left!, other!])).toEqual(["following", "leading"]);
  expect(await left!.text("/")).toBe("ok");
  expect(box.open).toHaveLength(1);
});

test("a connection that stands already is what its tab leads with, and closed where another leads", async () => {
  const { origin, box } = world();
  const begin = (tab: FakeTab, first: Upstream) =>
    new SharedConnection({ root: "r", device: "d", world: tab.world, open: () => box.connect(), first });
  const leader = begin(origin.tab(), box.connect());
  await calm();
  expect([leader.role, box.connections.length]).toEqual(["leading", 1]);
  const follower = begin(origin.tab(), box.connect());
  await calm();
  expect(follower.role).toBe("following");
  expect(box.connections.map(({ closed }) => closed)).toEqual([false, true]);
});

test("a request taken back by its caller ends at the box, too", async () => {
  const { tabs, box } = world();
  const [, follower] = await tabs(2);
  box.answer = () => new Promise(() => undefined);
  const taken = new AbortController();
  const failed = expect(follower!.connection.fetch("/", { signal: taken.signal })).rejects.toThrow("enough");
  await calm();
  taken.abort(new Error("enough"));
  await failed;
  await calm();
  expect(box.requests).toEqual(["GET /"]);
});
