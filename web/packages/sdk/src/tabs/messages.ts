/** What tabs of one shell say to each other: docs/protocol/tabs.md. */
import type { ConnectionStatus } from "../connection.ts";
import { tabsVersion } from "./machine.ts";

/** To all tabs. These two every version must understand, and keep. */
export type Call =
  /** Who leads? `word`: where the caller has left a port at the switchboard. */
  { kind: "who"; version: number; word: string } | { kind: "lead"; version: number; term: number };

/** leader → follower, on the link */
export type FromLeader =
  /** First. */
  | { kind: "hello"; term: number; peerId: string; status: ConnectionStatus }
  | { kind: "status"; peerId: string; status: ConnectionStatus }
  | { kind: "pong" };

/** follower → leader, on the link */
export type FromFollower =
  | { kind: "ping" }
  | { kind: "retry" }
  /** With the port of one stream (port_stream.ts). */
  | { kind: "open" }
  /** The follower goes. */
  | { kind: "bye" };

export function who(word: string): Call {
  return { kind: "who", version: tabsVersion, word };
}

export function lead(term: number): Call {
  return { kind: "lead", version: tabsVersion, term };
}

/** Nothing for what isn't understood: a newer shell may say more. */
export function readCall(data: unknown): Call | undefined {
  const { kind, version, word, term } = (data ?? {}) as Record<string, unknown>;
  if (!isCount(version)) return undefined;
  if (kind === "who" && typeof word === "string") return { kind, version, word };
  if (kind === "lead" && isCount(term)) return { kind, version, term };
  return undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
