import { expect, test } from "vitest";
import { doorFor } from "./door.ts";
import { countdown, inOrder, isOnline, newcomers } from "./devices.ts";
import { explain } from "./errors.ts";
import { readEntries } from "./files_glance.ts";
import { flockHost } from "./flocks.ts";
import { classify, shellOriginFor, takeLink } from "./link.ts";
import { describeBrowser, isLoginName, loginNameFrom, passwordTrouble, readSetupCode } from "./names.ts";
import { chooseTwo } from "./recovery.ts";

test("a link's secret leaves the address bar as soon as it is read", () => {
  const replaced: unknown[] = [];
  const link = takeLink(
    { hash: "#1.pair.root.-.c2VjcmV0", pathname: "/x", search: "?a=1" },
    { replaceState: (...call: unknown[]) => void replaced.push(call) },
  );
  expect(link).toEqual({ kind: "pair", text: "1.pair.root.-.c2VjcmV0" });
  expect(replaced).toEqual([[null, "", "/x?a=1"]]);
});

test("also a fragment that is no link of ours is wiped", () => {
  let wiped = 0;
  const link = takeLink(
    { hash: "#2.pair.x", pathname: "/", search: "" },
    { replaceState: () => void (wiped += 1) },
  );
  expect([link, wiped]).toEqual([null, 1]);
});

test("a visit to an app's own origin becomes a page of the shell", () => {
  const replaced: unknown[] = [];
  const replace = { replaceState: (...call: unknown[]) => void replaced.push(call[2]) };
  const visit = (hash: string) => takeLink({ hash, pathname: "/", search: "" }, replace);
  expect(visit("#/open/lpzgib3ahmredw4r7w7f5zum5g?path=%2F%3Fpath%3DHoliday")).toBeNull();
  visit("#/open/../devices");
  visit("#//evil.example");
  expect(replaced).toEqual(["/open/lpzgib3ahmredw4r7w7f5zum5g?path=%2F%3Fpath%3DHoliday", "/", "/"]);
});

test("without a fragment the history stays as it is", () => {
  const link = takeLink(
    { hash: "", pathname: "/", search: "" },
    {
      replaceState: () => {
        throw new Error("touched");
      },
    },
  );
  expect(link).toBeNull();
});

test("a pasted link is known with or without its origin", () => {
  expect(classify("https://home.flock.example/#1.setup.r.-.s")).toEqual({
    kind: "setup",
    text: "1.setup.r.-.s",
  });
  expect(classify(" 1.pair.r.f.s.m ")).toEqual({ kind: "pair", text: "1.pair.r.f.s.m" });
  expect(classify("1.share.r.f.s")).toEqual({ kind: "other" });
  expect(classify("casa@flock.example")).toBeNull();
});

test("a loopback page hands out links to the flock's shell, others to themselves", () => {
  const flock = "/dns4/flock.example/tcp/443/wss/p2p/12D3KooW";
  expect(shellOriginFor("http://home.hearth.localhost:4001", flock)).toBe("https://home.flock.example");
  expect(shellOriginFor("https://home.other.example", flock)).toBe("https://home.other.example");
  expect(shellOriginFor("http://home.hearth.localhost:4001", "/ip4/127.0.0.1/tcp/9/ws/p2p/x")).toBe(
    "http://home.hearth.localhost:4001",
  );
  expect(shellOriginFor("http://home.hearth.localhost:4001", undefined)).toBe(
    "http://home.hearth.localhost:4001",
  );
});

test("login names are made of what people call themselves", () => {
  expect(
    ["Anna Lindqvist", "Jürgen Groß", "Łukasz  Ørsted", "--x--", "ليلى", "É.T."].map(loginNameFrom),
  ).toEqual(["anna-lindqvist", "jurgen-gross", "lukasz-orsted", "x", "", "e.t"]);
  expect(loginNameFrom("x".repeat(40))).toHaveLength(32);
  expect(["a", "A", "a b", ""].map(isLoginName)).toEqual([true, false, false, false]);
});

test("a password needs ten signs and to differ from the name", () => {
  expect(passwordTrouble("123456789", "anna")).toBe("short");
  expect(passwordTrouble("é".normalize("NFD").repeat(9), "anna")).toBe("short");
  expect(passwordTrouble("anna-lindqvist", "anna-lindqvist")).toBe("same");
  expect(passwordTrouble("four random words", "anna")).toBeNull();
});

test("the setup code forgives case, spaces and signs that look alike", () => {
  expect(readSetupCode("7k3m 9qwt")).toBe("7K3M-9QWT");
  expect(readSetupCode("oil0-0000")).toBe("0110-0000");
  expect(["7K3M9QW", "7K3M-9QWU", ""].map(readSetupCode)).toEqual([null, null, null]);
});

test("a browser names itself by its make and system", () => {
  const say = (browser: string, system: string) => `${browser} on ${system}`;
  expect(describeBrowser("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", say)).toBe(
    "Firefox on Linux",
  );
  expect(
    describeBrowser(
      "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
      say,
    ),
  ).toBe("Edge on Windows");
  expect(
    describeBrowser(
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1",
      say,
    ),
  ).toBe("Safari on iPhone");
});

test("two different words are asked for, in order, whatever chance says", () => {
  for (const [a, b] of [
    [0, 0],
    [23, 22],
    [5, 4_294_967_295],
    [24, 23],
  ] as const) {
    const [first, second] = chooseTwo(24, () => Uint32Array.of(a, b));
    expect(first).toBeLessThan(second);
    expect(second).toBeLessThan(24);
  }
});

test("the door: strangers log in, links lead where they say, an unclaimed box is set up", () => {
  const stranger = { phase: "stranger", link: null, local: undefined, inside: null } as const;
  const local = { root: "r", peerId: "", name: "", addrs: [], claimed: false };
  expect(doorFor("/", "", stranger)).toBe("/login");
  expect(doorFor("/login", "", stranger)).toBeNull();
  expect(doorFor("/", "", { ...stranger, link: { kind: "pair", text: "" } })).toBe("/join");
  expect(doorFor("/login", "", { ...stranger, link: { kind: "pair", text: "" } })).toBeNull();
  expect(doorFor("/", "", { ...stranger, link: { kind: "setup", text: "" } })).toBe("/welcome");
  expect(doorFor("/", "", { ...stranger, local })).toBe("/welcome");
  expect(doorFor("/login", "", { ...stranger, local: { ...local, claimed: true } })).toBeNull();
  const inside = { ...stranger, phase: "inside", inside: {} as never } as const;
  expect(doorFor("/login", "", inside)).toBe("/");
  expect(doorFor("/welcome", "", inside)).toBeNull();
  expect(doorFor("/devices", "", inside)).toBeNull();
});

test("the door: login leads to the page that was asked for, with its search, and never out of the shell", () => {
  const stranger = { phase: "stranger", link: null, local: undefined, inside: null } as const;
  const inside = { ...stranger, phase: "inside", inside: {} as never } as const;
  const login = doorFor("/apps/files", "?open=%2Fa%20b", stranger);
  expect(login).toBe("/login?next=%2Fapps%2Ffiles%3Fopen%3D%252Fa%2520b");
  const search = login!.slice("/login".length);
  expect(doorFor("/login", search, stranger)).toBeNull();
  expect(doorFor("/login", search, inside)).toBe("/apps/files?open=%2Fa%20b");
  for (const next of ["//evil.example", "/\\evil.example", "https://evil.example", "/login", ""])
    expect(doorFor("/login", `?next=${encodeURIComponent(next)}`, inside)).toBe("/");
});

test("devices: this one first, newcomers found, the countdown never shows 10:01", () => {
  const device = (id: string, lastSeen: number, current = false) => ({ id, lastSeen, current }) as never;
  const list = [device("a", 10), device("b", 30), device("me", 1, true)];
  expect(inOrder(list).map((each) => each.id)).toEqual(["me", "b", "a"]);
  expect(newcomers(list, [...list, device("new", 40)]).map((each) => each.id)).toEqual(["new"]);
  expect([600_000, 599_001, 61_000, 59_999, 1, 0, -5].map(countdown)).toEqual([
    "10:00",
    "10:00",
    "1:01",
    "1:00",
    "0:01",
    "0:00",
    "0:00",
  ]);
  expect(isOnline({ lastSeen: 100, current: false }, 219_000)).toBe(true);
  expect(isOnline({ lastSeen: 100, current: false }, 221_000)).toBe(false);
});

test("errors are explained by their code, and wait at least a minute", () => {
  const error = Object.assign(new Error("technical"), {
    name: "HearthError",
    code: "rate_limited",
    retryAfter: 20,
    status: 429,
  });
  expect(explain(error)).toEqual({
    key: "error.rate_limited",
    values: { minutes: 1 },
    details: "rate_limited (HTTP 429): technical",
    code: "rate_limited",
  });
  expect(explain("odd").key).toBe("error.unknown");
});

test("what Files answers is read entry by entry; nonsense is left out", () => {
  const good = { name: "a", path: "a", kind: "file", modified: 1 };
  expect(readEntries([good, null, 3, { ...good, kind: "socket" }, { ...good, modified: "x" }])).toEqual([
    good,
  ]);
  expect(readEntries({})).toEqual([]);
});

test("a meeting place is called by its host", () => {
  expect(flockHost("/dns4/flock.example/tcp/443/wss/p2p/12D3")).toBe("flock.example");
  expect(flockHost("/ip6/2001:db8::1/tcp/4001")).toBe("[2001:db8::1]:4001");
  expect(flockHost("nonsense")).toBe("nonsense");
});
