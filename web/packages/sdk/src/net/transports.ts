/** The transports only a browser window has. */
import { webRTC, webRTCDirect } from "@libp2p/webrtc";
import type { TransportFactory } from "./node.ts";
import { watchIce } from "./ice_silence.ts";
import { version2Configuration } from "./webrtc_direct_v2.ts";

/**
 * `stun` gives the flock's STUN server when a connection is made: never another one. An empty list matters:
 * js-libp2p fills in third parties' servers where there is none.
 */
export function rtcConfiguration(stun: () => string | undefined): () => RTCConfiguration {
  return () => {
    const server = stun();
    return { iceServers: server === undefined ? [] : [{ urls: server }] };
  };
}

export function browserTransports(stun: () => string | undefined): TransportFactory[] {
  watchIce();
  return [
    webRTC({ rtcConfiguration: rtcConfiguration(stun) }),
    webRTCDirect({ rtcConfiguration: version2Configuration }),
  ];
}
