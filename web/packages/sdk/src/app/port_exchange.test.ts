import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { answer, ask, PortError } from "./port_exchange.ts";

/** Messages between ports take turns of the real event loop; only timers stand still. */
const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; ++i) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const bytesOf = (text: string) => new Response(text).body as ReadableStream<Uint8Array>;
const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>> | null) => new Response(stream).text();

/** A request whose body the other side has read to its end, and whose answer the test gives. */
async function asked() {
  const { port1, port2 } = new MessageChannel();
  const answering = Promise.withResolvers<Response>();
  let heard = "";
  const over = answer(port2, true, async ({ body }) => {
    heard = await read(body);
    return answering.promise;
  });
  const request = ask(port1, bytesOf("a question"));
  await turns();
  expect(heard).toBe("a question");
  return { request, answering, over, port1 };
}

describe("an exchange over a port", () => {
  test("an answer may come long after the request's body is over", async () => {
    const { request, answering } = await asked();
    await vi.advanceTimersByTimeAsync(60_000);
    answering.resolve(new Response("an answer", { status: 201 }));
    expect((await request.head).status).toBe(201);
    expect(await read(request.body)).toBe("an answer");
  });

  test("so may a failure, and the asker learns of it", async () => {
    const { request, answering } = await asked();
    await vi.advanceTimersByTimeAsync(60_000);
    answering.reject(Object.assign(new Error("the connection broke"), { code: "cut_short" }));
    await expect(request.head).rejects.toEqual(new PortError("cut_short", "the connection broke"));
  });

  test("once all is said the port is closed", async () => {
    const { request, answering, over, port1 } = await asked();
    const closed = vi.fn();
    port1.addEventListener("close", closed);
    answering.resolve(new Response(null, { status: 204 }));
    expect((await request.head).hasBody).toBe(false);
    await over;
    expect(closed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1_000);
    await turns();
    expect(closed).toHaveBeenCalled();
  });
});
