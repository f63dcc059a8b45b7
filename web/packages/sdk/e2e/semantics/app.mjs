// An ordinary web application, which knows nothing of Hearth: node:http and ws. Listens on the unix socket or port given.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { WebSocketServer } from "ws";

const file = (name) => readFileSync(new URL(name, import.meta.url));
const subjects = [
  "harness",
  "fetch",
  "streams",
  "xhr",
  "websocket",
  "cookies",
  "caching",
  "pages",
  "serviceworker",
  "run",
];
const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Semantics é</title>
<script>window.nativeFirst = WebSocket; window.cookieAtStart = document.cookie;</script></head>
<body><h1>Semantics</h1>${subjects.map((name) => `<script src="/cases/${name}.js"></script>`).join("")}</body></html>`;
const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
const bytesTag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
/** What lets answers go on that stopped after their first piece. */
const gates = new Map();
/** How often each address was asked. */
const hits = new Map();

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Below /sw/PLACE/, one for each case of service workers: what was set there, and files. */
const set = new Map();
async function serviceWorkers(url, request, response) {
  const [, , place, name] = url.pathname.split("/");
  const query = url.searchParams;
  const of = (key, otherwise) => set.get(`${place} ${key}`) ?? otherwise;
  const send = (type, body, status = 200) =>
    response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-cache" }).end(body);
  if (name === "set") {
    set.set(`${place} ${query.get("name")}`, query.get("value"));
    return send("text/plain", "set");
  }
  if (of("broken")) return send("text/plain", "broken", 503);
  const script = `self.version = ${JSON.stringify(of("version", "1"))};\n${file("service.js")}`;
  switch (name) {
    case "worker.js":
      return send("text/javascript", query.get("do") === "syntax" ? "this is no script" : script);
    case "module.js":
      return send("text/javascript", `import "./imported.js";\nself.handlers = true;\n${script}`);
    case "imported.js":
      return send("text/javascript", `self.imported = ${JSON.stringify(of("imported", "imported"))};`);
    case "page.html":
      return send(
        "text/html",
        "<!doctype html><script>window.atStart = navigator.serviceWorker.controller?.state ?? null;</script>",
      );
    case "redirect":
      return response.writeHead(302, { Location: query.get("to") }).end();
    case "echo":
      return send("application/octet-stream", await bodyOf(request));
    case "header":
      return send("text/plain", request.headers["x-mine"] ?? "");
    case "missing.js":
      return send("text/plain", "not here", 404);
    default:
      return send("text/plain", `network ${name}`);
  }
}

async function answer(request, response) {
  const url = new URL(request.url, "http://x");
  const query = url.searchParams;
  const hit = (hits.get(request.url) ?? 0) + 1;
  hits.set(request.url, hit);
  for (const field of query.getAll("h")) {
    const [name, value] = field.split(/:(.*)/s);
    response.appendHeader(name, value);
  }
  for (const cookie of query.getAll("cookie")) response.appendHeader("Set-Cookie", cookie);
  const send = (type, body, status = 200) => response.writeHead(status, { "Content-Type": type }).end(body);
  const json = (value) => send("application/json", JSON.stringify(value));
  const subject = /^\/cases\/(\w+)\.js$/.exec(url.pathname)?.[1];
  if (subjects.includes(subject)) return send("text/javascript", file(`.${url.pathname}`));
  if (url.pathname.startsWith("/sw/")) return serviceWorkers(url, request, response);
  switch (url.pathname) {
    case "/":
      return send("text/html", page);
    case "/worker.js":
    case "/module.js":
    case "/imported.js":
      return send("text/javascript", file(`.${url.pathname}`));
    case "/strict.html":
      response.setHeader(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'; connect-src 'self'",
      );
      return send(
        "text/html",
        `<!doctype html><script nonce="abc">parent.postMessage([String(WebSocket.prototype.send).includes("native"), document.cookie, document.scripts.length], "*")</script>`,
      );
    case "/frame.html":
      return send("text/html; charset=utf-8", `<!doctype html><p>${request.headers.cookie ?? ""}</p>`);
    case "/echo": {
      const body = await bodyOf(request);
      return json({
        method: request.method,
        url: request.url,
        headers: request.headers,
        size: body.length,
        body: body.subarray(0, 2000).toString("latin1"),
        hit,
      });
    }
    case "/same":
      return send(request.headers["content-type"] ?? "application/octet-stream", await bodyOf(request));
    case "/status":
      response.writeHead(Number(query.get("code")), query.get("text") ?? undefined);
      return response.end(query.get("body") ?? undefined);
    case "/redirect": {
      const left = Number(query.get("n") ?? 1);
      const to =
        left > 1 ? `/redirect?n=${left - 1}&code=${query.get("code") ?? 302}` : (query.get("to") ?? "/echo");
      return response.writeHead(Number(query.get("code") ?? 302), { Location: to }).end();
    }
    case "/slow":
      await new Promise((resolve) => setTimeout(resolve, Number(query.get("ms"))));
      return send("text/plain", "slow");
    case "/drip": {
      response.writeHead(200, { "Content-Type": query.get("type") ?? "text/plain" });
      for (let i = 0; i < Number(query.get("n")); ++i) {
        response.write(query.get("text") ?? `${i}\n`);
        if (i === 0 && query.has("gate")) await new Promise((open) => gates.set(query.get("gate"), open));
        await new Promise((resolve) => setTimeout(resolve, Number(query.get("ms") ?? 20)));
      }
      return query.has("break") ? response.destroy() : response.end();
    }
    case "/gate":
      gates.get(query.get("gate"))?.();
      return send("text/plain", "open");
    case "/events":
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      return response.write(`id: 7\nevent: told\ndata: one\ndata: two\n\n`);
    case "/gzip":
      response.setHeader("Content-Encoding", "gzip");
      return send("text/plain", gzipSync("packed"));
    case "/bytes": {
      const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "");
      const wanted = request.headers["if-range"];
      response.setHeader("Accept-Ranges", "bytes");
      response.setHeader("ETag", bytesTag);
      response.setHeader("Content-Type", "application/octet-stream");
      if (range === null || (wanted !== undefined && wanted !== bytesTag)) {
        response.setHeader("Content-Length", bytes.length);
        return response.end(request.method === "HEAD" ? undefined : bytes);
      }
      const from = range[1] === "" ? bytes.length - Number(range[2]) : Number(range[1]);
      const to =
        range[1] === "" || range[2] === "" ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1);
      if (from > to || from >= bytes.length) {
        response.setHeader("Content-Range", `bytes */${bytes.length}`);
        return response.writeHead(416).end();
      }
      response.setHeader("Content-Range", `bytes ${from}-${to}/${bytes.length}`);
      response.setHeader("Content-Length", to - from + 1);
      return response.writeHead(206).end(bytes.subarray(from, to + 1));
    }
    // Says how often it was asked, and answers conditions when it has a tag.
    case "/hit": {
      const tag = response.getHeader("etag");
      if (tag !== undefined && request.headers["if-none-match"] === tag)
        return response.writeHead(304, { "X-Hit": hit }).end();
      const modified = response.getHeader("last-modified");
      if (modified !== undefined && request.headers["if-modified-since"] === modified)
        return response.writeHead(304).end();
      if (query.has("fail") && hit > 1) return response.writeHead(500).end();
      return send("text/plain", `${hit} ${request.method} ${request.headers["x-kind"] ?? ""}`);
    }
    case "/cookies":
      return send("text/plain", request.headers.cookie ?? "");
    default:
      if (url.pathname.startsWith("/cookies/")) return send("text/plain", request.headers.cookie ?? "");
      return send("text/plain", "nothing", 404);
  }
}

const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  maxPayload: 64 * 1024 * 1024,
  handleProtocols: (asked, { url }) =>
    url.startsWith("/ws/none") ? false : url.startsWith("/ws/wrong") ? "other" : [...asked].at(-1),
});
sockets.on("headers", (headers, { url }) => {
  for (const cookie of new URL(url, "http://x").searchParams.getAll("cookie"))
    headers.push(`Set-Cookie: ${cookie}`);
  if (url.startsWith("/ws/extension")) headers.push("Sec-WebSocket-Extensions: x-unasked");
});
/** How the last sockets ended, by their id. */
const ends = new Map();

function serve(socket, request) {
  const url = new URL(request.url, "http://x");
  const query = url.searchParams;
  socket.on("close", (code, reason) => ends.set(query.get("id"), { code, reason: String(reason) }));
  switch (url.pathname) {
    case "/ws/close":
      return query.has("code")
        ? socket.close(Number(query.get("code")), query.get("reason") ?? "")
        : socket.close();
    case "/ws/abrupt":
      return void setTimeout(() => socket.terminate(), 50);
    case "/ws/head":
      return socket.send(JSON.stringify(request.headers));
    case "/ws/burst":
      for (let i = 0; i < Number(query.get("n")); ++i) socket.send(`${i}`);
      return;
    case "/ws/fragments":
      socket.send("one ", { fin: false });
      socket.ping("between");
      socket.send("two ", { fin: false });
      return socket.send("three", { fin: true });
    case "/ws/raw":
      return socket._socket.write(Buffer.from(query.get("hex"), "hex"));
    case "/ws/ping":
      socket.on("pong", (data) => socket.send(`pong ${data}`));
      return socket.ping("p1");
    case "/ws/end":
      return socket.send(JSON.stringify(ends.get(query.get("of")) ?? null));
    case "/ws/stuck":
      return socket.pause();
    case "/ws/hash": {
      let size = 0;
      return socket.on("message", (data) => {
        size += data.length;
        socket.send(JSON.stringify([data.length, createHash("sha256").update(data).digest("hex"), size]));
      });
    }
    case "/ws/last":
      return socket.on("message", () => (socket.send("a"), socket.send("b"), socket.close(4000, "end")));
    default:
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  }
}

const server = createServer(
  (request, response) => void answer(request, response).catch(() => response.destroy()),
);
server.on("upgrade", (request, socket, head) => {
  if (request.url.startsWith("/ws/refuse"))
    return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  if (request.url.startsWith("/ws/redirect"))
    return socket.end("HTTP/1.1 302 Found\r\nLocation: /ws/echo\r\nContent-Length: 0\r\n\r\n");
  if (request.url.startsWith("/ws/badkey"))
    return socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
    );
  sockets.handleUpgrade(request, socket, head, (opened) => serve(opened, request));
});
const where = process.argv[2] ?? "/run/hearth/app.sock";
if (/^\d+$/.test(where)) server.listen(Number(where), "127.0.0.1", () => console.log(server.address().port));
else server.listen(where);
