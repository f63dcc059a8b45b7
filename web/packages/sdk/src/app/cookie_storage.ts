/** Where cookies lie in the shell's own storage, and how they go. */
import type { Root } from "../connection.ts";

export const cookiePrefix = "hearth-cookies:";

/** Of all the jars there. */
export function cookieKeys(storage: Storage): string[] {
  return Array.from({ length: storage.length }, (_, i) => storage.key(i) ?? "").filter((key) =>
    key.startsWith(cookiePrefix),
  );
}

/** Of one box, or of all. */
export function forgetCookies(root: Root | undefined = undefined): void {
  const start = root === undefined ? cookiePrefix : `${cookiePrefix}${root}:`;
  for (const storage of [storageOf("localStorage"), storageOf("sessionStorage")]) {
    if (storage === undefined) continue;
    for (const key of cookieKeys(storage)) if (key.startsWith(start)) storage.removeItem(key);
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
