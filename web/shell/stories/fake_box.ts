/** A box that exists only in this page: every state that a screen can meet, on demand. */
import type {
  ApiEvent,
  AppHostOptions,
  AppInstance,
  ConnectionState,
  ConnectionStatus,
  Device,
  DeviceKey,
  Flock,
  HearthConnection,
  HearthErrorCode,
  HearthRequestInit,
  KnownAppliance,
  LocalAppliance,
  Persona,
  SignedIn,
} from "@hearth/sdk";
import { GraphApi } from "../../packages/sdk/src/graph.ts";
import type { Api, Platform } from "../src/model/platform.ts";
import { FakeGraph } from "./fake_graph.ts";

/** `new`: nobody owns it. `stranger`: a strange computer. `guest`: known boxes, nobody inside. `inside`: at home. */
export type Scene = "new" | "stranger" | "guest" | "inside";

const root = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const otherRoot = `${root.slice(1)}B`;
const words = (
  "abandon hollow ember kitchen lantern meadow orchard pencil quiet river saddle timber " +
  "umbrella velvet window yellow basket candle dinner elbow forest garden harvest island"
).split(" ");

export class TestError extends Error {
  override readonly name = "HearthError";
  readonly code: HearthErrorCode;
  readonly retryAfter: number | undefined;
  constructor(code: HearthErrorCode, retryAfter?: number) {
    super(`the fake box says ${code}`);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

function fakeKey(remembered: boolean): DeviceKey {
  return {
    id: "device-1",
    peerId: "12D3KooWFakeDeviceFakeDeviceFakeDeviceFakeDeviceFake",
    publicKey: new Uint8Array(32),
    remembered,
    protection: "webcrypto",
    sign: () => Promise.resolve(new Uint8Array(64)),
  };
}

export class FakeBox {
  readonly platform: Platform;
  readonly now = Math.floor(Date.now() / 1000);
  claimed: boolean;
  title: string;
  kept: boolean;
  known: KnownAppliance[] = [];
  personas: Persona[];
  devices: Device[];
  recovery: "on_box" | "saved";
  flocks: Flock[];
  apps: AppInstance[];
  readonly graph: FakeGraph;
  /** What the next calls fail with: `?fail=login:wrong_password`. */
  readonly fail = new Map<string, HearthErrorCode>();
  readonly slow: number;
  /** Calls that are answered when the test says so: `?hold=recoveryState`, then `answerHeld()`. */
  readonly #held: string[];
  readonly empty: boolean;
  #status: ConnectionStatus;
  readonly #statusListeners = new Set<(status: ConnectionStatus) => void>();
  readonly #eventListeners = new Set<(event: ApiEvent) => void>();

  constructor(scene: Scene, query: URLSearchParams) {
    const long = query.has("long");
    this.claimed = scene !== "new";
    this.kept = scene === "inside";
    this.title = long ? "The house of the Wolfeschlegelsteinhausenbergerdorff family by the lake" : "Casa";
    this.slow = Number(query.get("slow") ?? 0);
    this.#held = query.getAll("hold");
    this.empty = query.has("empty");
    for (const each of query.getAll("fail")) {
      const [call, code] = each.split(":");
      this.fail.set(call!, code as HearthErrorCode);
    }
    this.recovery = query.has("todo") || scene === "new" ? "on_box" : "saved";
    const anna = long ? "Anna Wolfeschlegelsteinhausenbergerdorff the Elder" : "Anna Lindqvist";
    this.personas = [
      { id: "p-anna", name: "anna", displayName: anna, role: "owner", created: this.now - 86400 * 210 },
      { id: "p-jonas", name: "jonas", displayName: "Jonas", role: "member", created: this.now - 86400 * 140 },
      {
        id: "p-mira",
        name: "mira",
        displayName: "Mira Okafor",
        role: "member",
        created: this.now - 86400 * 12,
      },
    ];
    this.devices = [
      device("device-1", "Firefox on Linux", { current: true, how: "setup", added: this.now - 86400 * 210 }),
      device("device-2", "Anna’s phone", {
        how: "pairing",
        lastSeen: this.now - 40,
        added: this.now - 86400 * 209,
      }),
      device("device-3", "Kitchen tablet", { how: "pairing", lastSeen: this.now - 3600 * 5 }),
      device("device-4", "Chrome on Windows", {
        how: "password",
        lastSeen: this.now - 86400 * 3,
        remembered: false,
      }),
    ];
    if (this.empty) {
      this.devices.length = 1;
      this.personas.length = 1;
    }
    if (long)
      this.devices[1]!.name =
        "The old telephone with the cracked screen that lives in the drawer of the hall";
    this.flocks = [
      {
        multiaddr: "/dns4/flock.example/tcp/443/wss/p2p/12D3KooWFlock",
        peerId: "12D3KooWFlock",
        state: "joined",
        name: "casa",
        since: this.now - 7200,
        ...(query.has("changed")
          ? {
              shell: {
                offer: "differs" as const,
                origin: "https://home.flock.example",
                why: "file",
                files: ["/sw.js"],
              },
            }
          : {}),
      },
      {
        multiaddr: "/ip4/203.0.113.7/tcp/4001/p2p/12D3KooWOther",
        peerId: "12D3KooWOther",
        state: "connecting",
        error: "It doesn’t answer.",
      },
    ];
    this.apps = query.has("noapps")
      ? []
      : [{ id: "files", title: "Files", state: "idle", label: "abcdefghijklmnopqrstuvwxyz", path: "/" }];
    this.graph = new FakeGraph(query, this.empty);
    const reach = (query.get("reach") ?? "direct") as ConnectionState;
    this.#status = statusOf(reach);
    if (scene === "inside" || scene === "guest") {
      this.known.push(knownBox(root, "Casa", scene === "inside" ? "p-anna" : undefined, "anna"));
      if (query.has("boxes")) this.known.push(knownBox(otherRoot, "Grandmother’s", "p-anna", "anna"));
      if (scene === "guest") this.known.push(knownBox(otherRoot, "Grandmother’s", undefined, "anna"));
    }
    this.platform = this.#makePlatform(scene);
  }

  setReach(state: ConnectionState): void {
    this.#status = statusOf(state);
    for (const listener of this.#statusListeners) listener(this.#status);
  }

  /** Somebody came in with a pairing link. */
  newcomer(name: string): void {
    this.devices.push(
      device(`device-${this.devices.length + 1}`, name, {
        how: "pairing",
        lastSeen: this.now,
        added: this.now,
      }),
    );
    for (const listener of this.#eventListeners) listener("devices");
  }

  async #answer<T>(call: string, value: () => T): Promise<T> {
    if (this.slow > 0) await new Promise((resolve) => setTimeout(resolve, this.slow));
    if (this.#held.includes(call)) await answered;
    const code = this.fail.get(call) ?? this.fail.get("all");
    if (code) throw new TestError(code, code === "rate_limited" ? 240 : undefined);
    if (this.#status.state === "offline") throw new TestError("offline");
    return value();
  }

  #connection(at = root): HearthConnection {
    const status = () => this.#status;
    if (at === otherRoot) this.title = "Grandmother’s";
    return {
      root: at,
      peerId: "12D3KooWCasaCasaCasaCasaCasaCasaCasaCasaCasaCasaCasa",
      device: "device-1",
      get state() {
        return status().state;
      },
      get status() {
        return status();
      },
      ready: this.#status.state === "offline" ? new Promise(() => undefined) : Promise.resolve(),
      subscribe: (listener) => {
        this.#statusListeners.add(listener);
        return () => this.#statusListeners.delete(listener);
      },
      fetch: (path, init) => this.#fetch(path, init),
      openSocket: () => Promise.reject(new TestError("unavailable")),
      retry: () => {
        this.setReach("connecting");
        setTimeout(() => this.setReach("direct"), 600);
      },
      close: () => Promise.resolve(),
    };
  }

  async #fetch(path: string, init: HearthRequestInit = {}): Promise<Response> {
    if (path.startsWith("/api/graph/v1/")) {
      const { method = "GET", body, signal } = init;
      const text = typeof body === "string" ? body : undefined;
      const call = method === "GET" ? "graph" : "edit";
      return await this.#answer(call, () => this.graph.answer(path, method, text, signal));
    }
    const json = (value: unknown) =>
      new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });
    const picture = /content\/pictures\/(\d)/.exec(path);
    if (picture) return fetch(`/pictures/${picture[1]}.jpg`);
    return this.#answer("files", () => {
      if (path.includes("/stats"))
        return json({ used: this.empty ? 0 : 48_200_000_000, files: this.empty ? 0 : 12_408 });
      const day = 86_400_000;
      const entry = (name: string, at: string, ago: number, type: string, size: number) => ({
        name,
        path: at,
        kind: "file",
        size,
        modified: Date.now() - ago,
        type,
        etag: '"1"',
      });
      const entries = this.empty
        ? []
        : [
            entry("The lake, early.jpg", "pictures/1", day / 20, "image/jpeg", 4_200_000),
            entry("Mira and the boat.jpg", "pictures/2", day / 19, "image/jpeg", 3_900_000),
            entry("Tax return 2025.pdf", "Letters/Tax return 2025.pdf", day / 3, "application/pdf", 220_000),
            entry("Evening.jpg", "pictures/3", day, "image/jpeg", 3_100_000),
            entry("Garden.jpg", "pictures/4", 2 * day, "image/jpeg", 2_800_000),
            entry(
              "Recipe for the plum cake.md",
              "Recipes/Recipe for the plum cake.md",
              4 * day,
              "text/markdown",
              2_100,
            ),
          ];
      const wanted = /[?&]q=([^&]*)/.exec(path)?.[1];
      const found =
        wanted === undefined
          ? entries
          : entries.filter((each) =>
              each.name.toLowerCase().includes(decodeURIComponent(wanted).toLowerCase()),
            );
      return json({ entries: found, complete: true, total: found.length });
    });
  }

  #api(): Api {
    const answer = this.#answer.bind(this);
    const persona = this.personas[0]!;
    return {
      appliance: () =>
        answer("appliance", () => ({
          root,
          peerId: "12D3KooWCasa",
          name: this.title,
          version: "0.1.0",
          claimed: this.claimed,
          flocks: [],
          time: this.now,
        })),
      renameAppliance: (name) => answer("rename", () => void (this.title = name)),
      me: () =>
        answer("me", () => ({
          persona,
          device: this.devices[0]!,
          connection: { transport: "webrtc", relayed: false },
        })),
      devices: () => answer("devices", () => [...this.devices]),
      renameDevice: (id, name) =>
        answer("renameDevice", () => {
          this.devices = this.devices.map((each) => (each.id === id ? { ...each, name } : each));
          return this.devices.find((each) => each.id === id)!;
        }),
      removeDevice: (id) =>
        answer("removeDevice", () => {
          this.devices = this.devices.filter((each) => each.id !== id);
        }),
      createPairing: () =>
        answer("pair", () => ({
          secret: new Uint8Array(32).map((_, index) => index * 7),
          expires: Math.floor(Date.now() / 1000) + 600,
          linkRoot: root,
          flock: "/dns4/flock.example/tcp/443/wss/p2p/12D3KooWFlock",
          multiaddrs: [],
        })),
      pairings: () => answer("pairings", () => []),
      removePairing: () => answer("removePairing", () => undefined),
      personas: () => answer("personas", () => [...this.personas]),
      removePersona: (id) =>
        answer("removePersona", () => {
          this.personas = this.personas.filter((each) => each.id !== id);
        }),
      recoveryState: () => answer("recoveryState", () => this.recovery),
      revealRecovery: () => answer("reveal", () => [...words]),
      confirmRecovery: () => answer("confirm", () => void (this.recovery = "saved")),
      flocks: () => answer("flocks", () => [...this.flocks]),
      joinFlock: (multiaddr) =>
        answer("joinFlock", () => {
          this.flocks = [
            ...this.flocks,
            { multiaddr, peerId: multiaddr.split("/").at(-1)!, state: "connecting" },
          ];
        }),
      leaveFlock: (peerId) =>
        answer("leaveFlock", () => {
          this.flocks = this.flocks.filter((each) => each.peerId !== peerId);
        }),
      apps: () => answer("apps", () => [...this.apps]),
      subscribe: (listener) => {
        this.#eventListeners.add(listener);
        return () => this.#eventListeners.delete(listener);
      },
    };
  }

  #makePlatform(scene: Scene): Platform {
    const signedIn = (): SignedIn => ({ persona: this.personas[0]!, device: this.devices[0]! });
    const local: LocalAppliance = { root, peerId: "12D3KooWCasa", name: "", addrs: [], claimed: false };
    return {
      deviceKey: (keep) => Promise.resolve(fakeKey(keep)),
      keptKey: () => Promise.resolve(this.kept ? fakeKey(true) : undefined),
      forgetKey: () => Promise.resolve(void (this.kept = false)),
      known: () => Promise.resolve([...this.known]),
      remember: (id, facts) => {
        const old = this.known.find((each) => each.root === id) ?? knownBox(id, "", undefined, undefined);
        const next = { ...old, ...facts };
        this.known = [next, ...this.known.filter((each) => each.root !== id)];
        return Promise.resolve(next);
      },
      amend: (id, facts) => {
        this.known = this.known.map((each) => (each.root === id ? { ...each, ...facts } : each));
        return Promise.resolve();
      },
      chosen: undefined,
      choose: () => undefined,
      tell: () => undefined,
      onNews: () => undefined,
      forget: (id) => Promise.resolve(void (this.known = this.known.filter((each) => each.root !== id))),
      fromFlock: false,
      local: () => Promise.resolve(scene === "new" ? local : undefined),
      flock: () => Promise.resolve({ peerId: "12D3KooWFlock", addrs: [] }),
      connect: () => this.#answer("connect", () => this.#connection()),
      open: (target) => this.#connection(target.root),
      api: () => this.#api(),
      graph: (connection) => new GraphApi(connection),
      setup: (_, { displayName, name }) =>
        this.#answer("setup", () => {
          this.personas = [{ id: "p-anna", name, displayName, role: "owner", created: this.now }];
          this.devices.length = 1;
          return signedIn();
        }),
      login: () => this.#answer("login", signedIn),
      pair: () => this.#answer("join", signedIn),
      addPersona: (_, { name, displayName }) =>
        this.#answer("addPersona", () => {
          const persona: Persona = { id: `p-${name}`, name, displayName, role: "member", created: this.now };
          this.personas = [...this.personas, persona];
          return persona;
        }),
      changePassword: () => this.#answer("changePassword", () => undefined),
      formatLink: (link, origin) =>
        `${origin}/#1.${link.kind}.${link.root}.BAgMIAYB0.${"aB3dE".repeat(8)}xyz`,
      frame: (options) => fakeFrame(options),
    };
  }
}

function device(id: string, name: string, facts: Partial<Device>): Device {
  const now = Math.floor(Date.now() / 1000);
  return {
    id,
    persona: "p-anna",
    name,
    kind: "browser",
    added: now - 86400 * 30,
    lastSeen: now,
    how: "pairing",
    current: false,
    remembered: true,
    ...facts,
  };
}

function knownBox(
  id: string,
  title: string,
  persona: string | undefined,
  personaName: string | undefined,
): KnownAppliance {
  return {
    root: id,
    title,
    multiaddrs: [],
    epoch: 1,
    sequence: 1,
    firstSeen: Date.now() - 210 * 86_400_000,
    lastUsed: Date.now(),
    ...(persona === undefined ? {} : { persona }),
    ...(personaName === undefined ? {} : { personaName }),
  };
}

function statusOf(state: ConnectionState): ConnectionStatus {
  switch (state) {
    case "direct":
      return {
        state,
        transport: "webrtc",
        address: "/ip4/192.0.2.7/udp/4001/webrtc-direct",
        upgrading: false,
      };
    case "relayed":
      return {
        state,
        transport: "relay",
        relay: "flock.example",
        address: "/dns4/flock.example/tcp/443/wss/p2p-circuit",
        upgrading: false,
        directFailure: "no answer to 24 connectivity checks within 3 s",
      };
    case "connecting":
      return { state, upgrading: false };
    case "offline":
      return {
        state,
        upgrading: false,
        reason: "offline",
        lastSeen: Date.now() - 300_000,
        nextAttempt: Date.now() + 12_000,
      };
  }
}

const { promise: answered, resolve: answerHeld } = Promise.withResolvers<void>();
Object.assign(globalThis, { answerHeld });

function fakeFrame({ container, title, onReady, onError, path }: AppHostOptions) {
  const frame = document.createElement("iframe");
  frame.title = title;
  const source = new URLSearchParams(location.search).get("frame");
  if (source === "fail") queueMicrotask(() => onError?.(new TestError("app_failed") as never));
  else {
    frame.src = source === null || source === "falls" ? `about:blank#${path ?? ""}` : source;
    frame.addEventListener("load", () => {
      onReady?.();
      if (source === "falls") onError?.(new TestError("cut_short") as never);
    });
  }
  container.append(frame);
  return { navigate: () => undefined, revoke: () => frame.remove() };
}
