import { describe, expect, test } from "vitest";
import { controlFrom, controlText, matching, type Control } from "./service_protocol.ts";

describe("what a page is told of its controller", () => {
  const origin = "http://app.example";
  const control: Control = {
    ...{ id: "1a2b", registration: "3c4d", state: "activated" },
    ...{ script: `${origin}/deep/sw.js?v=1&x='"`, scope: `${origin}/deep/` },
  };
  test("comes back as it was", () => {
    const said = controlText(control);
    expect(controlFrom(said, origin)).toEqual({ ...control, script: new URL(control.script).href });
  });
  test("is nothing when nothing was said", () => {
    for (const text of [undefined, "", "a b c"]) expect(controlFrom(text, origin)).toBeUndefined();
  });
  test("the longest scope counts", () => {
    const all = ["http://a/", "http://a/b/", "http://a/b/c"].map((scope) => ({ scope }));
    expect(matching(all, "http://a/b/x")?.scope).toBe("http://a/b/");
    expect(matching(all, "http://a/b/cx")?.scope).toBe("http://a/b/c");
    expect(matching(all, "http://b/")).toBeUndefined();
  });
});
