// hearth-files itself behind a small proxy, as the appliance would be, with a tree made for the tests.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, mkdirSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { top } from "../../../packages/ui/e2e/kit.mjs";

const persona = "A".repeat(43);

const program = join(process.env.HEARTH_BIN ?? join(top, "build/dev/bin"), "hearth-files");

export async function startBox({ web = join(top, "build/web/files") } = {}) {
  if (!existsSync(program)) throw new Error(`${program} isn't built`);
  if (!existsSync(join(web, "index.html"))) throw new Error(`${web} isn't built`);
  const directory = mkdtempSync(join(tmpdir(), "hearth-files-"));
  const socket = join(directory, "app.sock");
  const data = join(directory, "data");
  mkdirSync(data);
  const child = spawn(program, ["--socket", socket, "--data", data, "--web", web], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  for (let tries = 0; !existsSync(socket); tries += 1) {
    if (tries > 100) throw new Error("hearth-files didn't start");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const box = {
    /** What the proxy does to requests: `(request) => "cut" | "refuse" | undefined`. */
    trouble: () => undefined,
    data,
    origin: "",
    requests: [],
    async ask(method, path, body) {
      const response = await fetch(box.origin + path, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
      return response.status === 204 ? null : response.json();
    },
    async put(path, bytes) {
      const encode = (text) => Buffer.from(text).toString("base64");
      const parts = path.split("/");
      const name = parts.pop();
      const response = await fetch(`${box.origin}/api/v1/uploads`, {
        method: "POST",
        headers: {
          "Tus-Resumable": "1.0.0",
          "Upload-Length": String(bytes.length),
          "Content-Type": "application/offset+octet-stream",
          "Upload-Metadata": `name ${encode(name)}${parts.length > 0 ? `,path ${encode(parts.join("/"))}` : ""}`,
        },
        body: bytes,
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    },
    /** Where the tree of the tests' persona lies on the disk. */
    tree() {
      return join(data, "people", persona, "files");
    },
    stop() {
      child.kill("SIGTERM");
      proxy.closeAllConnections();
      proxy.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const proxy = http.createServer((request, response) => {
    const trouble = box.trouble(request);
    if (trouble === "refuse") return void request.socket.destroy();
    box.requests.push(`${request.method} ${request.url}`);
    const inner = http.request(
      {
        socketPath: socket,
        method: request.method,
        path: request.url,
        headers: { ...request.headers, "hearth-persona": persona, "hearth-persona-name": "anna" },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    inner.on("error", () => response.destroy());
    if (trouble === "cut") {
      let seen = 0;
      request.on("data", (chunk) => {
        seen += chunk.length;
        if (seen > 100_000) request.socket.destroy();
      });
    }
    request.pipe(inner);
    response.on("close", () => inner.destroy());
  });
  await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
  box.origin = `http://127.0.0.1:${proxy.address().port}`;
  return box;
}
