import { describe, expect, test } from "vitest";
import type { SocketEnd, SocketSession } from "../websocket/session.ts";
import { serveSocket, type SocketNews, type SocketOrder } from "./port_socket.ts";

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; ++i) await new Promise((resolve) => setImmediate(resolve));
};

/** A session whose server says what is pushed, and a port at its page's end. */
function served(ended = new AbortController().signal) {
  const { port1, port2 } = new MessageChannel();
  const news: SocketNews[] = [];
  port1.onmessage = ({ data }: MessageEvent<SocketNews>) => void news.push(data);
  const said: (Awaited<ReturnType<SocketSession["read"]>> | undefined)[] = [];
  let wake: (() => void) | undefined;
  const state = { sent: [] as unknown[], reads: 0, aborted: false, writable: Promise.resolve() };
  const session: SocketSession = {
    protocol: "chat",
    read: async () => {
      ++state.reads;
      while (said.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return said.shift() as SocketEnd;
    },
    send: async (data) => {
      await state.writable;
      state.sent.push(data);
    },
    close: async (code, reason) => void state.sent.push([code, reason]),
    abort: () => {
      state.aborted = true;
      push({ kind: "end", code: 1006, reason: "", clean: false, failed: false });
    },
  };
  const push = (next: (typeof said)[number]): void => {
    said.push(next);
    wake?.();
  };
  const done = serveSocket(port2, async () => session, ended);
  const order = (each: SocketOrder): void => port1.postMessage(each);
  return { news, state, push, order, done, port1 };
}

describe("a socket over a port", () => {
  test("carries messages, closes, and tells how it ended", async () => {
    const { news, state, push, order, done } = served();
    order({ k: "send", data: "hi" });
    await turns();
    order({ k: "send", data: new Uint8Array([1]) });
    push({ kind: "message", data: "ho" });
    order({ k: "close", code: 3000, reason: "why" });
    await turns();
    push({ kind: "end", code: 3000, reason: "why", clean: true, failed: false });
    await done;
    await turns();
    expect(state.sent.slice(-2)).toEqual([new Uint8Array([1]), [3000, "why"]]);
    expect(news[0]).toEqual({ k: "open", protocol: "chat" });
    expect(news).toContainEqual({ k: "message", data: "ho" });
    expect(news.at(-1)).toEqual({ k: "closed", code: 3000, reason: "why", clean: true, failed: false });
  });

  test("reads on only while less than 1 MiB waits for the page", async () => {
    const { state, push, order } = served();
    for (let i = 0; i < 30; ++i) push({ kind: "message", data: new Uint8Array(100_000) });
    await turns();
    expect(state.reads).toBe(11);
    order({ k: "taken", bytes: 500_000 });
    await turns();
    expect(state.reads).toBe(16);
  });

  test("says that bytes have left when they have", async () => {
    const { news, state, order } = served();
    await turns();
    const { promise, resolve } = Promise.withResolvers<void>();
    state.writable = promise;
    order({ k: "send", data: new Uint8Array(5) });
    await turns();
    expect(news).not.toContainEqual({ k: "sent", bytes: 5 });
    resolve();
    await turns();
    expect(news).toContainEqual({ k: "sent", bytes: 5 });
  });

  test("ends with the app's permission", async () => {
    const life = new AbortController();
    const { news, state, done } = served(life.signal);
    await turns();
    life.abort();
    await done;
    await turns();
    expect(state.aborted).toBe(true);
    expect(news.at(-1)).toMatchObject({ k: "closed", code: 1006 });
  });

  test("that isn't opened fails", async () => {
    const { port1, port2 } = new MessageChannel();
    const news: SocketNews[] = [];
    port1.onmessage = ({ data }: MessageEvent<SocketNews>) => void news.push(data);
    await serveSocket(port2, () => Promise.reject(new Error("no")), new AbortController().signal);
    await turns();
    expect(news).toEqual([{ k: "closed", code: 1006, reason: "", clean: false, failed: true }]);
    port1.close();
  });
});
