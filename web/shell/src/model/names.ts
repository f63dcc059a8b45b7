import type { KnownAppliance, LocalAppliance } from "@hearth/sdk";

/** What a box is called here. */
export function titleOf(box: KnownAppliance | LocalAppliance): string {
  if ("addrs" in box) return box.name;
  return box.title || box.name || box.root.slice(0, 8);
}

/** A login name made of what people call themselves: 1 to 32 of `a-z 0-9 - _ .`. */
export function loginNameFrom(display: string): string {
  return display
    .replace(/ß/g, "ss")
    .replace(/ø/gi, "o")
    .replace(/ł/gi, "l")
    .replace(/æ/gi, "ae")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9_.]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "")
    .slice(0, 32)
    .replace(/[-.]+$/, "");
}

export function isLoginName(name: string): boolean {
  return /^[a-z0-9_.-]{1,32}$/.test(name);
}

export type PasswordTrouble = "short" | "same" | null;

/** Length is what counts; no rules about signs. */
export function passwordTrouble(password: string, name: string): PasswordTrouble {
  if ([...password.normalize("NFC")].length < 10) return "short";
  if (name !== "" && password.toLowerCase() === name.toLowerCase()) return "same";
  return null;
}

/** `XXXX-XXXX` of Crockford's base32, forgiving O for 0, I and L for 1, lower case and spaces. */
export function readSetupCode(text: string): string | null {
  const plain = text.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(plain) ? `${plain.slice(0, 4)}-${plain.slice(4)}` : null;
}

/** "Firefox on Linux": how this device will appear in lists. */
export function describeBrowser(agent: string, say: (browser: string, system: string) => string): string {
  const browser = /\bEdg\//.test(agent)
    ? "Edge"
    : /\bOPR\//.test(agent)
      ? "Opera"
      : /\bFirefox\/|FxiOS/.test(agent)
        ? "Firefox"
        : /\bChrome\/|CriOS|HeadlessChrome/.test(agent)
          ? "Chrome"
          : /\bSafari\//.test(agent)
            ? "Safari"
            : "Browser";
  const system = /iPhone/.test(agent)
    ? "iPhone"
    : /iPad/.test(agent)
      ? "iPad"
      : /Android/.test(agent)
        ? "Android"
        : /Mac OS X/.test(agent)
          ? "Mac"
          : /Windows/.test(agent)
            ? "Windows"
            : /CrOS/.test(agent)
              ? "ChromeOS"
              : "Linux";
  return say(browser, system);
}
