/** JSON from the appliance: each field is looked at once, here. */
import { fromBase64url } from "./bytes.ts";
import type { HearthConnection } from "./connection.ts";
import { applianceErrorCodes, HearthError, type HearthErrorCode } from "./errors.ts";

/** An object of an answer. Reading a field of the wrong kind throws `bad_response`. */
export class Fields {
  readonly #value: Record<string, unknown>;
  constructor(value: unknown) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("not an object");
    this.#value = value as Record<string, unknown>;
  }
  text(name: string): string {
    const value = this.#value[name];
    if (typeof value !== "string") throw bad(name);
    return value;
  }
  number(name: string): number {
    const value = this.#value[name];
    if (typeof value !== "number" || !Number.isFinite(value)) throw bad(name);
    return value;
  }
  flag(name: string): boolean {
    const value = this.#value[name];
    if (typeof value !== "boolean") throw bad(name);
    return value;
  }
  bytes(name: string): Uint8Array {
    const bytes = fromBase64url(this.text(name));
    if (bytes === undefined) throw bad(name);
    return bytes;
  }
  object(name: string): Fields {
    return new Fields(this.#value[name]);
  }
  list(name: string): Fields[] {
    return this.array(name).map((item) => new Fields(item));
  }
  texts(name: string): string[] {
    return this.array(name).map((item) => {
      if (typeof item !== "string") throw bad(name);
      return item;
    });
  }
  oneOf<const T extends string>(name: string, choices: readonly T[]): T {
    const value = this.text(name);
    if (!(choices as readonly string[]).includes(value)) throw bad(name);
    return value as T;
  }
  /** Whether the field is there and not null. */
  has(name: string): boolean {
    return this.#value[name] !== undefined && this.#value[name] !== null;
  }
  /** Anything, to be looked at elsewhere. */
  value(name: string): unknown {
    return this.#value[name];
  }
  /** All of its fields, where names are data. */
  entries(): [string, unknown][] {
    return Object.entries(this.#value);
  }
  array(name: string): unknown[] {
    const value = this.#value[name];
    if (!Array.isArray(value)) throw bad(name);
    return value as unknown[];
  }
}

/** Sends JSON and reads JSON; errors become HearthErrors. An empty answer is an empty object. */
export async function requestJson(
  connection: Pick<HearthConnection, "fetch">,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Fields> {
  const response = await connection.fetch(path, {
    method,
    headers: {
      Accept: "application/json",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
    redirect: "error",
  });
  if (!response.ok) throw await errorOf(response);
  const text = await response.text();
  if (text === "") return new Fields({});
  try {
    return new Fields(JSON.parse(text));
  } catch (cause) {
    throw HearthError.is(cause) ? cause : new HearthError("bad_response", "not JSON", { cause });
  }
}

const codeOfStatus: Record<number, HearthErrorCode> = {
  400: "bad_request",
  401: "unauthorized",
  403: "denied",
  404: "not_found",
  409: "conflict",
  413: "too_large",
  429: "rate_limited",
  503: "unavailable",
};

/** What an answer that isn't `ok` means. */
export async function errorOf(response: Response): Promise<HearthError> {
  const told = (await response.json().catch(() => null)) as { error?: Record<string, unknown> } | null;
  const { code, message, retry_after: wait } = told?.error ?? {};
  const known = applianceErrorCodes.find((each) => each === code);
  const header = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new HearthError(
    known ?? codeOfStatus[response.status] ?? "internal",
    typeof message === "string" ? message : `the box answered ${response.status}`,
    {
      status: response.status,
      retryAfter: typeof wait === "number" ? wait : Number.isFinite(header) ? header : undefined,
    },
  );
}

function bad(what: string): HearthError {
  return new HearthError("bad_response", `unexpected answer: ${what}`);
}
