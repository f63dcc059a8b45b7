/** One request and its response on one stream, with bodies that are pulled. */
import { HearthError } from "../errors.ts";
import { ParseError, ResponseParser } from "./parser.ts";
import type { ByteStream } from "./stream.ts";
import { chunkEnd, chunkHead, lastChunk, writeHead, type RequestHead } from "./writer.ts";

export interface OutgoingBody {
  stream: ReadableStream<Uint8Array>;
  /** Unknown lengths go in chunks. */
  length?: number;
}

export interface ExchangeRequest extends RequestHead {
  body?: OutgoingBody;
}

export interface ExchangeResponse {
  status: number;
  reason: string;
  headers: [string, string][];
  /** Nothing for answers that can have no body. */
  body: ReadableStream<Uint8Array> | null;
}

/**
 * Resolves with the response's head. Aborting `signal` ends the stream at any time, also while the body flows.
 * The stream is closed when both bodies are over.
 */
export async function exchange(
  stream: ByteStream,
  request: ExchangeRequest,
  signal?: AbortSignal | null,
  /** Asked once the head is there: a reader that can go on elsewhere lets the stream be cut. */
  canGoOn: (response: ExchangeResponse) => boolean = () => false,
): Promise<ExchangeResponse> {
  signal?.throwIfAborted();
  const onAbort = (): void => stream.abort(abortError(signal));
  signal?.addEventListener("abort", onAbort, { once: true });
  const settle = (): void => signal?.removeEventListener("abort", onAbort);

  const parser = new ResponseParser(request.method);
  const upload = new AbortController();
  const sending = send(stream, request, upload.signal).catch((error: unknown) => {
    // A server may answer and stop reading before it has everything: then its answer counts.
    if (upload.signal.aborted) return;
    throw error;
  });
  sending.catch(() => undefined);

  try {
    const first = nextEvent(parser, stream);
    // A source that fails ends the exchange. A peer that stopped reading may still have answered.
    const failed = sending.then(never, (error: unknown) =>
      error instanceof WriteFailed ? first : Promise.reject(error),
    );
    const head = await Promise.race([first, failed]);
    if (head?.kind !== "head") throw new HearthError("bad_response", "no head");
    const bodiless = request.method === "HEAD" || head.status === 204 || head.status === 304;
    const finish = (): void => {
      settle();
      upload.abort();
      // Both sides have said all: closing again is harmless, and frees the stream where the upload was cut.
      stream.closeWrite().catch(() => undefined);
    };
    if (bodiless) finish();
    const response = {
      status: head.status,
      reason: head.reason,
      headers: head.headers,
      body: bodiless ? null : responseBody(parser, stream, finish, signal),
    };
    if (canGoOn(response)) stream.mayBeCut?.();
    return response;
  } catch (error) {
    settle();
    upload.abort();
    const known = signal?.aborted === true ? signal.reason : asHearthError(error);
    stream.abort(known instanceof Error ? known : new Error(String(known)));
    throw known;
  }
}

async function nextEvent(parser: ResponseParser, stream: ByteStream) {
  for (;;) {
    const event = parser.next();
    if (event !== undefined || parser.done) return event;
    const bytes = await stream.read();
    if (bytes === undefined) parser.finish();
    else parser.push(bytes);
  }
}

function responseBody(
  parser: ResponseParser,
  stream: ByteStream,
  finish: () => void,
  signal: AbortSignal | null | undefined,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const event = await nextEvent(parser, stream);
          if (event?.kind === "data") {
            controller.enqueue(event.bytes);
          } else {
            finish();
            controller.close();
          }
        } catch (error) {
          finish();
          const known = signal?.aborted === true ? signal.reason : asHearthError(error);
          stream.abort(known instanceof Error ? known : new Error(String(known)));
          controller.error(known);
        }
      },
      cancel(reason: unknown) {
        finish();
        stream.abort(reason instanceof Error ? reason : new Error("the reader lost interest"));
      },
    },
    { highWaterMark: 0 },
  );
}

/** The stream refused our bytes, as opposed to the body's source having failed. */
class WriteFailed extends Error {}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

async function send(to: ByteStream, request: ExchangeRequest, cut: AbortSignal): Promise<void> {
  const head = writeHead(request);
  const stream = {
    write: (bytes: Uint8Array) => to.write(bytes).catch(writeFailed),
    closeWrite: () => to.closeWrite().catch(writeFailed),
  };
  await stream.write(head);
  if (request.body !== undefined) await sendBody(stream, request.body, cut);
  if (!cut.aborted) await stream.closeWrite();
}

function writeFailed(cause: unknown): never {
  throw new WriteFailed("the stream refused the request", { cause });
}

async function sendBody(
  stream: Pick<ByteStream, "write">,
  body: OutgoingBody,
  cut: AbortSignal,
): Promise<void> {
  const reader = body.stream.getReader();
  const onCut = (): void => void reader.cancel(cut.reason).catch(() => undefined);
  cut.addEventListener("abort", onCut, { once: true });
  let sent = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (cut.aborted) return;
      if (done) break;
      if (!(value instanceof Uint8Array)) throw new TypeError("a body stream must give Uint8Arrays");
      // An empty chunk would end a chunked body.
      if (value.length === 0) continue;
      sent += value.length;
      if (body.length === undefined) {
        await stream.write(chunkHead(value.length));
        await stream.write(value);
        await stream.write(chunkEnd);
      } else {
        if (sent > body.length) throw new TypeError("the body is longer than its length");
        await stream.write(value);
      }
    }
    if (body.length === undefined) await stream.write(lastChunk);
    else if (sent !== body.length) throw new TypeError("the body is shorter than its length");
  } catch (error) {
    await reader.cancel(error).catch(() => undefined);
    throw error;
  } finally {
    cut.removeEventListener("abort", onCut);
  }
}

export function asHearthError(error: unknown): unknown {
  if (error instanceof HearthError || error instanceof TypeError) return error;
  if (error instanceof DOMException && error.name === "AbortError") return error;
  if (error instanceof ParseError) {
    const code = error.fault === "cut_short" ? "cut_short" : "bad_response";
    return new HearthError(code, error.message, { cause: error });
  }
  return new HearthError("cut_short", "the connection broke", { cause: error });
}

function abortError(signal: AbortSignal | null | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error("aborted");
}
