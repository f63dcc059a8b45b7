/** Where one is in Files, as the address says it: `?path=Photos/2026`, `?view=trash`, `?q=boat`, `&open=` a preview. */
export type Place =
  | { view: "folder"; path: string; open?: string }
  | { view: "search"; q: string; open?: string }
  | { view: "trash" };

export function readPlace(search: string): Place {
  const query = new URLSearchParams(search);
  if (query.get("view") === "trash") return { view: "trash" };
  const open = query.get("open");
  const opened = open ? { open } : {};
  const q = query.get("q");
  if (q) return { view: "search", q, ...opened };
  const path = query.get("path") ?? (open ? open.slice(0, Math.max(0, open.lastIndexOf("/"))) : "");
  return { view: "folder", path: path.replace(/^\/+|\/+$/g, ""), ...opened };
}

export function writePlace(place: Place): string {
  const query = new URLSearchParams();
  if (place.view === "trash") query.set("view", "trash");
  else {
    if (place.view === "search") query.set("q", place.q);
    else if (place.path !== "") query.set("path", place.path);
    if (place.open !== undefined) query.set("open", place.open);
  }
  const text = query.toString();
  return text === "" ? "/" : `/?${text}`;
}
