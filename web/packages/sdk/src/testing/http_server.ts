import { concat, fromUtf8, utf8 } from "../bytes.ts";
import type { ByteStream } from "../http/stream.ts";
import { writeHead } from "../http/writer.ts";

export interface TestRequest {
  method: string;
  target: string;
  headers: Headers;
  body: Uint8Array;
}

/** Answers one request on a stream, for tests: no limits, no streaming in, strict enough to notice nonsense. */
export async function serveOne(
  stream: ByteStream,
  handle: (request: TestRequest) => Response | Promise<Response>,
): Promise<void> {
  let bytes = new Uint8Array();
  let end = indexOf(bytes, "\r\n\r\n");
  for (; end < 0; end = indexOf(bytes, "\r\n\r\n")) {
    const more = await stream.read();
    if (more === undefined) throw new Error("the request ended in its head");
    bytes = concat(bytes, more);
  }
  const [first = "", ...lines] = fromUtf8(bytes.subarray(0, end)).split("\r\n");
  const [method = "", target = ""] = first.split(" ");
  const headers = new Headers(lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]));
  let rest: Uint8Array = bytes.subarray(end + 4);
  for (let more = await stream.read(); more !== undefined; more = await stream.read())
    rest = concat(rest, more);
  const body = headers.get("transfer-encoding") === "chunked" ? unchunk(rest) : rest;
  const response = await handle({ method, target, headers, body });

  const content = new Uint8Array(await response.arrayBuffer());
  const head = fromUtf8(writeHead({ method: "X", target: "/", headers: [...response.headers] })).slice(
    "X / HTTP/1.1".length,
  );
  const status = `HTTP/1.1 ${response.status} ${response.statusText}`;
  await stream.write(utf8(status + head.slice(0, -2) + `content-length: ${content.length}\r\n\r\n`));
  if (method !== "HEAD") await stream.write(content);
  await stream.closeWrite();
}

function indexOf(bytes: Uint8Array, text: string): number {
  let out = "";
  for (const byte of bytes) out += String.fromCharCode(byte);
  return out.indexOf(text);
}

function unchunk(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let offset = 0; ;) {
    const line = bytes.indexOf(0x0a, offset);
    const size = Number.parseInt(fromUtf8(bytes.subarray(offset, line)), 16);
    if (size === 0) return concat(...parts);
    parts.push(bytes.subarray(line + 1, line + 1 + size));
    offset = line + 1 + size + 2;
  }
}
