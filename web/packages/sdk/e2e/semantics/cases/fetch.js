"use strict";

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
  equal((await (await fetch("/cases/harness.js")).blob()).type, "text/javascript"));
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
