/** What an app's pages may do, said on every page the worker hands out. */

/**
 * An app reaches its own origin, which is the appliance, and nothing else: no fetch, frame, form, image or WebRTC to
 * anywhere. Other policies it sends itself narrow this further.
 */
export function contentSecurityPolicy(shell: string): string {
  return [
    "default-src 'self' data: blob:",
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src 'self' 'unsafe-inline' data: blob:",
    "worker-src 'self' blob:",
    "object-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "webrtc 'block'",
    `frame-ancestors 'self' ${shell}`,
  ].join("; ");
}

const documents = new Set(["document", "iframe", "frame", "embed", "object", "worker", "sharedworker"]);

/** The appliance's headers as the page gets them. */
export function responseHeaders(headers: [string, string][], destination: string, shell: string): Headers {
  const out = new Headers(headers);
  if (documents.has(destination)) {
    out.append("Content-Security-Policy", contentSecurityPolicy(shell));
    out.set("Origin-Agent-Cluster", "?1");
    out.set("Referrer-Policy", "no-referrer");
  }
  out.set("X-Content-Type-Options", "nosniff");
  return out;
}

/** The absolute address a redirect leads to, or nothing when it leads off the app's origin. */
export function redirectTarget(location: string | null, from: string): string | undefined {
  if (location === null) return undefined;
  const url = URL.parse(location, from);
  return url !== null && url.origin === new URL(from).origin ? url.href : undefined;
}
