/** Our service worker's side of an app's own: which boot frame hosts, what it is asked, and the scripts it runs. */
import { bootPath, channel } from "@hearth/sdk/app-protocol";
import { ask, PortError } from "@hearth/sdk/port-exchange";
import type { Answer } from "./http_cache.ts";
import { replayable } from "./replayable.ts";
import {
  passedHeader,
  redirectHeader,
  registryPath,
  scriptKey,
  serviceCache,
  servicePrefix,
  type ClientFacts,
  type Control,
  type ServiceRequest,
  type ToBoot,
  type ToWorker,
} from "./service_protocol.ts";

declare const self: ServiceWorkerGlobalScope;

type Body = ReadableStream<Uint8Array> | null;

/** A host that a reload took away comes back, or another tab's takes over. */
const hostTimeout = 3000;
const hostPoll = 50;
/** A boot frame that doesn't say by then whether it hosts is frozen. */
const answerTimeout = 300;

/** Whether there is anybody to ask; nothing known after this worker was stopped. */
let asks: Promise<boolean> | undefined;
let hostId: string | undefined;
/** Where redirects lead that the app's worker was told of and may not read, by their address. */
const redirects = new Map<string, Answer>();

const versionOf = (url: string): string | undefined => url.split(servicePrefix)[1];
const isBoot = (url: string): boolean => new URL(url).pathname === bootPath;

function anybody(): Promise<boolean> {
  asks ??= caches
    .match(registryPath, { cacheName: serviceCache })
    .then(async (kept) => kept !== undefined && ((await kept.json()) as unknown[]).length > 0)
    .catch(() => false);
  return asks;
}

/** Asks a boot frame; nothing when it doesn't answer. */
function said<T>(
  client: Client,
  message: ToBoot,
  ms?: number,
  more: MessagePort[] = [],
): Promise<T | undefined> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<T>) => {
      resolve(data);
      port1.close();
    };
    port1.addEventListener("close", () => resolve(undefined));
    if (ms !== undefined) setTimeout(() => resolve(undefined), ms);
    client.postMessage({ channel, kind: "service", ...message }, [port2, ...more]);
  });
}

async function findHost(): Promise<Client | undefined> {
  const known = hostId === undefined ? undefined : await self.clients.get(hostId);
  if (known !== undefined) return known;
  for (let waited = 0; waited <= hostTimeout; waited += hostPoll) {
    const all = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const boots = all.filter(({ url, frameType }) => isBoot(url) && frameType === "nested");
    const hosts = await Promise.all(
      boots.map(async (each) => (await said<boolean>(each, { k: "host?" }, answerTimeout)) === true),
    );
    const host = boots[hosts.indexOf(true)];
    if (host !== undefined) {
      hostId = host.id;
      return host;
    }
    await new Promise((resolve) => setTimeout(resolve, hostPoll));
  }
  return undefined;
}

const factsOf = (client: Client): ClientFacts => {
  const { focused = false, visibilityState = "hidden" } = client as Partial<WindowClient>;
  // Whoever has a frame of its own in the boot frame is at the top, as far as the app can tell.
  return {
    id: client.id,
    url: client.url,
    type: client.type,
    frameType: "top-level",
    focused,
    visibilityState,
  };
};

/** The app's, in all tabs: neither boot frames nor its own service workers. */
async function appClients(): Promise<ClientFacts[]> {
  const all = await self.clients.matchAll({ type: "all", includeUncontrolled: true });
  return all.filter(({ url }) => !isBoot(url) && versionOf(url) === undefined).map(factsOf);
}

async function move(id: string, url: string | undefined): Promise<ClientFacts | null> {
  const client = (await self.clients.get(id)) as WindowClient | undefined;
  if (client === undefined) return null;
  const moved = await (url === undefined ? client.focus() : client.navigate(url)).catch(() => null);
  return moved === null ? null : factsOf(moved);
}

/** What pages and the host say to us. */
export async function onServiceMessage(
  message: ToWorker,
  source: Client,
  ports: readonly MessagePort[],
): Promise<void> {
  const [port] = ports;
  switch (message.k) {
    case "asks":
      hostId = source.id;
      asks = Promise.resolve(message.asks);
      break;
    case "connect": {
      const host = await findHost();
      if (port === undefined) break;
      const page: ToBoot = { k: "page", client: factsOf(source), hello: message.hello };
      host?.postMessage({ channel, kind: "service", ...page }, [port]);
      break;
    }
    case "clients":
      port?.postMessage(await appClients());
      break;
    case "move":
      port?.postMessage(await move(message.client, message.url));
      break;
  }
}

export interface Asker {
  /** Who asks is an app's own service worker, of this version, or the boot frame that hosts it. */
  version: string | undefined;
  isBoot: boolean;
  /** What was asked of the app's worker, which passes it on. */
  passed: { mode: string; destination: string } | undefined;
  client: Client | undefined;
}

export async function askerOf({ clientId, request }: FetchEvent): Promise<Asker> {
  const [mode, destination] = (request.headers.get(passedHeader) ?? "").split(" ");
  const passes = mode !== undefined && destination !== undefined;
  if (!passes && !(await anybody()) && request.destination !== "worker" && request.destination !== "script")
    return { version: undefined, isBoot: false, passed: undefined, client: undefined };
  const client = clientId === "" ? undefined : await self.clients.get(clientId);
  const version = client?.type === "worker" ? versionOf(client.url) : undefined;
  const boot = client !== undefined && isBoot(client.url);
  const passed = passes && (boot || version !== undefined) ? { mode, destination } : undefined;
  return { version, isBoot: boot, passed, client };
}

/** The script of an app's service worker, or what it imports: as it was installed, for ever. */
export async function installedScript(
  request: Request,
  { version, isBoot }: Asker,
  get: () => Promise<Answer>,
  later: (work: Promise<unknown>) => void,
): Promise<Answer | undefined> {
  const own = isBoot && request.destination === "worker" ? versionOf(request.url) : undefined;
  const imports = request.destination === "script" ? version : undefined;
  const id = own ?? imports;
  if (id === undefined) return undefined;
  const key = scriptKey(id, request.url.replace(/#.*$/, ""));
  const cache = await caches.open(serviceCache);
  const kept = await cache.match(key);
  if (kept !== undefined || own !== undefined)
    return kept ?? Promise.reject(new PortError("offline", "no script"));
  const { body, ...head } = await get();
  if (body === null || head.status !== 200) return { body, ...head };
  const [one, other] = body.tee();
  later(cache.put(key, new Response(other, head)).catch(() => undefined));
  return { ...head, body: one };
}

/** A redirect that goes to the app's worker: if it answers with that, it is needed again. */
export function noteRedirect(request: Request, { version }: Asker, answer: Answer): void {
  if (version === undefined || request.redirect !== "manual") return;
  redirects.set(request.url, { ...answer, body: null });
  const [oldest] = redirects.keys();
  if (redirects.size > 64 && oldest !== undefined) redirects.delete(oldest);
}

export interface Consulted {
  /** Who controls the page that asks, or that is being navigated to. */
  control: Control | null;
  /** What the app's worker answers; nothing: it leaves that to the network, which is us. */
  answer?: Answer;
  /** The request's, which must be taken from here if it is to go on. */
  body?: Body;
}

/** Asks the app's own service worker. */
export async function consult(
  event: FetchEvent,
  { version, isBoot, client }: Asker,
  bodyOf: (request: Request) => Promise<Body>,
): Promise<Consulted> {
  const { request } = event;
  const navigates = request.mode === "navigate";
  if (version !== undefined || (isBoot && !navigates) || !(await anybody())) return { control: null };
  const host = await findHost();
  if (host === undefined) return { control: null };
  const reads = request.method === "GET" || request.method === "HEAD";
  const body = reads ? null : await bodyOf(request);
  const kept = body === null ? undefined : replayable(body);
  const { method, url, mode, destination, credentials, cache, redirect } = request;
  const is: ServiceRequest = {
    ...{ method, url, mode, destination, credentials, cache, redirect, headers: [...request.headers] },
    ...{ hasBody: body !== null, clientId: event.clientId, resultingClientId: event.resultingClientId },
    ...(client === undefined || navigates ? {} : { client: { url: client.url, type: client.type } }),
  };
  const { port1, port2 } = new MessageChannel();
  const exchange = ask(port1, kept?.once ?? null);
  const control = (await said<Control | null>(host, { k: "fetch", request: is }, undefined, [port2])) ?? null;
  const onwards = (): Consulted => ({ control, ...(kept === undefined ? {} : { body: kept.again() }) });
  if (control === null) {
    exchange.cancel();
    return onwards();
  }
  request.signal.addEventListener("abort", () => exchange.cancel(), { once: true });
  try {
    const { status, statusText, headers, hasBody } = await exchange.head;
    event.waitUntil(exchange.done);
    const got = new Headers(headers);
    const redirected = got.get(redirectHeader);
    if (redirected === null)
      return { control, answer: { status, statusText, headers: got, body: hasBody ? exchange.body : null } };
    const answer = redirects.get(redirected);
    redirects.delete(redirected);
    if (answer === undefined) throw new PortError("network", "the redirect is lost");
    return { control, answer };
  } catch (error) {
    if (!(error instanceof PortError) || !["not_handled", "offline"].includes(error.code)) throw error;
    return onwards();
  }
}
