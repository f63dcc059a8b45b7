import type { DeviceId, HearthConnection, PersonaId, Root } from "./connection.ts";
import { HearthError } from "./errors.ts";

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
}

export interface Flock {
  multiaddr: string;
  peerId: string;
  state: string;
  name?: string;
  since?: number;
  error?: string;
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
  readonly connection: HearthConnection;
  constructor(connection: HearthConnection) {
    this.connection = connection;
  }

  appliance(signal?: AbortSignal): Promise<Appliance> {
    return todo(signal);
  }
  renameAppliance(name: string): Promise<void> {
    return todo(name);
  }
  me(signal?: AbortSignal): Promise<Me> {
    return todo(signal);
  }
  devices(signal?: AbortSignal): Promise<Device[]> {
    return todo(signal);
  }
  renameDevice(id: DeviceId, name: string): Promise<Device> {
    return todo(id, name);
  }
  /** Its connections are cut within 2 s. */
  removeDevice(id: DeviceId): Promise<void> {
    return todo(id);
  }
  createPairing(deviceName?: string): Promise<NewPairing> {
    return todo(deviceName);
  }
  pairings(signal?: AbortSignal): Promise<Pairing[]> {
    return todo(signal);
  }
  removePairing(id: string): Promise<void> {
    return todo(id);
  }
  personas(signal?: AbortSignal): Promise<Persona[]> {
    return todo(signal);
  }
  removePersona(id: PersonaId): Promise<void> {
    return todo(id);
  }
  recoveryState(signal?: AbortSignal): Promise<"on_box" | "saved"> {
    return todo(signal);
  }
  /** The 24 words, while they are on the box. Show them, keep them nowhere. */
  revealRecovery(): Promise<string[]> {
    return todo();
  }
  /** Two words as asked; then the private root key is wiped from the box. `index` counts from 0. */
  confirmRecovery(words: readonly { index: number; word: string }[]): Promise<void> {
    return todo(words);
  }
  flocks(signal?: AbortSignal): Promise<Flock[]> {
    return todo(signal);
  }
  joinFlock(multiaddr: string, name?: string): Promise<void> {
    return todo(multiaddr, name);
  }
  leaveFlock(peerId: string): Promise<void> {
    return todo(peerId);
  }
  apps(signal?: AbortSignal): Promise<AppInstance[]> {
    return todo(signal);
  }
  /** Server-sent events, reconnected for as long as the connection lives. */
  subscribe(listener: (event: ApiEvent) => void): () => void {
    void listener;
    throw new HearthError("unavailable", "not built yet");
  }
}

function todo(...rest: unknown[]): Promise<never> {
  void rest;
  return Promise.reject(new HearthError("unavailable", "not built yet"));
}
