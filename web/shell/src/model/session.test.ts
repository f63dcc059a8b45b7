import type { HearthConnection, KnownAppliance, SignedIn } from "@hearth/sdk";
import { beforeEach, expect, test } from "vitest";
import type { Platform } from "./platform.ts";
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
    me: () => Promise.resolve({ persona, device: {}, connection: {} }),
  };
  const step = <T>(name: string, value: T): Promise<T> => {
    log.push(name);
    return state.fail.has(name)
      ? Promise.reject(Object.assign(new Error(name), { name: "HearthError", code: "offline" }))
      : Promise.resolve(value);
  };
  const connection = () =>
    ({
      root: "r",
      peerId: "h",
      device: "d",
      ready: state.ready,
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
        ...known[0],
        ...facts,
      };
      known = [next];
      return step("remember", next);
    },
    forget: () => {
      known = [];
      return step("forget", undefined);
    },
    local: () => Promise.resolve(undefined),
    flock: () => Promise.reject(new Error("none")),
    connect: (target: unknown, _: unknown, keep: boolean) => {
      log.push(`connect ${typeof target === "string" ? target : "root"} ${keep ? "kept" : "unkept"}`);
      return Promise.resolve(connection());
    },
    open: () => connection(),
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
  return { platform, log, state };
}

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
  expect(box.log.slice(-4)).toEqual(["remove device", "close", "forget", "forget key"]);
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

test("the secret of a link is its fifth part", () => {
  expect([...secretOf("https://home.x/#1.pair.root.-._-8A.addrs")]).toEqual([255, 239, 0]);
});
