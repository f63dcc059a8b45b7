/** `fetch` in front of exchanges: bodies of every kind, redirects, and a DOM Response. */
import type { HearthRequestInit } from "../connection.ts";
import { HearthError } from "../errors.ts";
import { exchange, type ExchangeResponse, type OutgoingBody } from "./exchange.ts";
import { resuming, resumption } from "./resume.ts";
import type { ByteStream } from "./stream.ts";

/** Opens a stream for one request. `attempt` counts from 0. */
export type OpenStream = (signal: AbortSignal | null, attempt: number) => Promise<ByteStream>;

const maxRedirects = 20;
const maxAttempts = 3;
/** Said by us alone, or without meaning on a stream that carries one request. */
const ownHeaders = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "te",
  "upgrade",
]);

export async function fetchOver(
  open: OpenStream,
  path: string,
  init: HearthRequestInit = {},
): Promise<Response> {
  const signal = init.signal ?? null;
  const redirect = init.redirect ?? "follow";
  let target = checkedPath(path);
  let method = (init.method ?? "GET").toUpperCase();
  const headers = new Headers(init.headers);
  let body = init.body ?? null;
  if (body !== null && (method === "GET" || method === "HEAD")) throw new TypeError(`${method} has no body`);

  for (let hops = 0; ; ++hops) {
    const response = await attempt(open, { method, target, headers, body }, signal);
    init.onFields?.(response.headers);
    const location = redirectTarget(response, target);
    if (location === undefined || redirect === "manual") return toResponse(response, target, hops > 0);
    await response.body?.cancel();
    if (redirect === "error") throw new HearthError("redirect", "a redirect was not expected");
    if (hops === maxRedirects) throw new HearthError("redirect", "too many redirects");
    const keepsMethod = response.status === 307 || response.status === 308;
    if (!keepsMethod && method !== "HEAD" && (response.status === 303 || method === "POST")) {
      method = "GET";
      body = null;
      for (const name of ["content-type", "content-encoding", "content-language"]) headers.delete(name);
    } else if (body instanceof ReadableStream) {
      throw new HearthError("redirect", "a streamed body can't be sent twice");
    }
    target = location;
  }
}

interface Prepared {
  method: string;
  target: string;
  headers: Headers;
  body: BodyInit | ReadableStream<Uint8Array> | null;
}

/** Tries again on a new stream when nothing was answered and repeating can do no harm (RFC 9110 section 9.2.2). */
async function attempt(
  open: OpenStream,
  request: Prepared,
  signal: AbortSignal | null,
): Promise<ExchangeResponse> {
  const { method, target, body } = request;
  const repeatable =
    ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].includes(method) && !(body instanceof ReadableStream);
  for (let count = 0; ; ++count) {
    signal?.throwIfAborted();
    const outgoing = toBody(body);
    const headers = new Headers(request.headers);
    if (outgoing?.type !== undefined && !headers.has("content-type"))
      headers.set("content-type", outgoing.type);
    const list: [string, string][] = [["Host", "appliance"]];
    for (const [name, value] of headers)
      if (name !== "host" && !ownHeaders.has(name)) list.push([name, value]);
    if (outgoing !== undefined) {
      list.push(
        outgoing.length === undefined
          ? ["Transfer-Encoding", "chunked"]
          : ["Content-Length", String(outgoing.length)],
      );
    } else if (method === "POST" || method === "PUT" || method === "PATCH") {
      list.push(["Content-Length", "0"]);
    }
    const stream = await open(signal, count);
    try {
      const sent = { method, target, headers: list };
      if (outgoing !== undefined) return await exchange(stream, { ...sent, body: outgoing }, signal);
      const response = await exchange(stream, sent, signal, (head) => resumption(method, head) !== undefined);
      const rest = resumption(method, response);
      if (rest === undefined || response.body === null) return response;
      const again = async (range: [string, string][]): Promise<ExchangeResponse> => {
        const kept = list.filter(
          ([name]) => name.toLowerCase() !== "range" && name.toLowerCase() !== "if-range",
        );
        const next = { ...sent, headers: [...kept, ...range] };
        return exchange(await open(signal, 0), next, signal, () => true);
      };
      return { ...response, body: resuming(response.body, rest, again, signal) };
    } catch (error) {
      if (!repeatable || count + 1 === maxAttempts || !HearthError.is(error, "cut_short")) throw error;
    }
  }
}

function toBody(body: Prepared["body"]): (OutgoingBody & { type?: string }) | undefined {
  if (body === null) return undefined;
  if (body instanceof ReadableStream) return { stream: body as ReadableStream<Uint8Array> };
  // Response knows how each kind of body is written, and its type.
  const wrapped = new Response(body);
  const type = wrapped.headers.get("content-type") ?? undefined;
  const length = bodyLength(body);
  return {
    stream: wrapped.body ?? emptyStream(),
    ...(type === undefined ? {} : { type }),
    ...(length === undefined ? {} : { length }),
  };
}

function bodyLength(body: BodyInit): number | undefined {
  if (typeof body === "string") return new TextEncoder().encode(body).length;
  if (body instanceof Blob) return body.size;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return body.byteLength;
  if (body instanceof URLSearchParams) return new TextEncoder().encode(body.toString()).length;
  return undefined;
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

function toResponse(response: ExchangeResponse, target: string, redirected: boolean): Response {
  const headers = new Headers();
  for (const [name, value] of response.headers) {
    if (!ownHeaders.has(name.toLowerCase()) || name.toLowerCase() === "content-length")
      headers.append(name, value);
  }
  const nullBody = response.status === 204 || response.status === 205 || response.status === 304;
  const out = new Response(nullBody ? null : response.body, {
    status: response.status,
    statusText: /^[\t\x20-\x7e]*$/.test(response.reason) ? response.reason : "",
    headers,
  });
  // A Response made by hand has no URL of its own.
  Object.defineProperty(out, "url", { value: target });
  Object.defineProperty(out, "redirected", { value: redirected });
  return out;
}

function redirectTarget(response: ExchangeResponse, from: string): string | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  const location = response.headers.find(([name]) => name.toLowerCase() === "location")?.[1];
  if (location === undefined) return undefined;
  const url = URL.parse(location, base + from);
  if (url === null || url.origin !== base)
    throw new HearthError("redirect", "a redirect away from the appliance");
  return url.pathname + url.search;
}

/** Only to resolve paths; nothing is ever asked of it. */
const base = "http://appliance.invalid";

/** A path and query, normalised; never another host. Throws TypeError. */
export function checkedPath(path: string): string {
  const url = path.startsWith("/") && !path.startsWith("//") ? URL.parse(path, base) : null;
  if (url === null || url.origin !== base)
    throw new TypeError(`not a path on the appliance: ${JSON.stringify(path)}`);
  return url.pathname + url.search;
}
