import { describe, expect, test } from "vitest";
import { concat, fromUtf8, utf8 } from "../bytes.ts";
import { LazyNegotiation } from "./lazy_negotiation.ts";

const line = (text: string): Uint8Array => concat(Uint8Array.of(text.length + 1), utf8(`${text}\n`));
const yes = concat(line("/multistream/1.0.0"), line("/http/1.1"));

describe("LazyNegotiation", () => {
  test("offers the version and the protocol in one go", () => {
    expect(new LazyNegotiation("/http/1.1").offer).toEqual(yes);
  });

  test("hands on what comes after the answer, however it is cut", () => {
    const all = concat(yes, utf8("HTTP/1.1 200 OK"));
    for (let cut = 0; cut <= all.length; cut++) {
      const negotiation = new LazyNegotiation("/http/1.1");
      const parts = [all.subarray(0, cut), all.subarray(cut)];
      const taken = parts.map((part) => negotiation.take(part));
      expect(taken[0] === undefined).toBe(cut < yes.length);
      expect(fromUtf8(taken.at(-1) ?? new Uint8Array())).toBe("HTTP/1.1 200 OK");
    }
  });

  test("says that the peer doesn't speak it, or no multistream at all", () => {
    const refused = concat(line("/multistream/1.0.0"), line("na"));
    expect(() => new LazyNegotiation("/x").take(refused)).toThrow("the peer doesn't speak /x");
    expect(() => new LazyNegotiation("/x").take(utf8("HTTP/1.1 400"))).toThrow("no multistream");
  });
});
