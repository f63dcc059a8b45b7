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
  RootTarget,
  SignedIn,
} from "@hearth/sdk";
import type { FirstLink } from "./link.ts";
import type { Api, Platform } from "./platform.ts";

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
    const [local, flock, known] = await Promise.all([
      this.#platform.local().catch(() => undefined),
      this.#platform.flock().catch(() => undefined),
      this.#platform.known().catch(() => []),
    ]);
    this.#set({ link, local, flock, known });
    const opened = link?.kind === "setup" || link?.kind === "pair" ? null : await this.#resume(known, local);
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
      void this.#platform.remember(inside.connection.root, { title }).catch(() => undefined);
  }

  /** Ends here: the key, the pin and the entry on the box go. Works offline too; the box then still lists the device. */
  async forgetDevice(): Promise<{ removedFromBox: boolean }> {
    const { inside } = this.#snapshot;
    if (!inside) return { removedFromBox: false };
    const removedFromBox = await inside.api.removeDevice(inside.key.id).then(
      () => true,
      () => false,
    );
    await inside.connection.close().catch(() => undefined);
    await this.#platform.forget(inside.connection.root).catch(() => undefined);
    await this.#platform.forgetKey().catch(() => undefined);
    const known = await this.#platform.known().catch(() => []);
    this.#set({ inside: null, known, phase: "stranger" });
    return { removedFromBox };
  }

  /** The box no longer knows this device (removed elsewhere): back to the door, the pin stays. */
  async expelled(): Promise<void> {
    const { inside } = this.#snapshot;
    if (!inside) return;
    await inside.connection.close().catch(() => undefined);
    const known = await this.#platform.known().catch(() => []);
    this.#set({ inside: null, known, phase: "stranger" });
  }

  /** Inside at once where this device was remembered. Until that is known, nobody is a stranger. */
  async #resume(
    known: readonly KnownAppliance[],
    local: LocalAppliance | undefined,
  ): Promise<HearthConnection | null> {
    const box =
      (local && known.find((each) => each.root === local.root && each.persona)) ??
      known.find((each) => each.persona);
    if (!box?.persona) return null;
    const key = await this.#platform.keptKey().catch(() => undefined);
    if (!key) return null;
    const connection = this.#platform.open(local?.root === box.root ? targetOf(local) : targetOf(box), key);
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
    return connection;
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
      await this.#platform.remember(connection.root, {
        title: appliance.name,
        personaName: me.persona.name,
        lastUsed: this.#now(),
      });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "unauthorized") await this.expelled();
    }
  }

  async #enter(
    connection: HearthConnection,
    key: DeviceKey,
    { persona }: SignedIn,
    knownTitle: string | null,
    remember: boolean,
  ): Promise<void> {
    const api = this.#platform.api(connection);
    const title =
      knownTitle ??
      (await api.appliance().then(
        (appliance) => appliance.name,
        () => "",
      ));
    let pinnedSince = this.#now();
    if (remember) {
      const kept = await this.#platform
        .remember(connection.root, {
          title,
          peerId: connection.peerId,
          persona: persona.id,
          personaName: persona.name,
          lastUsed: this.#now(),
        })
        .catch(() => undefined);
      pinnedSince = kept?.firstSeen ?? pinnedSince;
    }
    this.#set({
      phase: "inside",
      link: null,
      inside: { connection, api, key, persona, title, pinnedSince, remembered: remember },
    });
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
