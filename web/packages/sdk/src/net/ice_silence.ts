/**
 * ICE notices within seconds that the other side is silent, and gives the connection up half a minute later. js-libp2p
 * tells of the second alone and hands out no RTCPeerConnection. Its modules may have taken the class already, so each
 * connection is met where all of them pass: at the prototype's setLocalDescription.
 */
const listeners = new Set<() => void>();
const watched = new WeakSet<RTCPeerConnection>();
let installed: RTCPeerConnection | undefined;

/** From now on the page's connections are listened to. */
export function watchIce(): void {
  if (!("RTCPeerConnection" in globalThis) || installed === RTCPeerConnection.prototype) return;
  const prototype = (installed = RTCPeerConnection.prototype);
  prototype.setLocalDescription = new Proxy(prototype.setLocalDescription, {
    apply(target, connection: RTCPeerConnection, given) {
      watch(connection);
      return Reflect.apply(target, connection, given) as unknown;
    },
  });
}

function watch(connection: RTCPeerConnection): void {
  if (watched.has(connection)) return;
  watched.add(connection);
  connection.addEventListener("iceconnectionstatechange", () => {
    if (connection.iceConnectionState === "disconnected") for (const listener of listeners) listener();
  });
}

/** Calls when one of them hears nothing any more. It may come back. */
export function onIceSilence(listener: () => void): () => void {
  const own = (): void => listener();
  listeners.add(own);
  return () => void listeners.delete(own);
}
