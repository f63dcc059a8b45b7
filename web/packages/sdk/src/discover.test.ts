import { expect, test } from "vitest";
import { nearest } from "./discover.ts";

test("a page on the box's own machine dials one loopback address, however many networks there are", () => {
  const others = [
    "/ip4/192.0.2.2/tcp/4420/p2p/x",
    "/ip6/fd00::2/tcp/4420/p2p/x",
    "/ip4/172.17.0.1/tcp/4420/p2p/x",
  ];
  const v4 = ["/ip4/127.0.0.1/tcp/4420/p2p/x", "/ip4/127.0.0.1/udp/4420/webrtc-direct/certhash/u/p2p/x"];
  const v6 = ["/ip6/::1/tcp/4420/p2p/x"];
  expect(nearest([...others, ...v6, ...v4])).toEqual(v4);
  expect(nearest([...others, ...v6])).toEqual(v6);
  expect(nearest(others)).toEqual(others);
});
