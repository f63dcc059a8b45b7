"use strict";

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
