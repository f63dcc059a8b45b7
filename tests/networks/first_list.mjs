// How long a known device waits: from the page's address to the first list of files, 40 ms away from flock and box.
// The browser runs, as it does when somebody comes back; the page begins anew each time.
//   node first_list.mjs [ROUNDS]       15 by default
import { Stage } from "./lib/stage.mjs";

const rounds = Number(process.argv[2] ?? 15);
const cleanups = [];
try {
  const stage = await Stage.build({ after: (cleanup) => cleanups.push(cleanup) });
  await stage.become({ path: { delay_ms: 20 } });
  await stage.visit({ patience: 0 });
  const times = [];
  while (times.length < rounds) times.push(await stage.comeBack());
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  console.log(`page to first list, 40 ms: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms (${times.join(", ")})`);
} finally {
  for (const cleanup of cleanups.reverse()) await Promise.resolve().then(cleanup).catch(() => {});
}
process.exit();
