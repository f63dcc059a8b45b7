// The screens of Files for people to look at: `node e2e/shots.mjs [text]`.
import { launch, openPage, shoot } from "../../../packages/ui/e2e/kit.mjs";
import { startBox } from "./box.mjs";
import { makeSample } from "./sample.mjs";
import { screens } from "./screens.mjs";

const wanted = process.argv[2] ?? "";
const widths = (process.env.WIDTHS ?? "1440,768,320").split(",").map(Number);
const themes = (process.env.THEMES ?? "light,dark").split(",");
const box = await startBox();
await makeSample(box);
const browser = await launch();
for (const [name, { query = "", act, before }] of Object.entries(screens)) {
  if (!name.includes(wanted)) continue;
  for (const theme of themes) {
    for (const width of widths) {
      const page = await openPage(browser, { width, height: width < 500 ? 700 : 860, theme });
      if (before) await before(page);
      await page.goto(`${box.origin}/?${query}`);
      await page.locator("h1").waitFor({ state: "attached" });
      await page.waitForLoadState("networkidle");
      if (act) await act(page);
      await page.waitForLoadState("networkidle");
      await shoot(page, `files/${name}-${theme}-${width}`);
      await page.context().close();
    }
  }
}
await browser.close();
box.stop();
