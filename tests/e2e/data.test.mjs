// "Your data" against a real appliance: what a script and another person write is found, followed, traced and put right.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openProfile, shoot, watch } from "./lib/chromium.mjs";
import { hearth, scratch, startAppliance, web } from "./lib/daemon.mjs";
import { Device } from "./lib/libp2p.mjs";
import { Visitor } from "./lib/visitor.mjs";

const password = "plum kettle rivers";
const root = new URL("../../", import.meta.url).pathname;
const axe = readFileSync(createRequire(join(root, "web/package.json")).resolve("axe-core/axe.min.js"), "utf8");
const photo = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFElEQVR42mP8z8BQz0BKYBxVgEcBAOK4Bf0L9u0kAAAAAElFTkSuQmCC",
  "base64",
).toString("base64url");

const undo = [];
const scope = { after: (each) => undo.push(each) };
after(async () => {
  for (const each of undo.reverse()) await each();
});

let appliance;
let bert;
let page;
let complaints;

const api = "/api/graph/v1/spaces/home";
const write = (device, ...edits) => device.json("POST", `${api}/updates`, { edits });
const put = (soul, property, value) => ({ op: "put", soul, property, value });
const row = (name) => page.locator(".d-property").filter({ has: page.locator("dt", { hasText: name }) });
const heading = (name) => page.getByRole("heading", { level: 1, name });

/** No finding of axe, and nothing wider than the window, once menus and dialogs that were closed are gone. */
async function assertAccessible(what) {
  await page.evaluate(axe);
  const look = () =>
    page.evaluate(async () => {
      const { violations } = await globalThis.axe.run({ exclude: [["[data-live-announcer]"]] });
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    });
  const until = Date.now() + 5_000;
  let found = await look();
  while (found.some((finding) => finding.includes("data-overlay-container")) && Date.now() < until) {
    await page.waitForTimeout(100);
    found = await look();
  }
  assert.deepEqual(found, [], what);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}: too wide`);
}

before(async () => {
  const data = join(scratch(scope), "data");
  appliance = await startAppliance(scope, data, {
    args: ["--name", "casa", "--shell", join(web, "shell"), "--boot", join(web, "boot")],
  });
  const { ready } = appliance;
  const anna = await Device.dial(ready.addrs[0]);
  scope.after(() => anna.close());
  await anna.setUp(ready.setup_url, { name: "anna", password });
  const added = await hearth(data, ["persona", "add", "bert", "--display-name", "Bert Ek"], { input: `${password}\n` });
  assert.equal(added.code, 0, added.err);
  bert = await Visitor.at(scope, ready.addrs[0]);
  await bert.login({ root: ready.root, name: "bert", password });

  await write(anna, put("people/anna", "name", "Anna Lindqvist"), put("people/bert", "name", "Bert Ek"));
  await write(
    anna,
    put("recipes/cake", "title", "Plum cake"),
    put("recipes/cake", "photo", { bytes: photo }),
    put("recipes/cake", "author", { "#": "people/bert" }),
    { op: "include", soul: "recipes/cake", property: "tags", value: "autumn" },
    { op: "insert", soul: "recipes/cake", property: "steps", at: 0, values: ["Stone the plums.", "Bake."] },
    { op: "add", soul: "recipes/cake", property: "baked", by: 3 },
  );
  await write(bert, put("recipes/cake", "minutes", 45), put("recipes/cake", "text", "Two kilograms of quetsches."));
  for (let from = 0; from < 1000; from += 500)
    await write(
      anna,
      ...Array.from({ length: 500 }, (_, index) => put(`log/${String(from + index).padStart(4, "0")}`, "n", from + index)),
    );
  page = await (await openProfile(scope)).page();
  complaints = watch(page);
});

test("a deep link to an entry leads through login to it: values, a picture, who wrote what", async () => {
  const { ready } = appliance;
  await page.goto(`${ready.http}/data/home?soul=recipes%2Fcake`);
  const own = page.getByLabel("Your name");
  await own.fill("anna");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await heading("Plum cake").waitFor({ timeout: 60_000 });
  await row("photo").getByRole("img").waitFor();
  await row("steps").getByText("Stone the plums.").waitFor();
  await row("author").getByRole("link", { name: "Bert Ek" }).waitFor();
  await row("minutes").getByText("Bert Ek").waitFor();
  await row("baked").getByText("You").waitFor();
  const history = page.getByRole("region", { name: "What happened" });
  await history.getByText("Bert Ek", { exact: true }).waitFor();
  await history.getByText(/tags/).first().waitFor();
  await shoot(page, "data-entry-wide");
  await assertAccessible("entry");
});

test("an entry is found by what it says, a link followed, and the copied name is its soul", async () => {
  await page.getByRole("button", { name: "Shared at home" }).click();
  await page.getByRole("searchbox").fill("quetsches");
  await page.getByRole("link", { name: /Plum cake/ }).waitFor();
  await assertAccessible("search");
  await shoot(page, "data-search-wide");
  await page.getByRole("link", { name: /Plum cake/ }).click();
  await row("author").getByRole("link", { name: "Bert Ek" }).click();
  await heading("Bert Ek").waitFor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy name" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "people/bert");
  await page.goBack();
  await heading("Plum cake").waitFor();
});

test("what another person changes shows while one looks, and its history tells of both", async () => {
  await write(bert, put("recipes/cake", "minutes", 50));
  await row("minutes").getByText("50", { exact: true }).waitFor();
  await row("minutes").getByRole("button").click();
  await page.getByRole("menuitem", { name: "What happened to it" }).click();
  const history = page.getByRole("region", { name: /History of/ });
  await history.getByText(/minutes.*: .*50/).waitFor();
  await history.getByText(/minutes.*: .*45/).waitFor();
  assert.equal(await history.locator(".d-updates > li").count(), 2);
});

test("a value is put right and taken back; an old one comes back from the history; a deleted entry too", async () => {
  const minutes = async (text) => row("minutes").getByText(text, { exact: true }).waitFor();
  await row("minutes").getByRole("button").click();
  await page.getByRole("menuitem", { name: "Change" }).click();
  await page.getByRole("dialog").getByRole("textbox").fill("55");
  await page.keyboard.press("Enter");
  await minutes("55");
  await row("minutes").getByText("You").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await minutes("50");
  const old = page.locator(".d-operation", { hasText: "45" });
  await old.getByRole("button", { name: "Put this back" }).click();
  await minutes("45");
  await page.getByRole("button", { name: "Show everything" }).click();
  await page.getByRole("button", { name: "What to do with this entry" }).click();
  await page.getByRole("menuitem", { name: "Delete entry" }).click();
  await page.getByRole("heading", { name: "Nothing lies here" }).waitFor();
  await page.getByRole("button", { name: "Undo" }).last().click();
  await row("steps").getByText("Bake.").waitFor();
  await row("tags").getByText("autumn").waitFor();
  await row("baked").getByText("3", { exact: true }).waitFor();
  await row("photo").getByRole("img").waitFor();
});

test("on a narrow screen a thousand entries scroll page by page, and nothing overflows", async () => {
  await page.setViewportSize({ width: 320, height: 700 });
  await assertAccessible("narrow entry");
  await shoot(page, "data-entry-narrow");
  await page.getByRole("button", { name: "Shared at home" }).click();
  const rows = page.locator(".d-rows > li");
  await rows.first().waitFor();
  for (let tries = 0; tries < 100 && (await page.getByRole("link", { name: /log\/0900/ }).count()) === 0; tries += 1) {
    await page.evaluate(() => scrollBy(0, 2000));
    await page.waitForTimeout(50);
  }
  await page.getByRole("link", { name: /log\/09/ }).first().waitFor();
  assert.ok((await rows.count()) < 60, `${await rows.count()} rows`);
  await assertAccessible("narrow list");
  await shoot(page, "data-list-narrow");
  assert.deepEqual(complaints, [], "no errors in the page");
});
