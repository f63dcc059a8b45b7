import { HearthError } from "../errors.ts";
import type { DeviceKey } from "./device.ts";

/** The device key of this shell origin. */
export class DeviceKeys {
  static open(): DeviceKeys {
    return new DeviceKeys();
  }
  /** The remembered key. Throws `storage` when the browser denies access. */
  async load(): Promise<DeviceKey | undefined> {
    throw new HearthError("unavailable", "not built yet");
  }
  /** Makes a key and keeps it; replaces one that is there. */
  async create(): Promise<DeviceKey> {
    throw new HearthError("unavailable", "not built yet");
  }
  /** A key for "don't remember this device": it dies with the page. */
  async createEphemeral(): Promise<DeviceKey> {
    throw new HearthError("unavailable", "not built yet");
  }
  /** Forgets the kept key. The appliance still lists the device until it is removed there. */
  async forget(): Promise<void> {
    throw new HearthError("unavailable", "not built yet");
  }
}
