/**
 * An app's own service worker. The origin's real one is ours and stays (worker.ts), so the app's runs in a dedicated worker of a
 * boot frame, in a scope that looks like a service worker's. This is what pages, that boot frame, the hosted worker
 * and ours say to each other; all but ours belong to the app's origin, and so trust each other as the web has it.
 */

export type WorkerState = "parsed" | "installing" | "installed" | "activating" | "activated" | "redundant";
export type Script = "classic" | "module";

/** Of an app's worker's address, behind which its version is named; no page sees it. */
export const servicePrefix = "#hearth-service=";
/** Registrations, and scripts as they were installed: they run when the box is out of reach, too. */
export const serviceCache = "hearth-services";
export const registryPath = "/.hearth/services";
/** Where a version's copy of a script is kept in that cache. */
export const scriptKey = (version: string, url: string): string =>
  `/.hearth/services/${version}?${encodeURIComponent(url)}`;
/** Held by the boot frame that hosts, of all tabs' one. */
export const hostLock = "hearth-service-host";
/** Where a new host says that it is there. */
export const hostChannel = "hearth-service-host";
/** Mode and destination of the request that the app's worker passes on, which no script can give a request. */
export const passedHeader = "hearth-passed";
/** A redirect that the app's worker answers with, and may not read: of which address. */
export const redirectHeader = "hearth-redirect";

/** A version, as pages have it as a `ServiceWorker`. */
export interface WorkerFacts {
  id: string;
  script: string;
  state: WorkerState;
}
export interface RegistrationFacts {
  id: string;
  scope: string;
  updateViaCache: ServiceWorkerUpdateViaCache;
  installing: WorkerFacts | null;
  waiting: WorkerFacts | null;
  active: WorkerFacts | null;
}

/** As `clients` has it. */
export interface ClientFacts {
  id: string;
  url: string;
  type: string;
  frameType: string;
  focused: boolean;
  visibilityState: string;
}

/** Our service worker asks whether the app's answers. */
export interface ServiceRequest {
  method: string;
  /** Absolute. */
  url: string;
  headers: [string, string][];
  mode: string;
  destination: string;
  credentials: RequestCredentials;
  cache: RequestCache;
  redirect: RequestRedirect;
  hasBody: boolean;
  clientId: string;
  resultingClientId: string;
  /** Of who asks, if it isn't a navigation: workers are controlled by what their own address says. */
  client?: { url: string; type: string };
}

/** What a page's script element is told, so that `controller` is there at once. */
export interface Control extends WorkerFacts {
  registration: string;
  scope: string;
}

export interface Refused {
  name: string;
  message: string;
}

/** boot frame → app's worker. The first comes as a message of the worker, with the port for all else. */
export type ToService =
  | { k: "begin"; version: string; facts: RegistrationFacts }
  | { k: "run"; id: number; what: "install" | "activate" }
  | { k: "fetch"; request: ServiceRequest }
  | { k: "message"; data: unknown; client: ClientFacts | undefined }
  | { k: "facts"; facts: RegistrationFacts; state: WorkerState }
  | { k: "reply"; id: number; value?: unknown; refused?: Refused }
  /** It is redundant: to end when nothing it does is open any more. */
  | { k: "end" };

export type ServiceCall =
  | { name: "skipWaiting" | "claim" | "update" | "unregister" }
  | { name: "clients"; uncontrolled: boolean; type: string }
  | { name: "move"; client: string; url?: string };

/** app's worker → boot frame. */
export type FromService =
  | { k: "ready"; failed: boolean }
  | { k: "ran"; id: number; ok: boolean }
  | { k: "call"; id: number; call: ServiceCall }
  | { k: "post"; client: string; data: unknown };

export type PageCall =
  | {
      name: "register";
      script: string;
      scope: string | undefined;
      type: Script;
      updateViaCache: ServiceWorkerUpdateViaCache;
    }
  | { name: "registration"; url: string }
  | { name: "registrations" }
  | { name: "update" | "unregister"; registration: string };

/** page → the host, on the port that our service worker brings there. */
export type FromPage =
  | { k: "call"; id: number; call: PageCall }
  | { k: "post"; worker: string; data: unknown; focused: boolean; visible: boolean }
  | { k: "bye" };

/** the host → page. */
export type ToPage =
  /** All there is now, after each change; `turns` counts how often another worker took over this page. */
  | { k: "now"; registrations: RegistrationFacts[]; controller: Control | null; turns: number }
  | { k: "reply"; id: number; value?: unknown; refused?: Refused }
  | { k: "message"; data: unknown; worker: WorkerFacts };

/** What a page says of itself when it connects. */
export interface PageHello {
  /** The registration whose worker controls it. */
  controlled: string | undefined;
  /** It is what the boot frame shows: to the app the top. */
  top: boolean;
}

/** page or boot frame → our service worker. */
export type ToWorker =
  | { k: "connect"; hello: PageHello }
  /** Whether there is an app's worker to be asked. */
  | { k: "asks"; asks: boolean }
  | { k: "clients" }
  | { k: "move"; client: string; url?: string };

/** our service worker → boot frames. */
export type ToBoot =
  | { k: "host?" }
  | { k: "page"; client: ClientFacts; hello: PageHello }
  /** Carries two ports: for who controls (Control or null), and for the exchange. */
  | { k: "fetch"; request: ServiceRequest };

/** The longest scope that the address is in. */
export function matching<T extends { scope: string }>(all: Iterable<T>, url: string): T | undefined {
  return [...all]
    .filter(({ scope }) => url.startsWith(scope))
    .sort((a, b) => b.scope.length - a.scope.length)[0];
}

/** A page's script element is told in paths (`withPageShim`), which have no spaces. */
export function controlFrom(text: string | undefined, origin: string): Control | undefined {
  const [id, registration, state, script, scope] = (text ?? "").split(" ");
  if (id === undefined || registration === undefined || script === undefined || scope === undefined)
    return undefined;
  return {
    id,
    registration,
    state: state as Control["state"],
    script: origin + script,
    scope: origin + scope,
  };
}
export function controlText({ id, registration, state, script, scope }: Control): string {
  const path = (url: string): string => new URL(url).pathname + new URL(url).search;
  return [id, registration, state, path(script), path(scope)].join(" ");
}
