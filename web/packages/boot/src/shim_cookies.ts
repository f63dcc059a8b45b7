import type { BootOffers } from "@hearth/sdk/app-protocol";

/** `document.cookie` from the shell's jar; the browser's own never leaves it. */
export function installCookies(boot: () => BootOffers | undefined): void {
  const path = (): string => location.pathname;
  Object.defineProperty(Document.prototype, "cookie", {
    configurable: true,
    enumerable: true,
    get(this: Document): string {
      return this === document ? (boot()?.cookies(path()) ?? "") : "";
    },
    set(this: Document, line: unknown) {
      if (this === document) boot()?.setCookie(String(line), path());
    },
  });
  // Its cookies would be the browser's, and never sent.
  Reflect.deleteProperty(window, "cookieStore");
  Object.defineProperty(navigator, "cookieEnabled", { configurable: true, value: true });
}
