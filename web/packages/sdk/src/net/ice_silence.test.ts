import { afterEach, expect, test, vi } from "vitest";
import { onIceSilence, watchIce } from "./ice_silence.ts";

class FakePeerConnection extends EventTarget {
  iceConnectionState = "connected";
  described = 0;
  setLocalDescription(): Promise<void> {
    ++this.described;
    return Promise.resolve();
  }
  become(state: string): void {
    this.iceConnectionState = state;
    this.dispatchEvent(new Event("iceconnectionstatechange"));
  }
}

afterEach(() => void vi.unstubAllGlobals());

test("a connection of a class that was taken before is listened to, and told of once", async () => {
  vi.stubGlobal("RTCPeerConnection", FakePeerConnection);
  const taken = FakePeerConnection;
  watchIce();
  watchIce();
  const silent = vi.fn();
  const stop = onIceSilence(silent);
  const connection = new taken();
  await connection.setLocalDescription();
  await connection.setLocalDescription();
  expect(connection.described).toBe(2);
  connection.become("checking");
  expect(silent).not.toHaveBeenCalled();
  connection.become("disconnected");
  expect(silent).toHaveBeenCalledTimes(1);
  stop();
  connection.become("disconnected");
  expect(silent).toHaveBeenCalledTimes(1);
});
