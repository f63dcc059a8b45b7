/** What runs before the code of an app's own service worker. */
import "./shim.ts";
import { installServiceScope } from "./service_scope.ts";

if (!("hearthService" in globalThis)) {
  Object.defineProperty(globalThis, "hearthService", { value: 1 });
  installServiceScope(globalThis);
}
