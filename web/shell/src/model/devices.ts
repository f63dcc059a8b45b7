import type { Device } from "@hearth/sdk";

/** Seen within two minutes counts as here. `now` in milliseconds; the API's times are seconds. */
export function isOnline(device: Pick<Device, "lastSeen" | "current">, now: number): boolean {
  return device.current || now - device.lastSeen * 1000 < 120_000;
}

/** This one first, then by when they were last seen. */
export function inOrder(devices: readonly Device[]): Device[] {
  return [...devices].sort((a, b) => Number(b.current) - Number(a.current) || b.lastSeen - a.lastSeen);
}

/** What came in since: ids that weren't there before. */
export function newcomers(before: readonly Device[], after: readonly Device[]): Device[] {
  const known = new Set(before.map((device) => device.id));
  return after.filter((device) => !known.has(device.id));
}

/** `9:05`, rounded up, so that a fresh ten minutes read 10:00. Milliseconds. */
export function countdown(left: number): string {
  const seconds = Math.max(0, Math.ceil(left / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
