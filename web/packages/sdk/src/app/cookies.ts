/**
 * An app's cookies (RFC 6265bis). An app has one host of its own, so no list of public suffixes is needed: `Domain` may name
 * that host and no other. App origins are secure and nothing but their own pages asks them, so every request is
 * secure and same-site, but for a first page that a link from elsewhere opened. No DOM, no I/O.
 */

export interface Cookie {
  name: string;
  value: string;
  path: string;
  httpOnly: boolean;
  sameSite: "strict" | "lax" | "none";
  /** Milliseconds since 1970; absent: until the browsing session ends. */
  expires?: number;
  created: number;
  used: number;
}

/** What a page may know of one. */
export type PageCookie = Omit<Cookie, "httpOnly">;

const maxCookieBytes = 4096;
const maxAttributeBytes = 1024;
const maxCookies = 180;
const maxLifetime = 400 * 24 * 3600 * 1000;

/** `path`: of the request or page, without its query. Nothing: to be ignored, as section 5.6 says. */
export function parseSetCookie(line: string, path: string, host: string, now: number): Cookie | undefined {
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(line)) return undefined;
  const [pair = "", ...attributes] = line.split(";");
  const equals = pair.indexOf("=");
  const name = trim(pair.slice(0, Math.max(0, equals)));
  const value = trim(pair.slice(equals + 1));
  if (name === "" && (value === "" || /^__(secure|host)-/i.test(value))) return undefined;
  if (new TextEncoder().encode(name + value).length > maxCookieBytes) return undefined;

  const cookie: Cookie = {
    name,
    value,
    path: defaultPath(path),
    httpOnly: false,
    sameSite: "lax",
    created: now,
    used: now,
  };
  let secure = false;
  let domain = "";
  let age: number | undefined;
  let pathIsSaid = false;
  let badDate = false;
  for (const attribute of attributes) {
    const [, key = "", said = ""] = /^[\t ]*([^=]*?)[\t ]*(?:=(.*))?$/s.exec(attribute) ?? [];
    const text = trim(said);
    if (text.length > maxAttributeBytes) continue;
    switch (key.toLowerCase()) {
      case "expires": {
        const date = parseDate(text);
        badDate = date === undefined;
        if (date !== undefined) cookie.expires = Math.min(date, now + maxLifetime);
        break;
      }
      case "max-age":
        if (/^-?\d+$/.test(text)) age = Math.min(Number(text) * 1000, maxLifetime);
        break;
      case "domain":
        domain = text.replace(/^\./, "").toLowerCase();
        break;
      case "path":
        cookie.path = text.startsWith("/") ? text : defaultPath(path);
        pathIsSaid = text === "/";
        break;
      case "secure":
        secure = true;
        break;
      case "httponly":
        cookie.httpOnly = true;
        break;
      case "samesite": {
        const site = text.toLowerCase();
        cookie.sameSite = site === "strict" || site === "none" ? site : "lax";
        break;
      }
    }
  }
  if (age !== undefined) cookie.expires = age <= 0 ? 0 : now + age;
  else if (badDate) delete cookie.expires;
  if (domain !== "" && domain !== host.toLowerCase()) return undefined;
  if (cookie.sameSite === "none" && !secure) return undefined;
  if (/^__secure-/i.test(name) && !secure) return undefined;
  if (/^__host-/i.test(name) && (!secure || domain !== "" || !pathIsSaid)) return undefined;
  return cookie;
}

export class CookieJar {
  readonly #host: string;
  readonly #now: () => number;
  #cookies = new Map<string, Cookie>();

  constructor(host: string, now: () => number = Date.now) {
    this.#host = host;
    this.#now = now;
  }

  /** A `Set-Cookie` line of an answer, or, from a page, one for `document.cookie`. False: nothing was changed. */
  set(line: string, path: string, fromPage = false): boolean {
    const cookie = parseSetCookie(line, path, this.#host, this.#now());
    if (cookie === undefined || (fromPage && cookie.httpOnly)) return false;
    const key = keyOf(cookie);
    const old = this.#cookies.get(key);
    if (fromPage && old?.httpOnly === true) return false;
    if (old !== undefined) cookie.created = old.created;
    this.#cookies.delete(key);
    if (!this.#isOver(cookie)) this.#cookies.set(key, cookie);
    this.#evict();
    return true;
  }

  /**
   * What a request to `path` carries, or what a page there reads; "" when there is none. `fromElsewhere`: it is a
   * navigation that another site began, which `SameSite=Strict` cookies don't go with (RFC 6265bis 5.8.3).
   */
  text(path: string, { forPage = false, fromElsewhere = false } = {}): string {
    const now = this.#now();
    const found = [...this.#cookies.values()].filter(
      (cookie) =>
        !this.#isOver(cookie) &&
        pathMatches(path, cookie.path) &&
        !(forPage && cookie.httpOnly) &&
        !(fromElsewhere && cookie.sameSite === "strict"),
    );
    found.sort((a, b) => b.path.length - a.path.length || a.created - b.created);
    for (const cookie of found) cookie.used = now;
    return found.map(({ name, value }) => (name === "" ? value : `${name}=${value}`)).join("; ");
  }

  /** All but HttpOnly ones. */
  forPages(): PageCookie[] {
    return this.all()
      .filter(({ httpOnly }) => !httpOnly)
      .map(({ httpOnly: _, ...cookie }) => cookie);
  }

  all(): Cookie[] {
    return [...this.#cookies.values()]
      .filter((cookie) => !this.#isOver(cookie))
      .map((cookie) => ({ ...cookie }));
  }

  /** In place of what it held. */
  load(cookies: readonly (Cookie | PageCookie)[]): void {
    this.#cookies = new Map(cookies.map((cookie) => [keyOf(cookie), { httpOnly: false, ...cookie }]));
  }

  #isOver({ expires }: Cookie): boolean {
    return expires !== undefined && expires <= this.#now();
  }

  #evict(): void {
    if (this.#cookies.size <= maxCookies) return;
    for (const [key, cookie] of this.#cookies) if (this.#isOver(cookie)) this.#cookies.delete(key);
    const oldest = [...this.#cookies].sort(([, a], [, b]) => a.used - b.used);
    for (const [key] of oldest.slice(0, Math.max(0, this.#cookies.size - maxCookies)))
      this.#cookies.delete(key);
  }
}

function keyOf({ name, path }: Pick<Cookie, "name" | "path">): string {
  return `${path}\n${name}`;
}

function trim(text: string): string {
  return text.replace(/^[\t ]+|[\t ]+$/g, "");
}

function defaultPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

function pathMatches(path: string, own: string): boolean {
  return path === own || (path.startsWith(own) && (own.endsWith("/") || path[own.length] === "/"));
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Section 5.1.1: the parts of a date in any order. Milliseconds since 1970. */
function parseDate(text: string): number | undefined {
  let time: number[] | undefined;
  let day: number | undefined;
  let month: number | undefined;
  let year: number | undefined;
  for (const word of text.split(/[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/)) {
    const clock = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)/.exec(word);
    const digits = /^\d+/.exec(word)?.[0] ?? "";
    const name = months.indexOf(word.slice(0, 3).toLowerCase());
    if (time === undefined && clock !== null) time = clock.slice(1).map(Number);
    else if (day === undefined && (digits.length === 1 || digits.length === 2)) day = Number(digits);
    else if (month === undefined && name >= 0) month = name;
    else if (year === undefined && digits.length >= 2 && digits.length <= 4) year = Number(digits);
  }
  if (time === undefined || day === undefined || month === undefined || year === undefined) return undefined;
  if (year < 70) year += 2000;
  else if (year < 100) year += 1900;
  const [hour = 0, minute = 0, second = 0] = time;
  if (day < 1 || day > 31 || year < 1601 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = Date.UTC(year, month, day, hour, minute, second);
  return new Date(date).getUTCDate() === day ? date : undefined;
}
