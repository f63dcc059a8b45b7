import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { publicText } from "../../tools/release_key.mjs";
import { seal } from "../../tools/bundle.mjs";
import { readBundle, succeeds, verify } from "./bundle.ts";
import { Keeper, type KeptShell } from "./keeper.ts";

const newKey = (): KeyObject => generateKeyPairSync("ed25519").privateKey;
const types = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8" };
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

function list(files: Record<string, string>) {
  return Object.entries(files).map(([path, text]) => ({
    path,
    sha256: sha256(text),
    size: text.length,
    type: types[path.split(".").at(-1) as keyof typeof types],
  }));
}

/** A browser's caches, as far as the keeper uses them. */
class FakeCaches {
  readonly all = new Map<string, Map<string, string>>();
  open(name: string) {
    const held = this.all.get(name) ?? new Map<string, string>();
    this.all.set(name, held);
    return Promise.resolve({
      match: (path: string) => {
        const text = held.get(path);
        return Promise.resolve(text === undefined ? undefined : new Response(text));
      },
      put: async (path: string, response: Response) => void held.set(path, await response.text()),
    });
  }
  keys = () => Promise.resolve([...this.all.keys()]);
  delete = (name: string) => Promise.resolve(this.all.delete(name));
}

describe("what a browser keeps of the shell", () => {
  const owner = newKey();
  const files = { "/index.html": "<p>home", "/sw.js": "worker", "/assets/a.js": "one" };
  let caches: FakeCaches;
  /** What the origin serves; nothing: nobody answers. */
  let served: Record<string, string> | null;
  let asked: string[];
  let told: KeptShell[];

  function offer(
    version: number,
    {
      content = files as Record<string, string>,
      keys = [publicText(owner)],
      signers = [owner],
      threshold = 1,
    } = {},
  ) {
    served = {
      ...content,
      "/bundle.json": seal({ version, files: list(content), keys, threshold, signers }),
    };
  }
  const keeper = () =>
    new Keeper({
      caches: caches as unknown as CacheStorage,
      fetch: ((path: string) => {
        asked.push(path);
        if (served === null) return Promise.reject(new TypeError("Failed to fetch"));
        const text = served[path];
        return Promise.resolve(new Response(text ?? "gone", { status: text === undefined ? 404 : 200 }));
      }) as typeof fetch,
      now: () => 1000,
      location: { protocol: "https:", host: "home.flock.example" },
      onChange: (kept) => told.push(kept),
    });
  const page = async (held: Keeper, path = "/") => (await held.answer(path, true))?.text();

  beforeEach(() => {
    caches = new FakeCaches();
    asked = [];
    told = [];
    offer(7);
  });

  test("the first bundle is taken whole, and opens when nobody answers any more", async () => {
    await keeper().install();
    served = null;
    const later = keeper();
    expect(await page(later)).toBe("<p>home");
    expect(await page(later, "/devices")).toBe("<p>home");
    const script = await later.answer("/assets/a.js", false);
    expect(await script?.text()).toBe("one");
    expect(script?.headers.get("content-type")).toBe(types.js);
    expect(script?.headers.get("content-security-policy")).toContain("frame-src https://*.flock.example;");
    await later.check();
    expect((await later.status())?.refused).toBeNull();
  });

  test("what isn't listed isn't answered, whatever the origin has there", async () => {
    await keeper().install();
    served!["/assets/evil.js"] = "evil";
    expect(await keeper().answer("/assets/evil.js", false)).toBeNull();
    expect(await page(keeper(), "/assets/evil.html")).toBe("<p>home");
  });

  test("at a first visit nothing is kept of a bundle with a false file, or that its own keys didn't sign", async () => {
    served!["/assets/a.js"] = "two";
    await expect(keeper().install()).rejects.toMatchObject({ reason: "file", path: "/assets/a.js" });
    offer(7, { signers: [newKey()] });
    await expect(keeper().install()).rejects.toMatchObject({ reason: "unsigned" });
    delete served!["/bundle.json"];
    await expect(keeper().install()).rejects.toMatchObject({ reason: "missing" });
    expect(await keeper().status()).toBeNull();
  });

  test("a newer signed bundle takes its place, and only what changed is fetched", async () => {
    const held = keeper();
    await held.install();
    offer(8, { content: { ...files, "/assets/b.js": "two" } });
    asked = [];
    await held.check();
    expect(asked).toEqual(["/bundle.json", "/index.html", "/sw.js", "/assets/b.js"]);
    expect((await held.status())?.version).toBe(8);
    expect(await (await held.answer("/assets/b.js", false))?.text()).toBe("two");
    expect([...caches.all.keys()]).toEqual(["hearth-shell", "hearth-shell-8"]);
  });

  const changed = { ...files, "/index.html": "<p>evil" };
  const offers: Record<string, [string, () => void]> = {
    "of another key": ["unsigned", () => offer(8, { content: changed, signers: [newKey()] })],
    "that names its own key": [
      "unsigned",
      () => {
        const key = newKey();
        offer(8, { content: changed, keys: [publicText(key)], signers: [key] });
      },
    ],
    "without a signature": ["unsigned", () => offer(8, { content: changed, signers: [] })],
    "that is older": ["older", () => offer(6, { content: changed })],
    "of the same version with other files": ["other", () => offer(7, { content: changed })],
    "with a file that isn't the listed one": [
      "file",
      () => {
        offer(8, { content: { ...files, "/assets/b.js": "two" } });
        served!["/assets/b.js"] = "owt";
      },
    ],
    "with a file that is longer than listed": [
      "file",
      () => {
        offer(8, { content: { ...files, "/assets/b.js": "two" } });
        served!["/assets/b.js"] = "two and more";
      },
    ],
    "that can't be read": ["malformed", () => (served!["/bundle.json"] = "{}")],
    "that is gone": ["missing", () => delete served!["/bundle.json"]],
    "that is ours, beside another page": ["file", () => (served!["/index.html"] = "<p>evil")],
    "that is ours, beside another worker": ["file", () => (served!["/sw.js"] = "evil")],
  };
  for (const [what, [reason, act]] of Object.entries(offers))
    test(`a bundle ${what} is refused and told of, and nothing of it gets in`, async () => {
      const held = keeper();
      await held.install();
      act();
      await held.check();
      expect(await held.status()).toMatchObject({ version: 7, refused: { reason, at: 1000 } });
      expect(told.at(-1)?.refused?.reason).toBe(reason);
      expect(await page(held)).toBe("<p>home");
      expect(await page(keeper())).toBe("<p>home");
      // Settled when the origin offers what it should.
      offer(7);
      await held.check();
      expect((await keeper().status())?.refused).toBeNull();
    });

  test("never back: not by a worker that is installed anew, and not after a newer one", async () => {
    const held = keeper();
    await held.install();
    offer(9, { content: { ...files, "/assets/b.js": "two" } });
    await held.check();
    offer(7);
    const anew = keeper();
    await anew.install();
    await anew.check();
    expect(await anew.status()).toMatchObject({ version: 9, refused: { reason: "older", version: 7 } });
  });

  test("keys change by a bundle of the old ones that names the new; the old ones then sign nothing more", async () => {
    const next = newKey();
    const held = keeper();
    await held.install();
    offer(8, { keys: [publicText(next)] });
    await held.check();
    expect(await held.status()).toMatchObject({ version: 8, keys: [publicText(next)] });
    offer(9);
    await held.check();
    expect(await held.status()).toMatchObject({ version: 8, refused: { reason: "unsigned" } });
    offer(9, { keys: [publicText(next)], signers: [next] });
    await held.check();
    expect(await held.status()).toMatchObject({ version: 9, refused: null });
  });

  test("where two keys have to sign, one doesn't do, and neither does one twice", async () => {
    const second = newKey();
    const both = { keys: [publicText(owner), publicText(second)], threshold: 2 };
    const bundle = (version: number, signers: KeyObject[]) =>
      readBundle(seal({ version, files: list(files), ...both, signers }));
    const held = bundle(1, [owner, second]);
    verify(held, held);
    expect(() => succeeds(bundle(2, [owner, owner]), held)).toThrow(/unsigned/);
    expect(succeeds(bundle(2, [second, owner]), held)).toBe(true);
  });

  test("a file that the browser's cache holds damaged is fetched anew, and answered only as listed", async () => {
    await keeper().install();
    caches.all.get("hearth-shell-7")!.set("/index.html", "<p>evil");
    expect(await page(keeper())).toBe("<p>home");
    served!["/index.html"] = "<p>evil";
    await expect(keeper().answer("/", true)).rejects.toMatchObject({ reason: "file" });
  });

  test("its form is strict: paths, sizes, digests, keys, versions", () => {
    const good = JSON.parse(JSON.parse(served!["/bundle.json"]!).manifest as string) as Record<
      string,
      unknown
    >;
    const read = (change: Record<string, unknown>) =>
      readBundle(JSON.stringify({ manifest: JSON.stringify({ ...good, ...change }), signatures: {} }));
    expect(read({}).files.size).toBe(3);
    const withFile = (file: object) => ({
      files: [...(good.files as object[]), { ...(good.files as object[])[0], path: "/x.js", ...file }],
    });
    for (const bad of [
      { format: 2 },
      { version: 0 },
      { version: 1.5 },
      { version: 2 ** 53 },
      { keys: [] },
      { keys: ["short"] },
      { keys: [publicText(owner), publicText(owner)] },
      { threshold: 0 },
      { threshold: 2 },
      { files: [] },
      withFile({ path: "/../x.js" }),
      withFile({ path: "//x.js" }),
      withFile({ path: "/index.html" }),
      withFile({ size: -1 }),
      withFile({ size: 2 ** 27 }),
      withFile({ sha256: "00" }),
      withFile({ type: "text/html\r\nX: y" }),
    ])
      expect(() => read(bad), JSON.stringify(bad).slice(0, 80)).toThrow(/malformed/);
  });
});
