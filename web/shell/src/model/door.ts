/** Which page somebody may see: strangers stay at the door, whoever is inside has no business there. */
import type { Snapshot } from "./session.ts";

/**
 * Where to send them instead, or null when the page is theirs to see. `search` is the page's own, with its "?": login
 * keeps in it, as `next`, where somebody wanted to go.
 */
export function doorFor(
  path: string,
  search: string,
  snapshot: Pick<Snapshot, "phase" | "link" | "local" | "inside">,
): string | null {
  const outside = path === "/welcome" || path === "/login" || path === "/join";
  if (snapshot.phase === "inside" && snapshot.inside) {
    // Another box to log in at, beside the ones that this browser is in.
    if (path === "/login") return new URLSearchParams(search).has("another") ? null : nextOf(search);
    // First run goes on inside: the recovery kit comes after the owner exists.
    return path === "/join" && snapshot.link?.kind !== "pair" ? "/" : null;
  }
  if (outside && path !== "/login") return null;
  const unclaimed = snapshot.local !== undefined && !snapshot.local.claimed;
  if (snapshot.link?.kind === "setup" || (unclaimed && snapshot.link?.kind !== "pair")) return "/welcome";
  if (snapshot.link?.kind === "pair" && path !== "/login") return "/join";
  if (path === "/login") return null;
  return path === "/" ? "/login" : `/login?${new URLSearchParams({ next: path + search }).toString()}`;
}

/** What login leads to: a page of the shell, whatever somebody wrote into the address. */
function nextOf(search: string): string {
  const next = new URLSearchParams(search).get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/";
}
