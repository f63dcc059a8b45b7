// Serves by Host, as hearthd and hearth-flock do: the shell on home.*, the boot page for every path of app origins.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const boot = process.env.HEARTH_BOOT ?? fileURLToPath(new URL("../../../../build/web/boot", import.meta.url));
const types = {
  ".js": "text/javascript",
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".webm": "video/webm",
};

/** `files`: what the shell's origin serves, path to bytes. Resolves with { port, hosts, close }. */
export async function startServer(files) {
  const hosts = new Set();
  const server = createServer(async (request, response) => {
    const host = request.headers.host ?? "";
    const path = new URL(request.url, "http://x").pathname;
    hosts.add(`${host.split(":")[0]}${path}`);
    const send = (name, bytes, extra = {}) =>
      response
        .writeHead(200, {
          "Content-Type": types[/\.\w+$/.exec(name)?.[0]] ?? "text/plain",
          "Cache-Control": "no-cache",
          ...extra,
        })
        .end(bytes);
    if (host.startsWith("home.")) {
      const name = path === "/" ? "/index.html" : path;
      if (files[name] === undefined) return response.writeHead(404).end();
      return send(name, files[name], { "Cross-Origin-Opener-Policy": "same-origin" });
    }
    const shell = `http://home.${host.slice(host.indexOf(".") + 1)}`;
    const headers = {
      "Content-Security-Policy": `frame-ancestors 'self' ${shell}`,
      "Origin-Agent-Cluster": "?1",
      "X-Content-Type-Options": "nosniff",
    };
    const name = path === "/.hearth/boot" || !path.startsWith("/.hearth/") ? "/.hearth/boot.html" : path;
    if (name === "/.hearth/sw.js") headers["Service-Worker-Allowed"] = "/";
    try {
      send(name, await readFile(join(boot, name)), headers);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, hosts, close: () => new Promise((resolve) => server.close(resolve)) };
}
