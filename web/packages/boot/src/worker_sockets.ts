/**
 * WebSockets of an app's workers. A worker can't reach the boot frame's window, and its page need not know of it; so it
 * asks on a BroadcastChannel, which all of an origin hears. The first boot frame that answers carries its socket.
 */

/** worker → all boot frames. What follows goes over a channel named after `id`. */
export interface SocketCall {
  id: string;
  path: string;
  protocols: string[];
}

/** A worker that hasn't said by then whose answer it takes is gone. */
const callTimeout = 10_000;

export const ownChannel = (id: string): string => `hearth-socket-${id}`;

export function bridgeWorkers(
  name: string,
  open: (port: MessagePort, path: string, protocols: string[]) => void,
): void {
  const me = crypto.randomUUID();
  /** Called, and not over yet: a worker that waits asks again. */
  const known = new Set<string>();
  new BroadcastChannel(name).onmessage = ({ data }: MessageEvent<SocketCall>) => {
    const { id, path, protocols } = data;
    if (known.has(id)) return;
    known.add(id);
    const line = new BroadcastChannel(ownChannel(id));
    const { port1, port2 } = new MessageChannel();
    const end = (): void => {
      known.delete(id);
      line.close();
      port1.close();
    };
    let mine = false;
    line.onmessage = ({ data: order }: MessageEvent<{ k: string; frame?: string }>) => {
      if (mine) return port1.postMessage(order);
      if (order.k !== "go") return;
      if (order.frame !== me) return end();
      mine = true;
      open(port2, path, protocols);
      // The worker holds this lock while it has the socket, and so until it is gone.
      void navigator.locks.request(ownChannel(id), () => setTimeout(end, 1000));
    };
    port1.onmessage = (event) => line.postMessage(event.data);
    line.postMessage({ k: "ready", frame: me });
    setTimeout(() => mine || end(), callTimeout);
  };
}
