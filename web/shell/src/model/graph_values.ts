/** How people read what lies in the graph: titles, one-line texts, sizes, pictures. No DOM. */
import type { GraphNode, GraphProperty, GraphValue } from "@hearth/sdk";

export type ValueKind = "nothing" | "flag" | "number" | "text" | "link" | "bytes";

export function kindOf(value: GraphValue): ValueKind {
  if (value === null) return "nothing";
  if (typeof value === "boolean") return "flag";
  if (typeof value === "number") return "number";
  if (typeof value === "string") return "text";
  return "link" in value ? "link" : "bytes";
}

export function sameValue(a: GraphValue, b: GraphValue): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if ("link" in a) return "link" in b && a.link === b.link;
  if (!("bytes" in b) || a.bytes.length !== b.bytes.length) return false;
  return a.bytes.every((byte, index) => byte === b.bytes[index]);
}

const titles = ["name", "title", "label", "subject", "text"];
const longestTitle = 120;

/** What an entry calls itself, where one of its properties is a title; the first line of it. */
export function titleIn(properties: ReadonlyMap<string, GraphProperty>): string | undefined {
  for (const name of titles) {
    const property = properties.get(name);
    if (property?.kind !== "value" || typeof property.value !== "string") continue;
    const title = firstLine(property.value, longestTitle);
    if (title !== "") return title;
  }
  return undefined;
}

export function titleOf(node: Pick<GraphNode, "soul" | "properties">): string {
  return titleIn(node.properties) ?? node.soul;
}

/** What an entry calls itself comes first, then its text; the others by name. */
export function inOrder(properties: ReadonlyMap<string, GraphProperty>): [string, GraphProperty][] {
  const rank = (name: string): number => (titles.indexOf(name) + titles.length + 1) % (titles.length + 1);
  return [...properties].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
}

/** The first line that says something, cut after `most` characters. */
export function firstLine(text: string, most: number): string {
  // A megabyte of text needn't be looked at for its first line.
  const line = /\S[^\r\n]*/u.exec(text.slice(0, 4096))?.[0].trim() ?? "";
  const signs = [...line];
  return signs.length > most
    ? `${signs
        .slice(0, most - 1)
        .join("")
        .trimEnd()}…`
    : line;
}

/** The start of a text that is too long to be read at once, cut at a space where one is near; nothing if it is short. */
export function folded(text: string, most = 480, lines = 12): string | undefined {
  let end = text.length;
  for (let line = 0, from = 0; line < lines; line += 1) {
    const next = text.indexOf("\n", from);
    if (next < 0) break;
    if (line === lines - 1) end = next;
    from = next + 1;
  }
  if (end > most) {
    const space = text.lastIndexOf(" ", most);
    end = space > most * 0.8 ? space : most;
    // Never half of a character.
    if (/[\uD800-\uDBFF]/.test(text.charAt(end - 1))) end -= 1;
  }
  // A few more words would take less room than the button.
  return end > text.length * 0.9 ? undefined : text.slice(0, end).trimEnd();
}

/** Milliseconds since 1970, when the number must be a time: a name that says so, or a size that is one. Years 2001 to 2099. */
export function timeIn(name: string, value: number): number | undefined {
  const isTimed =
    /(^|[_\-.\s])(at|on|time|date|created|modified|updated|seen|due|until|since|expires)$|(At|On|Time|Date)$/.test(
      name,
    );
  if (value >= 978_307_200_000 && value < 4_102_444_800_000 && Number.isInteger(value)) return value;
  if (isTimed && value >= 978_307_200 && value < 4_102_444_800) return value * 1000;
  return undefined;
}

const signatures: readonly { type: string; at: number; bytes: readonly number[] }[] = [
  { type: "image/png", at: 0, bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { type: "image/jpeg", at: 0, bytes: [0xff, 0xd8, 0xff] },
  { type: "image/gif", at: 0, bytes: [0x47, 0x49, 0x46, 0x38] },
  { type: "image/webp", at: 8, bytes: [0x57, 0x45, 0x42, 0x50] },
  { type: "image/avif", at: 4, bytes: [0x66, 0x74, 0x79, 0x70, 0x61, 0x76, 0x69, 0x66] },
];

/** The type of a picture that browsers draw, by its first bytes. Never SVG: a picture here is pixels alone. */
export function pictureType(bytes: Uint8Array): string | undefined {
  return signatures.find(({ at, bytes: wanted }) => wanted.every((byte, index) => bytes[at + index] === byte))
    ?.type;
}

/** The picture that a `data:` text holds, if it is one. */
export function pictureInText(text: string): Uint8Array<ArrayBuffer> | undefined {
  const encoded = /^data:image\/[a-z]+;base64,([A-Za-z0-9+/=]+)$/.exec(text)?.[1];
  if (encoded === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(encoded), (sign) => sign.charCodeAt(0));
    return pictureType(bytes) === undefined ? undefined : bytes;
  } catch {
    return undefined;
  }
}

/** `00 a1 ff …`, at most `most` bytes. */
export function hex(bytes: Uint8Array, most = 32): string {
  const shown = Array.from(bytes.subarray(0, most), (byte) => byte.toString(16).padStart(2, "0"));
  return shown.join(" ") + (bytes.length > most ? " …" : "");
}

export interface Words {
  yes: string;
  no: string;
  nothing: string;
  bytes: (size: number) => string;
  number: (value: number) => string;
}

/** A value in one line, as lists, histories and titles of dialogs show it. */
export function inOneLine(value: GraphValue, words: Words, most = 80): string {
  if (value === null) return words.nothing;
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (typeof value === "number") return words.number(value);
  if (typeof value === "string") {
    const line = firstLine(value, most);
    return line === value.trim() || line.endsWith("…") ? line : `${line} …`;
  }
  return "link" in value ? value.link : words.bytes(value.bytes.length);
}

/** What somebody typed, as a value of the kind they chose; nothing when it is none. */
export function valueFrom(
  kind: Exclude<ValueKind, "bytes">,
  text: string,
): { value: GraphValue } | undefined {
  switch (kind) {
    case "nothing":
      return { value: null };
    case "flag":
      return { value: text === "yes" };
    case "number": {
      const number = readNumber(text);
      return number === undefined ? undefined : { value: number };
    }
    case "text":
      return text.isWellFormed() ? { value: text } : undefined;
    case "link":
      return isSoul(text.trim()) ? { value: { link: text.trim() } } : undefined;
  }
}

/** A number as people type it: a comma or a point before the fraction, spaces between thousands. */
export function readNumber(text: string): number | undefined {
  const plain = text
    .trim()
    .replace(/[\s\u00a0\u202f]/g, "")
    .replace("−", "-")
    .replace(",", ".");
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain)) return undefined;
  const number = Number(plain);
  return Number.isFinite(number) ? number + 0 : undefined;
}

/** 1 to 1,024 bytes of UTF-8. */
export function isSoul(text: string): boolean {
  return text !== "" && text.isWellFormed() && new TextEncoder().encode(text).length <= 1024;
}

export interface Piece {
  text: string;
  hit: boolean;
}

/** The text in pieces, those that somebody searched for marked; whatever the case. */
export function marked(text: string, query: string): Piece[] {
  const wanted = query.trim().toLocaleLowerCase().split(/\s+/u).filter(Boolean);
  // Lower case of another length would shift every place behind it.
  const lower = text.toLocaleLowerCase();
  if (wanted.length === 0 || lower.length !== text.length) return [{ text, hit: false }];
  const hits = new Array<boolean>(text.length).fill(false);
  for (const word of wanted)
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + word.length))
      hits.fill(true, at, at + word.length);
  const pieces: Piece[] = [];
  for (let from = 0; from < text.length;) {
    let to = from + 1;
    while (to < text.length && hits[to] === hits[from]) to += 1;
    pieces.push({ text: text.slice(from, to), hit: hits[from] === true });
    from = to;
  }
  return pieces;
}
