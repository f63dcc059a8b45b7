export function parentOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 ? "" : path.slice(0, at);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function join(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** The folders that lead to `path`, the top folder (`""`) first, `path` itself last. */
export function trail(path: string): string[] {
  const parts = path === "" ? [] : path.split("/");
  return ["", ...parts.map((_, index) => parts.slice(0, index + 1).join("/"))];
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

export type NameTrouble = "empty" | "dots" | "slash" | "control" | "long" | null;

/** What the service would refuse in one part of a path. */
export function nameTrouble(name: string): NameTrouble {
  if (name === "") return "empty";
  if (name === "." || name === "..") return "dots";
  if (name.includes("/")) return "slash";
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(name)) return "control";
  if (new TextEncoder().encode(name).length > 255) return "long";
  return null;
}

/** How much of a name is worth selecting before it is typed over: all but the extension. */
export function stemLength(name: string, kind: "file" | "folder" | "other"): number {
  if (kind !== "file") return name.length;
  const at = name.lastIndexOf(".");
  return at > 0 ? at : name.length;
}
