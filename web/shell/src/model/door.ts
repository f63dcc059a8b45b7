/** Which page somebody may see: strangers stay at the door, whoever is inside has no business there. */
import type { Snapshot } from "./session.ts";

export type Door = "/welcome" | "/login" | "/join" | "/";

/** Where to send them instead, or null when the page is theirs to see. */
export function doorFor(
  path: string,
  snapshot: Pick<Snapshot, "phase" | "link" | "local" | "inside">,
): Door | null {
  const outside = path === "/welcome" || path === "/login" || path === "/join";
  if (snapshot.phase === "inside" && snapshot.inside) {
    // First run goes on inside: the recovery kit comes after the owner exists.
    return path === "/login" || path === "/join" ? "/" : null;
  }
  if (outside && path !== "/login") return null;
  const unclaimed = snapshot.local !== undefined && !snapshot.local.claimed;
  if (snapshot.link?.kind === "setup" || (unclaimed && snapshot.link?.kind !== "pair")) return "/welcome";
  if (snapshot.link?.kind === "pair" && path !== "/login") return "/join";
  return path === "/login" ? null : "/login";
}
