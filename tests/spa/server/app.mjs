// Serves two single-page applications as they are: the shop at /, and @socket.io/admin-ui, published built, at /admin/; and the
// socket.io server that both talk to. /control/break makes it answer 503 to all else.
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { instrument } from "@socket.io/admin-ui";
import sirv from "sirv";
import { Server } from "socket.io";

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const shop = sirv(folder("shop"), { etag: true, single: true });
const admin = sirv(fileURLToPath(new URL("../ui/dist", import.meta.resolve("@socket.io/admin-ui"))), { etag: true });
let broken = false;
let version = 1;

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://x");
  const done = (text = "") => response.writeHead(200, { "Content-Type": "text/plain" }).end(text);
  if (pathname === "/control/break") return (broken = true), done();
  if (pathname === "/control/mend") return (broken = false), done();
  if (pathname === "/control/release") return ++version, done();
  if (broken) return response.writeHead(503, { "Cache-Control": "no-store" }).end();
  if (pathname === "/now") return done(String(Date.now()));
  if (pathname === "/asked") return done(JSON.stringify(request.headers));
  // A later release of the same worker.
  if (pathname === "/sw.js" && version > 1) {
    request.url = "/sw.2.js";
    return shop(request, response);
  }
  if (!pathname.startsWith("/admin/")) return shop(request, response);
  request.url = request.url.slice("/admin".length);
  admin(request, response, () => response.writeHead(404).end());
});
const io = new Server(server);
io.on("connection", (socket) => socket.on("say", (text) => io.emit("said", text)));
instrument(io, { auth: false });
server.listen("/run/hearth/app.sock");
