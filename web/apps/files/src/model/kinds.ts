import type { Entry } from "./api.ts";

export type Look = "folder" | "image" | "video" | "audio" | "pdf" | "text" | "archive" | "file";

const textual = /^(text\/|application\/(json|xml|javascript|x-sh|toml|yaml|x-yaml|sql)|image\/svg\+xml$)/;
const archives = /^application\/(zip|gzip|x-tar|x-7z-compressed|x-bzip2|zstd|x-xz|vnd\.rar)/;

export function lookOf(entry: Pick<Entry, "kind" | "type" | "name">): Look {
  if (entry.kind === "folder") return "folder";
  const type = entry.type ?? "";
  if (/^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)/.test(type)) return "image";
  if (type.startsWith("video/")) return "video";
  if (type.startsWith("audio/")) return "audio";
  if (type === "application/pdf") return "pdf";
  if (textual.test(type)) return "text";
  if (archives.test(type)) return "archive";
  return "file";
}
