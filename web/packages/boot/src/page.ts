/**
 * The boot page, which every app origin answers navigations with. In the shell's frame it installs the worker,
 * gets a port from the shell, and shows the app in a frame of its own; at the top it leads into the shell.
 */
import {
  bootPath,
  cachePrefix,
  channel,
  isOurs,
  shellOrigin,
  shellUrl,
  socketChannel,
  type BootMessage,
  type CookiesMessage,
  type Hello,
  type NavigateMessage,
  type Welcome,
} from "@hearth/sdk/app-protocol";
import { CookieJar } from "@hearth/sdk/cookies";
import { hostServices } from "./service_frame.ts";
import { bridgeWorkers } from "./worker_sockets.ts";

const workerUrl = "/.hearth/sw.js";
/** An older worker doesn't answer; the next one will find the cache itself. */
const workerTimeout = 500;
const shell = shellOrigin(location);

if (window === window.top) location.replace(shellUrl(location));
else if (isAppFrame()) void reloadThroughWorker();
else void boot();

/** The app's frame inside a boot frame: the two share their origin. */
function isAppFrame(): boolean {
  try {
    return window.parent.location.pathname === bootPath;
  } catch {
    return false;
  }
}

/** A page of the app that came past the worker (a forced reload): once the worker is there, ask again. */
async function reloadThroughWorker(): Promise<void> {
  await navigator.serviceWorker.ready;
  const key = "hearth-reloaded";
  const last = Number(sessionStorage.getItem(key) ?? 0);
  // Twice within seconds means that the worker doesn't serve us: stop.
  if (Date.now() - last < 3000) return;
  sessionStorage.setItem(key, String(Date.now()));
  location.reload();
}

async function boot(): Promise<void> {
  const frame = document.createElement("iframe");
  const shellPort = new Promise<{ port: MessagePort; welcome: Welcome }>((resolve) => {
    window.addEventListener("message", ({ data, origin, source, ports }: MessageEvent) => {
      if (origin !== shell || source !== window.parent || !isOurs(data) || data.kind !== "welcome") return;
      const [port] = ports;
      if (port !== undefined) resolve({ port, welcome: data as Welcome });
    });
  });
  await controlled();
  window.parent.postMessage({ channel, kind: "hello" } satisfies Hello, shell);
  const { port, welcome } = await shellPort;

  const post = (message: BootMessage): void => port.postMessage(message);
  // The worker's requests go to the shell as they are, each with its own port: bodies don't pass through here.
  navigator.serviceWorker.addEventListener("message", ({ data, ports }: MessageEvent) => {
    if (isOurs(data) && data.kind === "request") port.postMessage(data, [...ports]);
  });
  navigator.serviceWorker.startMessages();
  await openCache(welcome.cache);
  const jar = new CookieJar(location.hostname);
  jar.load(welcome.cookies);
  port.onmessage = ({ data }: MessageEvent<NavigateMessage | CookiesMessage>) => {
    if (data.kind === "navigate") {
      frame.contentWindow?.location.assign(inApp(data.path));
    } else {
      jar.load(data.cookies);
      post({ kind: "cookies", number: data.number });
    }
  };
  window.hearthBoot = {
    socket: (socketPort, path, protocols) =>
      port.postMessage({ channel, kind: "socket", path, protocols } satisfies BootMessage, [socketPort]),
    cookies: (path) => jar.text(path, { forPage: true }),
    setCookie: (line, path) => {
      if (jar.set(line, path, true)) post({ kind: "cookie", line, path });
    },
  };
  bridgeWorkers(socketChannel, window.hearthBoot.socket);
  hostServices();

  if (welcome.colorScheme !== undefined) document.documentElement.style.colorScheme = welcome.colorScheme;
  frame.addEventListener("load", () => {
    post({ kind: "loaded" });
    follow(frame, post);
  });
  frame.setAttribute("allow", "fullscreen; clipboard-write; autoplay; picture-in-picture");
  frame.title = "App";
  frame.src = inApp(welcome.path);
  document.body.replaceChildren(frame);
}

/** The HTTP cache of who is signed in, and nobody else's. */
async function openCache(name: string): Promise<void> {
  try {
    const mine = cachePrefix + name;
    await caches.open(mine);
    for (const each of await caches.keys())
      if (each.startsWith(cachePrefix) && each !== mine) await caches.delete(each);
    const { port1, port2 } = new MessageChannel();
    const heard = new Promise((resolve) => {
      port1.onmessage = resolve;
      setTimeout(resolve, workerTimeout);
    });
    navigator.serviceWorker.controller?.postMessage({ channel, kind: "cache", name: mine }, [port2]);
    await heard;
  } catch {
    // The browser keeps nothing: then every request goes to the box.
  }
}

/** Resolves when the worker controls this page, and so the frames below it. */
async function controlled(): Promise<void> {
  const { serviceWorker } = navigator;
  const change = new Promise((resolve) =>
    serviceWorker.addEventListener("controllerchange", resolve, { once: true }),
  );
  // Chromium lets this wait for seconds where it is just looking for a newer worker: nobody who has one waits along.
  const registered = serviceWorker.register(workerUrl, { scope: "/", updateViaCache: "none" });
  registered.catch(() => undefined);
  if (serviceWorker.controller !== null) return;
  // After a forced reload there is an active worker that doesn't control us: it claims us when asked.
  const { active } = (await serviceWorker.getRegistration("/")) ?? (await registered);
  active?.postMessage({ channel, kind: "claim" });
  await change;
}

/** A path on this origin, whatever the message says. */
function inApp(path: string): string {
  const url = new URL(path, location.origin);
  return url.origin === location.origin && url.pathname !== bootPath ? url.href : `${location.origin}/`;
}

/** Tells the shell where the app is; pages in a sandbox of their own keep it to themselves. */
function follow(frame: HTMLIFrameElement, post: (message: BootMessage) => void): void {
  const view = frame.contentWindow as (Window & { navigation?: EventTarget }) | null;
  try {
    if (view === null || view.location.origin !== location.origin) return;
    const tell = (): void => {
      const { pathname, search, hash } = view.location;
      post({ kind: "location", path: pathname + search + hash, title: view.document.title });
    };
    view.navigation?.addEventListener("currententrychange", tell);
    view.addEventListener("hashchange", tell);
    view.addEventListener("popstate", tell);
    const head = view.document.head as HTMLHeadElement | null;
    if (head !== null)
      new MutationObserver(tell).observe(head, { subtree: true, childList: true, characterData: true });
    tell();
  } catch {
    // Another origin's document: nothing to tell.
  }
}
