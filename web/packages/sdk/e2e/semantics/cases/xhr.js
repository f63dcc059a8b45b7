"use strict";

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
  const gate = id();
  let early;
  const what = `type=application/json&text=${"x".repeat(2000)}`;
  const { request } = await xhr("GET", `/drip?n=3&ms=1&gate=${gate}&${what}`, {
    setup: (r) =>
      (r.onprogress = () => {
        // The rest isn't sent before that.
        if (early === undefined) void fetch(`/gate?gate=${gate}`);
        early ??= r.responseText.length;
      }),
  });
  ok(early > 0 && early <= 2000, `got ${early} at first`);
  equal(request.responseText.length, 6000);
});
test("xhr/send-sync-basic: a synchronous request", () => {
  const request = new XMLHttpRequest();
  request.open("POST", "/echo", false);
  request.send("sync");
  equal([request.status, JSON.parse(request.responseText).body], [200, "sync"]);
});
