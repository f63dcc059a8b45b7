// What the kernel says of processes.
import { readFileSync, readdirSync } from "node:fs";

function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return {
      pid,
      name: text.slice(text.indexOf("(") + 1, text.lastIndexOf(")")),
      state: fields[0],
      parent: Number(fields[1]),
      started: fields[19],
    };
  } catch {
    return undefined; // It ended meanwhile.
  }
}

/** `pid` and everything below it. */
export function processTree(pid) {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => stat(Number(name)))
    .filter(Boolean);
  const tree = all.filter((each) => each.pid === pid);
  for (let i = 0; i < tree.length; i++) tree.push(...all.filter((each) => each.parent === tree[i].pid));
  return tree;
}

/** A zombie runs no more: it only waits to be counted. */
export function isRunning({ pid, started }) {
  const now = stat(pid);
  return now !== undefined && now.started === started && now.state !== "Z";
}

/** The fields of /proc/PID/status. */
export function statusOf(pid) {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").trimEnd().split("\n");
  return new Map(lines.map((line) => line.split(":\t").map((part) => part.trim())));
}

/** Waits for `holds()`; throws after `limit` ms. */
export async function eventually(holds, what, limit = 5000) {
  for (const end = performance.now() + limit; !(await holds());) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
