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
export function redirectTarget(location: string, from: string): string | undefined {
  const url = URL.parse(location, from);
  return url !== null && url.origin === new URL(from).origin ? url.href : undefined;
}

/**
 * Lets our script run under the app's own policies, beside what they allow already. Gives the nonce that its element
 * must carry.
 */
export function allowShim(headers: Headers, shim: string, nonce: string = crypto.randomUUID()): string {
  const header = headers.get("content-security-policy");
  if (header === null) return nonce;
  const policies = header.split(",").map((policy) => {
    const directives = policy.split(";").map((directive) => directive.trim());
    const named = (name: string): number =>
      directives.findIndex((each) => new RegExp(`^${name}(\\s|$)`, "i").test(each));
    const index = ["script-src-elem", "script-src", "default-src"].map(named).find((found) => found >= 0);
    if (index === undefined) return policy;
    const said = (directives[index] ?? "").replace(/\s+'none'/gi, "");
    // A nonce beside 'unsafe-inline' would take that back; under 'strict-dynamic' only a nonce counts.
    const words = /'strict-dynamic'/i.test(said) ? `${shim} 'nonce-${nonce}'` : shim;
    if (/^default-src/i.test(said))
      directives.push(`${said.replace(/^default-src/i, "script-src-elem")} ${words}`);
    else directives[index] = `${said} ${words}`;
    return directives.filter((each) => each !== "").join("; ");
  });
  headers.set("Content-Security-Policy", policies.join(", "));
  return nonce;
}
