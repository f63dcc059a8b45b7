/** The link this page was opened with. Its secret leaves the address bar before anything else happens. */

export type FirstLink = { kind: "setup" | "pair"; text: string } | { kind: "other" } | null;

/** An app's page, as its own origin sends visitors here (@hearth/sdk, app/protocol.ts): `/open/LABEL?path=…`. */
const visit = /^\/open\/[a-z2-7]+(\?.*)?$/;

/** Reads the fragment and wipes it from the address bar and the history entry; a visit to an app becomes the page's path. */
export function takeLink(
  location: Pick<Location, "hash" | "pathname" | "search">,
  history: Pick<History, "replaceState">,
): FirstLink {
  const text = location.hash.replace(/^#/, "");
  if (text === "") return null;
  if (visit.test(text)) {
    history.replaceState(null, "", text);
    return null;
  }
  history.replaceState(null, "", location.pathname + location.search);
  return classify(text);
}

/** `text` is what follows `#`, or a whole link as somebody pasted it. */
export function classify(text: string): FirstLink {
  const fragment = text.trim().replace(/^[^#]*#/, "");
  const match = /^1\.([a-z]+)\./.exec(fragment);
  if (!match) return null;
  if (match[1] === "setup" || match[1] === "pair") return { kind: match[1], text: fragment };
  return { kind: "other" };
}

/**
 * Where a link made here should lead: another device can't open a page on this machine's loopback, so such a
 * page hands out the flock's shell instead, when the flock has a name.
 */
export function shellOriginFor(pageOrigin: string, flock: string | undefined): string {
  const host = new URL(pageOrigin).hostname;
  if (!/(^|\.)localhost$/.test(host) && host !== "127.0.0.1") return pageOrigin;
  const named = /^\/dns[46]?\/([^/]+)\/tcp\/(\d+)/.exec(flock ?? "");
  if (!named?.[1] || /(^|\.)localhost$/.test(named[1])) return pageOrigin;
  const port = named[2] === "443" ? "" : `:${named[2]}`;
  return `https://home.${named[1].replace(/^home\./, "")}${port}`;
}
