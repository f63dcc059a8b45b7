/** What a person reads when something went wrong: made of the error's code, never of its message. */
import type { HearthError, HearthErrorCode } from "@hearth/sdk";

export interface Trouble {
  /** Key of the sentence that says what happened and what to do next. */
  key: `error.${HearthErrorCode}` | "error.unknown";
  values: { minutes: number };
  /** For "Details": technical, to be copied. */
  details: string;
  code: HearthErrorCode | "unknown";
}

export function explain(error: unknown): Trouble {
  if (isHearthError(error)) {
    const minutes = Math.max(1, Math.ceil((error.retryAfter ?? 60) / 60));
    const status = error.status === undefined ? "" : ` (HTTP ${error.status})`;
    return {
      key: `error.${error.code}`,
      values: { minutes },
      details: `${error.code}${status}: ${error.message}`,
      code: error.code,
    };
  }
  const details = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { key: "error.unknown", values: { minutes: 1 }, details, code: "unknown" };
}

/** By shape: the SDK comes in a bundle of its own, and `instanceof` must not load it early. */
function isHearthError(error: unknown): error is HearthError {
  return error instanceof Error && error.name === "HearthError" && "code" in error;
}
