/** A shell for the tests: hosts one app over a connection that is a table of answers. */
import { AppHost, appOrigin, type AppLocation } from "../src/index.ts";

const root = "C2GhSnMm3BHHAxeDnvGxV8WNdi5w-Nm2_UGxDd-qhas";

interface Seen {
  method: string;
  path: string;
  headers: Record<string, string>;
  size?: number;
}

const state = {
  seen: [] as Seen[],
  pulled: 0,
  aborted: 0,
  cancelled: 0,
  locations: [] as AppLocation[],
  ready: 0,
  errors: [] as string[],
  offline: false,
};

const page = (title: string, body: string): Response =>
  new Response(`<!doctype html><meta charset="utf-8"><title>${title}</title>${body}`, {
    headers: { "Content-Type": "text/html; charset=utf-8" },
  });

async function serve(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = Object.fromEntries(new Headers(init.headers));
  const entry: Seen = { method: init.method ?? "GET", path, headers };
  state.seen.push(entry);
  init.signal?.addEventListener("abort", () => ++state.aborted);
  if (state.offline) throw new Error("offline");
  const url = new URL(path, "http://x");
  switch (url.pathname) {
    case "/app/demo/":
      return page(
        "Demo",
        `<link rel="stylesheet" href="/style.css"><h1>Demo</h1><img id="image" src="/image.svg" alt="">
         <video id="video" src="/video.webm" muted preload="metadata"></video><script src="/script.js"></script>`,
      );
    case "/app/demo/second":
      return page("Second", "<h1>Second</h1>");
    case "/app/demo/moved":
      return new Response(null, { status: 302, headers: { Location: "second?from=moved" } });
    case "/app/demo/leads-away":
      return new Response(null, { status: 302, headers: { Location: "https://example.com/" } });
    case "/app/demo/script.js":
      return new Response("document.documentElement.dataset.script = 'ran';", {
        headers: { "Content-Type": "text/javascript" },
      });
    case "/app/demo/style.css":
      return new Response("h1 { color: rgb(1, 2, 3) }", { headers: { "Content-Type": "text/css" } });
    case "/app/demo/image.svg":
      return new Response('<svg xmlns="http://www.w3.org/2000/svg" width="7" height="5"/>', {
        headers: { "Content-Type": "image/svg+xml" },
      });
    case "/app/demo/chunks": {
      const chunks = Number(url.searchParams.get("n") ?? 50);
      let given = 0;
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (given === chunks) return controller.close();
            state.pulled = ++given;
            controller.enqueue(new Uint8Array(100_000).fill(given));
          },
          cancel: () => void ++state.cancelled,
        },
        { highWaterMark: 0 },
      );
      const headers = new Headers({ "Content-Type": "application/octet-stream" });
      if (url.searchParams.has("attached")) {
        headers.set("Content-Length", String(chunks * 100_000));
        headers.set("Content-Disposition", 'attachment; filename="parcel.bin"');
      }
      return new Response(body, { headers });
    }
    case "/app/demo/endless":
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(10)),
          cancel: () => void ++state.cancelled,
        }),
      );
    case "/app/demo/broken":
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(10)),
          pull: (controller) => controller.error(new Error("cut")),
        }),
      );
    case "/app/demo/upload": {
      const bytes = new Uint8Array(await new Response(init.body ?? null).arrayBuffer());
      entry.size = bytes.length;
      return Response.json({ size: bytes.length, last: bytes.at(-1), type: headers["content-type"] });
    }
    case "/app/demo/video.webm":
      return ranged(await video(), headers["range"]);
    default:
      return new Response("nothing", { status: 404 });
  }
}

let videoBytes: Promise<ArrayBuffer> | undefined;
function video(): Promise<ArrayBuffer> {
  videoBytes ??= fetch("/video.webm").then((response) => response.arrayBuffer());
  return videoBytes;
}

function ranged(bytes: ArrayBuffer, range: string | undefined): Response {
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
  const headers: Record<string, string> = { "Content-Type": "video/webm", "Accept-Ranges": "bytes" };
  if (match === null) return new Response(bytes, { headers });
  const from = Number(match[1]);
  const to = match[2] === "" ? bytes.byteLength - 1 : Math.min(Number(match[2]), bytes.byteLength - 1);
  headers["Content-Range"] = `bytes ${from}-${to}/${bytes.byteLength}`;
  headers["Content-Length"] = String(to - from + 1);
  return new Response(bytes.slice(from, to + 1), { status: 206, headers });
}

const host = new AppHost({
  connection: { root, fetch: (path, init) => serve(path, init as RequestInit) },
  app: "demo",
  container: document.body,
  title: "Demo",
  onLocation: (location) => state.locations.push(location),
  onReady: () => void ++state.ready,
  onError: (error) => state.errors.push(error.code),
});
host.frame.style.cssText = "width: 600px; height: 400px";

Object.assign(window, { state, host, appOrigin: () => appOrigin(root, "demo") });
