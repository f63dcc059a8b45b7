"use strict";

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
