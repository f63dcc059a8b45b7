import { expect, test } from "vitest";
import { answerVersion2 } from "./webrtc_direct_v2.ts";

const offer = (section: string) =>
  `v=0\r\na=group:BUNDLE ${section}\r\na=ice-ufrag:Ab1/\r\na=ice-pwd:cD2+eF3/gH4iJ5kL6mN7oP8q\r\na=mid:${section}\r\n`;
const answer = (credential: string, section: string) =>
  `v=0\r\na=group:BUNDLE ${section}\r\na=ice-ufrag:${credential}\r\na=ice-pwd:${credential}\r\na=mid:${section}\r\na=setup:passive\r\n`;

test("the answer carries our password in both of its ICE credentials, and is else unchanged", () => {
  const credential = "libp2p+webrtc+v2/cD2+eF3/gH4iJ5kL6mN7oP8q";
  expect(answerVersion2(offer("0"), answer("libp2p+webrtc+v1/x", "0"))).toBe(answer(credential, "0"));
  expect(() => answerVersion2("v=0\r\n", answer("x", "0"))).toThrow(/ice-pwd/);
});

test("the answer names its section as the offer does: Chromium 150 calls a second offer's 1", () => {
  const credential = "libp2p+webrtc+v2/cD2+eF3/gH4iJ5kL6mN7oP8q";
  expect(answerVersion2(offer("1"), answer("libp2p+webrtc+v1/x", "0"))).toBe(answer(credential, "1"));
});
