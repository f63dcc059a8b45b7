/** Errors as they reach the caller: one code each, whatever of the answer got through. */
import { describe, expect, test } from "vitest";
import { applianceErrorCodes, HearthError } from "./errors.ts";
import { requestJson } from "./json.ts";

const answering = (response: Response) => ({ fetch: async () => response });
const failure = async (response: Response): Promise<HearthError> => {
  const error: unknown = await requestJson(answering(response), "GET", "/api/v1/me").catch(
    (why: unknown) => why,
  );
  if (!HearthError.is(error)) throw new Error("not a HearthError");
  return error;
};

describe("W2: an error of the appliance", () => {
  test.each(applianceErrorCodes)("%s reaches the caller as itself", async (code) => {
    const error = await failure(Response.json({ error: { code, message: "so" } }, { status: 400 }));
    expect([error.code, error.message, error.status]).toEqual([code, "so", 400]);
  });

  test("every code that the appliance knows is told apart from every other", async () => {
    const codes = await Promise.all(
      applianceErrorCodes.map(
        async (code) => (await failure(Response.json({ error: { code } }, { status: 500 }))).code,
      ),
    );
    expect(new Set(codes).size).toBe(applianceErrorCodes.length);
  });

  test("says when to try again, from its body or its header", async () => {
    const body = { error: { code: "rate_limited", message: "", retry_after: 30 } };
    expect((await failure(Response.json(body, { status: 429 }))).retryAfter).toBe(30);
    const bare = new Response("", { status: 503, headers: { "retry-after": "2" } });
    expect((await failure(bare)).retryAfter).toBe(2);
  });

  test("of an unknown code, or without a body, is known by its status", async () => {
    const unknown = Response.json({ error: { code: "from_a_newer_box" } }, { status: 409 });
    expect((await failure(unknown)).code).toBe("conflict");
    expect((await failure(new Response("<html>", { status: 404 }))).code).toBe("not_found");
    expect((await failure(new Response("", { status: 418 }))).code).toBe("internal");
  });

  test("is what an answer of another shape becomes too", async () => {
    const error = await requestJson(answering(new Response("{")), "GET", "/").catch((why: unknown) => why);
    expect(HearthError.is(error, "bad_response")).toBe(true);
  });
});
