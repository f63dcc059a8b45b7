// Every screen of the shell over a made-up box, in a real Chromium under a strict CSP: axe finds nothing, nothing is
// wider than the window, no error is logged; then what only a browser can show. `node --test-name-pattern=TEXT e2e/run.mjs`
// picks, MATRIX=full is for both themes at every width.
import assert from "node:assert/strict";
import { join } from "node:path";
import { build } from "vite";
import {
  assertAccessible,
  fontsAreThere,
  launch,
  openPage,
  run,
  serve,
  shoot,
  top,
} from "../../packages/ui/e2e/kit.mjs";
import { pictures, screens } from "./screens.mjs";

await build({ configFile: join(import.meta.dirname, "../stories/vite.config.ts"), logLevel: "warn" });
const server = await serve(join(top, "build/web-stories/shell"), pictures);
const browser = await launch();

const matrix =
  process.env.MATRIX === "full"
    ? [320, 768, 1440].flatMap((width) => [
        { width, theme: "light" },
        { width, theme: "dark" },
      ])
    : [
        { width: 1440, theme: "light" },
        { width: 320, theme: "dark" },
      ];

async function open(query, options) {
  const page = await openPage(browser, options);
  await page.goto(`${server.origin}/?${query}`);
  await page.locator("main h1").first().waitFor({ state: "attached" });
  await fontsAreThere(page);
  return page;
}

const tests = {};
for (const [name, { query, act, skip, rare }] of Object.entries(screens)) {
  if (rare && process.env.MATRIX !== "full") continue;
  tests[`${name}: axe finds nothing, nothing overflows`] = async () => {
    for (const { width, theme } of matrix) {
      const page = await open(query, { width, theme, height: width < 500 ? 700 : 900 });
      if (act) await act(page);
      await page.waitForTimeout(150);
      await assertAccessible(page, `${name} ${theme} ${width}`, { skip });
      await shoot(page, `shell/${name}-${theme}-${width}`, { fullPage: true });
      page.check();
      await page.context().close();
    }
  };
}

const focused = (page) =>
  page.evaluate(
    () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "",
  );

tests["login with the keyboard alone, three steps: box, name, password"] = async () => {
  const page = await open("scene=stranger", {});
  await page.keyboard.type("casa");
  await page.keyboard.press("Tab");
  await page.keyboard.type("anna");
  await page.keyboard.press("Tab");
  await page.keyboard.type("plum kettle rivers nine");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /Anna/ }).waitFor();
  page.check();
};

tests["a deep link stays where it leads: through login, and when the remembered device comes back"] =
  async () => {
    for (const scene of ["guest", "inside"]) {
      const page = await open(`scene=${scene}&path=${encodeURIComponent("/apps/notes?open=today")}`, {});
      if (scene === "guest") {
        await page.keyboard.type("plum kettle rivers nine");
        await page.keyboard.press("Enter");
      }
      await page.locator("main.s-app").waitFor();
      assert.equal(await page.evaluate(() => globalThis.place()), "/apps/notes?open=today", scene);
      await page.context().close();
    }
  };

tests["a bookmarked page of an app opens the app there, through login too; an unknown one says so"] =
  async () => {
    for (const scene of ["guest", "inside"]) {
      const path = `/open/abcdefghijklmnopqrstuvwxyz?path=${encodeURIComponent("/?path=Holiday")}`;
      const page = await open(`scene=${scene}&path=${encodeURIComponent(path)}`, {});
      if (scene === "guest") {
        await page.keyboard.type("plum kettle rivers nine");
        await page.keyboard.press("Enter");
      }
      await page.locator("main.s-app iframe").waitFor({ state: "attached" });
      assert.equal(
        await page.evaluate(() => globalThis.place()),
        "/apps/files?at=%2F%3Fpath%3DHoliday",
        scene,
      );
      assert.match(await page.locator("main.s-app iframe").getAttribute("src"), /#\/\?path=Holiday&lang=en/);
      await page.context().close();
    }
    const page = await open("scene=inside&path=/open/nobodys", {});
    await page.getByText("It may have been removed").waitFor();
  };

tests["what comes late moves nothing away that is just being pressed"] = async () => {
  const page = await open("scene=inside&todo&hold=recoveryState", {});
  const tile = page.locator("a.s-tile-large");
  await tile.waitFor();
  const { x, y } = await tile.boundingBox();
  await page.mouse.move(x + 60, y + 10);
  await page.mouse.down();
  await page.evaluate(() => globalThis.answerHeld());
  await page.waitForTimeout(150);
  await page.mouse.up();
  await page.locator("main.s-app").waitFor();
  await page.context().close();
  const other = await open("scene=inside&todo&hold=recoveryState", {});
  await other.locator("a.s-tile-large").waitFor();
  await other.evaluate(() => globalThis.answerHeld());
  await other.locator(".s-todo").waitFor();
};

tests["a known box needs the password only, and isn't remembered unless asked"] = async () => {
  const page = await open("scene=guest", {});
  assert.equal(await page.getByRole("checkbox", { name: /Remember this device/ }).isChecked(), false);
  await page.keyboard.type("plum kettle rivers nine");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /Anna/ }).waitFor();
};

tests["a wrong password keeps what was typed and says what to do"] = async () => {
  const page = await open("scene=stranger&fail=login:wrong_password", {});
  await page.getByLabel("Box").fill("casa");
  await page.getByLabel("Your name").fill("anna");
  await page.getByLabel("Password", { exact: true }).fill("wrong one");
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page.getByRole("alert").getByText("Check both and try again").waitFor();
  assert.deepEqual(
    await page
      .locator("input:not([type=checkbox])")
      .evaluateAll((inputs) => inputs.map((input) => input.value)),
    ["casa", "anna", "wrong one"],
  );
};

tests["too many guesses: how long to wait, and that nobody inside is locked out"] = async () => {
  const page = await open("scene=guest&fail=login:rate_limited", {});
  await page.keyboard.type("guess");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("Wait 4 minutes").waitFor();
};

tests["the first run, from the link to files, with the recovery words typed again"] = async () => {
  const page = await open("scene=new&link=1.setup.root.-.AAAAAAA", {});
  await page.keyboard.press("Enter");
  await page.getByLabel("Name of the box").fill("Casa");
  await page.keyboard.press("Enter");
  await page.getByLabel("Your name").fill("Anna Lindqvist");
  assert.equal(await page.getByLabel("Name to log in with").inputValue(), "anna-lindqvist");
  await page.getByLabel("Password", { exact: true }).fill("plum kettle rivers nine");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Show the words" }).click();
  const words = await page
    .locator(".s-words li")
    .evaluateAll((items) => items.map((item) => item.lastChild?.textContent ?? ""));
  assert.equal(words.length, 24);
  await page.getByRole("button", { name: "I’ve written them down" }).click();
  const fields = page.getByRole("textbox");
  const labels = await page.locator("label").allTextContents();
  const numbers = labels.map((label) => Number(/\d+/.exec(label)?.[0]));
  await fields.nth(0).fill("nonsense");
  await fields.nth(1).fill(words[numbers[1] - 1]);
  await page.keyboard.press("Enter");
  await page.getByText("That isn’t the word").waitFor();
  await fields.nth(0).fill(` ${words[numbers[0] - 1].toUpperCase()} `);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Casa is ready" }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.box.recovery), "saved");
  assert.equal(await page.getByText(words[3]).count(), 0);
  page.check();
};

tests["a wrong code keeps name and password, and asks for the code again"] = async () => {
  const page = await open("scene=new&fail=setup:wrong_code", {});
  await page.getByLabel("Code on the box’s screen").fill("7k3m 9qwt");
  await page.keyboard.press("Enter");
  await page.getByLabel("Name of the box").fill("Casa");
  await page.keyboard.press("Enter");
  await page.getByLabel("Your name").fill("Anna");
  await page.getByLabel("Password", { exact: true }).fill("plum kettle rivers nine");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("That isn’t the code").waitFor();
  assert.equal(await page.getByLabel("Your name").inputValue(), "Anna");
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByRole("button", { name: "Back" }).click();
  assert.equal(await page.getByLabel("Code on the box’s screen").inputValue(), "");
};

tests["going to another page moves the focus to its heading; the skip link leads past the bar"] =
  async () => {
    const page = await open("scene=inside", {});
    await page.getByRole("link", { name: "Devices" }).click();
    await page.getByRole("heading", { name: "Devices", level: 1 }).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === "H1");
    assert.equal(await focused(page), "Devices");
    assert.match(await page.title(), /^Devices/);
    await page.keyboard.press("Tab");
    await page.locator(".h-skip").focus();
    await page.keyboard.press("Enter");
    assert.equal(await focused(page), "Devices");
  };

tests["a device is renamed and removed with the keyboard alone"] = async () => {
  const page = await open("scene=inside&path=/devices", {});
  await page.getByRole("button", { name: "What to do with Kitchen tablet" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Rename" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Rename" }).waitFor();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Tablet");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "What to do with Tablet" }).waitFor();
  await page.getByRole("button", { name: "What to do with Tablet" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).press("Enter");
  await page.getByText("Tablet can no longer open your box").waitFor();
  await page.getByRole("button", { name: "What to do with Tablet" }).waitFor({ state: "detached" });
};

tests["the connection mark tells direct, relayed and offline, and trying again works"] = async () => {
  const page = await open("scene=inside", {});
  for (const [state, word] of [
    ["direct", "Direct"],
    ["relayed", "Relayed"],
    ["offline", "Offline"],
  ]) {
    await page.evaluate((to) => globalThis.box.setReach(to), state);
    await page.getByRole("button", { name: `Connection: ${word}` }).waitFor();
  }
  await page.getByText("Casa can’t be reached").first().waitFor();
  await page.getByRole("button", { name: "Try again" }).first().click();
  await page.getByRole("button", { name: "Connection: Direct" }).waitFor();
};

tests["a pairing code runs out after ten minutes and can be made anew"] = async () => {
  const page = await openPage(browser, {});
  await page.clock.install();
  await page.goto(`${server.origin}/?scene=inside&path=/pair`);
  await page.getByText(/another (10:00|9:5\d) minutes/).waitFor();
  await page.clock.fastForward("09:30");
  await page.getByText(/another 0:\d\d minutes/).waitFor();
  await page.clock.fastForward("00:31");
  await page.getByText("This code is no longer valid").waitFor();
  await page.getByRole("button", { name: "New code" }).click();
  await page.getByRole("img", { name: /QR/ }).waitFor();
};

tests["Arabic runs from right to left, German and English from left to right"] = async () => {
  for (const [lang, direction] of [
    ["ar", "rtl"],
    ["de", "ltr"],
    ["en", "ltr"],
  ]) {
    const page = await open(`scene=inside&lang=${lang}`, {});
    assert.equal(await page.evaluate(() => document.documentElement.dir), direction);
    const home = await page.locator(".s-bar-home").boundingBox();
    assert.equal(home.x > 720, direction === "rtl", lang);
    await page.context().close();
  }
};

tests["settings: a new password asks for the present one; this device is renamed there, and forgotten"] =
  async () => {
    const page = await open("scene=inside&path=/settings&fail=changePassword:wrong_password", {});
    await page.getByRole("button", { name: "Change password" }).click();
    const dialog = page.getByRole("dialog", { name: "Change password" });
    await dialog.getByLabel("New password").fill("plum kettle rivers ten");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Your password, please.").waitFor();
    await dialog.getByLabel("Present password").fill("not this one");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByRole("alert").waitFor();
    assert.equal(await dialog.getByLabel("New password").inputValue(), "plum kettle rivers ten");
    await page.evaluate(() => globalThis.box.fail.clear());
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Rename", exact: true }).click();
    await page.getByRole("dialog").getByRole("textbox").fill("Study");
    await page.keyboard.press("Enter");
    await page.getByText("It’s called Study.").waitFor();
    await page.getByRole("button", { name: "Forget this device" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Forget" }).click();
    await page.getByRole("button", { name: "Log in", exact: true }).waitFor();
  };

tests["theme and language change at once, and are kept"] = async () => {
  const page = await open("scene=inside&path=/settings", {});
  await page.getByRole("button", { name: /Theme/ }).click();
  await page.getByRole("option", { name: "dark" }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.getByRole("button", { name: /Language/ }).click();
  await page.getByRole("option", { name: "Deutsch" }).click();
  await page.getByRole("heading", { name: "Einstellungen", level: 1 }).waitFor();
  assert.deepEqual(await page.evaluate(() => JSON.parse(localStorage.getItem("hearth.preferences"))), {
    theme: "dark",
    locale: "de",
  });
};

const dataPage = (search, more = "") =>
  `scene=inside&path=${encodeURIComponent(`/data/home${search === "" ? "" : `?${search}`}`)}${more}`;
const cake = "soul=recipes%2Fplum-cake";
const place = (page) => page.evaluate(() => globalThis.place());

tests["your data: found by typing, a link followed, and the way back by crumbs and the browser's history"] =
  async () => {
    const page = await open(dataPage(""), {});
    await page.keyboard.press("/");
    await page.keyboard.type("far jetty");
    await page.getByRole("status").getByText("1 entry found").waitFor();
    await page.getByRole("searchbox").fill("plum");
    await page.getByRole("link", { name: /Plum cake, grandmother/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Plum cake, grandmother’s", level: 1 }).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === "H1");
    await page.getByRole("link", { name: "Jonas" }).click();
    await page.getByRole("heading", { name: "Jonas", level: 1 }).waitFor();
    await page.waitForFunction(() => document.activeElement?.textContent === "Jonas");
    assert.equal(await place(page), "/data/home?soul=people%2Fjonas");
    const crumbs = page.getByRole("navigation", { name: "Where you are in your data" });
    assert.deepEqual(await crumbs.getByRole("listitem").allTextContents(), [
      "Shared at home",
      "Plum cake, grandmother’s",
      "Jonas",
    ]);
    await crumbs.getByRole("button", { name: "Plum cake" }).click();
    await page.getByRole("heading", { name: "Plum cake, grandmother’s", level: 1 }).waitFor();
    assert.equal(await crumbs.getByRole("listitem").count(), 2);
    await page.evaluate(() => globalThis.go(-1));
    await page.getByRole("heading", { name: "Jonas", level: 1 }).waitFor();
    assert.equal(await crumbs.getByRole("listitem").count(), 3, "the way here came back, too");
    await page.evaluate(() => globalThis.go(-2));
    await page.getByRole("searchbox").waitFor();
    assert.equal(await page.getByRole("searchbox").inputValue(), "plum");
    page.check();
  };

tests["your data: a value is changed with the keyboard alone, and taken back unless somebody wrote since"] =
  async () => {
    const page = await open(dataPage(cake), {});
    const value = (text) =>
      page.locator(".d-property", { hasText: "minutes" }).getByText(text, { exact: true });
    const edit = async (text) => {
      await page.getByRole("button", { name: /What to do with .minutes/ }).focus();
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").getByRole("textbox").waitFor();
      await page.keyboard.press("Control+a");
      await page.keyboard.type(text);
      await page.keyboard.press("Enter");
    };
    await value("55").waitFor();
    await edit("ten");
    await page.getByRole("dialog").getByText("Digits, please").waitFor();
    await page.keyboard.press("Escape");
    await edit("1 050,5");
    await value("1,050.5").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await value("55").waitFor();
    await page.getByText("It is as it was.").waitFor();
    await edit("70");
    await value("70").waitFor();
    await page.evaluate(() => globalThis.box.graph.change("recipes/plum-cake", "minutes", 80));
    await value("80").waitFor();
    await page.getByRole("status").getByText("just changed").waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Undo" }).last().click();
    await page.getByText("Somebody changed it since").waitFor();
    await value("80").waitFor();
    page.check();
  };

tests["your data: elements, lines, counts, properties and whole entries are changed, and come back"] =
  async () => {
    const page = await open(dataPage(cake), {});
    const row = (name) => page.locator(".d-property").filter({ has: page.getByText(name, { exact: true }) });
    const undo = async () => {
      await page.getByRole("button", { name: "Undo" }).last().click();
      await page.getByText("It is as it was.").last().waitFor();
    };
    const choose = async (name, what) => {
      await row(name)
        .getByRole("button", { name: /^What to do/ })
        .click();
      await page.getByRole("menuitem", { name: what }).click();
    };
    const save = () => page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await row("tags")
      .getByRole("button", { name: /Take .*sweet.* out/ })
      .click();
    await row("tags").getByText("sweet").waitFor({ state: "detached" });
    await undo();
    await row("tags").getByText("sweet").waitFor();
    await row("steps")
      .getByRole("button", { name: /Take .*Knead.* out/ })
      .click();
    await row("steps").getByText("Knead").waitFor({ state: "detached" });
    await undo();
    assert.match((await row("steps").getByRole("listitem").allTextContents())[1], /Knead/);
    await choose("baked", "Add or take away");
    await page.getByRole("dialog").getByRole("textbox").fill("-2");
    await save();
    await row("baked").getByText("3", { exact: true }).waitFor();
    await undo();
    await choose("baked by", "Delete");
    await row("baked by").waitFor({ state: "detached" });
    await undo();
    await row("baked by").getByText("very much").waitFor();
    await page.getByRole("button", { name: "Add a property" }).click();
    await page.getByRole("dialog").getByLabel("Property").fill("source");
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /Kind of value/ })
      .click();
    await page.getByRole("option", { name: "a link to another entry" }).click();
    await page.getByRole("dialog").getByLabel("Value", { exact: true }).fill("people/mira");
    await save();
    await row("source").getByRole("link", { name: "Mira Okafor" }).waitFor();
    const before = await page.locator(".d-properties dt").allTextContents();
    await page.getByRole("button", { name: "What to do with this entry" }).click();
    await page.getByRole("menuitem", { name: "Delete entry" }).click();
    await page.getByRole("heading", { name: "Nothing lies here" }).waitFor();
    await undo();
    await page.getByRole("heading", { name: "Plum cake, grandmother’s", level: 1 }).waitFor();
    assert.deepEqual(await page.locator(".d-properties dt").allTextContents(), before);
    page.check();
  };

tests["your data: of 100,000 entries only those in view exist; coming back finds the place"] = async () => {
  const page = await open(dataPage("", "&many=100000"), {});
  const rows = page.locator(".d-rows > li");
  await rows.first().waitFor();
  assert.ok((await rows.count()) < 60, `${await rows.count()} rows`);
  await page.evaluate(() => scrollTo(0, 60 * 180));
  await page.getByRole("link", { name: /Entry 000180/ }).waitFor();
  await page.waitForFunction(() => document.documentElement.scrollHeight > 60 * 380);
  assert.ok((await rows.count()) < 60);
  await page.getByRole("link", { name: /Entry 000185/ }).focus();
  await page.keyboard.press("ArrowDown");
  assert.match(await focused(page), /Entry 000186/);
  const before = await page.evaluate(() => scrollY);
  await page.getByRole("link", { name: /Entry 000186/ }).click();
  await page.getByRole("heading", { level: 1, name: "log/000186" }).waitFor();
  await page.evaluate(() => globalThis.go(-1));
  await page.getByRole("link", { name: /Entry 000186/ }).waitFor();
  assert.ok(Math.abs((await page.evaluate(() => scrollY)) - before) < 300);
};

tests["your data: who may only look sees no way to change"] = async () => {
  const page = await open(dataPage(cake, "&role=reader"), {});
  await page.getByRole("button", { name: /What to do with .title/ }).click();
  assert.deepEqual(await page.getByRole("menuitem").allTextContents(), ["Copy", "What happened to it"]);
  await page.keyboard.press("Escape");
  for (const name of ["Add a property", "What to do with this entry", "Put this back", /^Take/])
    assert.equal(await page.getByRole("button", { name }).count(), 0, String(name));
};

run(tests, async () => {
  await browser.close();
  server.close();
});
