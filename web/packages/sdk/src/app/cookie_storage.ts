/** Where cookies lie in the shell's own storage, and how they go. */
import type { Root } from "../connection.ts";

export const cookiePrefix = "hearth-cookies:";

/** Of one box, or of all. */
export function forgetCookies(root: Root | undefined = undefined): void {
  for (const storage of [storageOf("localStorage"), storageOf("sessionStorage")]) {
    if (storage === undefined) continue;
    const names = Array.from({ length: storage.length }, (_, i) => storage.key(i) ?? "");
    for (const name of names)
      if (name.startsWith(root === undefined ? cookiePrefix : `${cookiePrefix}${root}:`))
        storage.removeItem(name);
  }
}

export function storageOf(which: "localStorage" | "sessionStorage"): Storage | undefined {
  try {
    return globalThis[which];
  } catch {
    // The browser refuses to store: cookies last as long as the page.
    return undefined;
  }
}
