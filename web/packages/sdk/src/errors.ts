/** What can go wrong, closed: the first group comes from the appliance (docs/protocol/api.md), the second is ours. */
export type HearthErrorCode = (typeof applianceErrorCodes)[number] | (typeof clientErrorCodes)[number];

export const applianceErrorCodes = [
  "bad_request",
  "unauthorized",
  "denied",
  "not_found",
  "conflict",
  "too_large",
  "rate_limited",
  "setup_closed",
  "wrong_code",
  "wrong_password",
  "expired",
  "used",
  "no_such_app",
  "not_running",
  "app_failed",
  "unavailable",
  "internal",
] as const;

export const clientErrorCodes = [
  /** The box can't be reached now. */
  "offline",
  /** The meeting place can't be reached, so the box behind it can't be found. */
  "flock_unreachable",
  /** The flock knows nobody of that name. */
  "name_unknown",
  /** The text is no Hearth link, or a damaged one. */
  "bad_link",
  /** A signed statement doesn't verify, is expired, or is older than one seen before. */
  "bad_record",
  /** The name leads to another root than the one this device has pinned. Never accepted silently. */
  "root_changed",
  /** The host lacks a valid certificate of the root, or could not prove that it knows the password's record. */
  "not_authentic",
  /** A newer host of the same root has been seen: this one was replaced. */
  "superseded",
  /** A body ended before its end. */
  "cut_short",
  /** The other side doesn't speak HTTP/1.1 as it should. */
  "bad_response",
  /** A redirect that was not to be followed, or too many of them. */
  "redirect",
  "timeout",
  /** The browser refuses to store (private window, quota). */
  "storage",
  /** The page is no secure context, or the browser lacks something we need. */
  "unsupported",
  /** The app's access was taken away, or its frame is gone. */
  "revoked",
  /** `close()` was called. */
  "closed",
] as const;

export interface HearthErrorOptions {
  cause?: unknown;
  retryAfter?: number | undefined;
  status?: number | undefined;
}

/**
 * The only error this package throws on purpose; aborted calls reject with the signal's reason, as `fetch`
 * does. `message` is for logs and details: what a person reads is made from `code`.
 */
export class HearthError extends Error {
  override readonly name = "HearthError";
  readonly code: HearthErrorCode;
  /** Seconds to wait before another try, when the other side said so. */
  readonly retryAfter?: number;
  /** The HTTP status, when the appliance or flock answered. */
  readonly status?: number;

  constructor(code: HearthErrorCode, message: string, options: HearthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter;
    if (options.status !== undefined) this.status = options.status;
  }

  static is(error: unknown, code?: HearthErrorCode): error is HearthError {
    return error instanceof HearthError && (code === undefined || error.code === code);
  }
}
