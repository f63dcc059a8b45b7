/** One WebSocket of an app over one MessagePort: the app's shim asks, the shell answers. */
import { owned } from "../bytes.ts";
import type { SocketSession } from "../websocket/session.ts";

/** shim → shell */
export type SocketOrder =
  | { k: "send"; data: string | Uint8Array }
  | { k: "close"; code?: number; reason?: string }
  /** So many bytes of messages were handed to the page. */
  | { k: "taken"; bytes: number };

/** shell → shim */
export type SocketNews =
  | { k: "open"; protocol: string }
  | { k: "message"; data: string | Uint8Array<ArrayBuffer> }
  /** So many bytes of messages have left. */
  | { k: "sent"; bytes: number }
  | { k: "closed"; code: number; reason: string; clean: boolean; failed: boolean };

/** Of a message, as both sides count it: a text's bytes aren't known to who has its letters. */
export function weight(data: string | Uint8Array): number {
  return typeof data === "string" ? data.length : data.byteLength;
}

/** On their way to the page and not yet taken; one message more may be. */
const maxAhead = 1024 * 1024;
/** Sent by the page and not yet written, beyond which the socket fails rather than the shell's memory. */
const maxBehind = 256 * 1024 * 1024;

/** Serves until the socket is closed, the other side is gone, or `ended`. */
export async function serveSocket(
  port: MessagePort,
  open: (signal: AbortSignal) => Promise<SocketSession>,
  ended: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  const post = (news: SocketNews, transfer: Transferable[] = []): void => port.postMessage(news, transfer);
  const abort = (): void => gone.abort(new Error("the app's page is gone"));
  ended.addEventListener("abort", abort, { once: true });
  port.addEventListener("close", abort);

  let session: SocketSession | undefined;
  let ahead = 0;
  let behind = 0;
  let onTaken: (() => void) | undefined;
  const take = async (order: SocketOrder): Promise<void> => {
    if (order.k === "taken") {
      ahead -= Number(order.bytes);
      onTaken?.();
    } else if (order.k === "close") {
      if (session === undefined) abort();
      else await session.close(order.code, order.reason);
    } else if (typeof order.data === "string" || order.data instanceof Uint8Array) {
      const bytes = weight(order.data);
      behind += bytes;
      if (behind > maxBehind) return abort();
      await session?.send(order.data);
      behind -= bytes;
      post({ k: "sent", bytes });
    }
  };
  // What comes while one is being written waits its turn in the session; a socket that is over takes no more.
  port.onmessage = ({ data }: MessageEvent<SocketOrder>) => void take(data).catch(() => undefined);

  let end: SocketNews = { k: "closed", code: 1006, reason: "", clean: false, failed: true };
  try {
    const opened = await open(gone.signal);
    session = opened;
    // A page that goes closes its sockets (1001); an app that is closed loses them.
    const leave = (): void => {
      if (ended.aborted) opened.abort(new Error("the app was closed"));
      else void opened.close(1001).catch(() => undefined);
      onTaken?.();
    };
    gone.signal.addEventListener("abort", leave, { once: true });
    if (gone.signal.aborted) leave();
    post({ k: "open", protocol: opened.protocol });
    for (;;) {
      const next = await opened.read();
      if (next.kind === "end") {
        const { code, reason, clean, failed } = next;
        end = { k: "closed", code, reason, clean, failed };
        break;
      }
      const data = typeof next.data === "string" ? next.data : owned(next.data);
      ahead += weight(data);
      post({ k: "message", data }, typeof data === "string" ? [] : [data.buffer]);
      while (ahead > maxAhead && !gone.signal.aborted) {
        await new Promise<void>((resolve) => (onTaken = resolve));
      }
    }
  } catch {
    // The page learns no more than the web tells: 1006.
  } finally {
    session?.abort(new Error("over"));
    ended.removeEventListener("abort", abort);
    post(end);
    setTimeout(() => port.close(), 1000);
  }
}
