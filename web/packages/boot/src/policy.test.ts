import { describe, expect, test } from "vitest";
import { redirectTarget, responseHeaders } from "./policy.ts";

const shell = "https://home.flock.example";

describe("responseHeaders", () => {
  test("confines pages and workers to their own origin, beside what the app says itself", () => {
    for (const destination of ["iframe", "worker"]) {
      const policy = responseHeaders([["Content-Security-Policy", "sandbox"]], destination, shell).get(
        "content-security-policy",
      );
      expect(policy).toMatch(/^sandbox, default-src 'self' data: blob:;/);
      expect(policy).toContain("webrtc 'block'");
      expect(policy).toContain(`frame-ancestors 'self' ${shell}`);
      expect(policy).not.toMatch(/https?:(?!\/\/home\.flock\.example)|\*/);
    }
  });

  test("never lets types be guessed, and leaves other answers as they are", () => {
    const headers = responseHeaders([["Content-Range", "bytes 0-1/2"]], "video", shell);
    expect([...headers.keys()]).toEqual(["content-range", "x-content-type-options"]);
  });
});

test("redirects stay on the app's origin", () => {
  const from = "https://label.flock.example/a/b";
  expect(redirectTarget("../c?d", from)).toBe("https://label.flock.example/c?d");
  expect(redirectTarget("https://evil.example/", from)).toBeUndefined();
  expect(redirectTarget("//evil.example/", from)).toBeUndefined();
});
