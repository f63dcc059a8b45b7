import { describe, expect, test } from "vitest";
import { CookieJar, parseSetCookie } from "./cookies.ts";

const host = "label.flock.example";
const now = Date.UTC(2026, 10, 21);
const parse = (line: string, path = "/a/b"): ReturnType<typeof parseSetCookie> =>
  parseSetCookie(line, path, host, now);

describe("Set-Cookie", () => {
  test.each([
    ["a=b", { name: "a", value: "b", path: "/a" }],
    [" a = b=c ; x", { name: "a", value: "b=c" }],
    ["alone", { name: "", value: "alone" }],
    ["=alone", { name: "", value: "alone" }],
    ['q="v"', { value: '"v"' }],
    ["a=", { name: "a", value: "" }],
    ["a=b; Path=/", { path: "/" }],
    ["a=b; path=x", { path: "/a" }],
    ["a=b; path=/x; Path=/y", { path: "/y" }],
    ["a=b; HttpOnly; SeCuRe", { httpOnly: true }],
    ["a=b; SameSite=Strict", { sameSite: "strict" }],
    ["a=b; SameSite=odd", { sameSite: "lax" }],
    ["a=b; Max-Age=60", { expires: now + 60_000 }],
    ["a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", { expires: now + 60_000 }],
    ["a=b; Max-Age=0", { expires: 0 }],
    ["a=b; Max-Age=99999999999", { expires: now + 400 * 86_400_000 }],
    ["a=b; Expires=Sun, 06 Dec 2026 08:49:37 GMT", { expires: Date.UTC(2026, 11, 6, 8, 49, 37) }],
    ["a=b; Expires=Sunday, 06-Dec-26 08:49:37 GMT", { expires: Date.UTC(2026, 11, 6, 8, 49, 37) }],
    [`a=b; Domain=${host}`, { name: "a" }],
    [`a=b; Domain=.${host.toUpperCase()}`, { name: "a" }],
    ["a=b; Domain=", { name: "a" }],
    ["__Secure-a=b; Secure", { name: "__Secure-a" }],
    ["__Host-a=b; Secure; Path=/", { name: "__Host-a" }],
  ])("%s", (line, expected) => {
    expect(parse(line)).toMatchObject(expected);
  });

  test.each([
    "",
    "=",
    "a=b\u0000c",
    `a=${"x".repeat(4096)}`,
    "a=b; Domain=flock.example",
    "a=b; Domain=example",
    "a=b; Domain=home.flock.example",
    `a=b; Domain=x.${host}`,
    "a=b; SameSite=None",
    "__Secure-a=b",
    "__secure-a=b",
    "__Host-a=b; Path=/",
    "__Host-a=b; Secure",
    `__Host-a=b; Secure; Path=/; Domain=${host}`,
    "=__Host-a",
  ])("is refused: %s", (line) => {
    expect(parse(line)).toBeUndefined();
  });
});

describe("a jar", () => {
  test("gives those of the path, longer paths first, then older ones", () => {
    let time = now;
    const jar = new CookieJar(host, () => time++);
    for (const line of ["a=1; Path=/", "b=2; Path=/x", "c=3; Path=/", "d=4; Path=/xy"]) jar.set(line, "/");
    expect(jar.text("/x/y")).toBe("b=2; a=1; c=3");
    expect(jar.text("/x")).toBe("b=2; a=1; c=3");
    expect(jar.text("/xy")).toBe("d=4; a=1; c=3");
    jar.set("a=9; Path=/", "/");
    expect(jar.text("/")).toBe("a=9; c=3");
  });

  test("keeps HttpOnly from pages: they neither see, set nor replace one", () => {
    const jar = new CookieJar(host);
    jar.set("secret=1; HttpOnly", "/");
    jar.set("open=2", "/");
    expect(jar.text("/", { forPage: true })).toBe("open=2");
    expect(jar.text("/")).toBe("secret=1; open=2");
    expect(jar.forPages().map(({ name }) => name)).toEqual(["open"]);
    expect(jar.set("secret=mine", "/", true)).toBe(false);
    expect(jar.set("own=3; HttpOnly", "/", true)).toBe(false);
    expect(jar.text("/")).toBe("secret=1; open=2");
  });

  test("keeps those of SameSite=Strict from a page that a link from elsewhere opened", () => {
    const jar = new CookieJar(host);
    for (const line of ["a=1; SameSite=Strict", "b=2; SameSite=Lax", "c=3", "d=4; SameSite=None; Secure"])
      jar.set(line, "/");
    expect(jar.text("/", { fromElsewhere: true })).toBe("b=2; c=3; d=4");
    expect(jar.text("/")).toBe("a=1; b=2; c=3; d=4");
  });

  test("forgets what is over, and the least used beyond 180", () => {
    let time = now;
    const jar = new CookieJar(host, () => time);
    jar.set("short=1; Max-Age=10", "/");
    time += 10_000;
    expect(jar.text("/")).toBe("");
    for (let i = 0; i < 200; ++i, ++time) jar.set(`c${i}=1`, "/");
    expect(jar.all()).toHaveLength(180);
    expect(jar.text("/")).not.toContain("c0=");
    jar.set("c199=; Max-Age=0", "/");
    expect(jar.all()).toHaveLength(179);
  });
});
