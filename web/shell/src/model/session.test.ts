import type { FlockInfo, HearthConnection, KnownAppliance, SignedIn } from "@hearth/sdk";
import { beforeEach, expect, test } from "vitest";
import { readNews } from "./news.ts";
import type { News, Platform } from "./platform.ts";
import { secretOf, Session } from "./session.ts";

const persona = { id: "p", name: "anna", displayName: "Anna", role: "owner", created: 0 } as const;
const signedIn: SignedIn = { persona, device: { id: "d" } as never };

function world() {
  const log: string[] = [];
  let known: KnownAppliance[] = [];
  let kept = false;
  const state = {
    fail: new Set<string>(),
    ready: Promise.resolve(),
    reach: "direct",
    me: () => Promise.resolve({ persona, device: {}, connection: {} }),
    flock: (): Promise<FlockInfo> => Promise.reject(new Error("none")),
  };
  const step = <T>(name: string, value: T): Promise<T> => {
    log.push(name);
    return state.fail.has(name)
      ? Promise.reject(Object.assign(new Error(name), { name: "HearthError", code: "offline" }))
      : Promise.resolve(value);
  };
  let news: (news: News) => void = () => undefined;
  let chosen: string | undefined;
  const statuses: (() => void)[] = [];
  const connection = (root = "r") =>
    ({
      root,
      peerId: "h",
      device: "d",
      ready: state.ready,
      get state() {
        return state.reach;
      },
      subscribe: (listener: () => void) => {
        statuses.push(listener);
        return () => undefined;
      },
      close: () => step("close", undefined),
    }) as unknown as HearthConnection;
  const key = (remembered: boolean) => ({ id: "d", remembered }) as never;
  const platform = {
    deviceKey: (keep: boolean) => {
      if (keep) kept = true;
      return step(keep ? "kept key" : "passing key", key(keep));
    },
    keptKey: () => Promise.resolve(kept ? key(true) : undefined),
    forgetKey: () => {
      kept = false;
      return step("forget key", undefined);
    },
    known: () => Promise.resolve(known),
    remember: (root: string, facts: Partial<KnownAppliance>) => {
      const next = {
        root,
        multiaddrs: [],
        epoch: 1,
        sequence: 1,
        firstSeen: 7,
        lastUsed: 0,
        ...known.find((each) => each.root === root),
        ...facts,
      };
      known = [next, ...known.filter((each) => each.root !== root)];
      return step("remember", next);
    },
    amend: (root: string, facts: Partial<KnownAppliance>) => {
      known = known.map((each) => (each.root === root ? { ...each, ...facts } : each));
      return Promise.resolve();
    },
    forget: (root: string) => {
      known = known.filter((each) => each.root !== root);
      return step("forget", undefined);
    },
    get chosen() {
      return chosen;
    },
    choose: (root: string) => (chosen = root),
    tell: ({ kind, root }: News) => log.push(`tell ${kind} ${root}`),
    onNews: (listener: typeof news) => (news = listener),
    local: () => Promise.resolve(undefined),
    flock: () => state.flock(),
    fromFlock: false,
    connect: (target: unknown, _: unknown, keep: boolean) => {
      log.push(`connect ${typeof target === "string" ? target : "root"} ${keep ? "kept" : "unkept"}`);
      return Promise.resolve(connection(target === "villa" ? "v" : "r"));
    },
    open: ({ root }: { root: string }, _: unknown, first?: HearthConnection) => first ?? connection(root),
    api: () => ({
      appliance: () => step("appliance", { name: "Casa" }),
      renameAppliance: (name: string) => step(`rename ${name}`, undefined),
      me: () => state.me(),
      removeDevice: () => step("remove device", undefined),
    }),
    setup: () => step("setup", signedIn),
    login: () => step("login", signedIn),
    pair: () => step("pair", signedIn),
  } as unknown as Platform;
  const reach = (state_: string): void => {
    state.reach = state_;
    for (const listener of statuses) listener();
  };
  const hear = async (kind: News["kind"], root: string): Promise<void> => {
    news({ kind, root });
    await turns();
  };
  return { platform, log, state, reach, hear, chosen: () => chosen };
}

const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

let box: ReturnType<typeof world>;
let session: Session;
beforeEach(() => {
  box = world();
  session = new Session(box.platform, () => 99);
});

const login = { box: "casa", name: "anna", password: "x", deviceName: "d" };

test("a remembered login is there again after a reload, without a password", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  const again = new Session(box.platform, () => 100);
  await again.start(null);
  expect(again.snapshot().phase).toBe("inside");
  expect(again.snapshot().inside?.title).toBe("Casa");
});

test("a remembered device is at no moment a stranger, so its page stays", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  const again = new Session(box.platform, () => 100);
  const phases: string[] = [];
  again.subscribe(() => phases.push(again.snapshot().phase));
  await again.start(null);
  expect(phases).toContain("inside");
  expect(phases).not.toContain("stranger");
});

test("an unremembered login leaves nothing behind: no key, no list of boxes", async () => {
  await session.start(null);
  await session.login({ ...login, remember: false });
  expect(session.snapshot().phase).toBe("inside");
  expect(box.log).toContain("passing key");
  expect(box.log).toContain("connect casa unkept");
  expect(box.log).not.toContain("remember");
  const again = new Session(box.platform, () => 100);
  await again.start(null);
  expect(again.snapshot().phase).toBe("stranger");
});

test("forgetting this device removes it on the box, its key, and the box from the list", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  expect(await session.forgetDevice()).toEqual({ removedFromBox: true });
  expect(box.log.slice(-5)).toEqual(["remove device", "close", "forget", "forget key", "tell left r"]);
  expect(session.snapshot()).toMatchObject({ phase: "stranger", inside: null, known: [] });
});

test("forgetting works with the box away, and says that the box still lists the device", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  box.state.fail.add("remove device");
  expect(await session.forgetDevice()).toEqual({ removedFromBox: false });
  expect(box.log).toContain("forget key");
});

test("a device that was removed elsewhere is led to the door when the box says so", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  box.state.me = () => Promise.reject(Object.assign(new Error("no"), { code: "unauthorized" }));
  const again = new Session(box.platform, () => 100);
  await again.start(null);
  expect(again.snapshot().phase).toBe("stranger");
});

test("whoever is known is inside at once, before the box can be reached", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  box.state.ready = new Promise(() => undefined);
  const again = new Session(box.platform, () => 100);
  void again.start(null);
  await new Promise((resolve) => setTimeout(resolve));
  expect(again.snapshot().phase).toBe("inside");
});

test("on a flock's page whoever is known is inside before the flock has said a word", async () => {
  box.state.flock = () => Promise.resolve({ peerId: "f", addrs: [] });
  await session.start(null);
  await session.login({ ...login, remember: true });
  let answer: (info: FlockInfo) => void = () => undefined;
  box.state.flock = () => new Promise((resolve) => (answer = resolve));
  const again = new Session(box.platform, () => 100);
  const started = again.start(null);
  await turns();
  expect(again.snapshot()).toMatchObject({ phase: "inside", flock: undefined });
  answer({ peerId: "f", addrs: [] });
  await started;
  expect(again.snapshot()).toMatchObject({ phase: "inside", flock: { peerId: "f" } });
});

test("a failed login closes its connection and stays at the door", async () => {
  await session.start(null);
  box.state.fail.add("login");
  await expect(session.login({ ...login, remember: false })).rejects.toThrow();
  expect(box.log.at(-1)).toBe("close");
  expect(session.snapshot().phase).toBe("stranger");
});

test("setup by link: the owner exists even when the box's name doesn't stick", async () => {
  await session.start({ kind: "setup", text: "1.setup.r.-.AAAAAAA" });
  box.state.fail.add("rename Villa");
  await session.setup({
    code: null,
    displayName: "Anna",
    name: "anna",
    password: "x",
    boxName: "Villa",
    deviceName: "d",
  });
  expect(session.snapshot()).toMatchObject({ phase: "inside", link: null });
});

test("a pairing link waits at the door, also on a browser that knows a box", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  const again = new Session(box.platform, () => 100);
  await again.start({ kind: "pair", text: "1.pair.r.-.AAAA" });
  expect(again.snapshot()).toMatchObject({ phase: "stranger", link: { kind: "pair" } });
  await again.join("1.pair.r.-.AAAA", "Phone");
  expect(again.snapshot()).toMatchObject({ phase: "inside", link: null });
});

test("forgetting in one tab leads all tabs to the door", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  await box.platform.forget("r");
  await box.hear("left", "r");
  expect(session.snapshot()).toMatchObject({ phase: "stranger", inside: null, known: [] });
  // The other tab has done the rest.
  expect(box.log).not.toContain("forget key");
});

test("a login in one tab lets the tabs in that were at the door, and disturbs nobody who is inside", async () => {
  await session.start(null);
  const waiting = new Session(box.platform, () => 99);
  await waiting.start(null);
  await session.login({ ...login, remember: true });
  expect(box.log).toContain("tell entered r");
  await box.hear("entered", "r");
  expect(waiting.snapshot()).toMatchObject({ phase: "inside", inside: { title: "Casa" } });
  const before = waiting.snapshot().inside?.connection;
  await box.hear("entered", "r");
  expect(waiting.snapshot().inside?.connection).toBe(before);
});

test("a device removed elsewhere is led to the door when its connection comes back, and says so to all tabs", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  box.state.me = () => Promise.reject(Object.assign(new Error("no"), { code: "unauthorized" }));
  box.reach("connecting");
  box.reach("direct");
  await turns();
  expect(session.snapshot().phase).toBe("stranger");
  expect(box.log).toContain("tell left r");
  expect(session.snapshot().known).toMatchObject([{ root: "r", persona: "" }]);
});

test("two boxes: a tab goes from one to the other and stays there after a reload", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  await session.login({ ...login, box: "villa", remember: true });
  expect(session.snapshot().inside?.connection.root).toBe("v");
  await session.switchTo("r");
  expect(session.snapshot().inside?.connection.root).toBe("r");
  expect(box.chosen()).toBe("r");
  await session.switchTo("nowhere");
  await session.switchTo("v");
  const again = new Session(box.platform, () => 100);
  await again.start(null);
  expect(again.snapshot().inside?.connection.root).toBe("v");
  expect(
    again
      .snapshot()
      .known.map(({ root }) => root)
      .sort(),
  ).toEqual(["r", "v"]);
});

test("forgetting one of two boxes keeps the key, which opens the other", async () => {
  await session.start(null);
  await session.login({ ...login, remember: true });
  await session.login({ ...login, box: "villa", remember: true });
  await session.forgetDevice();
  expect(box.log).not.toContain("forget key");
  await session.switchTo("r");
  expect(session.snapshot()).toMatchObject({ phase: "inside", inside: { connection: { root: "r" } } });
});

test("news that isn't understood is passed over", () => {
  for (const data of [null, 1, "left", {}, { kind: "left" }, { kind: "moved", root: "r" }])
    expect(readNews(data)).toBeUndefined();
  expect(readNews({ kind: "left", root: "r", more: 1 })).toEqual({ kind: "left", root: "r" });
});

test("the secret of a link is its fifth part", () => {
  expect([...secretOf("https://home.x/#1.pair.root.-._-8A.addrs")]).toEqual([255, 239, 0]);
});
