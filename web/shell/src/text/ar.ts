import { en, type ShellKey } from "./en.ts";

export const ar: Record<ShellKey, string> = { ...en };
