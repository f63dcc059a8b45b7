/** Who is here, and the connection to their box. No DOM, no framework: views subscribe to snapshots. */
import type {
  ConnectTarget,
  DeviceKey,
  FlockInfo,
  HearthConnection,
  HearthLink,
  KnownAppliance,
  LocalAppliance,
  Persona,
  Root,
  RootTarget,
  SignedIn,
} from "@hearth/sdk";
import type { FirstLink } from "./link.ts";
import type { Api, News, Platform } from "./platform.ts";

export interface Inside {
  connection: HearthConnection;
  api: Api;
  key: DeviceKey;
  persona: Pick<Persona, "id" | "name" | "displayName" | "role">;
  /** What the box is called. */
  title: string;
  /** Milliseconds since 1970 of the first meeting: the root has been pinned since. */
  pinnedSince: number;
  /** How this device was let in, when that was just now. */
  remembered: boolean;
}

export interface Snapshot {
  phase: "starting" | "stranger" | "inside";
  /** The link that this page was opened with, until it is used. */
  link: FirstLink;
  /** The box that serves this page itself, if any. */
  local: LocalAppliance | undefined;
  flock: FlockInfo | undefined;
  /** Boxes met before, newest first. */
  known: readonly KnownAppliance[];
  inside: Inside | null;
}

export interface SetupForm {
  /** From the link, or the code as the console shows it. */
  code: string | null;
  displayName: string;
  name: string;
  password: string;
  boxName: string;
  deviceName: string;
}

export interface LoginForm {
  /** A name, a link, or a box known already. */
  box: string | KnownAppliance | LocalAppliance;
  name: string;
  password: string;
  deviceName: string;
  remember: boolean;
}

export class Session {
  readonly #platform: Platform;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot = {
    phase: "starting",
    link: null,
    local: undefined,
    flock: undefined,
    known: [],
    inside: null,
  };

  constructor(platform: Platform, now: () => number) {
    this.#platform = platform;
    this.#now = now;
  }

  get platform(): Platform {
    return this.#platform;
  }

  readonly snapshot = (): Snapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Finds out where we are. Whoever is known on this device is inside at once, connected or not. */
  async start(link: FirstLink): Promise<void> {
    this.#platform.onNews((news) => void this.#onNews(news));
    const invited = link?.kind === "setup" || link?.kind === "pair";
    const asked = Promise.all([
      this.#platform.local().catch(() => undefined),
      this.#platform.flock().catch(() => undefined),
    ]);
    const known = await this.#known();
    this.#set({ link, known });
    // A box that serves this page says itself where it is. Where there was none, nobody waits for it to say so again.
    const early = !invited && this.#platform.fromFlock ? await this.#resume(known, undefined) : null;
    const refreshed = early && this.#refresh(early);
    const [local, flock] = await asked;
    this.#set({ local, flock });
    if (local !== undefined || flock !== undefined) this.#platform.fromFlock = local === undefined;
    if (refreshed) return refreshed;
    const opened = invited ? null : await this.#resume(known, local);
    if (opened) await this.#refresh(opened);
    else this.#set({ phase: "stranger" });
  }

  /** Makes the first owner. `link` or `form.code` proves who sits at the box. */
  async setup(form: SetupForm): Promise<void> {
    const { link, local } = this.#snapshot;
    const key = await this.#platform.deviceKey(true);
    const fromLink = link?.kind === "setup" && form.code === null;
    if (!fromLink && !local) throw new Error("no box to set up");
    const connection = await this.#platform.connect(fromLink ? link.text : targetOf(local!), key, true);
    const signedIn = await closing(connection, () =>
      this.#platform.setup(connection, {
        key,
        code: fromLink ? secretOf(link.text) : (form.code ?? ""),
        name: form.name,
        displayName: form.displayName,
        password: form.password,
        device: { name: form.deviceName, remember: true },
      }),
    );
    const api = this.#platform.api(connection);
    // The owner exists from here on; a box name that fails to stick is no reason to stop.
    const title = await api.renameAppliance(form.boxName).then(
      () => form.boxName,
      () => local?.name ?? form.boxName,
    );
    await this.#enter(connection, key, signedIn, title, true);
  }

  async login(form: LoginForm): Promise<void> {
    const key = await this.#platform.deviceKey(form.remember);
    const target: ConnectTarget = typeof form.box === "string" ? form.box : targetOf(form.box);
    const connection = await this.#platform.connect(target, key, form.remember);
    const signedIn = await closing(connection, () =>
      this.#platform.login(connection, {
        key,
        name: form.name,
        password: form.password,
        device: { name: form.deviceName, remember: form.remember },
      }),
    );
    await this.#enter(connection, key, signedIn, null, form.remember);
  }

  /** Lets this device in with a pairing link. */
  async join(linkText: string, deviceName: string): Promise<void> {
    const key = await this.#platform.deviceKey(true);
    const connection = await this.#platform.connect(linkText, key, true);
    const signedIn = await closing(connection, () =>
      this.#platform.pair(connection, {
        key,
        secret: secretOf(linkText),
        device: { name: deviceName, remember: true },
      }),
    );
    await this.#enter(connection, key, signedIn, null, true);
  }

  /** A link that somebody pasted instead of opening it. */
  useLink(link: FirstLink): void {
    this.#set({ link });
  }

  setTitle(title: string): void {
    const { inside } = this.#snapshot;
    if (!inside) return;
    this.#set({ inside: { ...inside, title } });
    if (inside.remembered)
      void this.#platform.amend(inside.connection.root, { title }).catch(() => undefined);
  }

  /** Shows another box where this device is let in. Other tabs stay where they are. */
  async switchTo(root: Root): Promise<void> {
    const { inside, known, local } = this.#snapshot;
    const box = known.find((each) => each.root === root && each.persona);
    if (!box || inside?.connection.root === root) return;
    const opened = await this.#open(box, local);
    if (!opened) return;
    await inside?.connection.close().catch(() => undefined);
    await this.#platform.amend(root, { lastUsed: this.#now() }).catch(() => undefined);
    this.#set({ known: await this.#known() });
    await this.#refresh(opened);
  }

  /**
   * Ends here: the pin and the entry on the box go, and with the last box the key. Works offline too; the box then
   * still lists the device. All tabs learn of it.
   */
  async forgetDevice(): Promise<{ removedFromBox: boolean }> {
    const { inside } = this.#snapshot;
    if (!inside) return { removedFromBox: false };
    const removedFromBox = await inside.api.removeDevice(inside.key.id).then(
      () => true,
      () => false,
    );
    await inside.connection.close().catch(() => undefined);
    const { root } = inside.connection;
    await this.#platform.forget(root).catch(() => undefined);
    const known = await this.#known();
    // One key opens all the boxes that this browser knows.
    if (!known.some(({ persona }) => persona)) await this.#platform.forgetKey().catch(() => undefined);
    this.#platform.tell({ kind: "left", root });
    this.#set({ inside: null, known, phase: "stranger" });
    return { removedFromBox };
  }

  /** The box no longer knows this device (removed elsewhere): back to the door in all tabs; the pin stays. */
  async expelled(): Promise<void> {
    const { inside } = this.#snapshot;
    if (!inside) return;
    const { root } = inside.connection;
    if (inside.remembered) {
      await this.#platform.amend(root, { persona: "" }).catch(() => undefined);
      this.#platform.tell({ kind: "left", root });
    }
    await this.#leave(inside);
  }

  async #leave(inside: Inside): Promise<void> {
    await inside.connection.close().catch(() => undefined);
    const known = await this.#known();
    if (this.#snapshot.inside?.connection !== inside.connection) return;
    this.#set({ inside: null, known, phase: "stranger" });
  }

  async #onNews({ kind, root }: News): Promise<void> {
    const { inside, phase, link, local } = this.#snapshot;
    if (kind === "left" && inside?.remembered === true && inside.connection.root === root)
      return this.#leave(inside);
    const before = this.#snapshot.known;
    const known = await this.#known();
    this.#set({ known });
    // Whoever was a stranger until now comes in with the other tab; who is about to log in elsewhere isn't disturbed.
    const stranger = phase === "stranger" && link === null && !before.some(({ persona }) => persona);
    if (kind !== "entered" || !stranger || this.#snapshot.inside) return;
    const opened = await this.#resume(known, local);
    if (opened) await this.#refresh(opened);
  }

  #known(): Promise<KnownAppliance[]> {
    return this.#platform.known().catch(() => []);
  }

  /** Inside at once where this device was remembered. Until that is known, nobody is a stranger. */
  async #resume(
    known: readonly KnownAppliance[],
    local: LocalAppliance | undefined,
  ): Promise<HearthConnection | null> {
    const { chosen } = this.#platform;
    const box =
      known.find((each) => each.root === chosen && each.persona) ??
      (local && known.find((each) => each.root === local.root && each.persona)) ??
      known.find((each) => each.persona);
    return box ? this.#open(box, local) : null;
  }

  async #open(box: KnownAppliance, local: LocalAppliance | undefined): Promise<HearthConnection | null> {
    const key = await this.#platform.keptKey().catch(() => undefined);
    if (!key || !box.persona) return null;
    const connection = this.#platform.open(local?.root === box.root ? targetOf(local) : targetOf(box), key);
    this.#platform.choose(box.root);
    this.#set({
      phase: "inside",
      inside: {
        connection,
        api: this.#platform.api(connection),
        key,
        persona: {
          id: box.persona,
          name: box.personaName ?? "",
          displayName: box.personaName ?? "",
          role: "member",
        },
        title: box.title ?? box.name ?? "",
        pinnedSince: box.firstSeen,
        remembered: true,
      },
    });
    this.#watch(connection);
    return connection;
  }

  /** After a break, the box may know us no more: asked at once, not at the next click. */
  #watch(connection: HearthConnection): void {
    let stood = reached(connection);
    let before = stood;
    connection.subscribe(() => {
      const stands = reached(connection);
      if (stands && !before && stood) void this.#refresh(connection);
      before = stands;
      stood ||= stands;
    });
  }

  /** Asks the box who we are and what it is called, as soon as it can be reached. */
  async #refresh(connection: HearthConnection): Promise<void> {
    const api = this.#platform.api(connection);
    try {
      await connection.ready;
      const [me, appliance] = await Promise.all([api.me(), api.appliance()]);
      const { inside } = this.#snapshot;
      if (inside?.connection !== connection) return;
      this.#set({ inside: { ...inside, persona: me.persona, title: appliance.name } });
      await this.#platform.amend(connection.root, {
        title: appliance.name,
        personaName: me.persona.name,
        lastUsed: this.#now(),
      });
    } catch (error) {
      const out = error instanceof Error && "code" in error && error.code === "unauthorized";
      if (out && this.#snapshot.inside?.connection === connection) await this.expelled();
    }
  }

  async #enter(
    own: HearthConnection,
    key: DeviceKey,
    { persona }: SignedIn,
    knownTitle: string | null,
    remember: boolean,
  ): Promise<void> {
    const title =
      knownTitle ??
      (await this.#platform
        .api(own)
        .appliance()
        .then(
          (appliance) => appliance.name,
          () => "",
        ));
    let pinnedSince = this.#now();
    let connection = own;
    if (remember) {
      const kept = await this.#platform
        .remember(own.root, {
          title,
          peerId: own.peerId,
          persona: persona.id,
          personaName: persona.name,
          lastUsed: this.#now(),
        })
        .catch(() => undefined);
      pinnedSince = kept?.firstSeen ?? pinnedSince;
      connection = this.#platform.open(kept ? targetOf(kept) : { root: own.root }, key, own);
      this.#platform.choose(own.root);
    }
    const before = this.#snapshot.inside;
    const api = this.#platform.api(connection);
    this.#set({
      phase: "inside",
      link: null,
      inside: { connection, api, key, persona, title, pinnedSince, remembered: remember },
      known: await this.#known(),
    });
    this.#watch(connection);
    if (remember) this.#platform.tell({ kind: "entered", root: own.root });
    await before?.connection.close().catch(() => undefined);
  }

  #set(change: Partial<Snapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** The target for a box we know, with everything we know about where it may be. */
export function targetOf(box: KnownAppliance | LocalAppliance): RootTarget {
  if ("addrs" in box) return { root: box.root, multiaddrs: box.addrs };
  return {
    root: box.root,
    multiaddrs: box.multiaddrs,
    ...(box.flock === undefined ? {} : { flock: box.flock }),
    ...(box.name === undefined ? {} : { name: box.name }),
  };
}

function reached({ state }: HearthConnection): boolean {
  return state === "direct" || state === "relayed";
}

/** The secret part of a link's fragment. The SDK checks the rest of it. */
export function secretOf(link: string): HearthLink["secret"] {
  const part = link.replace(/^[^#]*#/, "").split(".")[4] ?? "";
  const text = atob(part.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Runs `work`; when it fails, the connection made for it doesn't stay open. */
async function closing<T>(connection: HearthConnection, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await connection.close().catch(() => undefined);
    throw error;
  }
}
