import type { DeviceId, HearthConnection, PersonaId, Root } from "./connection.ts";
import { followEvents } from "./events.ts";
import { requestJson, type Fields } from "./json.ts";

export interface Appliance {
  root: Root;
  peerId: string;
  name: string;
  version: string;
  /** Somebody owns it already. */
  claimed: boolean;
  flocks: string[];
  /** The box's clock, seconds since 1970. */
  time: number;
}

export interface Persona {
  id: PersonaId;
  name: string;
  displayName: string;
  role: "owner" | "member";
  /** Seconds since 1970, like all times of the API. */
  created: number;
}

export interface Device {
  id: DeviceId;
  persona: PersonaId;
  name: string;
  kind: "browser" | "cli" | "appliance";
  added: number;
  lastSeen: number;
  how: "setup" | "password" | "pairing";
  current: boolean;
  remembered: boolean;
}

export interface Me {
  persona: Persona;
  device: Device;
  connection: { transport: string; relayed: boolean };
}

/** An open pairing, without its secret. */
export interface Pairing {
  id: string;
  expires: number;
  deviceName?: string;
}

export interface NewPairing {
  /** 32 bytes, for the link alone. */
  secret: Uint8Array;
  expires: number;
  linkRoot: Root;
  flock?: string;
  multiaddrs: string[];
  /** The origin that the link should open, where the appliance knows one. */
  shell?: string;
}

export type FlockState = "connecting" | "joined" | "refused" | "unreachable";

export interface Flock {
  multiaddr: string;
  peerId: string;
  state: FlockState;
  name?: string;
  since?: number;
  error?: string;
  /** What the box found of the shell that it serves; nothing before it has looked. */
  shell?: FlockShell;
}

export interface FlockShell {
  offer: "same" | "newer" | "older" | "differs" | "nothing" | "unreachable" | "unknown";
  /** Where its visitors open it. */
  origin?: string;
  why?: string;
  files?: string[];
}

export type AppState = "idle" | "starting" | "running" | "failed";

export interface AppInstance {
  id: string;
  title: string;
  icon?: string;
  state: AppState;
  /** The first label of its origin. */
  label: string;
  /** Where it starts, e.g. `/`. */
  path: string;
}

/** Something there changed: ask again. `open` comes after each (re)connection of the event stream. */
export type ApiEvent = "devices" | "personas" | "apps" | "flocks" | "open";

/** docs/protocol/api.md, typed. Every call rejects with HearthError. */
export class HearthApi {
  readonly connection: Pick<HearthConnection, "fetch" | "subscribe" | "state">;

  constructor(connection: Pick<HearthConnection, "fetch" | "subscribe" | "state">) {
    this.connection = connection;
  }

  async appliance(signal?: AbortSignal): Promise<Appliance> {
    const told = await this.#get("appliance", signal);
    return {
      root: told.text("root"),
      peerId: told.text("peer_id"),
      name: told.text("name"),
      version: told.text("version"),
      claimed: told.flag("claimed"),
      flocks: told.texts("flocks"),
      time: told.number("time"),
    };
  }

  async renameAppliance(name: string): Promise<void> {
    await this.#send("PATCH", "appliance", { name });
  }

  async me(signal?: AbortSignal): Promise<Me> {
    const told = await this.#get("me", signal);
    const connection = told.object("connection");
    return {
      persona: readPersona(told.object("persona")),
      device: readDevice(told.object("device")),
      connection: { transport: connection.text("transport"), relayed: connection.flag("relayed") },
    };
  }

  async devices(signal?: AbortSignal): Promise<Device[]> {
    return (await this.#get("devices", signal)).list("devices").map(readDevice);
  }

  async renameDevice(id: DeviceId, name: string): Promise<Device> {
    return readDevice(await this.#send("PATCH", `devices/${id}`, { name }));
  }

  /** Its connections are cut within 2 s. */
  async removeDevice(id: DeviceId): Promise<void> {
    await this.#send("DELETE", `devices/${id}`);
  }

  async createPairing(deviceName?: string): Promise<NewPairing> {
    const told = await this.#send(
      "POST",
      "pairings",
      deviceName === undefined ? {} : { device_name: deviceName },
    );
    return {
      secret: told.bytes("secret"),
      expires: told.number("expires"),
      linkRoot: told.text("link_root"),
      ...(told.has("flock") ? { flock: told.text("flock") } : {}),
      multiaddrs: told.texts("multiaddrs"),
      ...(told.has("shell") ? { shell: told.text("shell") } : {}),
    };
  }

  async pairings(signal?: AbortSignal): Promise<Pairing[]> {
    return (await this.#get("pairings", signal)).list("pairings").map((pairing) => ({
      id: pairing.text("id"),
      expires: pairing.number("expires"),
      ...(pairing.has("device_name") ? { deviceName: pairing.text("device_name") } : {}),
    }));
  }

  async removePairing(id: string): Promise<void> {
    await this.#send("DELETE", `pairings/${encodeURIComponent(id)}`);
  }

  async personas(signal?: AbortSignal): Promise<Persona[]> {
    return (await this.#get("personas", signal)).list("personas").map(readPersona);
  }

  async removePersona(id: PersonaId): Promise<void> {
    await this.#send("DELETE", `personas/${id}`);
  }

  async recoveryState(signal?: AbortSignal): Promise<"on_box" | "saved"> {
    return (await this.#get("recovery", signal)).oneOf("state", ["on_box", "saved"] as const);
  }

  /** The 24 words, while they are on the box. Show them, keep them nowhere. */
  async revealRecovery(): Promise<string[]> {
    return (await this.#send("POST", "recovery/reveal", {})).texts("words");
  }

  /** Two words as asked; then the private root key is wiped from the box. `index` counts from 0. */
  async confirmRecovery(words: readonly { index: number; word: string }[]): Promise<void> {
    await this.#send("POST", "recovery/confirm", { words });
  }

  async flocks(signal?: AbortSignal): Promise<Flock[]> {
    return (await this.#get("flocks", signal)).list("flocks").map((flock) => ({
      multiaddr: flock.text("multiaddr"),
      peerId: flock.text("peer_id"),
      state: flock.oneOf("state", ["connecting", "joined", "refused", "unreachable"]),
      ...(flock.has("name") ? { name: flock.text("name") } : {}),
      ...(flock.has("since") ? { since: flock.number("since") } : {}),
      ...(flock.has("error") ? { error: flock.text("error") } : {}),
      ...(flock.has("shell") ? { shell: flockShell(flock.object("shell")) } : {}),
    }));
  }

  async joinFlock(multiaddr: string, name?: string): Promise<void> {
    await this.#send("POST", "flocks", name === undefined ? { multiaddr } : { multiaddr, name });
  }

  async leaveFlock(peerId: string): Promise<void> {
    await this.#send("DELETE", `flocks/${encodeURIComponent(peerId)}`);
  }

  async apps(signal?: AbortSignal): Promise<AppInstance[]> {
    return (await this.#get("apps", signal)).list("apps").map((app) => ({
      id: app.text("id"),
      title: app.text("title"),
      ...(app.has("icon") ? { icon: app.text("icon") } : {}),
      state: app.oneOf("state", ["idle", "starting", "running", "failed"]),
      label: app.text("label"),
      path: app.text("path"),
    }));
  }

  /** Server-sent events, reconnected for as long as somebody listens. */
  subscribe(listener: (event: ApiEvent) => void): () => void {
    return followEvents(this.connection, listener);
  }

  #get(path: string, signal?: AbortSignal): Promise<Fields> {
    return requestJson(this.connection, "GET", `/api/v1/${path}`, undefined, signal);
  }

  #send(method: string, path: string, body?: unknown): Promise<Fields> {
    return requestJson(this.connection, method, `/api/v1/${path}`, body);
  }
}

export function readPersona(fields: Fields): Persona {
  return {
    id: fields.text("id"),
    name: fields.text("name"),
    displayName: fields.text("display_name"),
    role: fields.oneOf("role", ["owner", "member"]),
    created: fields.number("created"),
  };
}

export function readDevice(fields: Fields): Device {
  return {
    id: fields.text("id"),
    persona: fields.text("persona"),
    name: fields.text("name"),
    kind: fields.oneOf("kind", ["browser", "cli", "appliance"]),
    added: fields.number("added"),
    lastSeen: fields.number("last_seen"),
    how: fields.oneOf("how", ["setup", "password", "pairing"]),
    current: fields.flag("current"),
    remembered: fields.flag("remembered"),
  };
}

function flockShell(told: Fields): FlockShell {
  return {
    offer: told.oneOf("offer", ["same", "newer", "older", "differs", "nothing", "unreachable", "unknown"]),
    ...(told.has("origin") ? { origin: told.text("origin") } : {}),
    ...(told.has("why") ? { why: told.text("why") } : {}),
    ...(told.has("files") ? { files: told.texts("files") } : {}),
  };
}
