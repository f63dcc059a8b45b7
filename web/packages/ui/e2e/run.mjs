// Every story in dark and light at 320, 768 and 1440 px: axe finds nothing, nothing overflows, a screenshot is kept.
import { join } from "node:path";
import { build } from "vite";
import { assertAccessible, launch, openPage, run, serve, shoot, top } from "./kit.mjs";

await build({ configFile: join(import.meta.dirname, "../stories/vite.config.ts"), logLevel: "warn" });
const server = await serve(join(top, "build/web-stories/ui"));
const browser = await launch();
const first = await openPage(browser);
await first.goto(server.origin);
await first.locator("h1").waitFor();
const names = await first.evaluate(() => globalThis.stories);
await first.context().close();

const act = {
  menu: (page) => page.getByRole("button", { name: "Open the menu" }).click(),
  toasts: (page) => page.getByRole("button", { name: "Show notices" }).click(),
};
const tests = {};
for (const name of names) {
  tests[`${name}: dark and light, 320, 768 and 1440 px`] = async () => {
    for (const theme of ["light", "dark"]) {
      const page = await openPage(browser, { theme });
      await page.goto(`${server.origin}/?story=${name}`);
      await page.locator("h1").waitFor({ state: "attached" });
      await act[name]?.(page);
      for (const width of [1440, 768, 320]) {
        await page.setViewportSize({ width, height: 800 });
        await page.waitForTimeout(60);
        await assertAccessible(page, `${name} ${theme} ${width}`);
        await shoot(page, `ui/${name}-${theme}-${width}`);
      }
      page.check();
      await page.context().close();
    }
  };
}
run(tests, async () => {
  await browser.close();
  server.close();
});
