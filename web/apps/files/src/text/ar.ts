import { en, type FilesKey } from "./en.ts";

export const ar: Record<FilesKey, string> = { ...en };
