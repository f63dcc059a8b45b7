/** How this page of the shell came to be open, as far as the browser tells. */
export interface Opened {
  /** Path and hash at the start. */
  place: string;
  /** `document.referrer`: pages elsewhere may leave it out. */
  referrer: string;
  /** The shell's own. */
  origin: string;
  /** Of the navigation's timing. */
  type: NavigationTimingType | undefined;
}

/**
 * Whether a link of another site may have led to a page of an app. A reload goes on with what was open, and the shell's own
 * pages may link where they like; what was typed or kept as a bookmark looks like a link without a referrer, and counts as one.
 */
export function maybeLinked({ place, referrer, origin, type }: Opened): boolean {
  if (!/^(\/#)?\/(open|apps)\//.test(place) || type === "reload" || type === "back_forward") return false;
  return !(referrer + "/").startsWith(origin + "/");
}
