/**
 * Bodies that go on where they broke off: a download survives a path that breaks, and one whose reader is slow may be
 * cut and taken up again, where the transport knows no back-pressure. By ranges (RFC 9110 section 14) of what has a
 * strong validator, so that never two versions are mixed.
 */
import { HearthError } from "../errors.ts";
import type { ExchangeResponse } from "./exchange.ts";

/** What of a representation a response carries. */
export interface Resumption {
  etag: string;
  /** Of the first byte of the body. */
  offset: number;
  /** Of the byte after its last. */
  end: number;
}

/** In a row, without a byte in between. */
const maxFruitless = 3;

/** How to go on with this body, or nothing when it can't be. */
export function resumption(method: string, response: ExchangeResponse): Resumption | undefined {
  const field = (name: string): string | undefined =>
    response.headers.find(([each]) => each.toLowerCase() === name)?.[1];
  const etag = field("etag");
  if (method !== "GET" || etag === undefined || !/^"[\x21\x23-\x7e]*"$/.test(etag)) return undefined;
  if (response.status === 206) {
    const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(field("content-range") ?? "");
    return match === null ? undefined : { etag, offset: Number(match[1]), end: Number(match[2]) + 1 };
  }
  const length = field("content-length");
  if (response.status !== 200 || length === undefined || field("accept-ranges") !== "bytes") return undefined;
  return { etag, offset: 0, end: Number(length) };
}

/** `again` asks for the same with other range fields. */
export function resuming(
  body: ReadableStream<Uint8Array>,
  whole: Resumption,
  again: (range: [string, string][]) => Promise<ExchangeResponse>,
  signal: AbortSignal | null,
): ReadableStream<Uint8Array> {
  let reader = body.getReader();
  let offset = whole.offset;
  let fruitless = 0;

  const goOn = async (error: unknown): Promise<void> => {
    const mendable = HearthError.is(error, "cut_short") || HearthError.is(error, "offline");
    if (!mendable || signal?.aborted === true || ++fruitless > maxFruitless) throw error;
    const response = await again([
      ["Range", `bytes=${offset}-${whole.end - 1}`],
      ["If-Range", whole.etag],
    ]);
    const rest = resumption("GET", response);
    if (
      response.status !== 206 ||
      rest?.offset !== offset ||
      rest.end !== whole.end ||
      rest.etag !== whole.etag
    ) {
      await response.body?.cancel();
      // Another version, or a server that doesn't do what it announced: what was read is not the start of anything.
      throw error;
    }
    if (response.body === null) throw error;
    reader = response.body.getReader();
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          try {
            const { done, value } = await reader.read();
            if (done) return controller.close();
            offset += value.length;
            fruitless = 0;
            return controller.enqueue(value);
          } catch (error) {
            await goOn(error);
          }
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
