// An ordinary web application: pages, large bodies both ways, a WebSocket, and who it believes to talk to.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const chunk = Buffer.alloc(1 << 20, (i) => i % 251);
let hits = 0;

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://x");
  if (url.pathname !== "/hits") ++hits;
  const json = (value) => response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  switch (url.pathname) {
    case "/":
      return response
        .writeHead(200, { "Content-Type": "text/html", "Set-Cookie": "seen=1; Path=/" })
        .end("<!doctype html><title>Tunnel</title><h1>Through the tunnel</h1>");
    case "/who":
      return json(request.headers);
    case "/hits":
      return json(hits);
    case "/away":
      return response.writeHead(302, { Location: `http://${request.headers.host}/who` }).end();
    case "/download": {
      const hash = createHash("sha256");
      for (let i = 0; i < Number(url.searchParams.get("mib")); ++i) {
        hash.update(chunk);
        if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve));
      }
      return response.end(hash.digest());
    }
    case "/upload": {
      const hash = createHash("sha256");
      let size = 0;
      for await (const part of request) {
        hash.update(part);
        size += part.length;
      }
      return json({ size, sha256: hash.digest("hex") });
    }
    default:
      return response.writeHead(404).end();
  }
});
new WebSocketServer({ server, path: "/ws" }).on("connection", (socket) =>
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
);
server.listen("/run/hearth/app.sock");
