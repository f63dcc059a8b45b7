// All cells, or those whose names hold one of the words given; prints the table of docs/operating/networks.md.
//   node table.mjs [WORDS…]       HEARTH_ROUNDS=5: each so often; the times are medians then
import { cells, play } from "./cells.mjs";
import { Stage } from "./lib/stage.mjs";

const words = process.argv.slice(2);
// A word that is a whole name means that one.
const names = new Set(cells.map(({ name }) => name));
const means = (word, name) => (names.has(word) ? word === name : name.includes(word));
const wanted = cells.filter(({ name }) => words.length === 0 || words.some((word) => means(word, name)));
const rounds = Number(process.env.HEARTH_ROUNDS ?? 1);
const median = (rows, name) => rows.map((row) => row[name]).sort((a, b) => a - b)[rows.length >> 1];
const cleanups = [];
const clean = async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await Promise.resolve().then(cleanup).catch(() => {});
};
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void clean().then(() => process.exit(130)));
let failed = 0;
try {
  const stage = await Stage.build({ after: (cleanup) => cleanups.push(cleanup) });
  console.log("| network | connected | over | first word, ms | list of files, ms | afterwards, ms |\n|---|---|---|---|---|---|");
  for (const cell of wanted) {
    const rows = [];
    while (rows.length < rounds && rows.every(({ connected }) => connected)) rows.push(await play(stage, cell));
    const isGood = (row) => row.connected && [row.over, row.finally ?? cell.over].every((over) => over === cell.over);
    const worst = rows.find((row) => !isGood(row)) ?? rows.at(-1);
    const row = { ...worst, firstByte: median(rows, "firstByte"), list: median(rows, "list") };
    const good = isGood(worst);
    if (!good) failed += 1;
    const over = good ? row.over : `${row.over ?? ""} (expected ${cell.over})`;
    const again = row.again === undefined ? "" : `${row.again}, ${row.finally}`;
    console.log(`| ${row.name} | ${row.connected ? "yes" : `no: ${row.error}`} | ${over} | ${row.firstByte ?? ""} | ${row.list ?? ""} | ${again} |`);
  }
} finally {
  await clean();
}
process.exitCode = failed > 0 ? 1 : 0;
