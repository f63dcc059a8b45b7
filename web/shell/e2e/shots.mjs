// Every screen of the shell, in every width and both themes, for people to look at: `node e2e/shots.mjs [text]`.
import { join } from "node:path";
import { launch, openPage, serve, shoot, top } from "../../packages/ui/e2e/kit.mjs";
import { pictures, screens } from "./screens.mjs";

const wanted = process.argv[2] ?? "";
const widths = (process.env.WIDTHS ?? "1440,320").split(",").map(Number);
const themes = (process.env.THEMES ?? "light,dark").split(",");
const server = await serve(join(top, "build/web-stories/shell"), pictures);
const browser = await launch();
for (const [name, { query, act }] of Object.entries(screens)) {
  if (!name.includes(wanted)) continue;
  for (const theme of themes) {
    for (const width of widths) {
      const page = await openPage(browser, { width, height: width < 500 ? 700 : 900, theme });
      await page.goto(`${server.origin}/?${query}`);
      await page.locator("main h1").first().waitFor({ state: "attached" });
      if (act) await act(page);
      await page.waitForLoadState("networkidle");
      await shoot(page, `shell/${name}-${theme}-${width}`, { fullPage: true });
      await page.context().close();
    }
  }
}
await browser.close();
server.close();
