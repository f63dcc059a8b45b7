import { expect, test } from "vitest";
import { answerVersion2 } from "./webrtc_direct_v2.ts";

test("the answer carries our password in both of its ICE credentials, and is else unchanged", () => {
  const offer = "v=0\r\na=ice-ufrag:Ab1/\r\na=ice-pwd:cD2+eF3/gH4iJ5kL6mN7oP8q\r\n";
  const answer =
    "v=0\r\na=ice-ufrag:libp2p+webrtc+v1/x\r\na=ice-pwd:libp2p+webrtc+v1/x\r\na=setup:passive\r\n";
  const credential = "libp2p+webrtc+v2/cD2+eF3/gH4iJ5kL6mN7oP8q";
  expect(answerVersion2(offer, answer)).toBe(
    `v=0\r\na=ice-ufrag:${credential}\r\na=ice-pwd:${credential}\r\na=setup:passive\r\n`,
  );
  expect(() => answerVersion2("v=0\r\n", answer)).toThrow(/ice-pwd/);
});
