import { afterEach, beforeEach, expect, test, vi } from "vitest";

/** As a browser's, for one origin. */
class MemoryStorage {
  readonly #items = new Map<string, string>();
  get length(): number {
    return this.#items.size;
  }
  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
  removeItem(key: string): void {
    this.#items.delete(key);
  }
}

let local: MemoryStorage;
let tab: MemoryStorage;
let others: { name: string }[];

/** A page of the shell as it loads. */
async function page() {
  vi.resetModules();
  const { CookieStore } = await import("./cookie_store.ts");
  const { forgetCookies } = await import("./cookie_storage.ts");
  const open = (device: string, app = "app", root = "root"): ReturnType<typeof CookieStore.open> =>
    CookieStore.open("label.flock.example", root, device, app);
  return { open, forgetCookies };
}

beforeEach(() => {
  [local, tab, others] = [new MemoryStorage(), new MemoryStorage(), []];
  vi.stubGlobal("localStorage", local);
  vi.stubGlobal("sessionStorage", tab);
  vi.stubGlobal("navigator", {
    locks: { query: async () => ({ held: others }), request: () => new Promise(() => undefined) },
  });
  vi.doMock("../keys/device_keys.ts", () => ({
    DeviceKeys: { open: () => ({ load: async () => ({ id: "kept" }) }) },
  }));
});
afterEach(() => vi.unstubAllGlobals());

test("session cookies outlive a reload and an app that is closed, but not the shell's last tab", async () => {
  const first = await page();
  (await first.open("kept")).set(["s=1", "p=1; Max-Age=100"], "/");
  expect((await first.open("kept")).text("/")).toBe("s=1; p=1");
  expect((await (await page()).open("kept")).text("/")).toBe("s=1; p=1");
  tab = new MemoryStorage();
  vi.stubGlobal("sessionStorage", tab);
  others = [{ name: "hearth-session" }];
  expect((await (await page()).open("kept")).text("/")).toBe("s=1; p=1");
  others = [];
  vi.stubGlobal("sessionStorage", new MemoryStorage());
  expect((await (await page()).open("kept")).text("/")).toBe("p=1");
});

test("tabs have one jar; boxes, devices and apps have their own", async () => {
  const { open } = await page();
  const one = await open("kept");
  const two = await open("kept");
  one.set(["a=1"], "/");
  expect(two.text("/")).toBe("a=1");
  two.set(["a=; Max-Age=0"], "/");
  expect(one.text("/")).toBe("");
  one.set(["a=1"], "/");
  for (const other of [await open("kept", "mail"), await open("kept", "app", "root2"), await open("guest")])
    expect(other.text("/")).toBe("");
});

test("a device that isn't kept leaves no cookie behind, and forgetting takes them all", async () => {
  const { open, forgetCookies } = await page();
  (await open("guest")).set(["g=1; Max-Age=100"], "/");
  expect(local.length).toBe(0);
  (await open("kept")).set(["k=1"], "/");
  (await open("kept", "app", "root2")).set(["k=1"], "/");
  forgetCookies("root");
  expect(local.length).toBe(1);
  forgetCookies();
  expect([local.length, tab.key(0)]).toEqual([0, "hearth-session"]);
});
