/** One's box and devices, and how they are connected: a small picture instead of a paragraph. */
import type { ConnectionState, Device } from "@hearth/sdk";
import { House, Laptop, Smartphone, SquareTerminal } from "lucide-react";
import { isOnline } from "./model/devices.ts";
import { useNow, useText } from "./shared.tsx";

export function deviceIcon(device: Pick<Device, "kind" | "name">) {
  if (device.kind === "cli") return SquareTerminal;
  return /phone|android|ipad|pixel|galaxy/i.test(device.name) ? Smartphone : Laptop;
}

const most = 4;

export function DeviceMap({
  box,
  devices,
  reach,
}: {
  box: string;
  devices: readonly Device[];
  reach: ConnectionState;
}) {
  const t = useText();
  const now = useNow();
  const shown = [...devices]
    .sort((a, b) => Number(b.current) - Number(a.current) || b.lastSeen - a.lastSeen)
    .slice(0, most);
  const columns = shown.length;
  return (
    <div className="s-map" role="img" aria-label={t("devices.map", { box, count: devices.length })}>
      <div className="s-map-box">
        <House className="h-icon" aria-hidden />
        <bdi className="h-truncate">{box}</bdi>
      </div>
      <svg className="s-map-lines" viewBox={`0 0 ${columns * 100} 56`} preserveAspectRatio="none" aria-hidden>
        {shown.map((device, index) => {
          const x = index * 100 + 50;
          const top = columns * 50;
          const line = device.current ? reach : isOnline(device, now) ? "direct" : "away";
          return (
            <path
              key={device.id}
              className={`s-map-line s-map-${line}`}
              d={`M${top} 0C${top} 32 ${x} 24 ${x} 56`}
            />
          );
        })}
      </svg>
      <div className="s-map-devices" style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
        {shown.map((device) => {
          const Icon = deviceIcon(device);
          return (
            <div
              key={device.id}
              className={
                device.current || isOnline(device, now) ? "s-map-device" : "s-map-device s-map-faint"
              }
            >
              <span className="s-map-icon">
                <Icon className="h-icon" aria-hidden />
              </span>
              <bdi>{device.current ? t("devices.this") : device.name}</bdi>
            </div>
          );
        })}
      </div>
    </div>
  );
}
