import {
  AppHost,
  DeviceKeys,
  GraphApi,
  HearthApi,
  KnownAppliances,
  addPersona,
  changePassword,
  connect,
  discoverFlock,
  discoverLocal,
  formatLink,
  login,
  open,
  pair,
  setup,
} from "@hearth/sdk";
import type { Platform } from "./model/platform.ts";

/** The real world: @hearth/sdk. */
export function sdkPlatform(): Platform {
  const keys = DeviceKeys.open();
  const appliances = KnownAppliances.open();
  return {
    deviceKey: async (keep) =>
      keep ? ((await keys.load()) ?? (await keys.create())) : await keys.createEphemeral(),
    keptKey: () => keys.load(),
    forgetKey: () => keys.forget(),
    known: () => appliances.list(),
    remember: (root, facts) => appliances.remember(root, facts),
    forget: (root) => appliances.forget(root),
    local: () => discoverLocal(),
    flock: () => discoverFlock(),
    // A computer that is not to remember us keeps no list of boxes either, but still obeys the pins it has.
    connect: (target, device, keep) => connect(target, keep ? { device } : { device, appliances: null }),
    open: (target, device) => open(target, { device }),
    api: (connection) => new HearthApi(connection),
    graph: (connection) => new GraphApi(connection),
    setup,
    login,
    pair,
    addPersona,
    changePassword,
    formatLink,
    frame: (options) => new AppHost(options),
  };
}
