/*
 * What the web promises, as cases in our own words, named after the tests of the Web Platform Tests that ask the same
 * (https://web-platform-tests.org). Each runs in a page; those without "page" in a dedicated worker too. Run them with
 * `runCases()`: straight against the app they show that a browser passes; through Hearth, that Hearth adds nothing.
 */
"use strict";
const cases = [];
const isPage = typeof document !== "undefined";
const test = (name, run) => cases.push({ name, run });
const pageTest = (name, run) => isPage && test(name, run);
const equal = (got, want, what = "") => {
  const [a, b] = [got, want].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${what} got ${String(a).slice(0, 200)}, not ${String(b).slice(0, 200)}`);
};
const ok = (value, what) => {
  if (!value) throw new Error(what ?? "not so");
};
const rejects = async (promise, name) => {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  ok(error, "it was fulfilled");
  equal(error.name, name);
};
const throws = (run, name) => {
  let error;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  ok(error, "nothing was thrown");
  equal(error.name, name);
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let unique = 0;
const id = () => `${isPage ? "p" : "w"}${Date.now().toString(36)}${++unique}`;
const echo = async (url = "/echo", init) => (await fetch(url, init)).json();
const pattern = (size) => new Uint8Array(size).map((_, i) => (i * 7) % 251);
const sum = async (bytes) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (b) =>
    b.toString(16).padStart(2, "0"),
  ).join("");

// ---- fetch ----
test("fetch/api/basic/request-headers: method and own headers arrive", async () => {
  const got = await echo("/echo?a=b%20c&d=%C3%A9", {
    method: "PATCH",
    headers: { "X-One": "1, 2", "X-Two": "é".normalize() === "é" ? "two" : "" },
    body: "x",
  });
  equal(
    [got.method, got.url, got.headers["x-one"], got.headers["x-two"]],
    ["PATCH", "/echo?a=b%20c&d=%C3%A9", "1, 2", "two"],
  );
});
for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
  test(`fetch/api/basic/request-upload-methods: ${method}`, async () => {
    const response = await fetch("/echo", { method });
    equal(response.status, 200);
    const text = await response.text();
    equal(method === "HEAD" ? text : JSON.parse(text).method, method === "HEAD" ? "" : method);
  });
test("fetch/api/basic/forbidden-methods: TRACE is refused", () =>
  rejects(fetch("/echo", { method: "TRACE" }), "TypeError"));
test("fetch/api/basic/request-get-with-body: refused", () =>
  rejects(fetch("/echo", { body: "x" }), "TypeError"));
for (const code of [200, 201, 202, 203, 400, 401, 403, 404, 409, 418, 429, 451, 500, 503])
  test(`fetch/api/response/response-status: ${code}`, async () => {
    const response = await fetch(`/status?code=${code}&body=b`);
    equal([response.status, response.ok, await response.text()], [code, code < 300, "b"]);
  });
for (const code of [204, 205, 304])
  test(`fetch/api/response/response-null-body: ${code}`, async () => {
    const response = await fetch(`/status?code=${code}`);
    equal([response.status, await response.text()], [code, ""]);
  });
test("fetch/api/basic/status: statusText", async () =>
  equal((await fetch("/status?code=200&text=Very%20Fine")).statusText, "Very Fine"));
test("fetch/api/basic/response-url", async () => {
  const response = await fetch("/echo?x#fragment");
  equal([response.url, response.redirected, response.type], [`${location.origin}/echo?x`, false, "basic"]);
});
test("fetch/api/headers/header-values: several of one name, in order", async () =>
  equal((await fetch("/echo?h=X-A:1&h=X-A:2")).headers.get("x-a"), "1, 2"));
test("fetch/api/headers/header-setcookie: Set-Cookie is hidden", async () => {
  const { headers } = await fetch("/echo?cookie=hidden=1;Max-Age=0");
  equal([headers.get("set-cookie"), headers.getSetCookie()], [null, []]);
});
test("fetch/api/basic/mode-same-origin: other origins are refused", () =>
  rejects(fetch("https://example.com/", { mode: "same-origin" }), "TypeError"));
test("fetch/api/basic/accept-header: */* unless said", async () => {
  equal((await echo()).headers.accept, "*/*");
  equal((await echo("/echo", { headers: { Accept: "custom/*" } })).headers.accept, "custom/*");
});
test("fetch/api/basic/request-referrer: User-Agent is the browser's", async () =>
  ok((await echo()).headers["user-agent"]?.includes("Chrome"), "no User-Agent"));
test("fetch/api/basic/request-headers: Accept-Language is the browser's", async () =>
  ok((await echo()).headers["accept-language"], "none"));
test("fetch/metadata: Sec-Fetch headers", async () =>
  equal((await echo()).headers["sec-fetch-site"], "same-origin"));
test("fetch/origin: Origin goes with POST and agrees with Host", async () => {
  const { headers } = await echo("/echo", { method: "POST" });
  equal(new URL(headers.origin).host, headers.host);
  equal((await echo()).headers.origin, undefined);
});
test("fetch/api/basic/scheme-blob and scheme-data", async () => {
  equal(await (await fetch("data:text/plain,hi")).text(), "hi");
  equal(await (await fetch(URL.createObjectURL(new Blob(["ho"])))).text(), "ho");
});
test("fetch/api/basic/integrity: SRI is checked", async () => {
  const digest = btoa(
    String.fromCharCode(
      ...new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("nothing"))),
    ),
  );
  equal(await (await fetch("/nothing", { integrity: `sha256-${digest}` })).text(), "nothing");
  await rejects(
    fetch("/nothing", { integrity: `sha256-${digest.replace(/^./, (c) => (c === "A" ? "B" : "A"))}` }),
    "TypeError",
  );
});
test("fetch/content-encoding/gzip: decoded", async () =>
  equal(await (await fetch("/gzip")).text(), "packed"));
test("fetch/api/basic/keepalive", async () =>
  equal((await fetch("/echo", { method: "POST", body: "k", keepalive: true })).status, 200));
test("fetch/api/basic/conditional-get: own conditions get the 304", async () => {
  const { headers } = await fetch("/hit?h=ETag:%22c%22&cond");
  equal(headers.get("etag"), '"c"');
  equal((await fetch("/hit?h=ETag:%22c%22&cond", { headers: { "If-None-Match": '"c"' } })).status, 304);
});

// ---- bodies and FormData ----
const sent = async (body, init = {}) => echo("/echo", { method: "POST", body, ...init });
test("fetch/api/request/request-init-priority: a text's type and length", async () => {
  const got = await sent("hé");
  equal(
    [got.headers["content-type"], got.size, got.headers["content-length"]],
    ["text/plain;charset=UTF-8", 3, "3"],
  );
});
test("fetch/api/basic/request-upload: URLSearchParams", async () => {
  const got = await sent(new URLSearchParams({ a: "1 2", é: "&" }));
  equal(
    [got.headers["content-type"], got.body],
    ["application/x-www-form-urlencoded;charset=UTF-8", "a=1+2&%C3%A9=%26"],
  );
});
test("fetch/api/basic/request-upload: Blob with a type", async () =>
  equal((await sent(new Blob(["abc"], { type: "x/y" }))).headers["content-type"], "x/y"));
test("fetch/api/basic/request-upload: ArrayBuffer and views", async () => {
  equal((await sent(new Uint8Array([1, 2, 3]).buffer)).body, "\x01\x02\x03");
  equal((await sent(new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4))).body, "\x01\x02\x03");
});
test("fetch/api/basic/request-upload: 5 MB there and back", async () => {
  const bytes = pattern(5_000_000);
  const back = await (await fetch("/same", { method: "POST", body: bytes })).arrayBuffer();
  equal([back.byteLength, await sum(back)], [bytes.length, await sum(bytes)]);
});
// A browser streams uploads by HTTP/2 only, which is more than the application has when it is asked directly.
if (location.hostname !== "localhost")
  test("fetch/api/basic/request-upload.h2: a stream", async () => {
    const parts = ["one ", "two ", "three"];
    const body = new ReadableStream({
      pull: (c) => (parts.length > 0 ? c.enqueue(new TextEncoder().encode(parts.shift())) : c.close()),
    });
    equal(await (await fetch("/same", { method: "POST", body, duplex: "half" })).text(), "one two three");
  });
test("xhr/formdata: fields and files, names quoted", async () => {
  const form = new FormData();
  form.append("a", "é\n");
  form.append('q"', "x");
  form.append("f", new File(["bytes"], "ü .txt", { type: "text/x" }));
  const got = await sent(form);
  ok(got.headers["content-type"].startsWith("multipart/form-data; boundary="), got.headers["content-type"]);
  const text = decodeURIComponent(escape(got.body));
  ok(text.includes('name="a"\r\n\r\né\r\n\r\n'), text);
  ok(
    text.includes('name="q%22"') &&
      text.includes('name="f"; filename="ü .txt"\r\nContent-Type: text/x\r\n\r\nbytes'),
    text,
  );
});
test("fetch/api/body/formdata: parsed from an answer", async () => {
  const form = new FormData();
  form.append("k", "v");
  form.append("file", new Blob([pattern(1000)]), "n.bin");
  const back = await (await fetch("/same", { method: "POST", body: form })).formData();
  equal([back.get("k"), back.get("file").name, back.get("file").size], ["v", "n.bin", 1000]);
});
test("fetch/api/body/mime-type: blob() has the type", async () =>
  equal((await (await fetch("/cases.js")).blob()).type, "text/javascript"));
test("fetch/api/response/response-consume: json, text, bytes, once", async () => {
  const response = await fetch("/nothing");
  const copy = response.clone();
  equal(
    [await response.text(), new TextDecoder().decode(await copy.arrayBuffer()), response.bodyUsed],
    ["nothing", "nothing", true],
  );
  await rejects(response.text(), "TypeError");
});
pageTest("html/semantics/forms/form-submission: a form posts by navigation", async () => {
  const frame = document.createElement("iframe");
  frame.name = "target";
  document.body.append(frame);
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: "/echo", target: "target" });
  form.innerHTML = '<input name="field" value="value é">';
  document.body.append(form);
  const loaded = new Promise((resolve) => (frame.onload = resolve));
  form.submit();
  await loaded;
  const got = JSON.parse(frame.contentDocument.body.textContent);
  equal([got.method, got.body], ["POST", "field=value+%C3%A9"]);
  frame.remove();
  form.remove();
});

// ---- streams ----
test("fetch/api/response/response-stream: chunks come as they are sent", async () => {
  const begin = performance.now();
  const reader = (await fetch("/drip?n=5&ms=100")).body.getReader();
  await reader.read();
  const first = performance.now() - begin;
  while (!(await reader.read()).done);
  const all = performance.now() - begin;
  ok(first + 200 < all, `the first after ${first} ms of ${all}`);
});
test("streams/piping: pipeThrough a TextDecoderStream", async () => {
  let text = "";
  for await (const piece of (await fetch("/drip?n=3&ms=1")).body.pipeThrough(new TextDecoderStream()))
    text += piece;
  equal(text, "0\n1\n2\n");
});
test("streams/readable-streams/tee", async () => {
  const [a, b] = (await fetch("/bytes")).body.tee();
  const sizes = await Promise.all(
    [a, b].map(async (each) => (await new Response(each).arrayBuffer()).byteLength),
  );
  equal(sizes, [100_000, 100_000]);
});
test("fetch/api/response/response-stream-disturbed: a cancelled body", async () => {
  const response = await fetch("/drip?n=1000&ms=20&type=application/json");
  const reader = response.body.getReader();
  await reader.read();
  await reader.cancel();
  equal((await reader.read()).done, true);
});
test("fetch/api/response/response-stream-bad-chunk: a body that breaks off is an error", () =>
  rejects(
    fetch("/drip?n=2&ms=1&break").then((response) => response.text()),
    "TypeError",
  ));
test("fetch/api/abort/general: before, while waiting, and in the body", async () => {
  await rejects(fetch("/echo", { signal: AbortSignal.abort() }), "AbortError");
  const waiting = new AbortController();
  setTimeout(() => waiting.abort(), 50);
  await rejects(fetch("/slow?ms=5000", { signal: waiting.signal }), "AbortError");
  const reading = new AbortController();
  const response = await fetch("/drip?n=1000&ms=20&type=application/json", { signal: reading.signal });
  setTimeout(() => reading.abort(), 50);
  await rejects(response.text(), "AbortError");
});
test("fetch/api/abort/general: with a reason, and AbortSignal.timeout", async () => {
  const controller = new AbortController();
  controller.abort(new RangeError("mine"));
  await rejects(fetch("/echo", { signal: controller.signal }), "RangeError");
  await rejects(fetch("/slow?ms=5000", { signal: AbortSignal.timeout(50) }), "TimeoutError");
});
test("eventsource: events with id, name and data; closed", async () => {
  const source = new EventSource("/events");
  const event = await new Promise((resolve, reject) => {
    source.addEventListener("told", resolve);
    source.onerror = () => reject(new Error("error"));
  });
  equal([event.data, event.lastEventId], ["one\ntwo", "7"]);
  source.close();
});

// ---- redirects ----
for (const [code, method, after] of [
  [301, "POST", "GET"],
  [302, "POST", "GET"],
  [303, "PUT", "GET"],
  [307, "POST", "POST"],
  [308, "PUT", "PUT"],
  [301, "PUT", "PUT"],
])
  test(`fetch/api/redirect/redirect-method: ${code} after ${method}`, async () => {
    const response = await fetch(`/redirect?code=${code}`, { method, body: "body" });
    const got = await response.json();
    equal(
      [got.method, got.body, response.redirected, response.url],
      [after, after === "GET" ? "" : "body", true, `${location.origin}/echo`],
    );
  });
test("fetch/api/redirect/redirect-count: 20 are followed, 21 are not", async () => {
  equal((await fetch("/redirect?n=20")).status, 200);
  await rejects(fetch("/redirect?n=21"), "TypeError");
});
test("fetch/api/redirect/redirect-mode: error and manual", async () => {
  await rejects(fetch("/redirect", { redirect: "error" }), "TypeError");
  const response = await fetch("/redirect", { redirect: "manual" });
  equal([response.type, response.status], ["opaqueredirect", 0]);
});
test("fetch/api/redirect/redirect-location: relative, and with a fragment", async () => {
  equal((await fetch("/redirect?to=echo%3Frelative")).url, `${location.origin}/echo?relative`);
  equal((await fetch("/redirect?to=%2Fecho%23f")).url, `${location.origin}/echo`);
});
test("fetch/api/redirect/redirect-empty-location: no Location is no redirect", async () =>
  equal((await fetch("/status?code=302")).status, 302));
test("fetch/api/redirect/redirect-schemes: away to data: is refused", () =>
  rejects(fetch("/redirect?to=data:text/plain,x"), "TypeError"));
test("fetch/api/redirect/redirect-keepalive: headers go along", async () =>
  equal((await echo("/redirect", { headers: { "X-Kept": "1" } })).headers["x-kept"], "1"));

// ---- range ----
for (const [range, status, content] of [
  ["bytes=0-9", 206, "bytes 0-9/100000"],
  ["bytes=99990-", 206, "bytes 99990-99999/100000"],
  ["bytes=-5", 206, "bytes 99995-99999/100000"],
  ["bytes=200000-", 416, "bytes */100000"],
])
  test(`fetch/range/general: ${range}`, async () => {
    const response = await fetch("/bytes", { headers: { Range: range } });
    equal([response.status, response.headers.get("content-range")], [status, content]);
    if (status === 206)
      equal(new Uint8Array(await response.arrayBuffer())[0], Number(/\d+/.exec(content)[0]) % 251);
  });
test("fetch/range/if-range: another version gives the whole", async () => {
  const tag = (await fetch("/bytes", { method: "HEAD" })).headers.get("etag");
  equal((await fetch("/bytes", { headers: { Range: "bytes=0-1", "If-Range": tag } })).status, 206);
  equal((await fetch("/bytes", { headers: { Range: "bytes=0-1", "If-Range": '"old"' } })).status, 200);
});
test("fetch/range: HEAD says the length and that ranges are known", async () => {
  const { headers } = await fetch("/bytes", { method: "HEAD" });
  equal([headers.get("content-length"), headers.get("accept-ranges")], ["100000", "bytes"]);
});

// ---- XMLHttpRequest ----
const xhr = (method, url, { body = null, setup = () => {} } = {}) =>
  new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const events = [];
    for (const name of [
      "readystatechange",
      "loadstart",
      "progress",
      "load",
      "error",
      "abort",
      "timeout",
      "loadend",
    ])
      request.addEventListener(name, (event) => {
        events.push(name === "readystatechange" ? request.readyState : name);
        if (name === "loadend") resolve({ request, events, event });
      });
    request.open(method, url);
    setup(request);
    request.send(body);
  });
test("xhr/event-readystate-sent and event-order", async () => {
  const { events, request } = await xhr("GET", "/nothing?xhr");
  const seen = events.filter((each, i) => each !== "progress" && events.indexOf(each) === i);
  equal(seen, [1, "loadstart", 2, 3, 4, "load", "loadend"]);
  equal(
    [request.status, request.statusText, request.responseText, request.responseURL],
    [404, "Not Found", "nothing", `${location.origin}/nothing?xhr`],
  );
});
for (const type of ["", "text", "json", "arraybuffer", "blob"])
  test(`xhr/responsetype: ${type || "default"}`, async () => {
    const { request } = await xhr("GET", "/echo", { setup: (r) => (r.responseType = type) });
    const { response } = request;
    if (type === "" || type === "text") equal(JSON.parse(response).method, "GET");
    else if (type === "json") equal(response.method, "GET");
    else if (type === "blob") equal(response.type, "application/json");
    else ok(response.byteLength > 10, "too short");
  });
pageTest("xhr/responsexml-document: a document", async () => {
  const { request } = await xhr("GET", "/frame.html", { setup: (r) => (r.responseType = "document") });
  equal(request.response.querySelector("p").localName, "p");
});
test("xhr/overridemimetype", async () => {
  const { request } = await xhr("GET", "/bytes", {
    setup: (r) => r.overrideMimeType("text/plain; charset=x-user-defined"),
  });
  equal([request.responseText.length, request.responseText.charCodeAt(200) & 255], [100_000, 200]);
});
test("xhr/getallresponseheaders", async () => {
  const { request } = await xhr("GET", "/echo?h=X-B:2&h=X-A:1&h=X-A:3");
  const all = request.getAllResponseHeaders();
  ok(all.includes("content-type: application/json\r\n") && all.includes("x-a: 1, 3\r\nx-b: 2\r\n"), all);
  equal([request.getResponseHeader("X-B"), request.getResponseHeader("nothing")], ["2", null]);
});
test("xhr/setrequestheader: combined, forbidden ones left out", async () => {
  const { request } = await xhr("POST", "/echo", {
    setup: (r) => (
      r.setRequestHeader("X-C", "1"),
      r.setRequestHeader("X-C", "2"),
      r.setRequestHeader("Cookie", "no=1"),
      (r.responseType = "json")
    ),
  });
  equal(
    [request.response.headers["x-c"], (request.response.headers.cookie ?? "").includes("no=1")],
    ["1, 2", false],
  );
});
test("xhr/send-entity-body: FormData, Blob, text, buffer", async () => {
  const form = new FormData();
  form.set("a", "b");
  const types = [];
  for (const body of [form, new Blob(["x"], { type: "a/b" }), "text", new Uint8Array(3)]) {
    const { request } = await xhr("POST", "/echo", { body, setup: (r) => (r.responseType = "json") });
    types.push(String(request.response.headers["content-type"]).split(";")[0], request.response.size > 0);
  }
  equal(types, ["multipart/form-data", true, "a/b", true, "text/plain", true, "undefined", true]);
});
test("xhr/event-upload-progress: upload events", async () => {
  const seen = [];
  let last;
  await xhr("POST", "/echo", {
    body: pattern(3_000_000),
    setup: (r) => {
      for (const name of ["loadstart", "progress", "load", "loadend"])
        r.upload.addEventListener(name, (event) => (seen.push(name), (last = event)));
    },
  });
  equal(
    seen.filter((each, i) => seen.indexOf(each) === i),
    ["loadstart", "progress", "load", "loadend"],
  );
  equal([last.loaded, last.total], [3_000_000, 3_000_000]);
});
test("xhr/event-progress: a length known is computable", async () => {
  let last;
  await xhr("GET", "/bytes", { setup: (r) => r.addEventListener("progress", (event) => (last = event)) });
  equal([last.loaded, last.total, last.lengthComputable], [100_000, 100_000, true]);
});
test("xhr/abort-during-loading: abort, loadend, status 0", async () => {
  const { events, request } = await xhr("GET", "/drip?n=1000&ms=20&type=application/json", {
    setup: (r) => (r.onprogress = () => r.abort()),
  });
  equal(events.slice(-3), [4, "abort", "loadend"]);
  equal([request.status, request.readyState], [0, 0]);
});
test("xhr/timeout-multiple-fetches: timeout", async () => {
  const { events } = await xhr("GET", "/slow?ms=5000", { setup: (r) => (r.timeout = 100) });
  equal(events.slice(-2), ["timeout", "loadend"]);
});
test("xhr/event-error: a body that breaks off", async () =>
  equal((await xhr("GET", "/drip?n=2&ms=1&break")).events.slice(-2), ["error", "loadend"]));
test("xhr/send-redirect: followed, responseURL is the last", async () => {
  const { request } = await xhr("GET", "/redirect?n=3");
  equal([request.status, request.responseURL], [200, `${location.origin}/echo`]);
});
test("xhr/responsetext-streaming: readyState 3 with what has come", async () => {
  let early = "";
  await xhr("GET", `/drip?n=3&ms=150&type=application/json&text=${"x".repeat(2000)}`, {
    setup: (r) => (r.onprogress = () => (early ||= r.responseText)),
  });
  ok(early.length > 0 && early.length < 6000, `got ${early.length} of 6,000 at first`);
});
test("xhr/send-sync-basic: a synchronous request", () => {
  const request = new XMLHttpRequest();
  request.open("POST", "/echo", false);
  request.send("sync");
  equal([request.status, JSON.parse(request.responseText).body], [200, "sync"]);
});

// ---- WebSocket ----
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

// ---- cookies ----
const cookiesAt = async (path = "/cookies", init) => (await (await fetch(path, init)).text()).split("; ");
const setCookie = (line) => fetch(`/echo?cookie=${encodeURIComponent(line)}`);
test("cookies/attributes: set and sent", async () => {
  const name = id();
  await setCookie(`${name}=v1`);
  ok((await cookiesAt()).includes(`${name}=v1`), "not sent");
  await setCookie(`${name}=v2`);
  ok((await cookiesAt()).includes(`${name}=v2`), "not replaced");
  await setCookie(`${name}=; Max-Age=0`);
  ok(!(await cookiesAt()).some((each) => each.startsWith(name)), "not removed");
});
for (const [what, attributes, kept] of [
  ["Max-Age", "Max-Age=100", true],
  ["negative Max-Age", "Max-Age=-1", false],
  ["Expires in the past", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", false],
  ["Expires to come", "Expires=Fri, 01 Jan 2038 00:00:00 GMT", true],
  ["Max-Age before Expires", "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=100", true],
  ["another host's Domain", "Domain=example.com", false],
  ["Path above", "Path=/", true],
  ["Path elsewhere", "Path=/elsewhere", false],
  ["Secure", "Secure", true],
  ["SameSite=Strict", "SameSite=Strict", true],
  ["SameSite=None without Secure", "SameSite=None", false],
  ["unknown attributes", "Nonsense; X=1", true],
])
  test(`cookies/attributes: ${what}`, async () => {
    const name = id();
    await setCookie(`${name}=1; ${attributes}`);
    equal((await cookiesAt()).includes(`${name}=1`), kept);
  });
for (const [prefix, attributes, kept] of [
  ["__Secure-", "Secure", true],
  ["__Secure-", "", false],
  ["__Host-", "Secure; Path=/", true],
  ["__Host-", "Secure", false],
  ["__Host-", "Path=/", false],
  ["__HoSt-", "Path=/", false],
])
  test(`cookies/prefix: ${prefix} with "${attributes}"`, async () => {
    const name = prefix + id();
    await setCookie(`${name}=1; ${attributes}`);
    equal((await cookiesAt()).includes(`${name}=1`), kept);
  });
test("cookies/path: by the path, longer ones first", async () => {
  const name = id();
  await fetch(`/cookies/deep/set?cookie=${name}=deep`);
  await setCookie(`${name}=top; Path=/`);
  equal(
    (await cookiesAt("/cookies/deep/er")).filter((each) => each.startsWith(name)),
    [`${name}=deep`, `${name}=top`],
  );
  equal(
    (await cookiesAt("/cookies/deeper")).filter((each) => each.startsWith(name)),
    [`${name}=top`],
  );
});
test("cookies/size: 4,096 bytes are kept, 4,097 are not", async () => {
  const name = id();
  for (const [size, kept] of [
    [4096, true],
    [4097, false],
  ]) {
    await setCookie(`${name}${size}=${"x".repeat(size - name.length - 4)}`);
    equal(
      (await cookiesAt()).some((each) => each.startsWith(`${name}${size}=`)),
      kept,
    );
    await setCookie(`${name}${size}=; Max-Age=0`);
  }
});
test("cookies/value: odd ones arrive as they are", async () => {
  const name = id();
  await setCookie(`${name}="quoted, and=more"`);
  ok((await cookiesAt()).includes(`${name}="quoted, and=more"`));
});
test("fetch/api/credentials/cookies: omit neither sends nor sets", async () => {
  const name = id();
  await setCookie(`${name}=1`);
  ok(!(await cookiesAt("/cookies", { credentials: "omit" })).includes(`${name}=1`), "sent");
  await fetch(`/echo?cookie=${name}o=1`, { credentials: "omit" });
  ok(!(await cookiesAt()).includes(`${name}o=1`), "set");
});
test("cookies/redirect: set on a redirect, sent with the next", async () => {
  const name = id();
  equal((await cookiesAt(`/redirect?to=%2Fcookies&cookie=${name}=1`)).includes(`${name}=1`), true);
});
pageTest("cookies/document-cookie: read, set, expire; kept with the next request", async () => {
  const name = id();
  document.cookie = `${name}=1; Path=/`;
  ok(document.cookie.split("; ").includes(`${name}=1`), "not read");
  ok((await cookiesAt()).includes(`${name}=1`), "not sent");
  document.cookie = `${name}=; Max-Age=0; Path=/`;
  ok(!document.cookie.includes(name), "still there");
  ok(!(await cookiesAt()).some((each) => each.startsWith(name)), "still sent");
});
pageTest("cookies/document-cookie: sees what an answer set as soon as it is there", async () => {
  const name = id();
  await setCookie(`${name}=1; Path=/`);
  ok(document.cookie.split("; ").includes(`${name}=1`), "not seen");
  await setCookie(`${name}=; Max-Age=0; Path=/`);
  ok(!document.cookie.includes(name), "still seen");
});
pageTest("cookies/httponly: neither seen, set nor overwritten by pages", async () => {
  const name = id();
  await setCookie(`${name}=1; HttpOnly; Path=/`);
  ok(!document.cookie.includes(name), "seen");
  document.cookie = `${name}=mine; Path=/`;
  document.cookie = `${name}h=1; HttpOnly; Path=/`;
  const all = await cookiesAt();
  ok(all.includes(`${name}=1`) && !all.some((each) => each.startsWith(`${name}h`)), all.join());
});
pageTest("cookies/navigated-frame: set, sent and seen by a frame's navigation", async () => {
  const name = id();
  const frame = document.createElement("iframe");
  frame.src = `/frame.html?cookie=${name}=1;Path=/`;
  const loaded = () => new Promise((resolve) => (frame.onload = resolve));
  document.body.append(frame);
  await loaded();
  ok(frame.contentDocument.cookie.includes(`${name}=1`), "not seen in the frame");
  frame.src = "/frame.html?again";
  await loaded();
  ok(frame.contentDocument.querySelector("p").textContent.includes(`${name}=1`), "not sent");
  frame.remove();
});
pageTest("cookies/navigator: cookieEnabled", () => equal(navigator.cookieEnabled, true));

// ---- caching ----
const hit = async (query, init) => Number((await (await fetch(`/hit?${query}`, init)).text()).split(" ")[0]);
const later = "h=Cache-Control:max-age=1000";
const twice = async (query, init) => [await hit(query), await hit(query, init)];
test("fetch/http-cache/freshness: max-age is not asked again", async () =>
  equal(await twice(`${later}&${id()}`), [1, 1]));
test("fetch/http-cache/freshness: Expires", async () =>
  equal(
    await twice(`h=Expires:${encodeURIComponent(new Date(Date.now() + 1e6).toUTCString())}&${id()}`),
    [1, 1],
  ));
test("fetch/http-cache/freshness: Expires in the past, or 0", async () =>
  equal(await twice(`h=Expires:0&${id()}`), [1, 2]));
test("fetch/http-cache/freshness: max-age before Expires", async () =>
  equal(await twice(`${later}&h=Expires:0&${id()}`), [1, 1]));
test("fetch/http-cache/freshness: Age counts", async () =>
  equal(await twice(`${later}&h=Age:2000&${id()}`), [1, 2]));
test("fetch/http-cache/freshness: max-age=0 and s-maxage", async () =>
  equal(await twice(`h=Cache-Control:max-age%3D0,s-maxage%3D1000&${id()}`), [1, 2]));
test("fetch/http-cache/heuristic: a tenth of Last-Modified's age", async () =>
  equal(
    await twice(`h=Last-Modified:${encodeURIComponent(new Date(Date.now() - 1e9).toUTCString())}&${id()}`),
    [1, 1],
  ));
test("fetch/http-cache/cc-response: no-store", async () =>
  equal(await twice(`h=Cache-Control:no-store&h=ETag:%22a%22&${id()}`), [1, 2]));
test("fetch/http-cache/cc-response: nothing said is asked again", async () =>
  equal(await twice(id()), [1, 2]));
test("fetch/http-cache/304-update: ETag is asked about, the body kept, headers renewed", async () => {
  const query = `h=ETag:%22e%22&h=Cache-Control:no-cache&${id()}`;
  equal(await hit(query), 1);
  const response = await fetch(`/hit?${query}`);
  equal([response.status, await response.text(), response.headers.get("x-hit")], [200, "1 GET ", "2"]);
});
test("fetch/http-cache/304-update: Last-Modified is asked about", async () => {
  const query = `h=Last-Modified:${encodeURIComponent(new Date().toUTCString())}&h=Cache-Control:no-cache&${id()}`;
  equal(await twice(query), [1, 1]);
});
test("fetch/http-cache/vary: by a request's header", async () => {
  const query = `${later}&h=Vary:X-Kind&${id()}`;
  const kind = async (value) =>
    (await (await fetch(`/hit?${query}`, { headers: { "X-Kind": value } })).text()).trim();
  equal(
    [await kind("a"), await kind("a"), await kind("b"), await kind("b")],
    ["1 GET a", "1 GET a", "2 GET b", "2 GET b"],
  );
});
test("fetch/http-cache/vary: * is never kept", async () =>
  equal(await twice(`${later}&h=Vary:*&${id()}`), [1, 2]));
for (const [mode, expected] of [
  ["no-store", [1, 2]],
  ["reload", [1, 2]],
  ["force-cache", [1, 1]],
  ["default", [1, 1]],
])
  test(`fetch/http-cache/request-cache: ${mode} when fresh`, async () =>
    equal(await twice(`${later}&${id()}`, { cache: mode }), expected));
test("fetch/http-cache/request-cache: no-cache asks though fresh", async () =>
  equal(await twice(`${later}&${id()}`, { cache: "no-cache" }), [1, 2]));
test("fetch/http-cache/request-cache: force-cache takes what is stale", async () =>
  equal(await twice(`h=ETag:%22s%22&h=Cache-Control:max-age%3D0&${id()}`, { cache: "force-cache" }), [1, 1]));
test("fetch/http-cache/request-cache: only-if-cached", async () => {
  const query = `${later}&${id()}`;
  await rejects(fetch(`/hit?${query}`, { cache: "only-if-cached", mode: "same-origin" }), "TypeError");
  equal(await twice(query, { cache: "only-if-cached", mode: "same-origin" }), [1, 1]);
});
test("fetch/http-cache/request-cache: reload renews what is kept", async () => {
  const query = `${later}&${id()}`;
  equal([await hit(query), await hit(query, { cache: "reload" }), await hit(query)], [1, 2, 2]);
});
test("fetch/http-cache/invalidate: a POST to the same address", async () => {
  const query = `${later}&${id()}`;
  equal([await hit(query), await hit(query, { method: "POST" }), await hit(query)], [1, 2, 3]);
});
test("fetch/http-cache/partial: a range asks though the whole is kept, and isn't kept as the whole", async () => {
  const own = id();
  equal(
    (await (await fetch(`/bytes?${later}&${own}`, { headers: { Range: "bytes=0-9" } })).arrayBuffer())
      .byteLength,
    10,
  );
  equal((await (await fetch(`/bytes?${later}&${own}`)).arrayBuffer()).byteLength, 100_000);
});
test("fetch/http-cache/status: 404 with max-age is kept, 500 without is not", async () => {
  const own = id();
  await fetch(`/nothing?${later}&${own}`);
  equal((await fetch(`/nothing?${later}&${own}`)).status, 404);
});

// ---- pages and workers ----
const fromWorker = (url, options) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(url, options);
    worker.onmessage = ({ data }) => (worker.terminate(), resolve(data));
    worker.onerror = (event) => reject(new Error(event.message));
  });
const blobUrl = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
const socketInWorker = `const s = new WebSocket("${isPage ? socketUrl("/ws/echo") : ""}"); s.onopen = () => s.send("w"); s.onmessage = (e) => { postMessage(e.data); s.close(); }; s.onclose = (e) => postMessage("closed " + e.code);`;
pageTest("workers: a module with imports, which see the same WebSocket", async () => {
  const [, isSocket, url, path] = await fromWorker("/module.js", { type: "module" });
  equal([isSocket, url, path], [true, `${location.origin}/module.js`, "/module.js"]);
});
pageTest("workers: a blob's worker has WebSocket", async () =>
  equal(await fromWorker(blobUrl(socketInWorker)), "w"),
);
pageTest("workers: a blob's module has WebSocket", async () =>
  equal(await fromWorker(blobUrl(socketInWorker), { type: "module" }), "w"),
);
pageTest("workers: a worker within a worker has WebSocket", async () =>
  equal(
    await fromWorker(
      blobUrl(
        `const w = new Worker(${JSON.stringify(blobUrl(socketInWorker))}); w.onmessage = (e) => postMessage(e.data);`,
      ),
    ),
    "w",
  ),
);
pageTest("workers: a shared worker has WebSocket", async () => {
  const worker = new SharedWorker(
    `/drip?n=1&ms=1&type=text/javascript&text=${encodeURIComponent(`onconnect = ({ports: [p]}) => { const postMessage = (m) => p.postMessage(m); ${socketInWorker} }`)}`,
  );
  const data = await new Promise(
    (resolve, reject) => (
      (worker.port.onmessage = (e) => resolve(e.data)),
      (worker.onerror = () => reject(new Error("error")))
    ),
  );
  equal(data, "w");
});
pageTest("html/page: WebSocket is there before the page's first script, which is the first", () => {
  equal(
    [window.nativeFirst === WebSocket, document.scripts[0].src, document.characterSet, document.compatMode],
    [true, "", "UTF-8", "CSS1Compat"],
  );
});
pageTest("content-security-policy: a page with a strict policy of its own", async () => {
  const frame = document.createElement("iframe");
  frame.src = "/strict.html";
  const answer = new Promise((resolve) =>
    addEventListener("message", ({ data, source }) => source === frame.contentWindow && resolve(data)),
  );
  document.body.append(frame);
  const [, , scripts] = await answer;
  equal(scripts, 1);
  frame.remove();
});

/** Several at once, in no promised order; each stands for itself. */
globalThis.runCases = async () => {
  const results = [];
  const queue = [...cases];
  const turn = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { name, run } = next;
      let timer;
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("nothing came of it in 8 s")), 8000);
      });
      try {
        await Promise.race([run(), late]);
        results.push({ name });
      } catch (error) {
        results.push({ name, why: String(error.message ?? error) });
        console.debug(`case ${name}: ${error.message ?? error}`);
      }
      clearTimeout(timer);
    }
  };
  await Promise.all(Array.from({ length: 6 }, turn));
  return results;
};
if (!isPage && typeof importScripts === "function") runCases().then((results) => postMessage(results));
