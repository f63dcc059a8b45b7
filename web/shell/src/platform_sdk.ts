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
  pair,
  setup,
  share,
} from "@hearth/sdk";
import { tabNews } from "./model/news.ts";
import { maybeLinked } from "./model/opened.ts";
import type { Platform } from "./model/platform.ts";

const chosenBox = "hearth-box";
const servedByFlock = "hearth-from-flock";

/** The real world: @hearth/sdk. */
export function sdkPlatform(): Platform {
  const keys = DeviceKeys.open();
  const appliances = KnownAppliances.open();
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  /** Until an app's first page stands. */
  let linked = maybeLinked({
    place: location.pathname + location.hash,
    referrer: document.referrer,
    origin: location.origin,
    type: navigation?.type,
  });
  return {
    deviceKey: async (keep) =>
      keep ? ((await keys.load()) ?? (await keys.create())) : await keys.createEphemeral(),
    keptKey: () => keys.load(),
    forgetKey: () => keys.forget(),
    known: () => appliances.list(),
    remember: (root, facts) => appliances.remember(root, facts),
    amend: (root, facts) => appliances.amend(root, facts),
    forget: (root) => appliances.forget(root),
    get chosen() {
      return sessionStorage.getItem(chosenBox) ?? undefined;
    },
    choose: (root) => sessionStorage.setItem(chosenBox, root),
    ...tabNews(),
    local: () => discoverLocal(),
    flock: () => discoverFlock(),
    get fromFlock() {
      return localStorage.getItem(servedByFlock) !== null;
    },
    set fromFlock(is) {
      if (is) localStorage.setItem(servedByFlock, "");
      else localStorage.removeItem(servedByFlock);
    },
    // A computer that is not to remember us keeps no list of boxes either, but still obeys the pins it has.
    connect: (target, device, keep) => connect(target, keep ? { device } : { device, appliances: null }),
    open: (target, device, first) => share(target, { device, switchboard: "/tabs.js" }, first),
    api: (connection) => new HearthApi(connection),
    graph: (connection) => new GraphApi(connection),
    setup,
    login,
    pair,
    addPersona,
    changePassword,
    formatLink,
    frame: (options) =>
      new AppHost({
        ...options,
        fromElsewhere: linked,
        onReady: () => {
          linked = false;
          options.onReady?.();
        },
      }),
  };
}
