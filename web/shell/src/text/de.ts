import { en, type ShellKey } from "./en.ts";

export const de: Record<ShellKey, string> = { ...en };
