// Every promise in docs/promises.md names the tests that show it. This reads what the test runners wrote and fails
// when a named test is missing, was skipped or failed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Names of passed and of other test cases, from every JUnit-style report. */
function readReports(folders) {
  const passed = new Set();
  const others = new Map();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const unescape = (text) =>
    text
      .replace(/&lt;/g, "<")
      .replace(/&gt;/g, ">")
      .replace(/&quot;/g, '"')
      .replace(/&apos;|&#39;/g, "'")
      .replace(/&#x?[0-9a-f]+;/gi, (entity) =>
        String.fromCodePoint(
          entity[2] === "x" ? parseInt(entity.slice(3, -1), 16) : Number(entity.slice(2, -1)),
        ),
      )
      .replace(/&amp;/g, "&");
  const attribute = (tag, name) => unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
  for (const folder of folders.filter(existsSync)) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".xml"))) {
      const text = readFileSync(join(folder, file), "utf8");
      for (const [whole, tag, body] of text.matchAll(
        /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
      )) {
        const title = attribute(tag, "name");
        const suite = attribute(tag, "classname");
        // GoogleTest: Suite.Test. Others: the title alone, and file › title.
        const names = [`${suite}.${title}`, title];
        const from = attribute(tag, "file") || suite || file;
        names.push(`${basename(from)} › ${title}`, `${basename(file, ".xml")} › ${title}`);
        const failed = /<(failure|error)\b/.test(body ?? "");
        const skipped =
          /<skipped\b/.test(body ?? "") ||
          /\bstatus="(notrun|disabled)"|\bresult="(skipped|suppressed)"/.test(whole);
        counts[failed ? "failed" : skipped ? "skipped" : "passed"] += 1;
        for (const name of names) (failed || skipped ? others.set(name, file) : passed.add(name));
      }
    }
  }
  return { passed, others, counts };
}

const reports = readReports(["build/dev/reports", "build/fuzz/reports", "build/reports"]);
const wrong = [];
let promises = 0;
for (const line of readFileSync("docs/promises.md", "utf8").split("\n")) {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  if (cells.length < 4 || /^-+$/.test(cells[1]) || cells[1] === "promise") continue;
  promises += 1;
  const tests = [...cells[2].matchAll(/`([^`]+)`/g)].map((match) => match[1]);
  if (tests.length === 0) wrong.push(`${cells[1]}: names no test`);
  for (const test of tests) {
    if (reports.passed.has(test)) continue;
    const why = reports.others.has(test) ? "failed or was skipped" : "did not run";
    wrong.push(`${cells[1]}: \`${test}\` ${why}`);
  }
}
for (const line of wrong) console.error(line);
if (promises === 0) wrong.push("docs/promises.md names no promise");
const { passed, failed, skipped } = reports.counts;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
console.log(`${promises} promises, ${wrong.length} without their test.`);
process.exit(wrong.length > 0 ? 1 : 0);
