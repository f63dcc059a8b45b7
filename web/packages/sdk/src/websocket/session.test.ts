import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { concat, fromUtf8, utf8 } from "../bytes.ts";
import type { ByteStream } from "../http/stream.ts";
import { pipe } from "../testing/pipe.ts";
import { closePayload, FrameReader, writeFrame } from "./frames.ts";
import { openSession, type SocketSession } from "./session.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
const noMask = new Uint8Array(4);
/** A server's frame: unmasked. */
const frame = (opcode: number, payload: Uint8Array, final = true): Uint8Array => {
  const masked = writeFrame(opcode, payload, noMask);
  const start = masked.length - payload.length - 4;
  const out = concat(masked.subarray(0, start), payload);
  out[0] = (final ? 0x80 : 0) | opcode;
  out[1] = (masked[1] ?? 0) & 127;
  return out;
};

describe("frames", () => {
  // RFC 6455 section 5.7.
  test("are the RFC's examples", () => {
    expect(writeFrame(1, utf8("Hello"), hex("37fa213d"))).toEqual(hex("818537fa213d7f9f4d5158"));
    const reader = new FrameReader();
    reader.push(
      hex("810548656c6c6f" + "010348656c" + "890548656c6c6f" + "80026c6f" + "827e0100" + "00".repeat(256)),
    );
    expect(reader.next()).toEqual({ kind: "message", data: "Hello" });
    expect(reader.next()).toEqual({ kind: "ping", payload: utf8("Hello") });
    expect(reader.next()).toEqual({ kind: "message", data: "Hello" });
    expect(reader.next()).toEqual({ kind: "message", data: new Uint8Array(256) });
    expect(reader.next()).toBeUndefined();
  });

  test("are read however they are cut", () => {
    const reader = new FrameReader();
    const seen: unknown[] = [];
    for (const byte of concat(
      frame(2, new Uint8Array(70_000).fill(7)),
      frame(8, closePayload(4000, "bye")),
    )) {
      reader.push(Uint8Array.of(byte));
      const next = reader.next();
      if (next !== undefined) seen.push(next);
    }
    expect(seen).toEqual([
      { kind: "message", data: new Uint8Array(70_000).fill(7) },
      { kind: "close", code: 4000, reason: "bye" },
    ]);
  });

  test.each([
    ["a reserved bit", "c100", 1002],
    ["a masked frame", "818000000000", 1002],
    ["a long control frame", "897e007e", 1002],
    ["a control frame in fragments", "0900", 1002],
    ["an unknown opcode", "8300", 1002],
    ["a continuation of nothing", "8000", 1002],
    ["a message within another", "01008100", 1002],
    ["a length longer than need be", "827e0001", 1002],
    ["a close frame of one byte", "880103", 1002],
    ["a close code that is never sent", "880203ed", 1002],
    ["a text that isn't UTF-8", "8102c328", 1007],
    ["4 GiB", "827f0000000100000000", 1009],
  ])("refuse %s", (_, bytes, code) => {
    const reader = new FrameReader();
    reader.push(hex(bytes));
    expect(() => {
      while (reader.next() !== undefined);
    }).toThrow(expect.objectContaining({ name: "FrameError", code }));
  });
});

const accept = (key: string): string =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

/** What the server was asked, and both ends after its answer. */
async function shakeHands(
  fields: (key: string) => string,
  protocols: string[] = [],
  status = "101 Switching Protocols",
): Promise<{ asked: string; opened: Promise<SocketSession>; server: ByteStream }> {
  const [near, server] = pipe();
  const opened = openSession(near, "/app/chat/live?x=1", { protocols, headers: [["Origin", "http://a"]] });
  opened.catch(() => undefined);
  const asked = fromUtf8((await server.read()) ?? new Uint8Array());
  const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(asked)?.[1] ?? "";
  void server.write(utf8(`HTTP/1.1 ${status}\r\n${fields(key)}\r\n`)).catch(() => undefined);
  return { asked, opened, server };
}
const agreement = (key: string): string =>
  `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept(key)}\r\n`;

const latin = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Frames that a client wrote, unmasked. */
async function heard(server: ByteStream): Promise<{ opcode: number; payload: string }> {
  const bytes = (await server.read()) ?? new Uint8Array();
  const length = (bytes[1] ?? 0) & 127;
  const payload = bytes.slice(6, 6 + length).map((byte, i) => byte ^ (bytes[2 + (i % 4)] ?? 0));
  return { opcode: (bytes[0] ?? 0) & 15, payload: latin(payload) };
}

describe("a session", () => {
  test("asks as RFC 6455 says, and carries messages both ways", async () => {
    const { asked, opened, server } = await shakeHands(
      (key) => `${agreement(key)}Sec-WebSocket-Protocol: b\r\n`,
      ["a", "b"],
    );
    expect(asked).toMatch(/^GET \/app\/chat\/live\?x=1 HTTP\/1\.1\r\n/);
    for (const line of [
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Origin: http://a",
    ])
      expect(asked).toContain(`${line}\r\n`);
    expect(asked).toContain("Sec-WebSocket-Protocol: a, b\r\n");
    const session = await opened;
    expect(session.protocol).toBe("b");
    void session.send("hello");
    expect(await heard(server)).toEqual({ opcode: 1, payload: "hello" });
    void server.write(frame(2, Uint8Array.of(1, 2)));
    expect(await session.read()).toEqual({ kind: "message", data: Uint8Array.of(1, 2) });
  });

  test("answers pings while it reads, and closes when the server does", async () => {
    const { opened, server } = await shakeHands(agreement);
    const session = await opened;
    const reading = session.read();
    await server.write(frame(9, utf8("are you there")));
    expect(await heard(server)).toEqual({ opcode: 10, payload: "are you there" });
    await server.write(frame(8, closePayload(4001, "enough")));
    expect(await reading).toEqual({ kind: "end", code: 4001, reason: "enough", clean: true, failed: false });
    expect((await heard(server)).opcode).toBe(8);
    await expect(session.send("late")).rejects.toThrow("closed");
  });

  test("closes by itself, and reads what is still on its way", async () => {
    const { opened, server } = await shakeHands(agreement);
    const session = await opened;
    const closing = session.close(3000, "done");
    expect(await heard(server)).toEqual({ opcode: 8, payload: latin(closePayload(3000, "done")) });
    await closing;
    void server.write(concat(frame(1, utf8("last")), frame(8, closePayload(3000, "done"))));
    expect(await session.read()).toEqual({ kind: "message", data: "last" });
    expect(await session.read()).toEqual({
      kind: "end",
      code: 3000,
      reason: "done",
      clean: true,
      failed: false,
    });
  });

  test("that breaks off isn't clean, and one that breaks the rules is told so", async () => {
    const first = await shakeHands(agreement);
    const session = await first.opened;
    await first.server.closeWrite();
    expect(await session.read()).toMatchObject({ code: 1006, clean: false, failed: false });

    const second = await shakeHands(agreement);
    const broken = await second.opened;
    const reading = broken.read();
    await second.server.write(frame(3, utf8("")));
    expect(await heard(second.server)).toEqual({ opcode: 8, payload: latin(closePayload(1002)) });
    expect(await reading).toMatchObject({ code: 1006, clean: false, failed: true });
  });

  test.each<[string, (key: string) => string, string[], string?]>([
    ["the server answers otherwise", () => "Content-Length: 0\r\n", [], "403 Forbidden"],
    ["the key isn't answered", () => agreement("AAAA"), []],
    ["it speaks something else", (key) => agreement(key).replace("websocket", "h2c"), []],
    [
      "an extension comes unasked",
      (key) => `${agreement(key)}Sec-WebSocket-Extensions: permessage-deflate\r\n`,
      [],
    ],
    ["a subprotocol comes unasked", (key) => `${agreement(key)}Sec-WebSocket-Protocol: a\r\n`, []],
    ["none of the subprotocols is chosen", agreement, ["a"]],
  ])("isn't opened when %s", async (_, fields, protocols, status) => {
    const { opened } = await shakeHands(fields, protocols, status);
    await expect(opened).rejects.toMatchObject({ code: "bad_response" });
  });
});
