// A flock that is honest in all but its pages: what isn't HTTP goes on to a true hearth-flock, and pages come out of
// whatever folder, and through whatever lies, a test sets.
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { extname, join } from "node:path";

const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png" };
const typeOf = (path) => types[extname(path)] ?? "application/octet-stream";

/** `flock`: the true one's port. Set `folder` to what it serves, `lies` to {path: text}, `away` to answer nothing. */
export async function startFront(t, flock) {
  const front = { folder: undefined, lies: {}, away: false, asked: [] };
  const web = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url, "http://x");
    const { host } = incoming.headers;
    front.asked.push(pathname);
    if (!host.startsWith("home.") && !pathname.startsWith("/.well-known/") && !pathname.startsWith("/flock/"))
      return outgoing.writeHead(302, { location: `${front.origin}${pathname}` }).end();
    if (pathname.startsWith("/.well-known/") || pathname.startsWith("/flock/"))
      return incoming.pipe(
        request({ port: flock, path: incoming.url, method: incoming.method, headers: { ...incoming.headers, host: `127.0.0.1:${flock}` } }, (answer) => {
          outgoing.writeHead(answer.statusCode, answer.headers);
          answer.pipe(outgoing);
        }),
      );
    const answer = (path, body) =>
      outgoing
        .writeHead(200, { "content-type": typeOf(path), "cache-control": "no-cache", "cross-origin-opener-policy": "same-origin" })
        .end(body);
    if (front.lies[pathname] !== undefined) return answer(pathname, front.lies[pathname]);
    const file = join(front.folder, pathname);
    const path = existsSync(file) && statSync(file).isFile() ? pathname : pathname.includes(".") ? undefined : "/index.html";
    if (path === undefined) return outgoing.writeHead(404).end();
    answer(path, front.lies[path] ?? readFileSync(join(front.folder, path)));
  });
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    if (front.away) return socket.destroy();
    socket.once("data", (first) => {
      socket.pause();
      const text = first.toString("latin1");
      if (/^(GET|HEAD) /.test(text) && !/^upgrade: *websocket/im.test(text)) {
        web.emit("connection", socket);
        socket.unshift(first);
        return socket.resume();
      }
      const onward = connect(flock, "127.0.0.1", () => (onward.write(first), socket.pipe(onward).pipe(socket)));
      onward.on("error", () => socket.destroy());
      socket.on("close", () => onward.destroy());
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  front.port = server.address().port;
  front.origin = `http://home.hearth.localhost:${front.port}`;
  t.after(() => {
    server.close();
    web.closeAllConnections();
  });
  return front;
}
