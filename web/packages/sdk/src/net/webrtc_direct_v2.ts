/**
 * webrtc-direct's second version (libp2p specs, webrtc-direct): the offer stays as the browser made it, and the answer's
 * ufrag and password are both `libp2p+webrtc+v2/<our ice-pwd>`, from which the server learns our password.
 *
 * js-libp2p 3.3 speaks the first version alone, which changes the offer's ufrag before setting it; Chromium is about to
 * refuse that (field trial WebRTC-NoSdpMangleUfrag). All else of its transport fits both versions, so it is given a peer
 * connection that says the two descriptions the second version's way. Its module takes the class from the global
 * scope and offers no other handle: hence the proxy there, which leaves every other connection as it is.
 */
const version2 = Symbol("webrtc-direct v2");

/** The configuration by which js-libp2p's webrtc-direct transport speaks the second version. */
export function version2Configuration(): RTCConfiguration {
  install();
  // With a known address nothing is to be found out: no server at all.
  return { iceServers: [], [version2]: true } as RTCConfiguration;
}

let installed = false;

function install(): void {
  if (installed) return;
  installed = true;
  const Native = globalThis.RTCPeerConnection;

  class Version2Connection extends Native {
    override setLocalDescription(): Promise<void> {
      return super.setLocalDescription();
    }

    override setRemoteDescription(answer: RTCSessionDescriptionInit): Promise<void> {
      const sdp = answerVersion2(this.localDescription?.sdp ?? "", answer.sdp ?? "");
      return super.setRemoteDescription({ type: answer.type, sdp });
    }
  }

  globalThis.RTCPeerConnection = new Proxy(Native, {
    construct: (target, [configuration], newTarget) =>
      (configuration as { [version2]?: true } | undefined)?.[version2] === true
        ? new Version2Connection(configuration as RTCConfiguration)
        : (Reflect.construct(
            target,
            configuration === undefined ? [] : [configuration],
            newTarget,
          ) as RTCPeerConnection),
  });
}

/**
 * The answer that js-libp2p made for a changed offer, for the offer as it is. The second offer of a connection, which this
 * one is, names its section "1" in some browsers (Chromium 150) and "0" in others.
 */
export function answerVersion2(offer: string, answer: string): string {
  const password = /^a=ice-pwd:([\w+/-]+)\r?$/m.exec(offer)?.[1];
  const section = /^a=mid:(\S+)/m.exec(offer)?.[1];
  if (password === undefined || section === undefined) throw new Error("the offer has no ice-pwd or no mid");
  return answer
    .replace(/^(a=ice-(?:ufrag|pwd):).*?(\r?)$/gm, `$1libp2p+webrtc+v2/${password}$2`)
    .replace(/^(a=mid:|a=group:BUNDLE )\S+/gm, `$1${section}`);
}
