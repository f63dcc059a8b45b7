/** What runs before an app's own code, in its pages and workers. */
import { bootPath, cachePrefix, socketChannel, type BootOffers } from "@hearth/sdk/app-protocol";
import { installBlobWorkers } from "./blob_workers.ts";
import { hideCaches } from "./own_caches.ts";
import { installServiceWorkers } from "./service_pages.ts";
import { controlFrom, serviceCache } from "./service_protocol.ts";
import { installCookies } from "./shim_cookies.ts";
import { makeWebSocket, type Line } from "./shim_socket.ts";
import { callFromWorker } from "./shim_worker.ts";

const inPage = typeof document !== "undefined";

/** The nearest frame above that is the boot page's, looked for each time: it may have been reloaded. */
function boot(): BootOffers | undefined {
  for (let frame = window.parent, last: Window = window; frame !== last; last = frame, frame = frame.parent) {
    try {
      if (frame.location.pathname === bootPath && frame.hearthBoot !== undefined) return frame.hearthBoot;
    } catch {
      // Another origin's, as the shell's is.
    }
  }
  return undefined;
}

function call(path: string, protocols: string[]): Line | undefined {
  if (!inPage) return callFromWorker(socketChannel, path, protocols);
  const offers = boot();
  if (offers === undefined) return undefined;
  const { port1, port2 } = new MessageChannel();
  offers.socket(port2, path, protocols);
  return port1;
}

// A worker whose script imports another's copy has it already.
if (!("hearthShim" in globalThis)) {
  Object.defineProperty(globalThis, "hearthShim", { value: 1 });
  Object.defineProperty(globalThis, "WebSocket", {
    value: makeWebSocket(call),
    writable: true,
    configurable: true,
  });
  hideCaches(
    globalThis.CacheStorage as typeof CacheStorage | undefined,
    (name) => name.startsWith(cachePrefix) || name === serviceCache,
  );
  if (inPage) {
    installCookies(boot);
    installServiceWorkers(controlFrom(document.currentScript?.dataset.by, location.origin));
    document.currentScript?.remove();
  }
  installBlobWorkers(`${self.origin}/.hearth/shim.js`);
}
