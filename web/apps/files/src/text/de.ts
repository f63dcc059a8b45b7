import { en, type FilesKey } from "./en.ts";

export const de: Record<FilesKey, string> = { ...en };
