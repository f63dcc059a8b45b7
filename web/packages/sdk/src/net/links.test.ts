import { beforeEach, describe, expect, test } from "vitest";
import type { ConnectionStatus } from "../connection.ts";
import { HearthError } from "../errors.ts";
import type { ByteStream } from "../http/stream.ts";
import { FakeClock, settled } from "../testing/fake_clock.ts";
import { pipe } from "../testing/pipe.ts";
import type { Dialable, PathKind } from "./addresses.ts";
import { Links } from "./links.ts";
import type { Path } from "./node.ts";

const relayed: Dialable = { kind: "relay", address: "/ip4/198.51.100.1/tcp/4001/ws/p2p/F/p2p-circuit/p2p/B" };
const known: Dialable = {
  kind: "webrtc-direct",
  address: "/ip4/198.51.100.2/udp/9/webrtc-direct/certhash/u/p2p/B",
};

class FakePath implements Path {
  readonly kind: PathKind;
  readonly address: string;
  readonly peerId = "B";
  isOpen = true;
  answers = true;
  lastReceived: number;
  streams = 0;
  readonly #clock: FakeClock;
  #listeners: (() => void)[] = [];

  constructor(target: Dialable, clock: FakeClock) {
    this.kind = target.kind;
    this.address = target.address;
    this.#clock = clock;
    this.lastReceived = clock.now();
  }
  async openStream(protocol: string): Promise<ByteStream> {
    if (!this.isOpen) throw new Error("closed");
    if (!this.answers) return new Promise(() => undefined);
    ++this.streams;
    this.lastReceived = this.#clock.now();
    const [ours, theirs] = pipe();
    if (protocol.includes("ping")) void theirs.read().then((bytes) => bytes && theirs.write(bytes));
    return ours;
  }
  onClose(listener: () => void): void {
    this.#listeners.push(listener);
  }
  abort(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const listener of this.#listeners) listener();
  }
}

class World {
  readonly clock = new FakeClock();
  targets: Dialable[] = [relayed];
  /** What becomes of a dial of that kind: a path after so many ms, an error, or nothing ever. */
  fate: Partial<Record<PathKind, number | "refused" | "silent">> = {
    relay: 200,
    webrtc: 500,
    "webrtc-direct": 100,
  };
  /** Of single addresses, in place of their kind's. */
  readonly fates = new Map<string, number | "refused" | "silent">();
  verdict: HearthError | undefined;
  readonly paths: FakePath[] = [];
  readonly dials: PathKind[] = [];
  readonly seen: ConnectionStatus[] = [];
  readonly links: Links;

  constructor(options: { relayOnly?: boolean } = {}) {
    this.links = new Links({
      ...options,
      clock: this.clock,
      resolve: () => Promise.resolve(this.targets),
      dial: (target) => {
        this.dials.push(target.kind);
        const fate = this.fates.get(target.address) ?? this.fate[target.kind] ?? "refused";
        if (fate === "refused") return Promise.reject(new Error("refused"));
        return new Promise((resolve) => {
          if (fate === "silent") return;
          this.clock.after(fate, () => {
            const path = new FakePath(target, this.clock);
            this.paths.push(path);
            resolve(path);
          });
        });
      },
      verify: () => (this.verdict === undefined ? Promise.resolve() : Promise.reject(this.verdict)),
      onStatus: (status) => this.seen.push(status),
    });
  }

  get state(): string {
    return this.links.status.state;
  }
  path(kind: PathKind): FakePath {
    const path = this.paths.findLast((candidate) => candidate.kind === kind);
    if (path === undefined) throw new Error(`no ${kind} path`);
    return path;
  }
  /** Which path a request goes on now. */
  async used(): Promise<PathKind> {
    const before = this.paths.map((path) => path.streams);
    await this.links.openStream("/http/1.1");
    return this.paths.find((path, i) => path.streams > (before[i] ?? 0))?.kind ?? "relay";
  }
}

describe("Links", () => {
  let world: World;
  beforeEach(() => (world = new World()));

  test("uses the relayed path at once and moves new requests when the direct one stands", async () => {
    world.links.start();
    await world.clock.advance(200);
    expect(world.links.status).toMatchObject({
      state: "relayed",
      upgrading: true,
      relay: "198.51.100.1:4001",
    });
    expect(await world.used()).toBe("relay");
    await world.clock.advance(500);
    expect(world.links.status).toMatchObject({ state: "direct", transport: "webrtc", upgrading: false });
    expect(await world.used()).toBe("webrtc");
    expect(world.path("relay").isOpen, "old requests finish").toBe(true);
  });

  test("dials a known address beside the relay and uses whichever stands first", async () => {
    world.targets = [relayed, known];
    world.links.start();
    await world.clock.advance(100);
    expect(world.links.status).toMatchObject({ state: "direct", transport: "webrtc-direct" });
    await world.clock.advance(1000);
    expect(await world.used()).toBe("webrtc-direct");
    expect(world.dials).not.toContain("webrtc");
  });

  test("dials a spare address only where the others fail, or show nothing for 3 s", async () => {
    const spare: Dialable = { ...relayed, address: relayed.address.replace("/F/", "/G/"), spare: true };
    world.fate.webrtc = "refused";
    world.targets = [relayed, spare];
    world.links.start();
    await world.clock.advance(200);
    expect(world.links.status).toMatchObject({ state: "relayed", address: relayed.address });
    expect(world.dials.filter((kind) => kind === "relay")).toHaveLength(1);

    world.fates.set(relayed.address, "refused");
    world.path("relay").abort();
    await world.clock.advance(200);
    expect(world.links.status).toMatchObject({ state: "relayed", address: spare.address });

    world.fates.set(relayed.address, "silent");
    world.path("relay").abort();
    await world.clock.advance(2_900);
    expect(world.state).toBe("connecting");
    await world.clock.advance(300);
    expect(world.links.status).toMatchObject({ state: "relayed", address: spare.address });
    expect(world.seen.map(({ state }) => state)).not.toContain("offline");
  });

  test("says why the first addresses failed when the spare ones fail, too", async () => {
    world.targets = [relayed, { ...relayed, address: relayed.address.replace("/F/", "/G/"), spare: true }];
    world.fate.relay = "refused";
    world.links.start();
    await world.clock.advance(100);
    expect(world.links.status).toMatchObject({ state: "offline", reason: "offline" });
    expect(world.dials).toEqual(["relay", "relay"]);
  });

  test("stays relayed when no direct path stands, and says so within 3 s", async () => {
    world.fate.webrtc = "silent";
    world.links.start();
    await world.clock.advance(200 + 3000);
    expect(world.links.status).toMatchObject({ state: "relayed", upgrading: false });
    expect(world.links.status.directFailure).toMatch(/3 s/);
    expect(await world.used()).toBe("relay");
  });

  test("tries for a direct path again with growing pauses", async () => {
    world.fate.webrtc = "refused";
    world.links.start();
    const tries = () => world.dials.filter((kind) => kind === "webrtc").length;
    await world.clock.advance(1_900);
    expect(tries()).toBe(1);
    await world.clock.advance(400);
    expect(tries()).toBe(2);
    await world.clock.advance(14_500);
    expect(tries()).toBe(2);
    await world.clock.advance(1_000);
    expect(tries()).toBe(3);
    world.fate.webrtc = 100;
    await world.clock.advance(31_000);
    expect(world.state).toBe("direct");
  });

  test("tries at once when the network changes", async () => {
    world.fate.webrtc = "refused";
    world.links.start();
    await world.clock.advance(1_000);
    world.fate.webrtc = 100;
    world.links.wake();
    await world.clock.advance(200);
    expect(world.state).toBe("direct");
  });

  test("falls back to the relay when the direct path breaks, without going offline", async () => {
    world.links.start();
    await world.clock.advance(1_000);
    world.fate.webrtc = "refused";
    world.path("webrtc").abort();
    await settled();
    expect(world.state).toBe("relayed");
    expect(await world.used()).toBe("relay");
    expect(world.seen.map(({ state }) => state)).not.toContain("offline");
  });

  test("reconnects when everything breaks, while requests wait", async () => {
    world.links.start();
    await world.clock.advance(1_000);
    for (const path of [...world.paths]) path.abort();
    expect(world.state).toBe("connecting");
    const waiting = world.links.openStream("/http/1.1");
    await world.clock.advance(300);
    await expect(waiting).resolves.toBeDefined();
  });

  test("goes offline with a reason and a time for the next try, and tries with growing pauses", async () => {
    world.fate.relay = "refused";
    world.links.start();
    await settled();
    expect(world.links.status).toMatchObject({ state: "offline", reason: "offline" });
    expect(world.links.status.nextAttempt).toBe(world.clock.wall() + 1_000);
    await expect(world.links.openStream("/http/1.1")).rejects.toMatchObject({ code: "offline" });
    await world.clock.advance(7_500);
    expect(world.dials).toHaveLength(4);
    world.fate.relay = 100;
    await world.clock.advance(8_000);
    expect(world.state).toMatch(/relayed|direct/);
  });

  test("is offline, not connecting, after 10 s without any answer", async () => {
    world.fate.relay = "silent";
    world.links.start();
    await world.clock.advance(9_999);
    expect(world.state).toBe("connecting");
    await world.clock.advance(2);
    expect(world.state).toBe("offline");
  });

  test("never uses a path whose host is not the root's, and doesn't try again by itself", async () => {
    world.verdict = new HearthError("not_authentic", "another root");
    world.links.start();
    await world.clock.advance(60_000);
    expect(world.links.status).toMatchObject({ state: "offline", reason: "not_authentic" });
    expect(world.dials).toEqual(["relay"]);
    expect(world.path("relay").isOpen).toBe(false);
  });

  test("asks the paths when one is suspect: what answers stays, what doesn't is left within 7 s", async () => {
    world.links.start();
    await world.clock.advance(1_000);
    world.links.suspect();
    await world.clock.advance(7_000);
    expect(world.state).toBe("direct");
    world.path("webrtc").answers = false;
    world.fate.webrtc = "refused";
    world.links.suspect();
    await world.clock.advance(7_000);
    expect(world.state).toBe("relayed");
  });

  test("drops a path that went silent and doesn't answer, within 30 s", async () => {
    world.links.start();
    await world.clock.advance(1_000);
    world.path("webrtc").answers = false;
    world.fate.webrtc = "refused";
    await world.clock.advance(40_000);
    expect(world.state).toBe("relayed");
    expect(world.path("webrtc").isOpen).toBe(false);
  });

  test("looks at each path after sleep and drops the dead within 6 s", async () => {
    world.links.start();
    await world.clock.advance(1_000);
    for (const path of world.paths) path.answers = false;
    world.fate = { relay: "refused" };
    world.links.wake();
    await world.clock.advance(6_100);
    expect(world.state).toBe("offline");
  });

  test("takes the other path when the best one opens no stream for 3 s", async () => {
    world.links.start();
    await world.clock.advance(1_000);
    world.path("webrtc").answers = false;
    world.fate.webrtc = "refused";
    const stream = world.links.openStream("/http/1.1");
    await world.clock.advance(3_000);
    await expect(stream).resolves.toBeDefined();
    expect(world.path("relay").streams).toBeGreaterThan(0);
  });

  test("asks a path on which a stream was opened without an answer, and none came for 3 s", async () => {
    world.links.start();
    await world.clock.advance(1_000);
    const path = world.path("webrtc");
    await world.links.openStream("/http/1.1");
    path.lastReceived -= 1;
    path.answers = false;
    world.fate.webrtc = "refused";
    await world.clock.advance(9_100);
    expect(path.isOpen).toBe(false);
    expect(world.state).toBe("relayed");
  });

  test("stays on the relay when told to", async () => {
    world = new World({ relayOnly: true });
    world.targets = [relayed, known];
    world.links.start();
    await world.clock.advance(60_000);
    expect(world.dials).toEqual(["relay"]);
    expect(world.links.status).toMatchObject({ state: "relayed", upgrading: false });
  });

  test("ends everything when closed", async () => {
    world.links.start();
    await world.clock.advance(1_000);
    world.links.close();
    expect(world.paths.every((path) => !path.isOpen)).toBe(true);
    expect(world.links.status).toMatchObject({ state: "offline", reason: "closed" });
    await expect(world.links.openStream("/http/1.1")).rejects.toMatchObject({ code: "closed" });
    const dials = world.dials.length;
    await world.clock.advance(120_000);
    expect(world.dials).toHaveLength(dials);
  });

  test("gives up waiting when the caller does", async () => {
    world.fate.relay = "silent";
    world.links.start();
    const controller = new AbortController();
    const waiting = world.links.openStream("/http/1.1", controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  });
});
