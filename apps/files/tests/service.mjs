// Starts hearth-files on a unix socket in a directory of its own, and asks it things.

import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, mkdirSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.HEARTH_FILES;
if (!program) throw new Error("HEARTH_FILES must name the hearth-files program");

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
/** Of a finished upload's answer (RFC 9530): what its Repr-Digest must be, and the path it tells. */
export const digestOf = (bytes) => `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
export const placeOf = ({ headers }) => {
  const prefix = "/api/v1/content/";
  const place = headers["content-location"];
  if (!place?.startsWith(prefix)) throw new Error(`Content-Location: ${place}`);
  return decodeURIComponent(place.slice(prefix.length));
};
export const b64 = (text) => Buffer.from(text).toString("base64");

export class Service {
  /** With `disk`, its data lies on a disk of its own of that size ("100m"). */
  static async start({ disk } = {}) {
    const service = new Service();
    service.directory = mkdtempSync(join(tmpdir(), "hearth-files-"));
    service.data = join(service.directory, "data");
    service.web = join(service.directory, "web");
    service.socket = join(service.directory, "s");
    mkdirSync(service.data);
    if (disk) execFileSync("mount", ["-t", "tmpfs", "-o", `size=${disk}`, "tmpfs", service.data]);
    service.disk = disk;
    mkdirSync(service.web);
    service.persona = "alice";
    await service.run();
    return service;
  }

  /** Where a persona's tree lies on the disk. */
  tree(persona = this.persona) {
    return join(this.data, "people", persona, "files");
  }

  async run() {
    this.process = spawn(program, ["--socket", this.socket, "--data", this.data, "--web", this.web], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    this.gone = new Promise((done) => this.process.once("exit", done));
    for (;;) {
      const answer = await this.ask("GET", "/api/v1/list").catch(() => null);
      if (answer?.status === 200) return;
      await new Promise((next) => setTimeout(next, 5));
    }
  }

  async kill(signal = "SIGKILL") {
    this.process.kill(signal);
    await this.gone;
  }

  async restart() {
    await this.kill();
    await this.run();
  }

  async stop() {
    await this.kill("SIGTERM");
    if (this.disk) execFileSync("umount", ["--lazy", this.data]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Resident memory, in bytes. */
  memory() {
    const status = readFileSync(`/proc/${this.process.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
  }

  open(method, path, { headers = {}, persona = this.persona } = {}) {
    const who = persona === null ? {} : { "Hearth-Persona": persona };
    return http.request({ socketPath: this.socket, method, path, headers: { Host: "files", ...who, ...headers }, agent: false });
  }

  ask(method, path, { body, ...options } = {}) {
    return new Promise((done, fail) => {
      // Waiting for 100 (Continue), as curl does: an early refusal is read, and not lost to a broken pipe.
      const wait = body !== undefined && body.length > 0;
      const request = this.open(method, path, wait ? { ...options, headers: { ...options.headers, Expect: "100-continue", "Content-Length": String(Buffer.byteLength(body)) } } : options);
      request.once("error", fail);
      request.once("response", (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.once("error", fail);
        response.once("end", () => {
          const bytes = Buffer.concat(parts);
          const isJson = response.headers["content-type"]?.startsWith("application/json");
          done({ status: response.statusCode, headers: response.headers, bytes, json: isJson && bytes.length ? JSON.parse(bytes) : undefined });
        });
      });
      if (!wait) return request.end();
      request.once("continue", () => request.end(body));
      request.flushHeaders();
    });
  }

  post(path, json, options = {}) {
    return this.ask("POST", path, { body: JSON.stringify(json), ...options, headers: { "Content-Type": "application/json", ...options.headers } });
  }

  undo(undo) {
    return this.post(undo.path, undo.body);
  }

  async create(length, metadata, options = {}) {
    const field = Object.entries(metadata).map(([key, value]) => `${key} ${b64(String(value))}`).join(",");
    return this.ask("POST", "/api/v1/uploads", {
      ...options,
      headers: { "Tus-Resumable": "1.0.0", "Upload-Length": String(length), "Upload-Metadata": field, ...options.headers },
    });
  }

  patch(location, offset, body, headers = {}) {
    return this.ask("PATCH", location, {
      body,
      headers: { "Tus-Resumable": "1.0.0", "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream", ...headers },
    });
  }

  head(location) {
    return this.ask("HEAD", location, { headers: { "Tus-Resumable": "1.0.0" } });
  }

  /** A whole upload in one go; the answer to its PATCH. */
  async upload(bytes, metadata) {
    const created = await this.create(bytes.length, metadata);
    if (created.status !== 201) return created;
    if (bytes.length === 0) return created;
    return this.patch(created.headers.location, 0, bytes);
  }

  content(path, headers = {}) {
    return this.ask("GET", "/api/v1/content/" + path.split("/").map(encodeURIComponent).join("/"), { headers });
  }

  async names(query) {
    const answer = await this.ask("GET", "/api/v1/list?" + query);
    return answer.json.entries.map((entry) => entry.name);
  }

  /** A TCP port that leads to the socket, for clients that know no other. */
  async port() {
    const server = net.createServer((from) => {
      const to = net.connect(this.socket);
      from.pipe(to).pipe(from);
      from.on("error", () => to.destroy());
      to.on("error", () => from.destroy());
    });
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    return server;
  }
}

export { existsSync, randomBytes };
