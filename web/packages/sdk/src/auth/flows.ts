import type { Device, Persona } from "../api.ts";
import type { HearthConnection } from "../connection.ts";
import { HearthError } from "../errors.ts";
import type { DeviceKey } from "../keys/device.ts";

/** How this device will appear in lists of devices. */
export interface DeviceDescription {
  /** "Firefox on Anna's laptop"; at most 64 characters. */
  name: string;
  /** `false`: the appliance forgets it 10 minutes after it has gone. */
  remember: boolean;
}

export interface SignedIn {
  persona: Persona;
  device: Device;
}

interface Common {
  /** The key the connection was made with. */
  key: DeviceKey;
  device: DeviceDescription;
  signal?: AbortSignal;
}

export interface SetupOptions extends Common {
  /** The 5 bytes of a setup link, or the console's `XXXX-XXXX`. */
  code: Uint8Array | string;
  /** 1 to 32 of `a-z 0-9 - _ .` */
  name: string;
  displayName: string;
  password: string;
}

export interface LoginOptions extends Common {
  name: string;
  password: string;
}

export interface PairOptions extends Common {
  /** The 32 bytes of a pairing link. */
  secret: Uint8Array;
}

export interface ChangePasswordOptions {
  key: DeviceKey;
  present: string;
  next: string;
  signal?: AbortSignal;
}

export interface AddPersonaOptions {
  name: string;
  displayName: string;
  password: string;
  signal?: AbortSignal;
}

/**
 * Makes the first owner. The persona's key is made here and sealed under the password; the appliance can't open it.
 * Rejects with `wrong_code`, `setup_closed`, `rate_limited`, `conflict`.
 */
export async function setup(connection: HearthConnection, options: SetupOptions): Promise<SignedIn> {
  return todo(connection, options);
}

/**
 * OPAQUE inside the authenticated connection: the password never leaves this page. Rejects with
 * `wrong_password` (also for a name nobody has), `rate_limited` (see `retryAfter`), `not_authentic`.
 */
export async function login(connection: HearthConnection, options: LoginOptions): Promise<SignedIn> {
  return todo(connection, options);
}

/** Enrolls this device with a pairing link's secret. Rejects with `expired`, `used`, `denied`. */
export async function pair(connection: HearthConnection, options: PairOptions): Promise<SignedIn> {
  return todo(connection, options);
}

/** Asks for the present password first (`wrong_password`). */
export async function changePassword(connection: HearthConnection, options: ChangePasswordOptions): Promise<void> {
  return todo(connection, options);
}

/** By an owner's device: makes another person with an own key and password. */
export async function addPersona(connection: HearthConnection, options: AddPersonaOptions): Promise<Persona> {
  return todo(connection, options);
}

function todo(...rest: unknown[]): Promise<never> {
  void rest;
  return Promise.reject(new HearthError("unavailable", "not built yet"));
}
