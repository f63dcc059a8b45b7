// A tree that looks like somebody's: photographs out of the system's wallpapers, a film, letters.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const nature = "/usr/share/backgrounds/mate/nature";
const photographs = [
  ["GreenMeadow", "The meadow behind the house"],
  ["YellowFlower", "First flower"],
  ["LadyBird", "Ladybird"],
  ["Garden", "Garden in May"],
  ["FreshFlower", "Fresh from the market"],
  ["Aqua", "Rain on the window"],
  ["Storm", "Before the storm"],
  ["Wood", "New table"],
  ["Dune", "At the sea"],
];

/** One page, saying one line; enough of a PDF for every viewer. */
export function pdf(line) {
  const stream = `BT /F1 28 Tf 72 700 Td (${line}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let text = "%PDF-1.4\n";
  const offsets = objects.map((object, index) => {
    const at = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = offsets.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("");
  return `${text}xref\n0 6\n0000000000 65535 f \n${table}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`;
}

/** A short film with a moving picture, made by ffmpeg; nothing when there is none. */
export function film(file, seconds = 20) {
  execFileSync("ffmpeg", [
    ...["-loglevel", "error", "-f", "lavfi", "-i", `testsrc2=size=640x360:rate=25:duration=${seconds}`],
    ...["-c:v", "libvpx", "-b:v", "600k", "-g", "25", "-deadline", "realtime", "-y", file],
  ]);
}

export async function makeSample(box) {
  await box.ask("POST", "/api/v1/folders", { path: "Photographs/Summer by the lake" });
  const tree = box.tree();
  const now = Date.now() / 1000;
  const put = (path, bytes, daysAgo) => {
    const file = join(tree, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, bytes);
    utimesSync(file, now - daysAgo * 86400, now - daysAgo * 86400);
  };
  photographs.forEach(([source, name], index) => {
    const from = join(nature, `${source}.jpg`);
    if (!existsSync(from)) return;
    for (const folder of index < 3
      ? ["Photographs/Summer by the lake", ""]
      : ["Photographs/Summer by the lake"]) {
      const to = join(tree, folder, `${name}.jpg`);
      copyFileSync(from, to);
      utimesSync(to, now - index * 40_000, now - index * 40_000);
    }
  });
  put(
    "Letters/To the school.md",
    "# To the school\n\nDear Ms Okafor,\n\nMira will be at the dentist on Tuesday morning.\n",
    12,
  );
  put("Letters/Lease.pdf", pdf("Lease of the flat in Garden Street"), 400);
  put("Music/Lullaby.txt", "la la la", 90);
  put("Recipes/Plum cake.md", "# Plum cake\n\n500 g plums\n", 40);
  put("Tax return 2025.pdf", pdf("Tax return 2025"), 3);
  put("Shopping list.txt", "Milk\nBread\nPlums\nCandles\n", 0.02);
  put("Notes on the garden.md", "# Garden\n\nPrune the roses in March.\n", 6);
  put("Backup of the old laptop.zip", Buffer.alloc(3_400_000, 7), 30);
  try {
    film(join(tree, "Mira learns to swim.webm"));
  } catch {
    // Without ffmpeg there is no film to show.
  }
}
