import type { SocketNews, SocketOrder } from "@hearth/sdk/port-socket";
import { ownChannel, type SocketCall } from "./worker_sockets.ts";
import type { Line } from "./shim_socket.ts";

/** From a worker: over a BroadcastChannel of its own, to the first boot frame that answers. */
export function callFromWorker(name: string, path: string, protocols: string[]): Line {
  const id = crypto.randomUUID();
  const line = new BroadcastChannel(ownChannel(id));
  // Held until the socket, or this worker, is gone: then the boot frame lets go.
  let release: () => void = () => undefined;
  void navigator.locks.request(ownChannel(id), () => new Promise<void>((resolve) => (release = resolve)));
  const calling = new BroadcastChannel(name);
  let found = false;
  const early: SocketOrder[] = [];
  const own: Line = {
    onmessage: null,
    postMessage: (order) => (found ? line.postMessage(order) : early.push(order)),
    close: () => {
      line.close();
      release();
    },
  };
  const fail = (): void => {
    const data: SocketNews = { k: "closed", code: 1006, reason: "", clean: false, failed: true };
    own.onmessage?.(new MessageEvent("message", { data }));
    own.close();
  };
  // A boot frame that was reloaded needs a moment to come back.
  let left = 50;
  const timer = setInterval(() => (--left > 0 ? ask() : (clearInterval(timer), fail())), 200);
  const ask = (): void => calling.postMessage({ id, path, protocols } satisfies SocketCall);
  line.onmessage = (event: MessageEvent<SocketNews | { k: "ready"; frame: string }>) => {
    const { data } = event;
    if (data.k !== "ready") {
      own.onmessage?.(event as MessageEvent<SocketNews>);
    } else if (!found) {
      found = true;
      clearInterval(timer);
      line.postMessage({ k: "go", frame: data.frame });
      for (const order of early) line.postMessage(order);
      calling.close();
    }
  };
  ask();
  return own;
}
