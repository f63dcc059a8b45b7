"use strict";

const socketUrl = (path) => `${location.origin.replace(/^http/, "ws")}${path}`;
/** Opens, and tells all that happens until it is closed. */
const watch = (path, protocols) => {
  const socket = new WebSocket(socketUrl(path), protocols);
  const events = [];
  for (const name of ["open", "message", "error", "close"])
    socket.addEventListener(name, (event) => events.push(name === "message" ? event.data : name));
  const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
  const opened = new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("close", () => reject(new Error("it closed")));
  });
  opened.catch(() => {});
  const message = () =>
    new Promise((resolve) => socket.addEventListener("message", (event) => resolve(event), { once: true }));
  return { socket, events, closed, opened, message };
};
const endOf = async (which) => {
  for (let i = 0; i < 100; ++i, await wait(50)) {
    const { message, socket } = watch(`/ws/end?of=${which}`);
    const { data } = await message();
    socket.close();
    if (data !== "null") return JSON.parse(data);
  }
  throw new Error("the server never learned of the end");
};
test("websockets/Create-valid-url: constants, attributes, states", async () => {
  const { socket, opened, closed } = watch("/ws/echo?x=1");
  equal(
    [WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED, socket.OPEN],
    [0, 1, 2, 3, 1],
  );
  equal(
    [
      socket.readyState,
      socket.url,
      socket.protocol,
      socket.extensions,
      socket.binaryType,
      socket.bufferedAmount,
    ],
    [0, socketUrl("/ws/echo?x=1"), "", "", "blob", 0],
  );
  await opened;
  equal(socket.readyState, 1);
  socket.close();
  equal(socket.readyState, 2);
  const event = await closed;
  equal([socket.readyState, event.code, event.reason, event.wasClean], [3, 1005, "", true]);
  equal(
    [String(socket), socket instanceof EventTarget, socket instanceof WebSocket],
    ["[object WebSocket]", true, true],
  );
});
test("websockets/constructor: http, relative and wss addresses", () => {
  const all = ["/ws/echo", `${location.origin}/ws/echo`, "ws/echo"].map((url) => new WebSocket(url));
  for (const socket of all) (equal(socket.url, socketUrl("/ws/echo")), socket.close());
});
for (const url of ["ws://[", "mailto:a@b", "/echo#f", "ws://x/#f", "ftp://x/"])
  test(`websockets/Create-invalid-urls: ${url}`, () => throws(() => new WebSocket(url), "SyntaxError"));
for (const protocols of [[""], ["a b"], ["a", "a"], ["a,b"], "é"])
  test(`websockets/Create-protocols: ${JSON.stringify(protocols)} is refused`, () =>
    throws(() => new WebSocket("/ws/echo", protocols), "SyntaxError"));
test("websockets/Create-on-worker-shutdown: without new it throws", () =>
  throws(() => WebSocket("/ws/echo"), "TypeError"));
test("websockets/Create-valid-url-array-protocols: the server chooses", async () => {
  const { socket, opened } = watch("/ws/echo", ["a", "chat"]);
  await opened;
  equal(socket.protocol, "chat");
  socket.close();
});
for (const path of ["none", "wrong"])
  test(`websockets/Create-nonexistent-protocol: ${path} chosen fails`, async () => {
    const { events, closed } = watch(`/ws/${path}`, ["a"]);
    const { code, wasClean } = await closed;
    equal([events, code, wasClean], [["error", "close"], 1006, false]);
  });
for (const path of ["refuse", "redirect", "badkey", "extension"])
  test(`websockets/opening-handshake: ${path} fails with error, close, 1006`, async () => {
    const { socket, events, closed } = watch(`/ws/${path}`);
    const { code, wasClean, reason } = await closed;
    equal([events, code, wasClean, reason, socket.readyState], [["error", "close"], 1006, false, "", 3]);
  });
test("websockets/Create-wrong-scheme: another origin fails", async () => {
  const socket = new WebSocket("ws://other.invalid/");
  const event = await new Promise((resolve) => (socket.onclose = resolve));
  equal([event.code, event.wasClean], [1006, false]);
});
for (const text of ["", "hello", "é€😀", "\u0000", "x".repeat(200_000)])
  test(`websockets/Send-data: a text of ${text.length}`, async () => {
    const { socket, opened, message } = watch("/ws/echo");
    await opened;
    socket.send(text);
    const { data, origin } = await message();
    equal([data === text, origin], [true, socketUrl("")]);
    socket.close();
  });
test("websockets/Send-unpaired-surrogates: become U+FFFD", async () => {
  const { socket, opened, message } = watch("/ws/echo");
  await opened;
  socket.send("a\ud800b");
  equal((await message()).data, "a\ufffdb");
  socket.close();
});
test("websockets/Send-null: is the text", async () => {
  const { socket, opened, message } = watch("/ws/echo");
  await opened;
  socket.send(null);
  equal((await message()).data, "null");
  throws(() => socket.send(), "TypeError");
  socket.close();
});
for (const size of [0, 1, 125, 126, 65535, 65536, 3_000_000])
  test(`websockets/Send-binary-arraybuffer: ${size} bytes`, async () => {
    const { socket, opened, message } = watch("/ws/hash");
    await opened;
    const bytes = pattern(size);
    socket.send(bytes.buffer);
    equal(JSON.parse((await message()).data).slice(0, 2), [size, await sum(bytes)]);
    socket.close();
  });
test("websockets/Send-binary-arraybufferview: only the view's bytes", async () => {
  const { socket, opened, message } = watch("/ws/echo");
  socket.binaryType = "arraybuffer";
  await opened;
  socket.send(new Uint16Array([1, 2, 3, 4]).subarray(1, 3));
  const { data } = await message();
  equal([data.constructor.name, [...new Uint8Array(data)]], ["ArrayBuffer", [2, 0, 3, 0]]);
  socket.close();
});
test("websockets/Send-binary-blob: in its turn", async () => {
  const { socket, opened, events } = watch("/ws/echo");
  socket.binaryType = "arraybuffer";
  await opened;
  socket.send("first");
  socket.send(new Blob(["blob"]));
  socket.send("last");
  while (events.length < 4) await wait(20);
  equal(
    events.map((each) => (typeof each === "string" ? each : new TextDecoder().decode(each))),
    ["open", "first", "blob", "last"],
  );
  socket.close();
});
test("websockets/binaryType: blob by default, others are ignored", async () => {
  const { socket, opened, message } = watch("/ws/echo");
  socket.binaryType = "nonsense";
  await opened;
  socket.send(new Uint8Array([1, 2]));
  const { data } = await message();
  equal([socket.binaryType, data instanceof Blob, data.size], ["blob", true, 2]);
  socket.close();
});
test("websockets/Send-before-open: InvalidStateError", () => {
  const { socket } = watch("/ws/echo");
  throws(() => socket.send("x"), "InvalidStateError");
  socket.close();
});
test("websockets/bufferedAmount-unchanged-by-sync-xhr: grows at once, falls as it is sent", async () => {
  const { socket, opened, message } = watch("/ws/hash");
  await opened;
  socket.send("é".repeat(1000));
  socket.send(new Uint8Array(500));
  equal(socket.bufferedAmount, 2500);
  await message();
  for (let i = 0; i < 100 && socket.bufferedAmount > 0; ++i) await wait(20);
  equal(socket.bufferedAmount, 0);
  socket.close();
  socket.send("abc");
  equal(socket.bufferedAmount, 3);
});
test("websockets/bufferedAmount-deferred: a server that doesn't read holds it up", async () => {
  const { socket, opened } = watch("/ws/stuck");
  await opened;
  for (let i = 0; i < 48; ++i) socket.send(new Uint8Array(1024 * 1024));
  await wait(700);
  ok(socket.bufferedAmount > 0, "all 48 MiB are said to have left");
  socket.close();
});
test("websockets/multi-globals/message-order: 1,000 messages in order", async () => {
  const { socket, events } = watch("/ws/burst?n=1000");
  while (events.length < 1001) await wait(20);
  equal(
    events.slice(1),
    Array.from({ length: 1000 }, (_, i) => `${i}`),
  );
  socket.close();
});
test("websockets/fragmented messages are one, pings between are answered", async () => {
  const first = watch("/ws/fragments");
  equal((await first.message()).data, "one two three");
  first.socket.close();
  const second = watch("/ws/ping");
  equal((await second.message()).data, "pong p1");
  second.socket.close();
});
for (const [code, reason] of [
  [1000, ""],
  [1000, "normal"],
  [3000, "é".repeat(61)],
  [4999, "x".repeat(123)],
])
  test(`websockets/Close-${code}-reason: of ${reason.length} letters arrives`, async () => {
    const which = id();
    const { socket, opened, closed, events } = watch(`/ws/echo?id=${which}`);
    await opened;
    socket.close(code, reason);
    const event = await closed;
    equal([event.code, event.reason, event.wasClean, events], [code, reason, true, ["open", "close"]]);
    equal(await endOf(which), { code, reason });
  });
test("websockets/Close-undefined: no code arrives as none", async () => {
  const which = id();
  const { socket, opened, closed } = watch(`/ws/echo?id=${which}`);
  await opened;
  socket.close();
  await closed;
  equal(await endOf(which), { code: 1005, reason: "" });
});
for (const code of [0, 500, 999, 1001, 1005, 2999, 5000, NaN])
  test(`websockets/Close-${code}: InvalidAccessError`, () => {
    const { socket } = watch("/ws/echo");
    throws(() => socket.close(code), "InvalidAccessError");
    socket.close();
  });
test("websockets/Close-Reason-124Bytes: SyntaxError", () => {
  const { socket } = watch("/ws/echo");
  throws(() => socket.close(1000, "x".repeat(124)), "SyntaxError");
  throws(() => socket.close(1000, "é".repeat(62)), "SyntaxError");
  socket.close();
});
test("websockets/Close-onlyReason and Close-clamp: code is clamped", () => {
  const { socket } = watch("/ws/echo");
  throws(() => socket.close(2 ** 16 + 1000), "InvalidAccessError");
  throws(() => socket.close("string"), "InvalidAccessError");
  socket.close();
});
test("websockets/close-connecting-async: error, close, 1006", async () => {
  const { socket, events, closed } = watch("/ws/echo");
  socket.close();
  equal([socket.readyState, events], [2, []]);
  const { code, wasClean } = await closed;
  equal([events, code, wasClean], [["error", "close"], 1006, false]);
});
for (const [code, reason] of [
  [1000, "bye"],
  [1001, ""],
  [1011, "é"],
  [4000, "own"],
])
  test(`websockets/Close-server-initiated: ${code}`, async () => {
    const { events, closed, socket } = watch(`/ws/close?code=${code}&reason=${encodeURIComponent(reason)}`);
    const event = await closed;
    equal(
      [event.code, event.reason, event.wasClean, events, socket.readyState],
      [code, reason, true, ["open", "close"], 3],
    );
  });
test("websockets/Close-server-initiated: without a code", async () =>
  equal((await watch("/ws/close").closed).code, 1005));
test("websockets/basic: messages before a close come first", async () => {
  const { socket, events, opened, closed } = watch("/ws/last");
  await opened;
  socket.send("x");
  equal((await closed).code, 4000);
  equal(events, ["open", "a", "b", "close"]);
});
test("websockets/abrupt end: close, 1006", async () => {
  const { events, closed } = watch("/ws/abrupt");
  const { code, wasClean } = await closed;
  equal([events, code, wasClean], [["open", "close"], 1006, false]);
});
for (const [name, hex] of [
  ["reserved opcode", "8300"],
  ["reserved bit", "c101"],
  ["masked", "818000000000"],
  ["text that isn't UTF-8", "8102c328"],
  ["continuation of nothing", "8000"],
  ["close of one byte", "880103"],
  ["close code 1005", "880203ed"],
  ["control frame in fragments", "0900"],
])
  test(`websockets/unsupported frames: ${name} fails the connection`, async () => {
    const { events, closed } = watch(`/ws/raw?hex=${hex}`);
    const { code, wasClean } = await closed;
    equal([events.at(-2), code, wasClean], ["error", 1006, false]);
  });
test("websockets/interfaces/events: on… attributes and listeners, in order", async () => {
  const socket = new WebSocket("/ws/burst?n=1");
  const order = [];
  socket.addEventListener("open", () => order.push("listener"));
  socket.onopen = () => order.push("replaced");
  socket.onopen = function (event) {
    order.push(this === socket && event.target === socket && event.type);
  };
  equal(socket.onmessage, null);
  socket.onmessage = "nonsense";
  equal(socket.onmessage, null);
  await new Promise((resolve) => (socket.onmessage = resolve));
  equal(order, ["listener", "open"]);
  socket.close();
});
test("websockets/opening-handshake: Origin agrees with Host; no extension is offered", async () => {
  const { socket, message } = watch("/ws/head");
  const headers = JSON.parse((await message()).data);
  equal(
    [new URL(headers.origin).host, headers["sec-websocket-version"], headers.upgrade],
    [headers.host, "13", "websocket"],
  );
  socket.close();
});
test("websockets/cookies: sent in the handshake", async () => {
  const name = id();
  await fetch(`/echo?cookie=${name}=1;HttpOnly`);
  const { socket, message } = watch("/ws/head");
  ok(JSON.parse((await message()).data).cookie.includes(`${name}=1`), "not sent");
  socket.close();
});
test("websockets/stream: 20 sockets at once", async () => {
  const all = Array.from({ length: 20 }, () => watch("/ws/echo"));
  await Promise.all(all.map(({ opened }) => opened));
  const answers = all.map(({ message }) => message());
  all.forEach(({ socket }, i) => socket.send(`${i}`));
  equal(
    (await Promise.all(answers)).map(({ data }) => data),
    all.map((_, i) => `${i}`),
  );
  for (const { socket } of all) socket.close();
});
test("websockets/subclassing", async () => {
  class Mine extends WebSocket {
    get mine() {
      return this.url.length;
    }
  }
  const socket = new Mine("/ws/burst?n=1");
  ok(socket.mine > 5 && socket instanceof WebSocket);
  await new Promise((resolve) => (socket.onmessage = resolve));
  socket.close();
});
