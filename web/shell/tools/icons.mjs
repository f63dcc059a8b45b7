// Draws public/icons out of public/icon.svg, when that has changed.   node tools/icons.mjs
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const folder = join(import.meta.dirname, "../public");
mkdirSync(join(folder, "icons"), { recursive: true });
const drawing = readFileSync(join(folder, "icon.svg"), "utf8");
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const [name, size, share] of [
  ["192", 192, 1],
  ["512", 512, 1],
  ["maskable", 512, 0.72], // whatever shape a system cuts it to, the flame stays whole
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const ground = share < 1 ? "background:#1d1916;" : "";
  await page.setContent(
    `<body style="margin:0;display:grid;place-items:center;height:100vh;${ground}">` +
      `<div style="width:${share * 100}%;display:grid">${drawing}</div></body>`,
  );
  await page.screenshot({ path: join(folder, "icons", `${name}.png`), omitBackground: true });
}
await browser.close();
