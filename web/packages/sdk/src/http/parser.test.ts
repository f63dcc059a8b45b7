import { describe, expect, test } from "vitest";
import { utf8 } from "../bytes.ts";
import { maxHeadBytes, ParseError, ResponseParser, type ParseFault, type ResponseEvent } from "./parser.ts";

interface Parsed {
  status: number | undefined;
  headers: [string, string][];
  body: string;
  ended: boolean;
}

function parse(text: string, { method = "GET", step = Infinity, finish = true } = {}): Parsed {
  const parser = new ResponseParser(method);
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const out: Parsed = { status: undefined, headers: [], body: "", ended: false };
  const take = (): void => {
    for (let event = parser.next(); event !== undefined; event = parser.next()) apply(out, event);
  };
  for (let i = 0; i < bytes.length; i += step) {
    parser.push(bytes.subarray(i, Math.min(bytes.length, i + step)));
    take();
  }
  if (finish) parser.finish();
  take();
  return out;
}

function apply(out: Parsed, event: ResponseEvent): void {
  if (event.kind === "head") {
    out.status = event.status;
    out.headers = event.headers;
  } else if (event.kind === "data") {
    for (const byte of event.bytes) out.body += String.fromCharCode(byte);
  } else {
    out.ended = true;
  }
}

function faultOf(text: string, options: { method?: string; step?: number } = {}): ParseFault | "none" {
  try {
    parse(text, options);
    return "none";
  } catch (error) {
    if (error instanceof ParseError) return error.fault;
    throw error;
  }
}

const fixed = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello";
// RFC 9112 section 7.1's shape: extensions, upper-case digits and a trailer.
const chunked =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n";

describe("ResponseParser", () => {
  test("gives the same events whatever the pieces", () => {
    for (const text of [fixed, chunked]) {
      const whole = parse(text);
      for (const step of [1, 2, 3, 7, 16]) expect(parse(text, { step })).toEqual(whole);
    }
  });

  test("reads fields without the blanks around their values", () => {
    expect(parse(fixed)).toEqual({
      status: 200,
      headers: [
        ["Content-Length", "5"],
        ["X-A", "b"],
      ],
      body: "hello",
      ended: true,
    });
  });

  test("joins chunks and passes over extensions and trailers", () => {
    expect(parse(chunked).body).toBe("hello0123456789");
  });

  test("passes over interim responses, but not without end", () => {
    const interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    expect(parse(interim.repeat(8) + fixed).body).toBe("hello");
    expect(faultOf(interim.repeat(9) + fixed)).toBe("too_many_interim");
  });

  test("refuses an upgrade nobody asked for", () => {
    expect(faultOf("HTTP/1.1 101 Switching Protocols\r\n\r\n")).toBe("bad_status_line");
  });

  test("expects no body after HEAD, 204 and 304", () => {
    expect(parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", { method: "HEAD" }).ended).toBe(true);
    expect(parse("HTTP/1.1 204 No Content\r\n\r\n").ended).toBe(true);
    expect(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").ended).toBe(true);
  });

  test("calls every cut short response cut short", () => {
    for (const text of [fixed, chunked]) {
      for (let length = 0; length < text.length; ++length) {
        expect(faultOf(text.slice(0, length)), `after ${length} bytes`).toBe("cut_short");
      }
    }
  });

  test("waits for more bytes instead while the stream is open", () => {
    expect(parse(fixed.slice(0, -1), { finish: false })).toMatchObject({ body: "hell", ended: false });
  });

  test.each<[string, ParseFault]>([
    ["HTTP/1.1 200 OK\nContent-Length: 0\n\n", "bad_header"],
    ["HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n", "bad_header"],
    ["HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 0\r\n\r\n", "bad_header"],
    ["HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n", "bad_header"],
    ["HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n", "bad_header"],
    ["HTTP/1.1 200 OK\r\nX: a\u0000b\r\nContent-Length: 0\r\n\r\n", "bad_header"],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "bad_status_line"],
    ["HTTP/1.1 2000 OK\r\n\r\n", "bad_status_line"],
    ["HTTP/1.1  200 OK\r\n\r\n", "bad_status_line"],
    ["garbage\r\n\r\n", "bad_status_line"],
    ["\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "bad_status_line"],
  ])("refuses the head %j", (text, fault) => {
    expect(faultOf(text)).toBe(fault);
    expect(faultOf(text, { step: 1 })).toBe(fault);
  });

  test.each([
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: +5",
    "Content-Length: 5 6",
    "Content-Length: 9999999999999999",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: identity",
    "X-No: length",
  ])("refuses the framing %j", (fields) => {
    expect(faultOf(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\nhello!`)).toBe("bad_framing");
  });

  test("takes a length that is said twice alike", () => {
    expect(parse("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi").body).toBe("hi");
  });

  test.each([
    "5x\r\n",
    "-1\r\n",
    "\r\n",
    " 5\r\n",
    "ffffffffffffff\r\n",
    "5\nhello",
    "5\r\nhelloX\r\n",
    "1\r\na\r\r\n",
  ])("refuses the chunk %j", (chunk) => {
    expect(faultOf(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`)).toBe("bad_chunk");
  });

  test("bounds the head at 64 KiB, in one line and in many, in pieces and whole", () => {
    const line = `X: ${"a".repeat(maxHeadBytes)}\r\n`;
    const many = `X: ${"a".repeat(1000)}\r\n`.repeat(70);
    for (const fields of [line, many]) {
      const text = `HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`;
      expect(faultOf(text)).toBe("head_too_large");
      expect(faultOf(text, { step: 1000 })).toBe("head_too_large");
    }
    expect(faultOf(`HTTP/1.1 200 OK\r\n${"X: a\r\n".repeat(257)}Content-Length: 0\r\n\r\n`)).toBe(
      "head_too_large",
    );
    expect(faultOf("a".repeat(maxHeadBytes + 3))).toBe("head_too_large");
  });

  test("bounds trailers and chunk lines", () => {
    const start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(faultOf(`${start}1;${"a".repeat(2000)}\r\n`)).toBe("bad_chunk");
    expect(faultOf(`${start}0\r\n${`X: ${"a".repeat(1000)}\r\n`.repeat(70)}\r\n`)).toBe("head_too_large");
  });

  test("says nothing more after a fault", () => {
    const parser = new ResponseParser("GET");
    parser.push(utf8("nonsense\r\n"));
    expect(() => parser.next()).toThrow(ParseError);
    parser.push(utf8(fixed));
    expect(parser.next()).toBeUndefined();
  });

  test("survives any bytes: it answers, waits or faults", () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below;
    for (let round = 0; round < 3000; ++round) {
      const text = [...(random(2) === 0 ? fixed : chunked)];
      for (let i = random(4); i >= 0; --i) text[random(text.length)] = String.fromCharCode(random(256));
      const step = 1 + random(20);
      // The outcome must not depend on the pieces.
      expect(faultOf(text.join(""), { step })).toBe(faultOf(text.join("")));
    }
  });
});
